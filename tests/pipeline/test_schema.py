"""The JSON Schema of pipeline documents and the loader: one takes what the other takes."""

import copy
import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from oppcore.errors import InvalidPipeline, Problem
from oppcore.pipeline import dump_pipeline, load_pipeline
from oppcore.pipeline.schema import pipeline_schema
from oppcore.records import RecordKind
from oppcore.testing import pipelines
from tests.packaging.sources import TREE

SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

# What no schema can say, because it is about parts that do not fit one another (or about very much of something).
REFERENCES = {"key.twice", "transition.loop", "approval.bound", "gate.too_large"}
KINDS_OF_FIELDS = {"criterion.no_comparison", "criterion.no_items", "criterion.no_text"}
OPERAND = re.compile(r"\.(eq|ne|lt|le|gt|ge|one_of|between)(\[\d+\])?(\.\w+)?$")


@cache
def validator():
    """What says whether a document fits the schema."""
    return Draft202012Validator(pipeline_schema())


def is_sayable(problem):
    """Whether a schema can know of it."""
    if problem.code == "key.unknown":
        return problem.params["what"] in ("key", "currency")
    if problem.path.endswith(".answered") and problem.params.get("have") == "a text":
        return False  # `checklist`, in a stage without one
    return not (problem.code in REFERENCES | KINDS_OF_FIELDS or OPERAND.search(problem.path))


def faults(document):
    try:
        load_pipeline(json.dumps(document))
    except InvalidPipeline as error:
        return error.problems
    return ()


def agree(document):
    """Hold the schema against the loader."""
    found = faults(document)
    fits = validator().is_valid(document)
    if not found:
        assert fits, [error.message for error in validator().iter_errors(document)]
    elif any(map(is_sayable, found)):
        assert not fits, [str(problem) for problem in found]
    return "loads" if not found else "faulty" if not fits else "does not fit together"


MINIMAL = {"key": "shop", "stages": [{"key": "lead", "kind": "open"}]}
GENERATED = st.sampled_from(RecordKind).flatmap(lambda kind: pipelines(kind=kind, max_open_stages=2))
DOCUMENTS = GENERATED.map(lambda pipeline: json.loads(dump_pipeline(pipeline, format="json")))


