"""Canonical JSON: equal values, equal texts; what was written once loads for ever."""

import copy
import json
import os
import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore import codec
from oppcore.codec import SCHEMA, decode, decode_change, decode_pipeline, decode_record, encode
from oppcore.document import DocumentFault, find_problems, parse, structure
from oppcore.engine import Change
from oppcore.errors import InvalidDocument
from oppcore.pipeline import Flow, Pipeline
from oppcore.records import FIELDS, ITEM_TYPES, LEAD_FIELDS, Lead, Need, Opportunity, with_fields
from tests.golden.values import LEAD_VALUES, PIPELINE, SCHEMA_1, VALUES
from tests.laws.lives import quarter, standings
from tests.packaging.sources import PACKAGE
from tests.problems import assert_said

GOLDEN = PACKAGE / "testing" / "contract" / "codec-schema-1.jsonl"
CHANGES = "opened moved amended requested signed corrected converted merged removed restored"
KINDS = {*CHANGES.split(), "opportunity", "lead", "pipeline"}
# U+2028 is a line separator to str.splitlines, and none to JSON.
LINES = GOLDEN.read_text(encoding="utf-8").rstrip("\n").split("\n")


@pytest.mark.parametrize(("line", "value"), list(zip(LINES, SCHEMA_1, strict=True)), ids=range(len(LINES)))
def test_what_was_written_under_schema_1_loads_and_is_written_the_same(line, value):
    assert decode(line) == value
    assert encode(decode(line)) == encode(value) == line


def test_the_golden_file_holds_every_kind_of_value():
    found = {key for line in LINES for key in json.loads(line) if key != "schema"}

    assert found == KINDS
    assert {type(value) for value in SCHEMA_1} >= {Opportunity, Lead, *Change.__args__}


def test_the_golden_file_holds_every_field_and_kind_of_item():
    assert {name for name, field in FIELDS.items() if not field.derived_from} <= set(VALUES)
    assert set(LEAD_FIELDS) <= set(LEAD_VALUES)
    assert {type(item) for value in VALUES.values() if type(value) is tuple for item in value} >= set(
        ITEM_TYPES.values()
    )


def test_the_golden_file_holds_a_pipeline_with_every_key():
    parts = [PIPELINE, PIPELINE.flow, *PIPELINE.stages, *PIPELINE.transitions, *PIPELINE.actions]
    steps = [step for approval in PIPELINE.approvals for step in approval.steps]
    parts += [*PIPELINE.claims, *PIPELINE.approvals, *steps, PIPELINE.permissions, *PIPELINE.overrides]
    parts += [*PIPELINE.reasons, *PIPELINE.fields, *(item for stage in PIPELINE.stages for item in stage.checklist)]
    unlike = {
        (type(part), key.name) for part in parts for key in attrs.fields(type(part)) if key.init and said(part, key)
    }
    wanted = {(type_, key.name) for type_ in set(map(type, parts)) - {Flow} for key in attrs.fields(type_) if key.init}

    # Of these the default is said; the pipelines after this one have the others.
    assert wanted - unlike == {(Pipeline, "kind"), (Pipeline, "numbers")}
    assert {name for type_, name in unlike if type_ is Flow} == {"advance", "revert", "reopen"}


def said(part, key):
    """Whether a key of a pipeline says something else than its default."""
    default = key.default.factory() if isinstance(key.default, attrs.Factory) else key.default
    return getattr(part, key.name) != default


@quarter
@given(standings())
def test_records_and_pipelines_are_decoded_equal(found):
    assert tuple(decode(encode(value)) for value in found) == found
    assert tuple(decode(encode(value).encode()) for value in found) == found


@quarter
@given(standings())
def test_the_text_is_canonical(found):
    for value in found:
        text = encode(value)

        assert encode(decode(text)) == text
        assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_text_does_not_depend_on_the_order_of_hashes(seed):
    code = "import sys; sys.path.insert(0, '.')\nfrom tests.golden.values import *\nfrom oppcore.codec import encode\n"
    code += "sys.stdout.buffer.write('\\n'.join(map(encode, SCHEMA_1)).encode())"
    env = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=env)

    assert done.stdout.decode().split("\n") == LINES


