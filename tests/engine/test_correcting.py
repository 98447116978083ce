"""Amending the past: a change happened at another time, or never; what was known before stays known."""

from datetime import date, datetime
from decimal import Decimal

import attrs
import pytest

from oppcore.codec import decode, encode
from oppcore.engine import adopt, convert, correct, move, open_lead, replay, unmet_correction
from oppcore.funnel import measure_funnel
from oppcore.history import adopt_history, fold_history, make_history, rows_of
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Lead, Quote
from tests.engine.deals import Deal, snapshot
from tests.engine.examples import DAY, T0
from tests.problems import assert_told

PIPELINE = load_pipeline("""
key = "p"
currency = "EUR"
flow = { reopen = {} }
permissions = { correct = { roles = ["controller"] }, remove = {}, restore = {}, merge = {} }
reasons = [{ key = "price", outcome = "lost" }, { key = "silence", outcome = "lost" }]
stages = [
    { key = "lead", kind = "open", checklist = [{ key = "who" }, { key = "when" }] },
    { key = "offer", kind = "open", may_be_skipped = true, stay = [{ present = "source" }] },
    { key = "contract", kind = "open", may_be_skipped = true, entry = [{ present = "budget" }] },
    { key = "won", kind = "won" },
    { key = "lost", kind = "lost" },
]
approvals = [{ key = "quote", covers = ["amount"], steps = [{ key = "m", roles = ["manager"] }] }]
""")
CON, ANN, MIA = Actor("con", {"controller"}), Actor("ann"), Actor("mia", {"manager"})
FREE = attrs.evolve(PIPELINE, permissions=attrs.evolve(PIPELINE.permissions, correct=PIPELINE.flow.reopen))


def day(number):
    return T0 + number * DAY


def euro(number):
    return {"amount": Money(number, "EUR")}


def life():
    """Opened on day 0, offered on day 1, worth 200 from day 2, won on day 3; it is day 9 now."""
    deal = Deal(FREE, source="fair", **euro(100)).after()
    assert deal.move("offer") == []
    assert deal.after().amend(euro(200)) == []
    assert deal.after().move("won") == []
    return deal.after(6)


def check(deal):
    """Fold what happened: as of now and known now, it must be the deal."""
    [standing] = snapshot(deal.pipeline, deal, as_of=deal.now, known_on=deal.now).standings
    found = (standing.state, standing.amount, standing.closed_at, standing.reason)
    assert found == (deal.progress.state, deal.record.amount, deal.progress.closed_at, deal.progress.reason)
    assert [decode(encode(change)) for change in deal.changes] == deal.changes


# Another time.


def test_a_win_is_dated_anew():
    deal = life()
    assert deal.correct(4, day(2)) == []

    assert (deal.progress.closed_at, deal.progress.entered_at) == (day(2), day(2))
    check(deal)


def test_an_opening_is_dated_anew():
    deal = life()
    assert deal.correct(1, day(-30)) == []

    assert deal.progress.opened_at == day(-30)
    [trail] = fold_history(make_history(rows_of(deal.changes)), FREE).trails
    assert trail.visits[0].entered_at == day(-30)
    check(deal)


def test_an_opening_that_is_all_there_is_enters_its_stage_then():
    deal = Deal(FREE).after()
    deal.correct(1, day(-1))

    assert (deal.progress.opened_at, deal.progress.entered_at) == (day(-1), day(-1))


def test_an_amendment_is_dated_behind_a_later_one():
    deal = Deal(FREE, **euro(1)).after()
    deal.amend(euro(2))
    deal.after().amend(euro(3), recorded_at=day(6))
    deal.after(5)
    assert deal.correct(2, day(3)) == ["correction.late"]
    assert deal.correct(3, day(0)) == []

    assert deal.record.amount == Money(2, "EUR")
    check(deal)


def test_changes_of_one_instant_follow_their_versions():
    deal = Deal(FREE, **euro(1))
    deal.amend(euro(2))
    deal.amend(euro(3))
    deal.after().amend(euro(4))
    assert deal.correct(4, day(0)) == []
    assert deal.record.amount == Money(4, "EUR")
    check(deal)
    assert deal.correct(4, None) == []
    assert deal.record.amount == Money(3, "EUR")
    check(deal)


def test_a_move_in_between_is_passed_by():
    deal = Deal(FREE, source="fair").after()
    deal.move("offer")
    deal.after().move("contract", amending={"budget": Money(1, "EUR")})
    deal.after().move("won", recorded_at=day(9))
    deal.after(6)
    assert deal.correct(2, day(0)) == []
    assert deal.progress.entered_at == day(3)
    check(deal)


