"""What became of expected close dates: the deals that were to close in a period, and every date that was moved."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from enum import StrEnum

from oppcore.funnel.buckets import BucketTally, Collector, Contribution
from oppcore.funnel.terms import Scope, Terms, check_column, day_of, need_zone, read_scope
from oppcore.history import History, Standing, fold_history
from oppcore.periods import Period, as_instant
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["SlippageKind", "count_slippage"]


class SlippageKind(StrEnum):
    """What became of a deal that was expected to close in the period when it began, and what is done to close dates.

    Of the `cohort` every deal is exactly one of `won`, `lost`, `abandoned`, `removed`, `pushed_out` (open, and expected
    after the period), `pulled_out` (before it), `undated` (at no date), `due` (in the period, at a day to come) or
    `overdue` (at a day that has passed). A `push` is a later date said of any open deal, a `pull_in` an earlier one.
    """

    COHORT = "cohort"
    WON = "won"
    LOST = "lost"
    ABANDONED = "abandoned"
    REMOVED = "removed"
    PUSHED_OUT = "pushed_out"
    PULLED_OUT = "pulled_out"
    UNDATED = "undated"
    DUE = "due"
    OVERDUE = "overdue"
    PUSH = "push"
    PULL_IN = "pull_in"


_CLOSED = {
    Outcome.WON: SlippageKind.WON,
    Outcome.LOST: SlippageKind.LOST,
    Outcome.ABANDONED: SlippageKind.ABANDONED,
}
_TICK = timedelta(microseconds=1)
_DEFINITION = (
    "cohort: deals open, and expected to close in the period, when it began; push rate: those of them not closed (nor"
    " removed) by the end; push: a later close date said of an open deal, each time"
)


def count_slippage(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> BucketTally[SlippageKind]:
    """Give the buckets that `measure_slippage` divides; those of several parts of a history combine to the whole.

    The settings are those of `measure_slippage`.
    """
    zone = need_zone(timezone, "when a period begins")
    if by is not None:
        check_column(by, history)
    begins, ends = period.instants(zone)
    since, last = begins - _TICK, ends - _TICK
    until = last if as_of is None else as_instant(as_of, zone)
    if not since < until <= last:
        message = f"what became of the deals of {period} is asked within it, not as of {until.isoformat()}"
        raise ValueError(message)
    terms = Terms(
        measure="slippage",
        definition=_DEFINITION,
        policy="start_amount",
        since=since,
        as_of=until,
        known_on=None if known_on is None else as_instant(known_on, zone),
        periods=(period,),
        timezone=str(zone),
        scope=read_scope(scope, history),
        by=by,
    )
    first = fold_history(history, pipeline, as_of=since, known_on=known_on, timezone=zone, lenient=lenient)
    past = fold_history(history, pipeline, as_of=until, known_on=known_on, timezone=zone, lenient=lenient)
    before = {trail.opportunity_id: trail.standing for trail in first.trails}
    found = Collector[SlippageKind](terms)
    today = day_of(until, zone)
    for trail in past.trails:
        id, start, end = trail.opportunity_id, before.get(trail.opportunity_id), trail.standing
        place = start if end is None else end
        if place is None or not terms.covers(place):
            continue
        if start is not None and start.outcome is Outcome.OPEN:
            if start.expected_close_on is None:
                found.lack("close_date.missing", id)
            elif start.expected_close_on in period:
                if start.amount is None:
                    found.lack("amount.missing", id)
                found.put(SlippageKind.COHORT, Contribution(id, start.amount), place)
                found.put(_what_became(end, period, today), Contribution(id, start.amount), place)
        for change in () if end is None else trail.close_date_changes:
            if change.days and since < change.at <= until:
                kind = SlippageKind.PUSH if change.days > 0 else SlippageKind.PULL_IN
                found.put(kind, Contribution(id, change.amount, timedelta(days=change.days)), place)
    return found.tally(past.left_out)


def _what_became(end: Standing | None, period: Period, today: date) -> SlippageKind:
    if end is None:
        return SlippageKind.REMOVED
    if end.outcome is not Outcome.OPEN:
        return _CLOSED[end.outcome]
    expected = end.expected_close_on
    if expected is None:
        return SlippageKind.UNDATED
    if expected in period:
        return SlippageKind.DUE if expected > today else SlippageKind.OVERDUE
    return SlippageKind.PULLED_OUT if expected < period.start else SlippageKind.PUSHED_OUT
