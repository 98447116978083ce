"""Pipelines from documents: every fault at once, each with its path."""

import json

import pytest
from hypothesis import given

from oppcore.criteria import AllOf, AnyOf, Compare, Elapsed, Not, Present, Role, SomeOf, Text
from oppcore.errors import InvalidPipeline
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage, dump_pipeline, load_pipeline, write_pipeline
from oppcore.testing import pipelines
from tests.laws.lives import quarter
from tests.problems import assert_said

SHORTEST = 'key = "p"\n[[stages]]\nkey = "a"\nkind = "open"\n'


def faults(document):
    with pytest.raises(InvalidPipeline) as caught:
        load_pipeline(document)
    for problem in caught.value.problems:
        assert_said(problem)
    return {(problem.path, problem.code) for problem in caught.value.problems}


def test_the_shortest_document_has_a_key_and_stages():
    assert load_pipeline(SHORTEST) == Pipeline(key="p", stages=[Stage(key="a", kind="open")])


@quarter
@given(pipelines())
def test_what_is_written_reads_back_equal(pipeline):
    assert load_pipeline(dump_pipeline(pipeline)) == pipeline
    assert load_pipeline(dump_pipeline(pipeline, format="json").encode()) == pipeline
    assert load_pipeline(write_pipeline(pipeline)) == pipeline
    assert json.loads(dump_pipeline(pipeline, format="json")) == write_pipeline(pipeline)


def test_every_fault_is_said_at_once_with_its_path_and_a_suggestion():
    document = """
key = "p"
revison = 2
currency = "EURO"
opens_in = ["a", "z"]
fields = [{ key = "amount", type = "text" }, { key = "x", type = "choice" }]
reasons = [{ key = "r", outcome = "open" }]
[[stages]]
key = "a"
kind = "opne"
[[stages]]
kind = "won"
probability = 0.5
entry = [{ present = "amuont" }, { any = [{ role = [] }] }, { compare = "amount", ge = "x" }]
"""
    assert faults(document) >= {
        ("revison", "key.unknown"),
        ("stages[0].kind", "document.choice"),
        ("stages[1].key", "document.missing"),
        ("stages[1].entry[0].present", "key.unknown"),
        ("stages[1].entry[1].any[0].role", "document.value"),
        ("stages[1].entry[2].ge", "document.type"),
    }
    with pytest.raises(InvalidPipeline, match="perhaps 'revision'"):
        load_pipeline(document)


def test_structural_faults_are_said_at_once():
    document = """
key = "p"
currency = "EUX"
opens_in = ["won"]
fields = [{ key = "amount", type = "text" }, { key = "x", type = "choice" }, { key = "y", type = "texts" },
    { key = "quote_status", type = "text" }]
reasons = [{ key = "r", outcome = "open" }, { key = "r", outcome = "lost" }]
[[stages]]
key = "won"
kind = "won"
probability = 0.5
forecast_category = "commit"
[[stages]]
key = "won"
kind = "lost"
"""
    assert faults(document) == {
        ("currency", "key.unknown"),
        ("opens_in[0]", "key.unknown"),
        ("fields[0].key", "field.built_in"),
        ("fields[1].choices", "field.choices"),
        ("fields[2].type", "field.kind"),
        ("fields[3].key", "field.built_in"),
        ("reasons[0].outcome", "reason.open"),
        ("reasons[1].key", "key.twice"),
        ("stages[0].probability", "stage.probability"),
        ("stages[0].forecast_category", "stage.category"),
        ("stages[1].key", "key.twice"),
        ("stages", "pipeline.no_open_stage"),
    }


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("revision = 1.0", "revision"),
        ("revision = true", "revision"),
        ('revision = "1"', "revision"),
        ("revision = 0", "revision"),
        ("stages = 1", "stages"),
        ("stages = {}", "stages"),
        ("stages = [1]", "stages[0]"),
        ("fields = 1", "fields"),
        ("fields = {}", "fields"),
        ("labels = []", "labels"),
        ("labels = { en = 1 }", "labels"),
        ("flow = 1", "flow"),
        ("flow = { win = true }", "flow.win"),
        ("flow = { win = { allowed = 1 } }", "flow.win.allowed"),
        ("flow = { fly = {} }", "flow.fly"),
        ("flow = { win = { roles = 'boss' } }", "flow.win.roles"),
        ("opens_in = 'a'", "opens_in"),
        ("currency = 5", "currency"),
        ("key = 5", "key"),
        ("key = ' '", "key"),
        ("reasons = ['price']", "reasons[0]"),
    ],
)
def test_a_value_of_another_kind_is_refused_where_it_stands(line, path):
    name = line.partition(" ")[0]
    lines = {"key": 'key = "p"', "stages": 'stages = [{ key = "a", kind = "open" }]', name: line}

    assert path in {where for where, _ in faults("\n".join(lines.values()))}