# Never.


def test_a_first_move_that_never_happened_is_void():
    deal = life()
    assert deal.correct(2, None) == []

    assert deal.progress.state.stage == "won"
    [trail] = fold_history(make_history(rows_of(deal.changes)), FREE).trails
    assert [visit.stage for visit in trail.visits] == ["lead", "won"]
    check(deal)


def test_a_deal_whose_only_move_is_void_stands_where_it_was_opened():
    deal = Deal(FREE, source="fair").after()
    deal.move("offer")
    deal.after().correct(2, None)

    assert (deal.progress.stage, deal.progress.entered_at) == ("lead", T0)
    assert deal.move("offer") == []
    check(deal)


def test_a_closing_that_never_happened_leaves_no_reason():
    deal = Deal(FREE)
    deal.after().move("lost", reason="price")
    deal.after().correct(2, None)

    assert (deal.progress.outcome, deal.progress.closed_at, deal.progress.reason) == ("open", None, None)
    check(deal)


def test_a_reopening_that_never_happened_closes_again_with_the_first_reason():
    deal = Deal(FREE)
    deal.after().move("lost", reason="price")
    deal.after().move("lead", outcome="open")
    deal.after().correct(3, None)

    assert (deal.progress.stage, deal.progress.closed_at, deal.progress.reason) == ("lost", day(1), "price")
    check(deal)


def test_an_answer_that_was_never_given_is_open_again_and_the_others_stay():
    deal = Deal(FREE, answers={"who": "her"})
    deal.after().amend({"answers": {"when": "May"}})
    deal.after().amend({"answers": {"who": "him"}})
    deal.after().correct(2, None)

    assert dict(deal.progress.answers) == {"who": "him"}
    deal.correct(3, None)
    assert dict(deal.progress.answers) == {"who": "her"}
    assert deal.correct(3, day(2)) == []


def test_items_go_back_to_what_they_were():
    deal = Deal(FREE)
    deal.after().amend({"quotes": (Quote(id="q-1", discount=Decimal("0.1")),), "current_quote_id": "q-1"})
    deal.after().correct(2, None)
    assert (deal.record.solution.quotes, deal.record.solution.current_quote_id) == ((), None)
    assert deal.after().correct(2, day(1)) == []
    assert deal.record.solution.current_quote.discount == Decimal("0.1")


def test_values_that_could_not_have_been_together_are_refused():
    deal = Deal(FREE)
    deal.after().amend({"quotes": (Quote(id="q-1"),)})
    deal.after().amend({"current_quote_id": "q-1"})

    assert deal.after().correct(2, None) == ["field.value"]


# Corrections of corrections.


def test_a_correction_is_corrected_by_correcting_the_same_change_again():
    deal = life()
    for happened_at, amount in ((None, 100), (day(2), 200), (None, 100), (day(1), 200)):
        assert deal.after().correct(3, happened_at) == []
        assert deal.record.amount == Money(amount, "EUR")
        check(deal)


def test_what_was_known_before_stays_known():
    deal = life()
    before = [snapshot(FREE, deal, as_of=day(n), known_on=day(k)) for n in range(10) for k in range(10)]
    funnel = measure_funnel(make_history(rows_of(deal.changes)), FREE, count="ordered", known_on=day(9))
    deal.after()
    for wish in ((4, day(2)), (3, None), (2, None), (1, day(-1)), (4, None), (2, day(1))):
        assert deal.correct(*wish) == []
        check(deal)

    assert [snapshot(FREE, deal, as_of=day(n), known_on=day(k)) for n in range(10) for k in range(10)] == before
    after = measure_funnel(make_history(rows_of(deal.changes)), FREE, count="ordered", as_of=day(3), known_on=day(9))
    assert [step.count for step in after.steps] == [step.count for step in funnel.steps]


def test_later_changes_are_decided_on_what_is_known_by_then():
    deal = life()
    deal.correct(4, None)

    assert deal.progress.stage == "offer"
    assert deal.move("contract", amending={"budget": Money(1, "EUR")}) == []
    assert deal.after().move("won") == []
    check(deal)


# What is refused, with a code for each.


def test_correcting_needs_its_own_role():
    deal = life()
    deal.pipeline = PIPELINE

    assert deal.correct(4, day(2), actor=ANN) == ["role.needed"]
    assert deal.correct(4, day(2), actor=CON) == []
    deal.pipeline = attrs.evolve(PIPELINE, permissions=type(PIPELINE.permissions)())
    assert deal.correct(4, None, actor=CON) == ["permission.forbidden"]


