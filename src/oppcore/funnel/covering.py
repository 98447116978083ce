"""What counts towards a quota, now and in earlier periods: what coverage is made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from oppcore.funnel.buckets import BucketTally, Collector, Contribution
from oppcore.funnel.terms import Scope, Terms, day_of, need_zone, read_scope
from oppcore.history import History, Standing, fold_history
from oppcore.periods import Period, end_of_day
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["CoverageKind", "Heading", "count_coverage"]


class CoverageKind(StrEnum):
    """What counts towards a quota: `open` deals expected to close in the period, and those `won` in it.

    `past_open` and `past_won` are the same of earlier periods: what was open on the same day, and what came of it.
    """

    OPEN = "open"
    WON = "won"
    PAST_OPEN = "past_open"
    PAST_WON = "past_won"


Heading = tuple[CoverageKind, str | None]
"""A kind, and the currency of the deals; None where they have no amount."""


def count_coverage(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    past: Iterable[Period] = (),
    as_of: date | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> BucketTally[Heading]:
    """Give the sums that `measure_coverage` divides; those of several parts of a history combine to the whole.

    The settings are those of `measure_coverage`; parts need the same `as_of`.
    """
    zone = need_zone(timezone, "when a period begins")
    earlier = tuple(past)
    now = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    terms = Terms(
        measure="coverage",
        definition=(
            "gross: open deals expected to close in the period over the quota; remaining: the same over the quota less"
            " what was won in the period"
            + (
                "; required: what was open on the same day of earlier periods over what was won of it"
                if earlier
                else ""
            )
        ),
        as_of=now.as_of,
        known_on=now.known_on,
        periods=(period, *earlier),
        timezone=str(zone),
        scope=read_scope(scope, history),
    )
    found = Collector[Heading](terms)
    for trail in now.trails:
        standing = trail.standing
        if standing is None or not terms.covers(standing):
            continue
        id, kind = trail.opportunity_id, None
        if standing.outcome is Outcome.OPEN:
            if standing.expected_close_on is None:
                found.lack("close_date.missing", id)
            elif standing.expected_close_on in period:
                kind = CoverageKind.OPEN
        elif _is_won_in(standing, period, zone):
            kind = CoverageKind.WON
        if kind is not None:
            found.put((kind, standing.column("currency")), Contribution(id, standing.amount))
            if standing.amount is None:
                found.lack("amount.missing", id)
    for one in earlier:
        if now.as_of is None:
            break
        then, ended = _instants(one, period, now.as_of, zone)
        was_open = _standings(history, pipeline, then, known_on, zone)
        at_last = _standings(history, pipeline, ended, known_on, zone)
        for id, standing in was_open.items():
            day = standing.expected_close_on
            if standing.outcome is not Outcome.OPEN or day is None or day not in one or not terms.covers(standing):
                continue
            currency = standing.column("currency")
            found.put((CoverageKind.PAST_OPEN, currency), Contribution(id, standing.amount))
            last = at_last.get(id)
            if last is not None and _is_won_in(last, one, zone):
                found.put((CoverageKind.PAST_WON, last.column("currency")), Contribution(id, last.amount))
    return found.tally(now.left_out)


def _is_won_in(standing: Standing, period: Period, zone: tzinfo) -> bool:
    won = standing.outcome is Outcome.WON and standing.closed_at is not None
    return won and standing.closed_at is not None and day_of(standing.closed_at, zone) in period


def _instants(past: Period, period: Period, as_of: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Give the instant as many days into a past period as it is into this one, and the last one of that period."""
    local = as_of.astimezone(zone)
    day = past.start + (local.date() - period.start)
    ended = end_of_day(past.end - timedelta(days=1), zone)
    if ended >= as_of:
        message = f"period {past} is not over: nobody knows yet what came of it"
        raise ValueError(message)
    if day >= past.end:
        message = f"period {past} has no day {(local.date() - period.start).days + 1}: take periods of one length"
        raise ValueError(message)
    return local.replace(year=day.year, month=day.month, day=day.day).astimezone(UTC), ended


def _standings(
    history: History, pipeline: Pipeline, instant: datetime, known_on: date | None, zone: tzinfo
) -> dict[str, Standing]:
    past = fold_history(history, pipeline, as_of=instant, known_on=known_on, timezone=zone, lenient=True)
    return {trail.opportunity_id: trail.standing for trail in past.trails if trail.standing is not None}
