"""Pipeline creation: the deals created in each period, and what they were worth then, are now, and were at the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally, Collector, Contribution
from oppcore.funnel.showing import amount_cells, amount_pairs, details_of, find_currencies, records_of, table_of
from oppcore.funnel.terms import Scope, Terms, check_column, day_of, need_zone, read_scope
from oppcore.history import History, fold_history
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["Creation", "CreationKind", "CreationRow", "count_creation", "finish_creation", "measure_creation"]


class CreationKind(StrEnum):
    """What a created deal counts for.

    `created`: each deal, for what it was worth when it was created. `now`: each deal, for what it is worth as of the
    end of the looking. `closed`: the closed ones, for what they were worth when they closed. `closed_within`: those of
    them that closed in the period in which they were created.
    """

    CREATED = "created"
    NOW = "now"
    CLOSED = "closed"
    CLOSED_WITHIN = "closed_within"


Heading = tuple[Period | None, CreationKind]


@final
@attrs.frozen
class CreationRow:
    """The deals created in one period (None: in none of those asked for).

    `turned` is the share of the deals created that were closed in the same period.
    """

    period: Period | None
    buckets: Mapping[CreationKind, Bucket] = attrs.field(hash=False)
    turned: Ratio

    @property
    def created(self) -> Bucket:
        """The deals created in the period."""
        return self.buckets[CreationKind.CREATED]

    @property
    def per_day(self) -> float | None:
        """How many deals were created per day of the period."""
        return None if self.period is None else self.created.count / (self.period.end - self.period.start).days


@final
@attrs.frozen(kw_only=True)
class Creation:
    """A row per period, and one for the deals created in none of them, so that the rows add up to all deals.

    `groups` holds the same for each value of the column grouped by.
    """

    tally: BucketTally[Heading] = attrs.field(repr=False)
    rows: tuple[CreationRow, ...]
    confidence: float
    groups: Mapping[str | None, Creation] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, or not in all of them, and why."""
        return self.tally.problems()

    def row(self, period: Period | None) -> CreationRow:
        """Give the row of a period; None: of the deals created in no period. Raises `KeyError` where there is none."""
        for row in self.rows:
            if row.period == period:
                return row
        raise KeyError(period)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per period and currency, or per group, period and currency."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the creation as plain data, ready for JSON; amounts are texts."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the creation for eyes: a line per period."""
        currencies = find_currencies(self.tally.buckets.values())
        valued = (CreationKind.CREATED, CreationKind.NOW, CreationKind.CLOSED)

        def lines(creation: Creation) -> Iterator[list[Any]]:
            for row in creation.rows:
                name = "other" if row.period is None else str(row.period)
                within = row.buckets[CreationKind.CLOSED_WITHIN].count
                amounts = (cell for kind in valued for cell in amount_cells(row.buckets[kind], currencies))
                yield [name, row.created.count, *amounts, within, row.turned]

        return table_of(
            self,
            self.groups,
            self.tally,
            title="Pipeline created",
            columns=[
                "period",
                "deals",
                *(f"{currency} {kind}" for kind in ("created", "now", "at closing") for currency in currencies),
                "closed within",
                "of those created",
            ],
            lines=lines,
            notes=[f"intervals hold with {self.confidence:.0%} confidence"],
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _records(creation: Creation) -> Iterator[dict[str, Any]]:
    for row in creation.rows:
        currencies: list[str | None] = [*find_currencies(row.buckets.values())]
        for currency in currencies or [None]:
            yield {
                "period": None if row.period is None else str(row.period),
                "count": row.created.count,
                "closed_within_count": row.buckets[CreationKind.CLOSED_WITHIN].count,
                "turned": None if row.turned.value is None else float(row.turned.value),
                "per_day": row.per_day,
                "currency": currency,
                **{str(kind): dict(amount_pairs(bucket)).get(currency) for kind, bucket in row.buckets.items()},
            }


def _numbers(creation: Creation) -> dict[str, Any]:
    return {
        "rows": [
            {
                "period": None if row.period is None else str(row.period),
                **{str(kind): bucket.detail() for kind, bucket in row.buckets.items()},
                "turned": row.turned.detail(),
                "per_day": row.per_day,
            }
            for row in creation.rows
        ]
    }


def measure_creation(
    history: History,
    pipeline: Pipeline,
    *,
    periods: Iterable[Period],
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    confidence: float = 0.95,
    lenient: bool = False,
) -> Creation:
    """Give how many deals were created in each period, and what they were worth then, are now, and were at closing.

    A deal is created when it first enters a stage of the pipeline. The days of the periods, which must not overlap,
    are those of `timezone`; deals created outside all of them have a row of their own. `scope` and `by` go by the
    values said last. Removed and merged deals do not exist. Deals without an amount are counted, and listed.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    periods that overlap and unknown columns.
    """
    tally = count_creation(
        history,
        pipeline,
        periods=periods,
        timezone=timezone,
        as_of=as_of,
        scope=scope,
        by=by,
        known_on=known_on,
        lenient=lenient,
    )
    return finish_creation(tally, confidence=confidence)


def finish_creation(tally: BucketTally[Heading], *, confidence: float = 0.95) -> Creation:
    """Give the rows of counts: every division is done here, whoever counted."""
    rows: list[CreationRow] = []
    for period in (*tally.terms.periods, None):
        buckets = {kind: tally.bucket((period, kind)) for kind in CreationKind}
        turned = make_ratio(
            buckets[CreationKind.CLOSED_WITHIN].count, buckets[CreationKind.CREATED].count, confidence=confidence
        )
        if period is not None or buckets[CreationKind.CREATED].count:
            rows.append(CreationRow(period, buckets, turned))
    groups = {value: finish_creation(found, confidence=confidence) for value, found in tally.by_group().items()}
    return Creation(tally=tally, rows=tuple(rows), confidence=confidence, groups=groups)


def count_creation(
    history: History,
    pipeline: Pipeline,
    *,
    periods: Iterable[Period],
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> BucketTally[Heading]:
    """Give the buckets that `measure_creation` shows; those of several parts of a history combine to the whole.

    The settings are those of `measure_creation`; parts need the same `as_of`.
    """
    zone = need_zone(timezone, "when a period begins")
    if by is not None:
        check_column(by, history)
    asked = _in_order(periods)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    terms = Terms(
        measure="creation",
        definition="deals by when they first entered a stage of the pipeline; amounts then, now and at closing",
        as_of=past.as_of,
        known_on=past.known_on,
        periods=asked,
        timezone=str(zone),
        scope=read_scope(scope, history),
        by=by,
    )
    found = Collector[Heading](terms)
    for trail in past.trails:
        standing = trail.standing
        if standing is None or not terms.covers(standing):
            continue
        id, closed_at = trail.opportunity_id, standing.closed_at
        period = _period_of(standing.opened_at, asked, zone)
        if standing.amount is None:
            found.lack("amount.missing", id)
        found.put((period, CreationKind.CREATED), Contribution(id, trail.amount_at(standing.opened_at)), standing)
        found.put((period, CreationKind.NOW), Contribution(id, standing.amount), standing)
        if closed_at is not None:
            closing = Contribution(id, trail.amount_at(closed_at), closed_at - standing.opened_at)
            found.put((period, CreationKind.CLOSED), closing, standing)
            if period is not None and day_of(closed_at, zone) in period:
                found.put((period, CreationKind.CLOSED_WITHIN), closing, standing)
    return found.tally(past.left_out)


def _in_order(periods: Iterable[Period]) -> tuple[Period, ...]:
    found = tuple(sorted(periods, key=lambda period: period.start))
    for one, other in pairwise(found):
        if one.end > other.start:
            message = f"the periods {one} and {other} overlap: a deal is created in one period only"
            raise ValueError(message)
    return found


def _period_of(instant: datetime, periods: tuple[Period, ...], zone: tzinfo) -> Period | None:
    day = day_of(instant, zone)
    return next((period for period in periods if day in period), None)