@pytest.mark.parametrize(
    ("version", "happened_at", "code"),
    [
        (9, day(1), "correction.unknown"),
        (0, day(1), "correction.unknown"),
        (1, None, "correction.kind"),
        (4, day(4), "correction.late"),
        (4, day(3), "correction.same"),
        (2, day(-1), "correction.before_opening"),
        (1, day(-1), None),
        (4, day(1), None),
        (4, day(0), None),
    ],
)
def test_a_past_that_could_not_have_been_is_refused(version, happened_at, code):
    assert life().correct(version, happened_at) == ([] if code is None else [code])


def test_what_happened_is_not_dated_behind_the_correction_that_tells_of_it():
    deal = Deal(FREE).after()
    deal.amend(euro(3), recorded_at=day(6))

    assert deal.correct(2, day(3), recorded_at=day(6)) == ["correction.ahead"]
    assert deal.correct(2, day(0), recorded_at=day(6)) == []


def test_an_opening_is_not_dated_behind_what_followed_it():
    deal = Deal(FREE, source="fair")
    late = Deal(FREE)
    late.changes = [attrs.evolve(late.changes[0], stamp=attrs.evolve(late.changes[0].stamp, recorded_at=day(9)))]
    progress = attrs.evolve(late.changes[0].record.progress, recorded_at=day(9))
    late.changes = [attrs.evolve(late.changes[0], record=attrs.evolve(deal.record, progress=progress))]
    late.after().move("offer", recorded_at=day(9))

    assert late.after(9).correct(1, day(5)) == ["correction.before_opening"]
    assert late.correct(1, day(1)) == []


def test_only_openings_moves_and_amendments_are_corrected():
    deal = Deal(FREE, **euro(1))
    deal.request(actor=ANN)
    deal.sign(actor=MIA)
    deal.after().remove()
    deal.restore()
    deal.merge(Deal(FREE, id="d-2"))
    deal.amend(euro(2))
    deal.correct(7, None)

    assert [deal.correct(version, None) for version in (2, 3, 4, 5, 6, 8)] == [["correction.kind"]] * 6


def test_a_move_that_no_way_leads_to_is_refused():
    deal = Deal(FREE, source="fair")
    deal.after().move("offer")
    deal.after().move(outcome="abandoned")

    assert deal.after().correct(2, None) == ["correction.no_way"]
    assert deal.problems[0].params["version"] == 3


def test_what_must_stay_true_is_not_undone():
    deal = Deal(FREE).after()
    deal.amend({"source": "fair"})
    deal.move("offer")

    assert deal.after().correct(2, None) == ["stay.broken"]


def test_gates_are_not_asked_again():
    deal = Deal(FREE, source="fair").after()
    deal.amend({"budget": Money(1, "EUR")})
    deal.move("contract")

    assert deal.after().correct(2, None) == []
    assert deal.progress.stage == "contract"


def test_a_correction_has_its_place_in_the_recorded_order():
    deal = life()

    assert deal.correct(4, day(2), at=day(1)) == ["change.out_of_order"]
    assert deal.correct(4, day(2), recorded_at=day(1)) == ["change.before_it_happens", "change.out_of_order"]
    deal.correct(4, day(2))
    assert deal.amend(euro(1), at=day(8)) == ["change.out_of_order"]


def test_all_changes_are_needed_and_instants_with_a_zone():
    deal = life()
    for changes in ((), deal.changes[:-1], Deal(FREE, id="d-2").changes):
        with pytest.raises(ValueError, match="load both again"):
            correct(FREE, deal.record, changes, 4, happened_at=None, at=deal.now)
    with pytest.raises(ValueError, match="time zone"):
        correct(FREE, deal.record, deal.changes, 4, happened_at=datetime(2026, 3, 1), at=deal.now)  # noqa: DTZ001
    with pytest.raises(TypeError, match="datetime"):
        correct(FREE, deal.record, deal.changes, 4, happened_at=date(2026, 3, 1), at=deal.now)


# Removals and mergers.


def removed_for_a_while():
    """Removed on day 2, restored on day 4, offered on day 5, worth 3 from day 6; it is day 9."""
    deal = Deal(FREE, source="fair", **euro(1)).after(2)
    deal.remove()
    deal.after(2).restore()
    deal.after().move("offer")
    deal.after().amend(euro(3))
    return deal.after(3)


def test_nothing_is_dated_into_a_time_in_which_the_deal_was_removed():
    deal = removed_for_a_while()

    for version in (4, 5):
        assert deal.correct(version, day(3)) == ["correction.removed"]
        assert deal.correct(version, day(2)) == ["correction.removed"]
        assert deal.correct(version, day(1)) == []
        check(deal)


