"""What `check` finds: each fault by itself, in a pipeline that is otherwise as it should be."""

import json
import re

import attrs
import pytest

from oppcore.criteria import AllOf, AnyOf, Not, Present
from oppcore.errors import Problem
from oppcore.messages import load_language
from oppcore.pipeline import load_pipeline
from oppcore.proof import Severity, check
from tests.problems import assert_said

FINE = """
key = "shop"
labels = {en = "Shop", zh = "店"}
currency = "EUR"
opens_in = ["lead"]

[flow]
revert = {allowed = true, roles = ["manager"]}

[[stages]]
key = "lead"
kind = "open"
labels = {en = "Lead", zh = "线索"}
probability = 0.1
forecast_category = "pipeline"
checklist = [{key = "who", labels = {en = "Who decides?", zh = "谁决定？"}}]
expected_days = 7
maximum_days = 14
exit = [{answered = "checklist"}]

[[stages]]
key = "offer"
kind = "open"
labels = {en = "Offer", zh = "报价"}
probability = 0.5
forecast_category = "best_case"
may_be_skipped = true
entry = [{compare = "amount", ge = 1000}, {present = "budget"}]
stay = [{present = "owner_id"}]
exit = [{approved = "discount"}]
roles = ["seller", "manager"]

[[stages]]
key = "won"
kind = "won"
labels = {en = "Won", zh = "赢单"}

[[stages]]
key = "lost"
kind = "lost"
labels = {en = "Lost", zh = "丢单"}

[[reasons]]
key = "price"
outcome = "lost"
labels = {en = "Price", zh = "价格"}

[[approvals]]
key = "discount"
labels = {en = "Discount", zh = "折扣"}
covers = ["amount"]

[[approvals.steps]]
key = "head"
labels = {en = "Head", zh = "主管"}
roles = ["manager"]
when = {compare = "quote_discount", gt = 0.2}

[[actions]]
key = "send"
labels = {en = "Send", zh = "发送"}
gate = [{present = "needs"}]
roles = ["seller"]

[[overrides]]
roles = ["director"]
waives = ["criteria"]
"""
ENTRY = 'entry = [{compare = "amount", ge = 1000}, {present = "budget"}]'
GATE = 'gate = [{present = "needs"}]'
WHEN = 'when = {compare = "quote_discount", gt = 0.2}'


def drawn(*moves):
    ends = (move.split() for move in moves)
    return "".join(f'[[transitions]]\nsource = "{source}"\ntarget = "{target}"\n' for source, target in ends)


ORDER = drawn("lead offer", "offer won", "offer lead")


def entry(*criteria):
    return (ENTRY, f"entry = [{', '.join(criteria)}]")


NEVER = '{compare = "probability", gt = 1}'
ALWAYS = '{any = [{present = "budget"}, {not = {present = "budget"}}]}'