def places(value, path=()):
    """Every place in a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


WORDS = ["", " ", "x", "open", "won", "lost", "post_sale", "lead", "opportunity", "commit", "closed", "omitted"]
WORDS += ["choice", "text", "instant", "any", "all", "criteria", "at_most", "entered", "quotes", "needs", "amount"]
WORDS += ["EUR", "0.5", "1", "1.5", "-1", "abc", "abandoned", "budget", "name", "x" * 257, "checklist"]
ITEMS = [{}, {"x": 1}, {"key": "x"}, {"key": "x", "kind": "open"}, {"en": "x"}, {"en": ""}, {"present": "budget"}]
ITEMS += [{"any": []}, {"role": "x"}, {"role": []}, {"amount": 1, "currency": "EUR"}, {"amount": 1, "currency": "x"}]
ITEMS += [{"elapsed": "entered"}, {"elapsed": "opened", "at_least_days": 1}, {"exists": "quotes", "where": {"any": []}}]
ITEMS += [{"allowed": False}, {"allowed": 0}, {"roles": "x"}, {"roles": ["x"]}, {"approved": "x"}, {"not": {"all": []}}]
ITEMS += [{"at_most": "amount"}, {"equal": "amount"}, {"some": 0, "of": []}, {"some": 1, "of": []}, {"some": 1}]
VALUES = [None, True, False, 0, 1, -1, 3, 0.5, 100_001, *WORDS, [], ["x"], [1], [None], *ITEMS]
VALUES += [[item] for item in ITEMS]
KEYS = ["x", "key", "kind", "labels", "entry", "stay", "roles", "where", "at_least", "eq", "choices", "probability"]
KEYS += ["forecast_category", "type", "archived", "revision", "currency", "when", "covers", "steps", "allowed", "of"]


def mutated(document, place, how, value, key):
    """A document with another value at a place, or with more or less there."""
    found = copy.deepcopy(document)
    if not place:
        holder, last = {"": found}, ""
    else:
        holder, last = found, place[-1]
        for step in place[:-1]:
            holder = holder[step]
    at = holder[last]
    if how == "replace" or not isinstance(at, (dict, list)):
        holder[last] = value
    elif how == "add":
        if isinstance(at, dict):
            at[key] = value
        else:
            at.append(value)
    elif at:
        at.pop(next(iter(at)) if isinstance(at, dict) else -1)
    return holder[""] if not place else found


def schemas(schema):
    """A schema and those within it."""
    yield schema
    for key, value in schema.items():
        inner = value.values() if key in ("properties", "$defs") else value if isinstance(value, list) else [value]
        for one in inner:
            if isinstance(one, dict):
                yield from schemas(one)


KEYWORDS = {"$schema", "$defs", "title", "description", "default", "then", "else", *Draft202012Validator.VALIDATORS}


def test_the_schema_is_a_schema_of_which_nothing_is_ignored():
    schema = pipeline_schema(criteria=["reviewed"])
    parts = list(schemas(schema))
    tables = {name for part in parts if part.get("additionalProperties") is False for name in part["properties"]}

    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert {keyword for part in parts for keyword in part} <= KEYWORDS
    assert {part["$ref"] for part in parts if "$ref" in part} <= {f"#/$defs/{name}" for name in schema["$defs"]}
    assert {name for part in parts for name in (*part.get("properties", ()), *part.get("required", ()))} <= tables


@SLOW
@given(st.data())
def test_schema_and_loader_agree_on_what_is_written_and_on_what_somebody_has_changed(data):
    document = data.draw(DOCUMENTS)
    assert agree(document) == "loads"
    known = list(places(document))
    for _ in range(8):
        place = data.draw(st.sampled_from(known))
        how = data.draw(st.sampled_from(["replace", "add", "remove"]))
        value, key = data.draw(st.sampled_from(VALUES)), data.draw(st.sampled_from(KEYS))
        changed = mutated(document, place, how, value, key)
        if isinstance(changed, dict):
            event(agree(changed))


@pytest.mark.parametrize("path", sorted((TREE / "examples" / "pipelines").glob("*.toml")), ids=lambda path: path.stem)
def test_documents_written_by_hand_fit(path: Path):
    assert list(validator().iter_errors(tomllib.loads(path.read_text(encoding="utf-8")))) == []


FIT = {
    "criteria of every kind": {
        "entry": [
            {"present": "name"},
            {"compare": "amount", "between": [{"amount": "1", "currency": "EUR"}, {"amount": 2, "currency": "EUR"}]},
            {"compare": "decision", "one_of": ["go"]},
            {"text": "name", "starts": "x"},
            {"elapsed": "entered", "at_least_days": "0.5", "at_most_days": 7},
            {"exists": "quotes", "where": {"not": {"compare": "status", "eq": "sent"}}, "at_least": 2},
            {"answered": "checklist"},
            {"role": "x"},
            {"some": 1, "of": [{"role": ["x", "y"]}, {"all": []}]},
        ],
        "checklist": [{"key": "who", "labels": {"en": "Who?"}}],
    },
    "nothing where nothing may be": {"probability": None, "forecast_category": None, "expected_days": None},
    "numbers as texts": {"probability": "0.5", "expected_days": "7.5", "expected_conversion": "1"},
}
DO_NOT_FIT = {
    "another key": {"colour": "red"},
    "a probability above 1": {"probability": 1.5},
    "a percentage as text": {"probability": "50"},
    "a number beyond any": {"expected_days": 1e50},
    "a category of won": {"forecast_category": "closed"},
    "a comparison too many": {"entry": [{"compare": "name", "eq": "x", "ne": "y"}]},
    "a comparison too few": {"entry": [{"compare": "name"}]},
    "two criteria in one": {"entry": [{"present": "name", "role": "x"}]},
    "a clock in a stay criterion": {"stay": [{"not": {"elapsed": "entered", "at_least_days": 1}}]},
    "a role below a stay criterion": {"stay": [{"exists": "needs", "where": {"role": "x"}}]},
    "an exists in an exists": {"entry": [{"exists": "needs", "where": {"exists": "needs"}}]},
    "no limit of days": {"entry": [{"elapsed": "entered"}]},
    "a text as list": {"roles": "x"},
    "a blank label": {"labels": {"en": " "}},
}


@pytest.mark.parametrize("stage", FIT.values(), ids=FIT)
def test_what_may_be_fits(stage):
    assert agree({**MINIMAL, "stages": [{"key": "lead", "kind": "open", **stage}]}) == "loads"


@pytest.mark.parametrize("stage", DO_NOT_FIT.values(), ids=DO_NOT_FIT)
def test_what_may_not_be_does_not_fit(stage):
    assert agree({**MINIMAL, "stages": [{"key": "lead", "kind": "open", **stage}]}) == "faulty"


@pytest.mark.parametrize(
    "more",
    [
        {"stages": []},
        {"stages": [{"key": "won", "kind": "won"}]},
        {"stages": [{"key": "a", "kind": "open", "archived": True}]},
        {"stages": [{"key": "a", "kind": "open"}] * 257},
        {"currency": "EURO"},
        {"reasons": [{"key": "x", "outcome": "open"}]},
        {"fields": [{"key": "x", "type": "choice"}]},
        {"fields": [{"key": "x", "type": "text", "choices": ["a"]}]},
        {"fields": [{"key": "x", "type": "instant"}]},
        {"fields": [{"key": "budget", "type": "text"}]},
        {"fields": [{"key": "email", "type": "text"}], "kind": "lead"},
        {"kind": "lead", "stages": [{"key": "a", "kind": "open", "probability": 0.5}]},
        {"kind": "lead", "stages": [{"key": "a", "kind": "open"}, {"key": "b", "kind": "post_sale"}]},
        {"kind": "lead", "reasons": [{"key": "a", "outcome": "won"}]},
        {"approvals": [{"key": "a", "steps": []}]},
        {"approvals": [{"key": "a", "steps": [{"key": "b"}]}]},
        {"approvals": [{"key": "a", "steps": [{"key": "b", "roles": ["c"]}], "covers": [{"equal": "amount"}]}]},
        {"overrides": [{"roles": []}]},
        {"revision": 0},
        {"flow": {"open": {"allowed": False}}},
        {"actions": [{"key": "a", "gate": [{"answered": "checklist"}]}]},
    ],
    ids=lambda more: str(more)[:60],
)
def test_rules_of_the_whole_are_in_the_schema_too(more):
    assert agree({**MINIMAL, **more}) == "faulty"


@pytest.mark.parametrize(
    "stage",
    [
        {"entry": [{"present": "nothing_of_the_kind"}]},
        {"entry": [{"compare": "amount", "eq": True}]},
        {"entry": [{"compare": "probability", "between": [2, 1]}]},
        {"entry": [{"text": "amount", "starts": "x"}]},
        {"asks": ["nothing_of_the_kind"]},
        {"checklist": [{"key": "a"}, {"key": "a"}]},
        {"entry": [{"answered": "checklist"}]},
    ],
    ids=str,
)
def test_what_does_not_fit_together_is_for_the_loader_to_say(stage):
    assert agree({**MINIMAL, "stages": [{"key": "lead", "kind": "open", **stage}]}) == "does not fit together"


def test_a_hosts_own_criteria_have_their_place_beside_ours():
    document = {**MINIMAL, "stages": [{"key": "a", "kind": "open", "entry": [{"any": [{"reviewed": {"by": "x"}}]}]}]}
    stay = {**MINIMAL, "stages": [{"key": "a", "kind": "open", "stay": [{"reviewed": {}}]}]}
    theirs = Draft202012Validator(pipeline_schema(criteria=["reviewed"]))

    assert not validator().is_valid(document)
    assert theirs.is_valid(document)
    assert not theirs.is_valid(stay)


def test_a_problem_of_an_operand_is_told_from_others():
    assert not is_sayable(Problem("document.type", "stages[0].entry[0].eq"))
    assert not is_sayable(Problem("document.value", "stages[0].entry[0].one_of[1].amount"))
    assert is_sayable(Problem("document.type", "stages[0].entry[0].equal"))
