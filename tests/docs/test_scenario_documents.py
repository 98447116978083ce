"""The page on scenario documents names every key there is, with the acts that take it."""

import re

import attrs
import pytest

from oppcore.records import Outcome, RoundStatus, Verdict
from oppcore.testing.scenarios.scenario import Act
from oppcore.testing.scenarios.steps import TAKEN
from oppcore.testing.scenarios.tables import Document, GivenTable, PipelineTable, ScenarioTable, StepTable, ThenTable
from tests.docs.pages import read_page

PAGE = read_page("reference/scenario-documents.md")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def keys_of(section):
    """The first cells of the rows of the tables in a section."""
    return re.findall(r"^\| `(\w+)` \|", SECTIONS[section], re.MULTILINE)


@pytest.mark.parametrize(
    ("section", "type_"),
    [
        ("The document", Document),
        ("A pipeline", PipelineTable),
        ("A scenario", ScenarioTable),
        ("A record that is given", GivenTable),
        ("A step", StepTable),
        ("How the record then stands", ThenTable),
    ],
)
def test_every_key_is_in_its_table_once_and_no_other(section, type_):
    assert keys_of(section) == [field.name for field in attrs.fields(type_)]


def test_every_key_of_a_step_is_said_with_the_acts_that_take_it():
    rows = dict(re.findall(r"^\| `(\w+)` \| (all|`.*?`) \|", SECTIONS["A step"], re.MULTILINE))
    said = {key: set(Act) if acts == "all" else set(re.findall(r"\w+", acts)) for key, acts in rows.items()}

    assert said == {key: {act for act in Act if key in TAKEN[act]} for key in said}
    assert said.keys() == {key for taken in TAKEN.values() for key in taken}


def test_every_choice_is_on_the_page():
    for section, choices in (("A record that is given", (*Outcome, *RoundStatus)), ("A step", (*Act, *Verdict))):
        for choice in choices:
            assert f"`{choice}`" in SECTIONS[section]


def test_the_moment_of_a_document_that_names_none_is_on_the_page():
    default = attrs.fields(Document).at.default

    assert default.isoformat().replace("+00:00", "Z") in SECTIONS["The document"]