# code, severity, path: what to replace in the document above, and by what.
FAULTS = {
    ("stage.unreachable", "error", "stages.offer"): [
        ("may_be_skipped = true", ""),
        ("[[approvals]]", drawn("lead won", "offer won") + "[[approvals]]"),
    ],
    ("stage.unreachable", "error", "stages.lost"): [
        ("[flow]", "[flow]\nlose = {allowed = false}\nabandon = {allowed = false}")
    ],
    ("stage.trap", "error", "stages.offer"): [
        ("[flow]", "[flow]\nlose = {allowed = false}\nabandon = {allowed = false}"),
        ("[[approvals]]", drawn("lead won", "lead offer") + "[[approvals]]"),
    ],
    ("stage.no_win", "warning", "stages.offer"): [("[[approvals]]", drawn("lead won", "lead offer") + "[[approvals]]")],
    ("pipeline.no_win", "warning", "stages"): [("[flow]", "[flow]\nwin = {allowed = false}")],
    ("pipeline.no_loss", "warning", "flow.lose"): [
        ("[flow]", "[flow]\nlose = {allowed = false}\nabandon = {allowed = false}")
    ],
    ("stage.probability_falls", "warning", "stages.offer.probability"): [("probability = 0.5", "probability = 0.05")],
    ("stage.category_falls", "warning", "stages.offer.forecast_category"): [('"pipeline"', '"commit"')],
    ("stage.days", "warning", "stages.lead.expected_days"): [("expected_days = 7", "expected_days = 15")],
    ("reason.none", "note", "reasons"): [('outcome = "lost"', 'outcome = "won"')],
    ("label.missing", "warning", "labels"): [('labels = {en = "Won", zh = "赢单"}', 'labels = {en = "Won"}')],
    ("role.similar", "warning", "stages.offer.roles"): [
        ('roles = ["seller", "manager"]', 'roles = ["seller", "manger"]')
    ],
    ("answers.no_item", "warning", "stages.lead.exit[0]"): [('answered = "checklist"', 'answered = ["who", "whi"]')],
    ("approval.unused", "warning", "approvals.discount"): [('exit = [{approved = "discount"}]', "")],
    ("approval.no_covers", "note", "approvals.discount.covers"): [('covers = ["amount"]', "")],
    ("override.idle", "warning", "overrides[0].waives"): [('waives = ["criteria"]', "waives = []")],
    ("transition.idle", "warning", "transitions.offer → lead"): [
        ("[flow]\nrevert = {allowed = true", "[flow]\nrevert = {allowed = false"),
        ("[[approvals]]", ORDER.replace('"won"', '"won"\nroles = ["seller"]') + "[[approvals]]"),
    ],
    ("transition.order", "note", "transitions"): [
        ("may_be_skipped = true", ""),
        ("[[approvals]]", ORDER + "[[approvals]]"),
    ],
    ("gate.idle", "warning", "stages.lost.entry"): [('kind = "lost"', 'kind = "lost"\nentry = [{present = "amount"}]')],
    ("gate.impossible", "error", "stages.offer.entry[0]"): [
        entry('{compare = "amount", ge = 1000}', '{compare = "amount", lt = 500}')
    ],
    ("gate.impossible", "error", "stages.lead.exit[0]"): [entry('{not = {answered = ["who"]}}')],
    ("gate.impossible", "error", "stages.offer.entry[1]"): [
        entry('{present = "budget"}', '{not = {present = "owner_id"}}')
    ],
    ("gate.impossible", "error", "stages.offer.exit[0]"): [
        ('exit = [{approved = "discount"}]', 'exit = [{not = {present = "owner_id"}}, {approved = "discount"}]')
    ],
    ("gate.nobody", "error", "stages.offer.entry[0]"): [
        entry('{not = {role = ["seller", "manager"]}}', '{present = "budget"}')
    ],
    ("gate.nobody", "error", "actions.send.gate[0]"): [(GATE, 'gate = [{not = {role = "seller"}}]')],
    ("criterion.never", "error", "stages.offer.entry[0]"): [entry(NEVER)],
    ("criterion.never", "error", "actions.send.gate[0]"): [(GATE, "gate = [{any = []}]")],
    ("criterion.never", "warning", "approvals.discount.steps.head.when"): [
        (WHEN, 'when = {compare = "quote_discount", gt = 1}')
    ],
    ("criterion.always", "warning", "stages.offer.entry[1]"): [entry('{present = "budget"}', ALWAYS)],
    ("criterion.always", "warning", "actions.send.gate[0]"): [(GATE, "gate = [{all = []}]")],
    ("criterion.always", "warning", "approvals.discount.steps.head.when"): [(WHEN, f"when = {ALWAYS}")],
    ("criterion.implied", "warning", "stages.offer.entry[1]"): [
        entry('{compare = "amount", ge = 1000}', '{present = "amount"}')
    ],
    ("criterion.implied", "warning", "stages.offer.entry[0]"): [
        entry('{present = "owner_id"}', '{present = "budget"}')
    ],
    ("criterion.empty_all", "warning", "stages.offer.entry[0]"): [entry('{all = [{all = []}, {present = "budget"}]}')],
    ("criterion.empty_any", "warning", "stages.offer.entry[0]"): [entry('{any = [{any = []}, {present = "budget"}]}')],
    ("criterion.too_few", "warning", "stages.offer.entry[0]"): [
        entry('{any = [{some = 2, of = [{present = "name"}]}, {present = "budget"}]}')
    ],
}


# What cannot but come with it: a stage nobody can be lost in, or won.
FOLLOWING = {
    "pipeline.no_win": {"stage.unreachable"},
    "pipeline.no_loss": {"stage.unreachable"},
    "stage.unreachable": {"pipeline.no_loss"},
    "stage.trap": {"pipeline.no_loss", "stage.unreachable"},
}


def changed(*replacements):
    text = FINE
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return load_pipeline(text)


def said(findings):
    for finding in findings:
        assert_said(finding.problem)
    return [(one.problem.code, str(one.severity), one.problem.path) for one in findings]


def test_nothing_is_found_where_nothing_is_wrong():
    assert check(load_pipeline(FINE)) == ()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]} {fault[2]}".replace("→", "to"))
def test_each_fault_is_found_and_nothing_else(fault):
    found = check(changed(*FAULTS[fault]))

    assert fault in said(found)
    assert {code for code, _, _ in said(found)} - FOLLOWING.get(fault[0], set()) == {fault[0]}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]} {fault[2]}".replace("→", "to"))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_finding_reads_well_in_one_line(fault, language):
    pipeline = changed(*FAULTS[fault])
    for finding in check(pipeline):
        text = finding.text(language, names=pipeline.names(language))

        assert len(text.splitlines()) == 1
        assert "<" not in text
        assert finding.problem.code not in text