def change_in(line, *path, to=None, drop=False):
    """The line with something else in one place."""
    data = json.loads(line)
    place = data
    for step in path[:-1]:
        place = place[step]
    if drop:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return json.dumps(data)


BARE, MOVED, AMENDED = LINES[0], LINES[8], LINES[13]


@pytest.mark.parametrize(
    ("text", "path", "code"),
    [
        ("{}", "schema", "document.schema"),
        (change_in(BARE, "schema", to=2), "schema", "document.schema"),
        (change_in(BARE, "schema", to=True), "schema", "document.schema"),
        (change_in(BARE, "schema", to=1.0), "schema", "document.schema"),
        (change_in(BARE, "schema", to="1"), "schema", "document.schema"),
        ('{"schema":1}', "", "document.kind"),
        ('{"schema":1,"deal":{}}', "", "document.kind"),
        ('{"schema":1,"moved":{},"opened":{}}', "", "document.kind"),
        ('{"schema":1,"moved":[]}', "", "document.type"),
        ('{"schema":1,"pipeline":[]}', "", "document.type"),
        (change_in(BARE, "opportunity", "nmae", to="x"), "nmae", "key.unknown"),
        (change_in(BARE, "opportunity", "id", drop=True), "id", "document.missing"),
        (change_in(BARE, "opportunity", "id", to=7), "id", "document.type"),
        (change_in(BARE, "opportunity", "id", to=" "), "id", "document.value"),
        (change_in(BARE, "opportunity", "progress", "stge", to="x"), "progress.stge", "key.unknown"),
        (change_in(BARE, "opportunity", "progress", "version", to=1.5), "progress.version", "document.type"),
        (change_in(BARE, "opportunity", "progress", "version", to=0), "progress.version", "document.value"),
        (change_in(BARE, "opportunity", "progress", "outcome", to="x"), "progress.outcome", "document.choice"),
        (
            change_in(BARE, "opportunity", "progress", "changed_at", to="2026-01-01"),
            "progress.changed_at",
            "document.no_zone",
        ),
        (change_in(BARE, "opportunity", "amount", to=5), "amount", "document.type"),
        (
            change_in(BARE, "opportunity", "amount", to={"amount": "5", "currency": "XXX"}),
            "amount.currency",
            "document.value",
        ),
        (change_in(BARE, "opportunity", "fields", to={"x": {"number": "NaN"}}), "fields.x", "document.number"),
        (change_in(BARE, "opportunity", "fields", to={"x": {"thing": 1}}), "fields.x", "document.choice"),
        (change_in(BARE, "opportunity", "fields", to=[]), "fields", "document.type"),
        (change_in(MOVED, "moved", "directions", to=["fly"]), "directions[0]", "document.choice"),
        (change_in(MOVED, "moved", "source", "outcome", to="x"), "source.outcome", "document.choice"),
        (change_in(MOVED, "moved", "stamp", "at", drop=True), "stamp.at", "document.missing"),
        (change_in(AMENDED, "amended", "edits", 0, "new", to=5), "edits[0].new", "document.type"),
        (change_in(AMENDED, "amended", "edits", 0, "x", to=5), "edits[0].x", "key.unknown"),
    ],
)
def test_what_was_not_written_by_us_is_refused_where_it_is_wrong(text, path, code):
    with pytest.raises(InvalidDocument) as caught:
        decode(text)

    for problem in caught.value.problems:
        assert_said(problem)
    assert (path, code) in {(problem.path, problem.code) for problem in caught.value.problems}


@attrs.frozen
class Reviewed:
    """A criterion of a host's own."""

    by: str

    def judge(self, situation):
        return None

    def problem(self, situation, wanted):
        return None


def test_a_pipeline_with_a_hosts_own_criteria_is_written_and_read_under_their_names():
    own = {"reviewed": Reviewed}
    text = '{"schema":1,"pipeline":{"key":"p","stages":[{"key":"a","kind":"open","entry":[{"reviewed":{"by":"x"}}]}]}}'
    pipeline = decode_pipeline(text, criteria=own)

    assert pipeline.stage("a").entry == (Reviewed("x"),)
    assert decode(encode(pipeline, criteria=own), criteria=own) == pipeline
    with pytest.raises(InvalidDocument):
        decode_pipeline(text)