@pytest.mark.parametrize(
    ("criterion", "path", "code"),
    [
        ("1", "", "document.type"),
        ("{}", "", "criterion.kind"),
        ("{ presnt = 'amount' }", "", "criterion.kind"),
        ("{ present = 'amount', role = 'x' }", "", "criterion.kind"),
        ("{ present = 'amount', x = 1 }", ".x", "key.unknown"),
        ("{ compare = 'amount' }", "", "criterion.one_of"),
        ("{ compare = 'amount', ge = 1, le = 2 }", "", "criterion.one_of"),
        ("{ compare = 'amount', ge = 1 }", ".ge", "document.money"),
        ("{ compare = 'amount', ge = { amount = 1, currency = 'XXX' } }", ".ge", "document.value"),
        ("{ compare = 'probability', ge = 'x' }", ".ge", "document.type"),
        ("{ compare = 'probability', one_of = 1 }", ".one_of", "document.type"),
        ("{ compare = 'probability', between = [0.5, 0.1] }", ".between", "document.value"),
        ("{ compare = 'expected_close_on', ge = 2026-01-01T00:00:00Z }", ".ge", "document.type"),
        ("{ compare = 'last_activity_at', ge = '2026-01-01T00:00:00' }", ".ge", "document.no_zone"),
        ("{ compare = 'decision', eq = 'perhaps' }", ".eq", "document.choice"),
        ("{ compare = 'needs', eq = 'x' }", ".eq", "criterion.no_comparison"),
        ("{ text = 'amount', contains = 'x' }", ".text", "criterion.no_text"),
        ("{ text = 'intent', contains = ' ' }", ".contains", "document.value"),
        ("{ elapsed = 'born', at_least_days = 1 }", ".elapsed", "document.value"),
        ("{ elapsed = 'entered' }", ".elapsed", "document.value"),
        ("{ elapsed = 'entered', at_least_days = true }", ".at_least_days", "document.type"),
        ("{ some = 1 }", ".of", "document.missing"),
        ("{ some = 0, of = [] }", ".some", "document.value"),
        ("{ some = 1.5, of = [] }", ".some", "document.type"),
        ("{ all = {} }", ".all", "document.type"),
        ("{ not = [] }", ".not", "document.type"),
    ],
)
def test_a_fault_in_a_criterion_is_said_where_it_is(criterion, path, code):
    assert (f"stages[0].entry[0]{path}", code) in faults(f"{SHORTEST}entry = [{criterion}]")


def test_every_form_of_a_criterion_is_read():
    document = f"""{SHORTEST}entry = [
  {{ compare = "amount", between = [1, 2] }}, {{ text = "intent", starts = "x" }},
  {{ elapsed = "opened", at_most_days = 3 }}, {{ role = "boss" }}, {{ present = "intent" }},
  {{ some = 1, of = [{{ all = [] }}, {{ any = [] }}, {{ not = {{ present = "name" }} }}] }},
]"""
    entry = load_pipeline('currency = "EUR"\n' + document).stages[0].entry

    assert [type(one) for one in entry] == [Compare, Text, Elapsed, Role, Present, SomeOf]
    assert entry[0].value == (Money(1, "EUR"), Money(2, "EUR"))
    assert [type(one) for one in entry[5].parts] == [AllOf, AnyOf, Not]


def test_one_entry_is_not_a_text_and_a_language_has_one_label():
    with pytest.raises(TypeError):
        Pipeline(key="p", stages=[Stage(key="a", kind="open")], opens_in="a")
    with pytest.raises(ValueError, match="one label"):
        Stage(key="a", kind="open", labels=[("en", "a"), ("en", "b")])


def test_a_gate_has_limits():
    wide = f"{SHORTEST}entry = [" + "{ present = 'name' }," * 65 + "]"
    deep = f"{SHORTEST}entry = [" + "{ not = " * 17 + "{ present = 'name' }" + "}" * 17 + "]"

    assert faults(wide) == faults(deep) == {("stages[0].entry", "gate.too_large")}


def test_a_byte_order_mark_is_no_fault():
    assert load_pipeline("\ufeff" + SHORTEST) == load_pipeline(SHORTEST.encode("utf-8-sig")) == load_pipeline(SHORTEST)


def test_a_criterion_of_the_hosts_own_is_no_data():
    class InCredit:
        def judge(self, situation):
            return True

    with pytest.raises(TypeError, match="InCredit"):
        dump_pipeline(Pipeline(key="p", stages=[Stage(key="a", kind="open", entry=[InCredit()])]))


@pytest.mark.parametrize("key", ["初步接触", "a b", "__proto__"])
def test_a_key_is_whatever_the_caller_gave_and_never_made_of_a_label(key):
    stage = load_pipeline({"key": "p", "stages": [{"key": key, "kind": "open", "labels": {"zh": "接触"}}]}).stages[0]

    assert (stage.key, stage.label("zh"), stage.label("fr")) == (key, "接触", key)


def test_what_is_wrong_with_single_values_does_not_hide_what_is_wrong_with_the_whole():
    document = """
        key = "x"
        opens_in = ["b"]
        currency = "EUO"
        stages = [{key = "a", kind = "opn"}, {key = "a", kind = "won", entry = [{present = "budgt"}]}]
        reasons = [{key = "r", outcome = "open"}, {}]
    """
    with pytest.raises(InvalidPipeline) as raised:
        load_pipeline(document)

    assert {problem.path: problem.code for problem in raised.value.problems} == {
        "stages[0].kind": "document.choice",
        "stages[1].entry[0].present": "key.unknown",
        "stages[1].key": "key.twice",
        "opens_in[0]": "key.unknown",
        "reasons[0].outcome": "reason.open",
        "reasons[1].key": "document.missing",
        "reasons[1].outcome": "document.missing",
        "currency": "key.unknown",
    }
