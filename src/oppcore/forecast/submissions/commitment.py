"""Commit accuracy: what became of the deals that were committed, and whether what was won had been committed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, Contribution, add_buckets, list_deals
from oppcore.funnel.showing import amount_cells, amount_pairs
from oppcore.funnel.terms import Scope, Terms, read_scope
from oppcore.history import History, Standing, fold_history
from oppcore.periods import Period, as_instant, to_zone
from oppcore.pipeline import Pipeline
from oppcore.pipeline.estimate import effective_category
from oppcore.records import ForecastCategory, Outcome
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["CommitmentFate", "CommitmentReport", "WinOrigin", "measure_commitment"]

_TICK = timedelta(microseconds=1)


class CommitmentFate(StrEnum):
    """What became of a committed deal by the end of the period.

    It was `won` in it or `early`, before it began; it `slipped` (is still open), was `lost` (or abandoned), or is
    `gone` (removed or merged).
    """

    WON = "won"
    EARLY = "early"
    SLIPPED = "slipped"
    LOST = "lost"
    GONE = "gone"


class WinOrigin(StrEnum):
    """Where a deal won in the period was when the forecast was made.

    It was `committed`, open in `another` category or for another period, `closed` already, or `nowhere` to be seen.
    """

    COMMITTED = "committed"
    ANOTHER = "another"
    CLOSED = "closed"
    NOWHERE = "nowhere"


@final
@attrs.frozen(kw_only=True)
class CommitmentReport:
    """The deals of a category at an instant by what became of them, and the deals won by where they came from.

    `fates` holds amounts as they were when the forecast was made, `origins` those that were won. `left_out` lists open
    deals of the category that had no expected close date, and deals without an amount, which are counted but in no sum.
    """

    terms: Terms
    made_at: datetime
    category: ForecastCategory
    fates: Mapping[CommitmentFate, Bucket] = attrs.field(hash=False)
    origins: Mapping[WinOrigin, Bucket] = attrs.field(hash=False)
    left_out: tuple[Problem, ...] = ()

    @property
    def committed(self) -> Bucket:
        """All deals of the category that were to close in the period."""
        return add_buckets(self.fates.values())

    @property
    def won(self) -> Bucket:
        """All deals won in the period."""
        return add_buckets(self.origins.values())

    @property
    def kept(self) -> Ratio:
        """The share of the committed deals that was won in the period."""
        return make_ratio(self.fates[CommitmentFate.WON].count, self.committed.count)

    @property
    def recall(self) -> Ratio:
        """The share of the deals won in the period that had been committed."""
        return make_ratio(self.origins[WinOrigin.COMMITTED].count, self.won.count)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per fate and origin and currency; a line with no amounts has one dict without a currency."""
        lines = [("fate", str(fate), bucket) for fate, bucket in self.fates.items()]
        lines += [("origin", str(origin), bucket) for origin, bucket in self.origins.items()]
        return [
            {"side": side, "what": what, "count": bucket.count, "currency": currency, "amount": amount}
            for side, what, bucket in lines
            for currency, amount in amount_pairs(bucket)
        ]

    def detail(self) -> dict[str, Any]:
        """Give the report as plain data, ready for JSON; amounts are texts."""

        def lines(buckets: Mapping[Any, Bucket]) -> dict[str, Any]:
            return {str(key): {**bucket.detail(), "ids": list(bucket.ids)} for key, bucket in buckets.items()}

        return {
            **self.terms.detail(),
            "made_at": self.made_at.isoformat(),
            "category": str(self.category),
            "fates": lines(self.fates),
            "origins": lines(self.origins),
            "kept": self.kept.detail(),
            "recall": self.recall.detail(),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the report for eyes: first what became of the committed deals, then where wins came from."""
        currencies = sorted({key for bucket in (self.committed, self.won) for key in bucket.amounts})
        lines: list[tuple[str, Bucket]] = [(f"{self.category}: {fate}", bucket) for fate, bucket in self.fates.items()]
        lines += [(f"won, from {origin}", bucket) for origin, bucket in self.origins.items()]
        return Table(
            columns=["", "deals", *currencies],
            rows=[[name, bucket.count, *amount_cells(bucket, currencies)] for name, bucket in lines],
            title=f"Commitment for {self.terms.periods[0]}, as of {self.made_at.isoformat()}",
            notes=(f"kept {self.kept}", f"of what was won, committed before: {self.recall}", *self.terms.notes()),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def measure_commitment(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    made_at: date,
    timezone: str | tzinfo,
    category: ForecastCategory | str = ForecastCategory.COMMIT,
    scope: Scope | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> CommitmentReport:
    """Give what became, by the end of a period, of the deals that were in a category when a forecast was made.

    Committed is what was open, in the category and expected to close in the period, as far as was known then: nothing
    recorded later counts. The end is as known on `known_on`, or now. `scope` narrows the deals down by what was said of
    them on either side.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`; `ValueError` for unknown
    columns, and where the forecast was made after the period.
    """
    zone, wanted = to_zone(timezone), ForecastCategory(category)
    made, end = as_instant(made_at, zone), period.instants(zone)[1]
    if made >= end:
        message = f"a forecast of {period} is made before its end, not at {made.isoformat()}"
        raise ValueError(message)
    then = fold_history(history, pipeline, as_of=made, known_on=made, timezone=zone, lenient=lenient)
    after = fold_history(history, pipeline, as_of=end - _TICK, known_on=known_on, timezone=zone, lenient=lenient)
    terms = Terms(
        measure="commitment",
        definition="committed: open, in the category, and expected to close in the period, as known when it was made",
        as_of=after.as_of,
        known_on=after.known_on,
        periods=(period,),
        timezone=str(zone),
        scope=read_scope(scope, history),
    )
    before = {one.opportunity_id: one for trail in then.trails if (one := trail.standing)}
    ended = {one.opportunity_id: one for trail in after.trails if (one := trail.standing)}
    fates: dict[CommitmentFate, list[Contribution]] = {fate: [] for fate in CommitmentFate}
    origins: dict[WinOrigin, list[Contribution]] = {origin: [] for origin in WinOrigin}
    committed: set[str] = set()
    undated: list[Contribution] = []
    for id, one in before.items():
        if one.outcome is not Outcome.OPEN or not terms.covers(one):
            continue
        if effective_category(pipeline, one.state, one.estimate) is not wanted:
            continue
        if one.expected_close_on is None:
            undated.append(Contribution(id, one.amount))
        elif one.expected_close_on in period:
            committed.add(id)
            fates[_fate(ended.get(id), period, zone)].append(Contribution(id, one.amount))
    for id, one in ended.items():
        if _won_in(one, period, zone) and (id in committed or terms.covers(one)):
            origins[_origin(id, before.get(id), committed)].append(Contribution(id, one.amount))
    counted = {fate: Bucket.of(found) for fate, found in fates.items()}
    won = {origin: Bucket.of(found) for origin, found in origins.items()}
    unpriced = {
        one.opportunity_id: one
        for bucket in (*counted.values(), *won.values())
        for one in bucket.contributions or ()
        if one.amount is None
    }
    lacking = {"amount.missing": Bucket.of(unpriced.values()), "close_date.missing": Bucket.of(undated)}
    return CommitmentReport(
        terms=terms,
        made_at=made,
        category=wanted,
        fates=counted,
        origins=won,
        left_out=(*after.left_out, *(list_deals(code, found) for code, found in lacking.items() if found.count)),
    )


def _won_in(one: Standing, period: Period, zone: tzinfo) -> bool:
    return one.outcome is Outcome.WON and one.closed_at is not None and one.closed_at.astimezone(zone).date() in period


def _fate(one: Standing | None, period: Period, zone: tzinfo) -> CommitmentFate:
    if one is None:
        return CommitmentFate.GONE
    match one.outcome:
        case Outcome.WON:
            return CommitmentFate.WON if _won_in(one, period, zone) else CommitmentFate.EARLY
        case Outcome.OPEN:
            return CommitmentFate.SLIPPED
        case _:
            return CommitmentFate.LOST


def _origin(id: str, before: Standing | None, committed: set[str]) -> WinOrigin:
    if id in committed:
        return WinOrigin.COMMITTED
    if before is None:
        return WinOrigin.NOWHERE
    return WinOrigin.ANOTHER if before.outcome is Outcome.OPEN else WinOrigin.CLOSED
