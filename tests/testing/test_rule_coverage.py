"""Rule coverage: what there is to exercise, what was, and who is seen doing it."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore import (
    Actor,
    Money,
    MoveRefused,
    amend,
    convert,
    evolve,
    load_pipeline,
    move,
    open_lead,
    open_opportunity,
    options,
    replay,
    template,
    unmet,
)
from oppcore.engine import Override, request_approval, require_action, sign, transfer
from oppcore.testing import RuleCoverage, RuleRecorder, assert_allowed, assert_refused, find_cases
from tests.laws.lives import lives, quarter
from tests.testing.documents import PIPELINE as TEXT

PIPELINE = load_pipeline(TEXT)
NOTHING = RuleCoverage.of(PIPELINE)
T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ANN, BOB, FAY = Actor("ann", {"seller"}), Actor("bob", {"boss"}), Actor("fay", {"finance"})


def opened(**values):
    return evolve(None, *open_opportunity(PIPELINE, "d-1", values, at=T0, actor=ANN))


def seen(recorder):
    """What a recorder has seen of the one pipeline, as text."""
    [coverage] = recorder.coverage()
    return [str(case) for case in coverage.cases if case in coverage.covered]


def test_there_is_a_case_for_every_way_in_which_a_rule_can_decide():
    assert [f"{case.kind} {case}" for case in find_cases(PIPELINE)] == [
        "stage stages.lead: entered",
        "stage stages.lead: left",
        "stage stages.offer: entered",
        "stage stages.offer: left",
        "stage stages.won: entered",
        "stage stages.won: left",
        "edge new: open",
        "edge lead: lose",
        "edge lead: abandon",
        "edge lead: advance",
        "edge lead (lost): reopen",
        "edge lead (abandoned): reopen",
        "edge offer: revert",
        "edge offer: lose",
        "edge offer: abandon",
        "edge offer: win",
        "edge offer (lost): reopen",
        "edge offer (abandoned): reopen",
        "edge won (won): reopen",
        "edge won (lost): reopen",
        "policy flow.open: allowed",
        "policy flow.lose: allowed",
        "policy flow.abandon: allowed",
        "policy flow.advance: allowed",
        "policy flow.win: allowed",
        "policy flow.reopen: allowed",
        "policy flow.reclassify: refused",
        "policy flow.overturn: refused",
        "policy flow.revert: allowed",
        "policy stages.offer.may_be_skipped: refused",
        "policy opens_in: refused",
        "policy reasons.won: refused",
        "policy reasons.lost: refused",
        "role stages.offer.roles: admitted",
        "role stages.offer.roles: refused",
        "role flow.reopen.roles: admitted",
        "role flow.reopen.roles: refused",
        "role actions.send_quote.roles: admitted",
        "role actions.send_quote.roles: refused",
        "criterion stages.lead.exit[0]: true",
        "criterion stages.lead.exit[0]: false",
        "criterion stages.offer.entry[0]: true",
        "criterion stages.offer.entry[0]: false",
        "criterion stages.offer.entry[0]: unknown",
        "criterion stages.won.entry[0]: true",
        "criterion stages.won.entry[0]: false",
        "criterion actions.send_quote.gate[0]: true",
        "criterion actions.send_quote.gate[0]: false",
        "criterion approvals.price.steps.audit.when: true",
        "criterion approvals.price.steps.audit.when: false",
        "criterion approvals.price.steps.audit.when: unknown",
        "approval approvals.price: requested",
        "approval approvals.price.steps.head: signed",
        "approval approvals.price.steps.audit: signed",
        "action actions.send_quote: done",
        "override overrides[0].criteria: used",
        "override overrides[0].approvals: used",
        "override overrides[0].flow: used",
        "override overrides[0].roles: used",
    ]


def test_what_cannot_come_about_is_no_case():
    pipeline = load_pipeline("""
        key = "x"
        stages = [
            { key = "a", kind = "open", exit = [{ all = [] }, { compare = "probability", gt = 1 }] },
            { key = "old", kind = "open", archived = true, roles = ["nobody"] },
            { key = "won", kind = "won" },
        ]
    """)
    cases = {str(case) for case in find_cases(pipeline)}

    assert {case for case in cases if "exit" in case} == {
        "stages.a.exit[0]: true",
        "stages.a.exit[1]: false",
        "stages.a.exit[1]: unknown",
    }
    assert "stages.old: entered" not in cases
    assert "stages.old.roles: admitted" not in cases


def test_drawn_transitions_have_cases_of_their_own():
    pipeline = load_pipeline("""
        key = "x"
        stages = [{ key = "a", kind = "open" }, { key = "b", kind = "open" }, { key = "won", kind = "won" }]
        transitions = [
            { source = "a", target = "b", roles = ["seller"], gate = [{ present = "budget" }] },
            { source = "b", target = "won" },
        ]
    """)
    recorder = RuleRecorder()
    deal = evolve(None, *open_opportunity(pipeline, "d", at=T0))
    ask = recorder.watch(unmet)
    ask(pipeline, deal, "won", at=T0)
    ask(pipeline, deal, "b", at=T0)

    assert set(seen(recorder)) == {
        "transitions: refused",
        "transitions.a → b.roles: refused",
        "transitions.a → b.gate[0]: false",
    }


def test_an_allowed_move_has_exercised_its_way_and_every_rule_on_it():
    recorder = RuleRecorder()
    recorder.watch(move)(
        PIPELINE, opened(), "offer", at=T0, actor=ANN, amending={"budget": eur(1), "amount": eur(1000)}
    )

    assert set(seen(recorder)) == {
        "stages.lead: left",
        "stages.offer: entered",
        "lead: advance",
        "flow.advance: allowed",
        "stages.offer.roles: admitted",
        "stages.lead.exit[0]: true",
        "stages.offer.entry[0]: true",
    }


def test_a_refused_move_has_exercised_what_refused_it_and_goes_on_being_refused():
    recorder = RuleRecorder()
    with pytest.raises(MoveRefused):
        recorder.watch(move)(PIPELINE, opened(amount=eur(1)), "offer", at=T0)

    assert set(seen(recorder)) == {
        "stages.offer.roles: refused",
        "stages.lead.exit[0]: false",
        "stages.offer.entry[0]: false",
    }


def eur(amount):
    return Money(amount, "EUR")


@pytest.mark.parametrize(
    ("ask", "cases"),
    [
        (
            lambda see: see(unmet)(PIPELINE, opened(), "won", at=T0),
            {
                "stages.offer.may_be_skipped: refused",
                "reasons.won: refused",
                "stages.lead.exit[0]: false",
                "stages.won.entry[0]: false",
            },
        ),
        (
            lambda see: see(assert_refused)(PIPELINE, opened(), outcome="lost", at=T0, codes={"reason.missing"}),
            {"reasons.lost: refused"},
        ),
        (
            lambda see: see(assert_allowed)(PIPELINE, opened(), outcome="abandoned", at=T0),
            {"lead: abandon", "flow.abandon: allowed"},
        ),
        (
            lambda see: see(open_opportunity)(PIPELINE, "d", at=T0),
            {"new: open", "flow.open: allowed", "stages.lead: entered"},
        ),
        (
            lambda see: refused(see(open_opportunity), PIPELINE, "d", at=T0, stage="offer"),
            {"opens_in: refused", "stages.offer.roles: refused", "stages.offer.entry[0]: unknown"},
        ),
        (
            lambda see: refused(see(require_action), PIPELINE, opened(), "send_quote", at=T0),
            {"actions.send_quote.roles: refused", "actions.send_quote.gate[0]: false"},
        ),
        (
            lambda see: see(request_approval)(PIPELINE, opened(amount=eur(9)), "price", at=T0, actor=ANN),
            {"approvals.price: requested", "approvals.price.steps.audit.when: false"},
        ),
        (
            lambda see: see(sign)(PIPELINE, requested(), "price", "approve", at=T0, actor=BOB),
            {"approvals.price.steps.head: signed"},
        ),
        (
            lambda see: see(move)(
                PIPELINE,
                opened(),
                "offer",
                at=T0,
                actor=BOB,
                override=Override("so", ["stages.lead.exit[0]", "stages.offer.entry[0]"]),
            ),
            {
                "overrides[0].criteria: used",
                "stages.offer.roles: admitted",
                "stages.lead.exit[0]: false",
                "stages.offer.entry[0]: unknown",
                "stages.lead: left",
                "stages.offer: entered",
                "lead: advance",
                "flow.advance: allowed",
            },
        ),
        (lambda see: refused(see(move), PIPELINE, opened(), "offer", at=T0 - DAY), set()),
        (lambda see: refused(see(move), PIPELINE, opened(), "nowhere", at=T0), set()),
        (lambda see: refused(see(amend), PIPELINE, opened(), {"budgte": 1}, at=T0), set()),
    ],
)
def test_each_function_is_seen_for_what_it_asks(ask, cases):
    recorder = RuleRecorder()
    ask(recorder.watch)

    assert {str(case) for one in recorder.coverage() for case in one.covered} == cases


def refused(function, *args, **named):
    with pytest.raises(MoveRefused):
        function(*args, **named)


def requested():
    deal = opened(amount=eur(9))
    return evolve(deal, *request_approval(PIPELINE, deal, "price", at=T0, actor=ANN))


def test_a_stay_criterion_is_asked_of_what_an_amendment_leaves():
    pipeline = load_pipeline("""
        key = "x"
        stages = [{ key = "a", kind = "open", stay = [{ present = "budget" }] }, { key = "won", kind = "won" }]
    """)
    recorder = RuleRecorder()
    deal = evolve(None, *open_opportunity(pipeline, "d", {"budget": eur(1)}, at=T0))
    refused(recorder.watch(amend), pipeline, deal, {"budget": None}, at=T0)

    assert seen(recorder) == ["stages.a.stay[0]: false"]


def test_a_conversion_is_seen_as_the_lead_being_won():
    leads, recorder = template("leads"), RuleRecorder()
    values = {"intent": "buy", "company": "Acme", "email": "kim@acme.example"}
    changes = open_lead(leads, "l", values, at=T0)
    changes = (*changes, *move(leads, changes[0].record, "contacted", at=T0))
    lead = evolve(changes[0].record, changes[1])
    recorder.watch(convert)(leads, lead, into=template("lead_funnel"), opportunity_id="d", at=T0)

    assert {"stages.converted: entered", "contacted: win", "stages.converted.entry[0]: true"} <= set(seen(recorder))


def test_a_function_that_asks_no_rules_is_not_watched():
    for function in (options, transfer, replay):
        with pytest.raises(TypeError, match=f"{function.__name__} asks no rules; these do: amend, assert_allowed"):
            RuleRecorder().watch(function)


def test_what_is_watched_does_what_it_did():
    watched = RuleRecorder().watch(unmet)

    assert watched.__name__ == "unmet"
    assert watched(PIPELINE, opened(), "won", at=T0) == unmet(PIPELINE, opened(), "won", at=T0)
    with pytest.raises(TypeError):
        watched(PIPELINE)


def test_changes_tell_what_was_allowed():
    deal = opened(budget=eur(1), amount=eur(1000))
    moved = move(PIPELINE, deal, "offer", at=T0, actor=ANN)
    offered = evolve(deal, *moved)
    asked = request_approval(PIPELINE, offered, "price", at=T0, actor=ANN)
    signed = sign(PIPELINE, evolve(offered, *asked), "price", "approve", at=T0, actor=BOB)
    recorder = RuleRecorder()
    recorder.record(PIPELINE, [*moved, *asked, *signed], record=deal)

    assert set(seen(recorder)) == {
        "stages.lead: left",
        "stages.offer: entered",
        "lead: advance",
        "flow.advance: allowed",
        "stages.offer.roles: admitted",
        "stages.lead.exit[0]: true",
        "stages.offer.entry[0]: true",
        "approvals.price: requested",
        "approvals.price.steps.head: signed",
    }


def test_a_rule_that_was_waived_is_not_told_as_true():
    deal = opened(amount=eur(1000))
    bent = Override("so it was agreed", ["stages.lead.exit[0]"])
    recorder = RuleRecorder()
    recorder.record(PIPELINE, move(PIPELINE, deal, "offer", at=T0, actor=BOB, override=bent), record=deal)

    assert "stages.offer.entry[0]: true" in seen(recorder)
    assert "stages.lead.exit[0]: true" not in seen(recorder)


@quarter
@given(lives())
def test_whatever_the_engine_did_can_be_read_and_is_among_the_cases(life):
    pipeline, changes = life
    recorder = RuleRecorder()
    recorder.record(pipeline, changes)
    [coverage] = recorder.coverage()

    assert coverage.covered <= set(find_cases(pipeline))
    assert 0 <= coverage.share <= 1
    assert set(coverage.missing) == set(coverage.cases) - coverage.covered


@given(st.sets(st.sampled_from(find_cases(PIPELINE))), st.sets(st.sampled_from(find_cases(PIPELINE))))
def test_combined_is_what_either_has_covered(left, right):
    one, other, both = (attrs.evolve(NOTHING, covered=some) for some in (left, right, left | right))

    assert one.combine(other) == other.combine(one) == both
    assert one.combine(NOTHING) == one.combine(one) == one


def test_unlike_pipelines_are_not_combined():
    with pytest.raises(ValueError, match="the coverage of sales, revision 1, and that of leads, revision 1"):
        RuleCoverage.of(PIPELINE).combine(RuleCoverage.of(template("leads")))


def test_the_table_counts_by_kind_and_names_what_is_missing():
    cases = find_cases(PIPELINE)
    coverage = RuleCoverage.of(PIPELINE, [case for case in cases if case.rule != "opens_in"])
    table = coverage.table()

    assert table.title == f"Rules of sales, revision 1: {(len(cases) - 1) / len(cases):.1%} exercised"
    assert table.as_records()[2] == {"rules": "policy", "exercised": 12, "of": 13, "share": "92%"}
    assert table.notes == ("missing policy: opens_in: refused",)


def test_equal_pipelines_are_counted_as_one():
    recorder = RuleRecorder()
    for _ in range(2):
        recorder.watch(open_opportunity)(load_pipeline(TEXT), "d", at=T0)

    assert len(recorder.coverage()) == 1


def test_recorders_take_over_from_one_another():
    one, other = RuleRecorder(), RuleRecorder()
    other.watch(open_opportunity)(PIPELINE, "d", at=T0)
    one.add(other)

    assert one.coverage() == other.coverage()