def test_every_code_of_a_check_is_tried_here():
    texts = list(load_language("en")[0])
    start, end = texts.index("stage.unreachable"), texts.index("table.empty")

    assert set(texts[start:end]) - {code for code, _, _ in FAULTS} == {"criterion.undecided", "gate.undecided"}


def test_a_finding_is_plain_data_with_what_was_perhaps_meant():
    [finding] = check(changed(('roles = ["seller", "manager"]', 'roles = ["seller", "manger"]')))

    assert json.loads(json.dumps(finding.detail())) == {
        "severity": "warning",
        "code": "role.similar",
        "path": "stages.offer.roles",
        "message": "stages.offer.roles: the role 'manger' is named here only; perhaps 'manager' is meant",
        "params": {"key": "manger", "suggestion": "manager"},
        "suggestion": "manager",
    }


def test_findings_come_worst_first_and_all_at_once():
    found = check(
        changed(
            ('covers = ["amount"]', ""),
            ("probability = 0.5", "probability = 0.05"),
            entry(NEVER, '{present = "budget"}'),
            ('exit = [{answered = "checklist"}]', 'exit = [{not = {present = "budget"}}]'),
        )
    )

    assert said(found) == [
        ("criterion.never", "error", "stages.offer.entry[0]"),
        ("gate.impossible", "error", "stages.lead.exit[0]"),
        ("stage.probability_falls", "warning", "stages.offer.probability"),
        ("approval.no_covers", "note", "approvals.discount.covers"),
    ]


@pytest.mark.parametrize("lacking", [4, 5, 6])
def test_of_many_missing_labels_the_first_five_are_named_and_all_are_counted(lacking):
    labelled = iter(range(lacking))
    text = re.sub(r", zh = \"[^\"]*\"", lambda found: found[0] if next(labelled, None) is None else "", FINE)
    [finding] = check(load_pipeline(text))

    parts = finding.problem.params["parts"]
    assert (finding.problem.code, finding.problem.params["count"]) == ("label.missing", lacking)
    assert (len(parts), parts[-1] == "…") == (min(lacking, 6), lacking == 6)


def test_several_conflicts_in_one_gate_are_found_at_once():
    criteria = [f'{{{what} = "{field}"}}' for field in ("name", "intent") for what in ("present", "not = {present")]
    found = check(changed(entry(*(one + "}" * one.count("not") for one in criteria))))

    assert {path for _, _, path in said(found)} == {"stages.offer.entry[0]", "stages.offer.entry[2]"}


def test_a_move_back_that_can_never_be_is_a_warning():
    found = check(changed(('exit = [{answered = "checklist"}]', 'entry = [{not = {present = "owner_id"}}]')))

    assert said(found) == [("gate.impossible", "warning", "stages.lead.entry[0]")]


@attrs.frozen
class FromLedger:
    """A criterion of the host's own, which must never be asked."""

    account: str = "a"

    def judge(self, situation):
        raise AssertionError

    def problem(self, situation, wanted):
        return Problem("ledger")


def with_entry(*criteria):
    pipeline = load_pipeline(FINE)
    stages = [attrs.evolve(one, entry=criteria) if one.key == "offer" else one for one in pipeline.stages]
    return attrs.evolve(pipeline, stages=stages)


def test_a_criterion_of_the_hosts_own_is_never_asked_and_what_it_decides_is_undecided():
    assert said(check(with_entry(FromLedger(), Present("budget")))) == [
        ("criterion.undecided", "note", "stages.offer.entry[0]")
    ]
    assert check(with_entry(AnyOf([FromLedger(), Present("budget")]))) == ()
    assert said(check(with_entry(AllOf([FromLedger(), AnyOf([])])))) == [
        ("criterion.never", "error", "stages.offer.entry[0]"),
        ("criterion.empty_any", "warning", "stages.offer.entry[0]"),
    ]
    assert said(check(with_entry(AnyOf([FromLedger(), Present("budget")]), Not(Present("budget"))))) == [
        ("gate.undecided", "note", "stages.offer.entry[0]")
    ]


def test_a_budget_that_is_too_small_is_owned_up_to():
    found = check(load_pipeline(FINE), budget=0)

    assert {finding.problem.code for finding in found} == {"criterion.undecided"}
    assert {finding.problem.params["what"] for finding in found} == {"budget"}
    assert {finding.severity for finding in found} == {Severity.NOTE}


def test_a_lead_pipeline_is_checked_with_its_own_fields():
    pipeline = load_pipeline("""
    key = "leads"
    kind = "lead"
    reasons = [{key = "spam", outcome = "lost"}]
    stages = [
        {key = "new", kind = "open", exit = [{present = "email"}, {compare = "company_size", gt = 5}]},
        {key = "converted", kind = "won", entry = [{compare = "company_size", le = 5}]},
    ]
    """)

    assert said(check(pipeline)) == [("gate.impossible", "error", "stages.new.exit[1]")]
