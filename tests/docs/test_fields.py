"""The page on pipeline documents names every field, key, criterion and limit there is."""

import re

import attrs
import pytest

from oppcore.criteria import Comparison, Match, Since
from oppcore.document import MAX_LEVELS, MAX_VALUES
from oppcore.errors import InvalidPipeline
from oppcore.pipeline import (
    Action,
    Approval,
    ApprovalStep,
    Claim,
    CustomField,
    Direction,
    Flow,
    OverridePolicy,
    Permissions,
    Pipeline,
    Reason,
    Stage,
    StageKind,
    Transition,
    Waivable,
    load_pipeline,
)
from oppcore.pipeline.structure import MAX_DEPTH, MAX_NODES, MAX_STAGES
from oppcore.records import FIELDS, ITEM_FIELDS, LEAD_FIELDS, Bound, FieldType, Mode
from tests.docs.pages import read_page

PAGE = read_page("reference/pipeline-documents.md")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def keys_of(section: str) -> set[str]:
    """The first cells of the rows of the tables in a section that hold a key."""
    return set(re.findall(r"^\| `(\w+)` \|", SECTIONS[section], re.MULTILINE))


def fields_of(type_: type) -> set[str]:
    """The names by which a class is written in a document."""
    return {field.name for field in attrs.fields(type_) if field.init}


@pytest.mark.parametrize(
    ("section", "type_"),
    [
        ("The document", Pipeline),
        ("A stage", Stage),
        ("Fields", CustomField),
        ("Reasons", Reason),
        ("Flow", Flow),
        ("Transitions", Transition),
        ("Actions", Action),
        ("Claims", Claim),
    ],
)
def test_every_key_is_in_its_table_and_no_other(section, type_):
    assert keys_of(section) == fields_of(type_)


@pytest.mark.parametrize(
    ("section", "types"),
    [("Approvals", (Approval, ApprovalStep)), ("Permissions and overrides", (Permissions, OverridePolicy))],
)
def test_every_key_of_two_tables_is_in_its_table_and_no_other(section, types):
    tables = re.findall(r"(?:^\|.*\n)+", SECTIONS[section], re.MULTILINE)
    found = [set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) for table in tables]

    assert found == [fields_of(type_) for type_ in types]


def test_every_word_of_approvals_and_overrides_is_on_the_page():
    for word in (*Mode, *(bound for bound in Bound if bound is not Bound.EQUAL)):
        assert re.search(rf"[`{{]{word}[` ]", SECTIONS["Approvals"]), word
    for word in Waivable:
        assert f"`{word}`" in SECTIONS["Permissions and overrides"]


def test_the_flow_is_as_its_table_says():
    said = dict(re.findall(r"^\| `(\w+)` \| .* \| (\**(?:not )?allowed)", SECTIONS["Flow"], re.MULTILINE))

    assert {key: "not" not in text for key, text in said.items()} == {
        str(direction): policy.allowed for direction, policy in Flow() if direction is not Direction.OPEN
    }


def test_every_field_is_listed_under_its_type():
    rows = re.findall(r"^\| (list of texts|\w+) \| (`.*) \|$", SECTIONS["Fields"], re.MULTILINE)
    listed = {(name, kind) for kind, cell in rows for name in re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", cell))}
    kinds = {FieldType.TEXTS: "list of texts"}

    assert listed == {(field.name, kinds.get(field.type, str(field.type))) for field in FIELDS.values()}


def test_every_derived_field_is_said_to_be_one():
    derived, sources = re.search(r"^(`.*) are derived: (.*?)and are missing", SECTIONS["Fields"], re.S | re.M).groups()
    found = {field.name: field.derived_from for field in FIELDS.values() if field.derived_from}

    assert set(re.findall(r"`(\w+)`", derived)) == found.keys()
    assert {tuple(re.findall(r"`(\w+)`", sources))} == set(found.values())


def test_every_field_of_an_item_is_listed():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", SECTIONS["Items"], re.MULTILINE))

    assert rows.keys() == ITEM_FIELDS.keys()
    for name, cell in rows.items():
        listed = [
            (one, set(re.findall(r"`(\w+)`", said)) or said) for one, said in re.findall(r"`(\w+)` \((.*?)\)", cell)
        ]
        assert listed == [(field.name, set(field.choices) or field.type) for field in ITEM_FIELDS[name].values()]


def test_what_a_lead_has_and_has_not_is_listed():
    not_of_leads, of_leads = re.search(
        r"A lead has the same but for(.*?)\. It has instead(.*?)\.$", SECTIONS["Fields"], re.S | re.M
    ).groups()
    words = set(re.findall(r"`(\w+)`", of_leads))

    assert set(re.findall(r"`(\w+)`", not_of_leads)) == FIELDS.keys() - LEAD_FIELDS.keys()
    assert words - {"name"} == LEAD_FIELDS.keys() - FIELDS.keys()
    assert {name for name, field in LEAD_FIELDS.items() if field.personal} == {"name", "email", "phone", "job_title"}


def test_every_criterion_is_in_the_table():
    table = SECTIONS["Criteria"]
    found = set(re.findall(r"^\| `\{(\w+) =", table, re.MULTILINE))
    with pytest.raises(InvalidPipeline) as raised:
        load_pipeline('key = "x"\nstages = [{key = "a", kind = "open", entry = [{nothing = 1}]}]')

    assert found == set(raised.value.problems[0].params["known"])
    for word in (*Comparison, *Match, *Since):
        assert re.search(rf"[`, ]{word}[` ]", table), word


def test_every_limit_is_on_the_page():
    for number in (MAX_LEVELS, MAX_STAGES, MAX_NODES, MAX_DEPTH):
        assert f" {number} " in PAGE
    assert f"{MAX_VALUES:,}" in PAGE


def test_every_kind_of_stage_is_on_the_page():
    for kind in StageKind:
        assert f"`{kind}`" in SECTIONS["A stage"]
