"""Sales velocity: how much money a pipeline brings per day, and what drove its change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import BucketTally, Collector, Contribution, add_buckets
from oppcore.funnel.cycle import CycleCounting, CycleSpan, find_cycle
from oppcore.funnel.drivers import VelocityDriver, find_drivers
from oppcore.funnel.factors import Heading, VelocityDeals, VelocityFactors, VelocityValue, find_factors, to_money
from oppcore.funnel.showing import details_of, records_of, table_of
from oppcore.funnel.terms import Scope, Terms, check_column, need_zone, read_scope
from oppcore.history import History, fold_history
from oppcore.money import Money
from oppcore.periods import Period, as_instant
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.spelling import choose
from oppcore.table import Table

__all__ = [
    "Velocity",
    "VelocityRow",
    "count_velocity",
    "finish_velocity",
    "measure_velocity",
]


@final
@attrs.frozen(kw_only=True)
class VelocityRow:
    """The velocity in one currency, `now` and in the earlier period (None where none was asked for), and its drivers.

    `drivers` is empty where one of the velocities is missing.
    """

    currency: str
    now: VelocityFactors
    before: VelocityFactors | None
    drivers: Mapping[str, VelocityDriver] = attrs.field(hash=False)

    @property
    def velocity(self) -> Money | None:
        """The money per day, rounded; None where a factor is missing or the cycle has no length."""
        return None if self.now.velocity is None else to_money(self.now.velocity, self.currency)


@final
@attrs.frozen(kw_only=True)
class Velocity:
    """The sales velocity of a period per currency: deals x mean value x win rate / cycle days.

    Deals without an amount are in none of the factors, and listed. `groups` holds the same for each value of the column
    grouped by.
    """

    tally: BucketTally[Heading] = attrs.field(repr=False)
    deals: VelocityDeals
    value: VelocityValue
    rows: tuple[VelocityRow, ...]
    groups: Mapping[str | None, Velocity] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, and why."""
        return self.tally.problems()

    def row(self, currency: str) -> VelocityRow:
        """Give the velocity in a currency. Raises `KeyError` where no deal has it."""
        for row in self.rows:
            if row.currency == currency:
                return row
        raise KeyError(currency)

    def ids(self, outcome: Outcome | str) -> tuple[str, ...]:
        """Give the ids of the deals that had an outcome at the end of the period; closed ones: closed in it."""
        wanted, period = Outcome(outcome), self.terms.periods[0]
        return add_buckets(
            bucket for (when, kind, _), bucket in self.tally.buckets.items() if when == period and kind is wanted
        ).ids

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per currency and period, or per group, currency and period."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the velocity as plain data, ready for JSON; amounts are texts."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the velocity for eyes: a line per currency and period, and one for what drove the change."""
        columns = ["currency", "of", "deals", "average value", "win rate", "cycle days", "per day"]
        return table_of(
            self, self.groups, self.tally, title=f"Velocity of {self.terms.periods[0]}", columns=columns, lines=_lines
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def measure_velocity(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    deals: VelocityDeals | str,
    value: VelocityValue | str = VelocityValue.WON,
    earlier: Period | None = None,
    span: CycleSpan | str = CycleSpan.GROSS,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> Velocity:
    """Give the money that a pipeline brings per day, and with an `earlier` period what drove the change.

    Formulas of this name multiply unlike things: `deals` and `value` say what is meant. The win rate is won over won
    and lost of the deals closed in the period, the cycle the mean days from creation until they were won. Each period
    is seen as it was at its end or, where that is earlier, as of `as_of`. With closed deals and the value of won ones
    all but two of the factors cancel out: the velocity is the amount won over the cycle.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns and words, and for an earlier period that does not end before the other begins.
    """
    tally = count_velocity(
        history,
        pipeline,
        period=period,
        timezone=timezone,
        earlier=earlier,
        span=span,
        as_of=as_of,
        scope=scope,
        by=by,
        known_on=known_on,
        lenient=lenient,
    )
    return finish_velocity(tally, deals=deals, value=value)


def finish_velocity(
    tally: BucketTally[Heading], *, deals: VelocityDeals | str, value: VelocityValue | str = VelocityValue.WON
) -> Velocity:
    """Give the velocity of counts: every division is done here, whoever counted."""
    which = choose(VelocityDeals, deals, "choice of deals")
    whose = choose(VelocityValue, value, "choice of value")
    policy = f"{which} deals x mean amount of {whose} deals x win rate / cycle days"
    tally = attrs.evolve(tally, terms=attrs.evolve(tally.terms, policy=policy))
    period, *earlier = tally.terms.periods
    rows: list[VelocityRow] = []
    for currency in sorted({currency for _, _, currency in tally.buckets}):
        now = find_factors(tally, period, currency, which, whose)
        before = find_factors(tally, earlier[0], currency, which, whose) if earlier else None
        rows.append(VelocityRow(currency=currency, now=now, before=before, drivers=find_drivers(before, now)))
    groups = {group: finish_velocity(found, deals=which, value=whose) for group, found in tally.by_group().items()}
    return Velocity(tally=tally, deals=which, value=whose, rows=tuple(rows), groups=groups)


def count_velocity(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    earlier: Period | None = None,
    span: CycleSpan | str = CycleSpan.GROSS,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> BucketTally[Heading]:
    """Give the deals and sums that `measure_velocity` is made of; those of several parts combine to the whole."""
    zone = need_zone(timezone, "when a period begins")
    if earlier is not None and earlier.end > period.start:
        message = f"the earlier period ends before the other begins, but {earlier} and {period} do not"
        raise ValueError(message)
    if by is not None:
        check_column(by, history)
    cycle = CycleCounting(None, choose(CycleSpan, span, "span of a cycle"))
    last = None if as_of is None else as_instant(as_of, zone)
    until = _end(period, zone, last)
    terms = Terms(
        measure="velocity",
        definition=(
            "money per day: deals x mean amount x won / (won + lost) / mean days from creation until won "
            f"({cycle.span}), of the deals closed in the period"
        ),
        as_of=until,
        known_on=None if known_on is None else as_instant(known_on, zone),
        periods=(period,) if earlier is None else (period, earlier),
        timezone=str(zone),
        scope=read_scope(scope, history),
        by=by,
    )
    found = Collector[Heading](terms)
    left_out: tuple[Problem, ...] = ()
    for one in reversed(terms.periods):
        seen = _end(one, zone, last)
        past = fold_history(history, pipeline, as_of=seen, known_on=known_on, timezone=zone, lenient=lenient)
        left_out, begun = past.left_out, one.instants(zone)[0]
        for trail in past.trails:
            standing = trail.standing
            if standing is None or not terms.covers(standing):
                continue
            if standing.closed_at is not None and standing.closed_at < begun:
                continue
            if standing.amount is None:
                found.lack("amount.missing", trail.opportunity_id)
                continue
            took = find_cycle(trail, standing, cycle, seen)
            heading = one, standing.outcome, standing.amount.currency
            found.put(heading, Contribution(trail.opportunity_id, standing.amount, took), standing)
    return found.tally(left_out)


def _end(period: Period, zone: tzinfo, last: datetime | None) -> datetime:
    """Give the instant at which a period is seen: its last one, or the one up to which anything counts."""
    end = period.instants(zone)[1] - timedelta.resolution
    return end if last is None else min(end, last)


def _periods(velocity: Velocity, row: VelocityRow) -> Iterator[tuple[Period, VelocityFactors]]:
    yield velocity.terms.periods[0], row.now
    if row.before is not None:
        yield velocity.terms.periods[1], row.before


def _records(velocity: Velocity) -> Iterator[dict[str, Any]]:
    for row in velocity.rows:
        for period, factors in _periods(velocity, row):
            yield {"currency": row.currency, "period": str(period), **factors.detail()}


def _numbers(velocity: Velocity) -> dict[str, Any]:
    return {
        "deals": str(velocity.deals),
        "value": str(velocity.value),
        "rows": [
            {
                "currency": row.currency,
                "now": row.now.detail(),
                "earlier": None if row.before is None else row.before.detail(),
                "drivers": {name: driver.detail() for name, driver in row.drivers.items()},
            }
            for row in velocity.rows
        ],
    }


def _lines(velocity: Velocity) -> Iterator[list[Any]]:
    for row in velocity.rows:
        for period, factors in _periods(velocity, row):
            value, rate, days, speed = factors.average_value, factors.win_rate, factors.cycle_days, factors.velocity
            yield [
                row.currency,
                str(period),
                factors.deals,
                None if value is None else to_money(value, row.currency).amount,
                None if rate is None else f"{float(rate):.1%}",
                None if days is None else f"{float(days):,.1f}",
                None if speed is None else to_money(speed, row.currency).amount,
            ]
        if row.drivers:
            changes = [driver.change for driver in row.drivers.values()]
            total = sum(changes, Money.zero(row.currency))
            yield [row.currency, "driven by", *(f"{change.amount:+,f}" for change in (*changes, total))]