def test_nothing_is_dated_into_a_time_in_which_the_deal_was_merged_into_another():
    deal = Deal(FREE, source="fair", **euro(1)).after(2)
    other = Deal(FREE, id="d-2").after(2)
    other.merge(deal)
    deal.after(2).restore()
    deal.after().amend(euro(3))

    assert deal.after().correct(4, day(3)) == ["correction.removed"]
    assert deal.correct(4, day(2)) == ["correction.removed"]


def test_the_deal_that_stayed_in_a_merger_was_there_all_the_time():
    deal = Deal(FREE, **euro(1)).after(2)
    deal.merge(Deal(FREE, id="d-2"), euro(2))
    deal.after(2).amend(euro(3))
    assert deal.after().correct(3, day(1)) == []

    assert deal.record.amount == Money(2, "EUR")
    check(deal)


def test_a_removed_deal_is_not_corrected():
    deal = life()
    deal.remove()

    assert deal.correct(4, None) == ["record.removed"]


# Adopted deals and leads.


@pytest.mark.parametrize(
    "times",
    [
        {"opened_at": day(-9)},
        {"opened_at": day(-9), "entered_at": day(-3)},
        {"closed_at": day(-1), "entered_at": day(-1)},
    ],
    ids=str,
)
def test_an_image_with_times_of_its_own_keeps_them(times):
    progress = attrs.evolve(
        Deal(FREE).progress, **{"opened_at": day(-9)} | times, outcome="lost" if "closed_at" in times else "open"
    )
    changes = adopt(FREE, attrs.evolve(Deal(FREE).record, progress=progress), at=T0)

    problems = unmet_correction(FREE, replay(changes), changes, 1, happened_at=day(-2), at=day(1))
    assert [problem.code for problem in problems] == ["correction.image"]
    assert problems[0].params == {"have": 1}
    assert_told(problems[0])


def test_an_adopted_deal_that_came_closed_is_dated_anew_with_its_closing():
    progress = attrs.evolve(Deal(FREE).progress, stage="lost", outcome="lost", closed_at=T0)
    deal = Deal(FREE)
    deal.changes = [*adopt(FREE, attrs.evolve(deal.record, progress=progress), at=T0)]
    assert deal.after().correct(1, day(-2)) == []

    assert {deal.progress.opened_at, deal.progress.entered_at, deal.progress.closed_at} == {day(-2)}
    check(deal)


def test_what_happened_to_an_adopted_deal_is_corrected():
    deal = Deal(FREE, source="fair")
    progress = attrs.evolve(deal.progress, opened_at=day(-9), entered_at=day(-3))
    deal.changes = [*adopt(FREE, attrs.evolve(deal.record, progress=progress), at=T0)]
    deal.after().move("offer")
    assert deal.after().correct(2, None) == []

    assert (deal.progress.stage, deal.progress.opened_at, deal.progress.entered_at) == ("lead", day(-9), day(-3))
    check(deal)


def test_an_adopted_history_is_corrected_like_one_that_was_lived():
    [changes] = adopt_history(FREE, make_history(rows_of(life().changes))).changes
    deal = life()
    deal.changes = [*changes]
    assert deal.correct(len(changes), day(1)) == []

    assert deal.progress.closed_at == day(1)
    check(deal)


def test_a_lead_is_corrected_until_it_is_converted():
    leads = load_pipeline("""
    key = "leads"
    kind = "lead"
    permissions = { correct = {} }
    stages = [
        { key = "new", kind = "open" },
        { key = "known", kind = "open", may_be_skipped = true },
        { key = "converted", kind = "won" },
    ]
    """)
    lead = [*open_lead(leads, "l", at=T0)]
    lead += move(leads, replay(lead, of=Lead), "known", at=day(1))
    converted, _ = convert(leads, replay(lead, of=Lead), into=FREE, opportunity_id="d", at=day(2))
    lead.append(converted)
    record = replay(lead, of=Lead)

    problems = unmet_correction(leads, record, lead, 3, happened_at=day(1), at=day(3))
    assert [problem.code for problem in problems] == ["correction.kind"]
    [corrected] = correct(leads, record, lead, 2, happened_at=None, at=day(3))
    assert corrected.state == record.progress.state


def test_an_estimate_is_as_old_as_it_really_is():
    deal = Deal(FREE, source="fair").after()
    deal.move("offer")
    deal.after().amend({"probability": Decimal("0.5")})
    assert deal.after().correct(3, day(0)) == []
    assert (deal.record.estimate.probability, deal.record.estimate.said_at) == (Decimal("0.5"), day(0))
    assert deal.correct(3, day(2)) == []
    assert deal.record.estimate.said_at == day(2)
