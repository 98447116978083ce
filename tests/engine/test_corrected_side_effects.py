"""What moves write by themselves is corrected with them."""

from oppcore.engine import amend, correct, hold, move, open_opportunity, replay, transfer, unmet_correction
from oppcore.history import make_history, rows_of, take_snapshot
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Competitor, Quote
from tests.engine.examples import DAY, T0

PIPELINE = load_pipeline(
    """
key = "p"
stages = [{key = "lead", kind = "open"}, {key = "won", kind = "won"}]
flow = {reopen = {}, transfer = {}}
permissions = {correct = {}}
"""
)
OTHER = load_pipeline(
    """
key = "q"
stages = [{key = "contact", kind = "open"}]
flow = {transfer = {}}
"""
)


def opened(**values):
    return [*open_opportunity(PIPELINE, "d-1", values, at=T0)]


def corrected(log, version, happened_at):
    return replay([*log, *correct(PIPELINE, replay(log), log, version, happened_at=happened_at, at=T0 + 9 * DAY)])


def won_on_hold():
    log = opened()
    log += hold(PIPELINE, replay(log), at=T0 + DAY, reason="holidays")
    return [*log, *move(PIPELINE, replay(log), "won", at=T0 + 3 * DAY)]


def test_a_closing_dated_anew_still_ends_the_hold():
    deal = corrected(won_on_hold(), 3, T0 + 2 * DAY)

    assert (deal.progress.closed_at, deal.progress.hold.held_since) == (T0 + 2 * DAY, None)


def test_a_closing_that_never_happened_did_not_end_the_hold():
    deal = corrected(won_on_hold(), 3, None)

    assert (deal.progress.hold.held_since, deal.progress.hold.hold_reason) == (T0 + DAY, "holidays")


def reopened():
    log = opened(competitors=(Competitor(name="Rival"),))
    winner = (Competitor(name="Rival", status="won_deal"),)
    log += move(PIPELINE, replay(log), outcome="lost", at=T0 + DAY, amending={"competitors": winner})
    return [*log, *move(PIPELINE, replay(log), "lead", outcome="open", at=T0 + 2 * DAY)]


def test_a_reopening_dated_anew_still_takes_back_who_had_won():
    [rival] = corrected(reopened(), 4, T0 + DAY).negotiation.competitors

    assert rival.status == "active"


def test_a_reopening_that_never_happened_took_nothing_back():
    [rival] = corrected(reopened(), 4, None).negotiation.competitors

    assert rival.status == "won_deal"


def test_values_that_could_not_have_been_together_are_refused():
    log = opened()
    log += amend(PIPELINE, replay(log), {"quotes": (Quote(id="q-1"),)}, at=T0 + DAY)
    log += amend(PIPELINE, replay(log), {"current_quote_id": "q-1"}, at=T0 + 2 * DAY)

    problems = unmet_correction(PIPELINE, replay(log), log, 2, happened_at=None, at=T0 + 3 * DAY)

    assert [problem.code for problem in problems] == ["field.value"]


def test_a_transferred_deal_is_worth_in_its_new_pipeline_what_it_was():
    log = opened(amount=Money(5, "EUR"))
    log += transfer(PIPELINE, replay(log), OTHER, "contact", at=T0 + DAY)

    [standing] = take_snapshot(make_history(rows_of(log)), OTHER).standings

    assert standing.amount == replay(log).amount
