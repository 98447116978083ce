"""Slippage: what became of the deals that were to close in a period, and every time a close date was moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta, tzinfo
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.funnel.buckets import Bucket, BucketTally, Collector, Contribution
from oppcore.funnel.showing import amount_cells, amount_pairs, details_of, find_currencies, records_of, table_of
from oppcore.funnel.terms import Scope, Terms, check_column, day_of, need_zone, read_scope
from oppcore.history import History, Standing, fold_history
from oppcore.periods import Period, as_instant
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["Slippage", "SlippageKind", "count_slippage", "finish_slippage", "measure_slippage"]


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


_ENDS = tuple(SlippageKind)[1:10]
_SLIPPED = _ENDS[4:]
_MOVES = (SlippageKind.PUSH, SlippageKind.PULL_IN)
_CLOSED = {
    Outcome.WON: SlippageKind.WON,
    Outcome.LOST: SlippageKind.LOST,
    Outcome.ABANDONED: SlippageKind.ABANDONED,
}


@final
@attrs.frozen(kw_only=True)
class Slippage:
    """What became of the deals that were to close in a period, with shares of them, and every push in it.

    The deals of the cohort count for what they were worth when the period began, pushed ones for what they were worth
    when they were pushed. `groups` holds the same for each value of the column grouped by.
    """

    tally: BucketTally[SlippageKind] = attrs.field(repr=False)
    confidence: float
    groups: Mapping[str | None, Slippage] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def cohort(self) -> Bucket:
        """The deals that were open, and expected to close in the period, when it began."""
        return self.bucket(SlippageKind.COHORT)

    @property
    def pushes(self) -> Bucket:
        """Every time a close date was moved to a later day."""
        return self.bucket(SlippageKind.PUSH)

    @property
    def pull_ins(self) -> Bucket:
        """Every time a close date was moved to an earlier day."""
        return self.bucket(SlippageKind.PULL_IN)

    @property
    def push_rate(self) -> Ratio:
        """The share of the cohort that neither closed in the period nor was removed."""
        slipped = sum(self.bucket(kind).count for kind in _SLIPPED)
        return make_ratio(slipped, self.cohort.count, confidence=self.confidence)

    @property
    def slip_days(self) -> int:
        """The days by which close dates were moved, all pushes and pull-ins together; pull-ins count below zero."""
        return (self.pushes.duration + self.pull_ins.duration).days

    @property
    def pushes_by_deal(self) -> dict[str, int]:
        """How often each deal was pushed, the most pushed ones first."""
        found = Counter(one.opportunity_id for one in self.pushes.contributions or ())
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def share(self, kind: SlippageKind | str) -> Ratio:
        """Give the share of the cohort of which one thing became. Raises `ValueError` for a push or a pull-in."""
        if (wanted := SlippageKind(kind)) in _MOVES:
            message = f"a {wanted} may happen to any deal, and more than once: it is no share of the cohort"
            raise ValueError(message)
        return make_ratio(self.bucket(wanted).count, self.cohort.count, confidence=self.confidence)

    def bucket(self, kind: SlippageKind | str) -> Bucket:
        """Give the deals of one kind, or the pushes or pull-ins, with amounts (and for those the days moved)."""
        return self.tally.bucket(SlippageKind(kind))

    def ids(self, kind: SlippageKind | str) -> tuple[str, ...]:
        """Give the ids of the deals of one kind."""
        return self.bucket(kind).ids

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per kind and currency, or per group, kind and currency; `days` are those of the moves."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the slippage as plain data, ready for JSON; amounts are texts."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the slippage for eyes: a line per kind, with its share of the cohort or the days moved."""
        currencies = find_currencies(self.tally.buckets.values())

        def lines(slippage: Slippage) -> Iterator[list[Any]]:
            for kind in SlippageKind:
                bucket = slippage.bucket(kind)
                share, days = _share(slippage, kind), _days(slippage, kind)
                yield [kind.replace("_", " "), bucket.count, share, days, *amount_cells(bucket, currencies)]

        return table_of(
            self,
            self.groups,
            self.tally,
            title="Slippage",
            columns=["what became of them", "deals", "of the cohort", "days", *currencies],
            lines=lines,
            notes=[f"push rate {self.push_rate}; intervals hold with {self.confidence:.0%} confidence"],
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _share(slippage: Slippage, kind: SlippageKind) -> Ratio | None:
    return None if kind in _MOVES else slippage.share(kind)


def _days(slippage: Slippage, kind: SlippageKind) -> int | None:
    return slippage.bucket(kind).duration.days if kind in _MOVES else None


def _records(slippage: Slippage) -> Iterator[dict[str, Any]]:
    for kind in SlippageKind:
        bucket, share = slippage.bucket(kind), _share(slippage, kind)
        for currency, amount in amount_pairs(bucket):
            yield {
                "kind": str(kind),
                "count": bucket.count,
                "share": None if share is None or share.value is None else float(share.value),
                "days": _days(slippage, kind),
                "currency": currency,
                "amount": amount,
            }


def _numbers(slippage: Slippage) -> dict[str, Any]:
    return {
        "kinds": [
            {
                "kind": str(kind),
                **slippage.bucket(kind).detail(),
                "share": None if (share := _share(slippage, kind)) is None else share.detail(),
                "days": _days(slippage, kind),
            }
            for kind in SlippageKind
        ],
        "push_rate": slippage.push_rate.detail(),
        "slip_days": slippage.slip_days,
    }


def measure_slippage(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    confidence: float = 0.95,
    lenient: bool = False,
) -> Slippage:
    """Give what became of the open deals that were to close in a period when it began, and every push within it.

    The days of the period are those of `timezone`. `as_of` is where the looking ends, within the period; None is its
    end. `scope` and `by` go by the values at `as_of`, for deals that are gone by those at the start. Pushes and
    pull-ins are counted of all deals that exist, of the cohort or not, only while they are open, and each time.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns, and an `as_of` outside the period.
    """
    tally = count_slippage(
        history,
        pipeline,
        period=period,
        timezone=timezone,
        as_of=as_of,
        scope=scope,
        by=by,
        known_on=known_on,
        lenient=lenient,
    )
    return finish_slippage(tally, confidence=confidence)


def finish_slippage(tally: BucketTally[SlippageKind], *, confidence: float = 0.95) -> Slippage:
    """Give the slippage of counts: every division is done here, whoever counted."""
    groups = {value: finish_slippage(found, confidence=confidence) for value, found in tally.by_group().items()}
    return Slippage(tally=tally, confidence=confidence, groups=groups)


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


_TICK = timedelta(microseconds=1)
_DEFINITION = (
    "cohort: deals open, and expected to close in the period, when it began; push rate: those of them not closed (nor"
    " removed) by the end; push: a later close date said of an open deal, each time"
)


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