READ = {"decode_record": set(range(5)), "decode_change": set(range(5, 27)), "decode_pipeline": {27, 28, 29}}


@pytest.mark.parametrize("read", [decode_record, decode_change, decode_pipeline])
def test_a_kind_that_is_not_wanted_is_refused(read):
    wanted = READ[read.__name__]
    for index, line in enumerate(LINES):
        if index in wanted:
            assert read(line) == SCHEMA_1[index]
        else:
            with pytest.raises(InvalidDocument) as caught:
                read(line)
            [problem] = caught.value.problems
            assert_said(problem)
            assert (problem.code, problem.path) == ("document.kind", "")


@pytest.mark.parametrize(
    "values", [{"needs": (Need(text="x" * 20_000),) * 60}, {"tags": ("x",) * 60_000}], ids=["long", "many"]
)
def test_what_could_not_be_read_again_is_not_written(values):
    with pytest.raises(InvalidDocument):
        encode(with_fields(SCHEMA_1[0], values))


def test_the_schema_is_one():
    assert SCHEMA == 1


def test_an_equal_value_that_is_written_otherwise_has_the_same_text():
    from decimal import Decimal

    from oppcore.money import Money

    one, other = (attrs.evolve(SCHEMA_1[0], amount=Money(Decimal(text), "EUR")) for text in ("12.5", "12.5000"))

    assert (one, encode(one)) == (other, encode(other))


# What somebody wrote by hand.

REQUESTED, SIGNED, CORRECTED, REMOVED = (
    next(json.loads(line)[name] for line in LINES if name in json.loads(line))
    for name in ("requested", "signed", "corrected", "removed")
)
SIGNATURE = {"actor_id": "a", "verdict": "approve", "at": "2026-03-02T00:00:00Z"}


def rewritten(name, path, value):
    """A change of the golden file with another value somewhere in it."""
    data = copy.deepcopy({"requested": REQUESTED, "signed": SIGNED, "corrected": CORRECTED, "removed": REMOVED}[name])
    *outer, last = path.split(".")
    place = data
    for key in outer:
        place = place.setdefault(key, {})
    place[last] = value
    return json.dumps({"schema": 1, name: data})


@pytest.mark.parametrize(
    ("name", "path", "value", "where"),
    [
        ("signed", "signature.verdict", "bless", "signature.verdict"),
        ("signed", "signature.verdict", None, "signature.verdict"),
        ("signed", "signature.before", "no", "signature.before"),
        ("signed", "number", -1, "number"),
        ("signed", "number", 0, "number"),
        ("signed", "number", True, "number"),
        ("signed", "number", 1.5, "number"),
        ("signed", "subject", " ", "subject"),
        ("signed", "stamp.version", -1, "stamp.version"),
        ("signed", "stamp.origin", "moon", "stamp.origin"),
        ("signed", "stamp.rules", "flow.win", "stamp.rules"),
        ("signed", "stamp.waiver", {"reason": " ", "waived": []}, "stamp.waiver.reason"),
        (
            "signed",
            "stamp.waiver",
            {"reason": "x", "waived": [{"rule": 1, "code": "c"}]},
            "stamp.waiver.waived[0].rule",
        ),
        ("signed", "stamp.waiver", {"waived": []}, "stamp.waiver.reason"),
        ("requested", "round.number", -1, "round.number"),
        ("requested", "round.mode", "many", "round.mode"),
        ("requested", "round.separate", 1, "round.separate"),
        ("requested", "round.requested_by", "", "round.requested_by"),
        ("requested", "round.steps", [{"roles": ["r"]}], "round.steps[0].key"),
        ("requested", "round.steps", [{"key": "s", "roles": "boss"}], "round.steps[0].roles"),
        ("requested", "round.steps", [{"key": "s"}] * 60_000, ""),
        ("requested", "round.covered", [{"field": "amount"}], "round.covered[0].value"),
        ("requested", "round.covered", [{"field": "a", "value": None, "bound": "near"}], "round.covered[0].bound"),
        ("requested", "round.covered", [{"field": "a", "value": 3}], "round.covered[0].value"),
        ("requested", "round.signatures", [SIGNATURE | {"verdict": "nod"}], "round.signatures[0].verdict"),
        ("requested", "round.signatures", [SIGNATURE | {"at": "2026-03-02T00:00"}], "round.signatures[0].at"),
        ("requested", "round.is_stale", "perhaps", "round.is_stale"),
        ("requested", "round.granted", True, "round.granted"),
        ("corrected", "corrects", -1, "corrects"),
        ("corrected", "happened_at", "never", "happened_at"),
        ("corrected", "happened_at", "2026-03-02T00:00", "happened_at"),
        ("corrected", "state", {"stage": "a", "outcome": "maybe"}, "state.outcome"),
        ("corrected", "edits", [{"field": "a", "old": 1, "new": None}], "edits[0].old"),
        ("removed", "comment", 3, "comment"),
        ("removed", "comment", "x" * 20_001, "comment"),
    ],
)
def test_a_change_rewritten_by_hand_is_refused_where_it_is_wrong(name, path, value, where):
    with pytest.raises(InvalidDocument) as caught:
        decode(rewritten(name, path, value))

    assert_said(caught.value.problems[0])
    assert [problem.path for problem in caught.value.problems] == [where]


