"""Win rates of deals that closed: by count, with those overdue, and by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.outcomes import OutcomeRule, resolve
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.share import Share
from oppcore.funnel.tally import Tally
from oppcore.history import History, Standing, Trail
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import Ratio, make_ratio

__all__ = ["Closings", "WinCounts", "WinRate", "count_closings", "finish_win_rates", "measure_win_rates"]

_ALL = "count"
_OVERDUE = "overdue"
_NO_AMOUNT = "without_amount"
_KINDS = (Outcome.WON, Outcome.LOST, Outcome.ABANDONED, Outcome.OPEN)


@final
@attrs.frozen
class Closings:
    """Which closings are counted: by which rule, and in which days (None: all)."""

    outcome: OutcomeRule
    period: Period | None
    zone: str | None


@final
@attrs.frozen
class WinCounts:
    """Deals by outcome, and what was won and lost by currency; counts of unlike deals add up with `+`."""

    cells: CellCounts
    amounts: Mapping[tuple[Outcome, str], Money] = attrs.field(hash=False)

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals of a line under any of these kinds, such as `won` or `overdue`."""
        return self.cells.ids(name, *kinds)

    def __add__(self, other: WinCounts) -> WinCounts:
        amounts = dict(self.amounts)
        for key, money in other.amounts.items():
            amounts[key] = amounts[key] + money if key in amounts else money
        return WinCounts(self.cells + other.cells, amounts)


@final
@attrs.frozen(kw_only=True)
class WinRate:
    """A win rate by one definition.

    `count`: deals won over won and lost. `with_overdue`: open deals whose expected day of closing is over count
    against it, too. `value`: the amounts of the deals won over those of won and lost, in a currency.
    """

    name: str
    currency: str | None
    rate: Ratio | Share

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        return {"name": self.name, "in": self.currency, "rate": self.rate}


def measure_win_rates(
    history: History,
    pipeline: Pipeline,
    *,
    outcome: OutcomeRule | str = OutcomeRule.FINAL,
    closed: Period | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[WinRate]:
    """Give the win rates there are names for: by count, with overdue deals against it, and by value per currency.

    Of all closings; of those in a period (`closed`); or of the deals of a `cohort`, whenever they closed: these are
    rates of different deals, and asking for both raises `ValueError`. Abandoned deals are in no rate. A deal is overdue
    on the days, those of `as_of`, after its `expected_close_on` (where `closed` is given, one of its days). Amounts
    are those said last; deals without one are in no value and counted as `without_amount`. The other settings are
    those of `measure_funnel`.
    """
    tally = count_closings(
        history,
        pipeline,
        outcome=outcome,
        closed=closed,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_win_rates(tally, confidence=confidence)


def count_closings(
    history: History,
    pipeline: Pipeline,
    *,
    outcome: OutcomeRule | str = OutcomeRule.FINAL,
    closed: Period | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[Closings, WinCounts]:
    """Give the deals by outcome, and their amounts: what `measure_win_rates` divides."""
    if closed is not None and cohort is not None:
        message = "a win rate is of the deals that closed in a period or of a cohort, not of both at once"
        raise ValueError(message)
    if closed is not None and timezone is None:
        message = "in whose days deals closed depends on the time zone: name it, such as timezone='UTC'"
        raise ValueError(message)
    definition = Closings(OutcomeRule(outcome), closed, None if closed is None else str(timezone))
    within = None if closed is None or timezone is None else closed.instants(timezone)
    sample = find_sample(
        history,
        pipeline,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
        by=by,
        attribution=attribution,
        cohort=cohort,
    )
    today = None if sample.basis.as_of is None else sample.basis.as_of.date()
    groups: dict[str | None, WinCounts] = {}
    for group, deals in sample.groups.items():
        counting = _Counting(definition, within, today)
        for trail, standing in deals:
            counting.read(trail, standing)
        groups[group] = WinCounts(CellCounts.of(counting.members), counting.amounts)
    return Tally(definition=definition, basis=sample.basis, none=WinCounts(CellCounts.of({}), {}), groups=groups)


def finish_win_rates(tally: Tally[Closings, WinCounts], *, confidence: float | Decimal = 0.95) -> Report[WinRate]:
    """Give the win rates of counts."""
    level = float(confidence)

    def lines(counts: WinCounts) -> Iterator[WinRate]:
        won, lost, overdue = (counts.cells.number(_ALL, kind) for kind in (Outcome.WON, Outcome.LOST, _OVERDUE))
        yield WinRate(name=_ALL, currency=None, rate=make_ratio(won, won + lost, confidence=level))
        with_overdue = make_ratio(won, won + lost + overdue, confidence=level)
        yield WinRate(name="with_overdue", currency=None, rate=with_overdue)
        for currency in sorted({currency for _, currency in counts.amounts}):
            nothing = Money(0, currency)
            gained, gone = (counts.amounts.get((kind, currency), nothing) for kind in (Outcome.WON, Outcome.LOST))
            yield WinRate(name="value", currency=currency, rate=Share(gained, gained + gone))

    settings = tally.definition
    cells = tally.total.cells
    definition = f"won / (won + lost), {settings.outcome} outcome"
    definition += "" if settings.period is None else f", closed in {settings.period}"
    kinds = [*(str(kind) for kind in _KINDS), _OVERDUE, _NO_AMOUNT]
    aside = {kind: cells.number(_ALL, kind) for kind in kinds}
    return make_report("win_rates", definition, tally, lines, confidence=level, aside=aside)


class _Counting:
    """The counts of a group as it is read."""

    def __init__(self, definition: Closings, within: tuple[datetime, datetime] | None, today: date | None) -> None:
        self._definition = definition
        self._within = within
        self._today = today
        self.members: dict[str, Mapping[Cell, int]] = {}
        self.amounts: dict[tuple[Outcome, str], Money] = {}

    def read(self, trail: Trail, standing: Standing) -> None:
        cells: dict[Cell, int] = {}

        def count(kind: str) -> None:
            cells[_ALL, kind] = cells.get((_ALL, kind), 0) + 1

        for resolution in resolve(trail, standing, self._definition.outcome):
            if not self._counts(resolution.at):
                continue
            count(str(resolution.outcome))
            if resolution.outcome in (Outcome.WON, Outcome.LOST):
                if standing.amount is None:
                    count(_NO_AMOUNT)
                else:
                    self._add(resolution.outcome, standing.amount)
        if self._is_overdue(standing):
            count(_OVERDUE)
        self.members[trail.opportunity_id] = cells

    def _counts(self, at: datetime | None) -> bool:
        return self._within is None or at is None or self._within[0] <= at < self._within[1]

    def _add(self, outcome: Outcome, amount: Money) -> None:
        key = outcome, amount.currency
        self.amounts[key] = self.amounts[key] + amount if key in self.amounts else amount

    def _is_overdue(self, standing: Standing) -> bool:
        expected, period = standing.expected_close_on, self._definition.period
        if standing.outcome is not Outcome.OPEN or expected is None or self._today is None:
            return False
        return expected < self._today and (period is None or expected in period)