# Readers that are made once: what they accept is what the strict way gives, and what they refuse it explains.

WRONG = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1.5,
        "",
        " ",
        "x",
        "open",
        "2026-03-02",
        "2026-03-02T09:00:00Z",
        "1e400",
        "NaN",
        "\u0000",
        [],
        {},
    ]
)
BAD_VALUES = WRONG | st.lists(WRONG, max_size=2) | st.dictionaries(st.just("x"), WRONG)


def strictly(line):
    """What the strict way makes of a record or change: the value, or its faults."""
    [(name, data)] = [(name, data) for name, data in parse(line).items() if name != "schema"]
    converter = codec._converter()
    try:
        return structure(converter, data, codec._TYPES[name])
    except DocumentFault as fault:
        return find_problems(fault)


def places(data, path=()):
    """Every place in plain data."""
    yield path
    for key, item in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        yield from places(item, (*path, key))


def spoilt(draw, line):
    """A line with something else in one to three places."""
    data = json.loads(line)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(data))[1:]))
        inner = data
        for key in path[:-1]:
            inner = inner[key]
        match draw(st.sampled_from(["replace", "drop", "add"])):
            case "replace":
                inner[path[-1]] = draw(BAD_VALUES)
            case "drop":
                del inner[path[-1]]
            case _ if isinstance(inner, dict):
                inner[draw(st.sampled_from(["x", "name", "id", "version"]))] = draw(BAD_VALUES)
            case _:
                inner.append(draw(BAD_VALUES))
        if not isinstance(data, dict) or len(list(places(data))) < 2:
            break
    return json.dumps(data)


@given(st.data())
def test_the_quick_way_and_the_strict_way_agree_on_whatever_is_read(data):
    line = data.draw(st.sampled_from([line for line in LINES if not line.startswith('{"pipeline"')]))
    [kind] = [name for name in json.loads(line) if name != "schema"]
    text = spoilt(data.draw, line)
    try:
        table = parse(text)
    except InvalidDocument:
        table = {}
    try:
        found = decode(text)
    except InvalidDocument as error:
        found = error.problems
    if set(table) == {"schema", kind} and table["schema"] == 1 and isinstance(table[kind], dict):
        assert found == strictly(text)
    else:
        assert {type(problem).__name__ for problem in found} == {"Problem"}


def test_the_quick_writer_writes_what_the_strict_one_writes():
    for line, value in zip(LINES, SCHEMA_1, strict=True):
        if not isinstance(value, Pipeline):
            name = next(name for name in json.loads(line) if name != "schema")
            assert json.loads(line)[name] == json.loads(json.dumps(codec._converter().unstructure(value)))
