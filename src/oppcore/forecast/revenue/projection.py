"""From a history to a revenue distribution: what was won in a period, and what the open deals may add to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from math import inf, isfinite
from typing import final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.revenue.distribution import RevenueDistribution, RevenueMethod
from oppcore.forecast.revenue.prospect import AmountRange, CloseRange, Prospect
from oppcore.forecast.revenue.revenue import forecast_revenue
from oppcore.funnel.listing import list_ids
from oppcore.funnel.terms import Scope, Terms, day_of, need_zone, read_scope
from oppcore.history import History, Standing, fold_history
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Numbers, Pipeline
from oppcore.pipeline.estimate import effective_category, effective_probability
from oppcore.records import ForecastCategory, Outcome

__all__ = ["project_revenue"]

_AT_ONCE = timedelta(0)
_DAY = timedelta(days=1)


def project_revenue(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    quota: Money | None = None,
    currency: str | None = None,
    dependence: float = 0.0,
    amount_lower: float = 0.0,
    amount_higher: float = 0.0,
    close_earlier: timedelta = _AT_ONCE,
    close_later: timedelta = _AT_ONCE,
    chances: Mapping[str, float] | None = None,
    method: RevenueMethod | str = RevenueMethod.DIRECT,
    seed: int | None = None,
    worlds: int = 10_000,
    scope: Scope | None = None,
    as_of: date | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> RevenueDistribution:
    """Give how much a period may bring: what was won in it, and the open deals that are expected to close in it.

    A deal has its own probability or that of its stage. `amount_lower` and `amount_higher` say by which share of it an
    amount may come out lower or higher; `close_earlier` and `close_later` by how much the close date may move, in whole
    days: what lies before `as_of` has not happened, so a deal closes on that day or later. `chances`, from whatever
    method, are the probabilities by opportunity id that deals are won within the period; they stand for both
    probability and close date. The other settings are those of `forecast_revenue`, and `scope` that of
    `measure_coverage`. Deals that lack what is needed are in `left_out`, each by every reason.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    settings out of range, and where the currency is open.
    """
    zone = need_zone(timezone, "when a period begins")
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    doubts = _Doubts(
        period=period,
        today=date.min if past.as_of is None else day_of(past.as_of, zone),
        lower=_share(amount_lower, "amount_lower", most=1),
        higher=_share(amount_higher, "amount_higher"),
        earlier=_days(close_earlier, "close_earlier"),
        later=_days(close_later, "close_later"),
    )
    terms = Terms(
        measure="revenue",
        definition=(
            "won in the period, and open deals that are expected to close in it"
            if chances is None
            else "won in the period, and open deals by the chance given that they are won in it"
        ),
        as_of=past.as_of,
        known_on=past.known_on,
        periods=(period,),
        timezone=str(zone),
        scope=read_scope(scope, history),
    )
    found = _Gathered()
    for trail in past.trails:
        standing = trail.standing
        if standing is None or not terms.covers(standing):
            continue
        if standing.outcome is Outcome.WON and standing.closed_at is not None:
            if day_of(standing.closed_at, zone) in period:
                found.add_won(standing)
        elif standing.outcome is Outcome.OPEN:
            found.add_open(standing, _prospect(standing, pipeline, doubts, chances))
    chosen = _currency(quota, currency, found.currencies, pipeline)
    result = forecast_revenue(
        found.prospects,
        quota=quota,
        won=None if chosen is None else found.won.get(chosen),
        currency=chosen,
        dependence=dependence,
        method=method,
        seed=seed,
        worlds=worlds,
    )
    left_out = (*past.left_out, *found.problems(chosen), *result.left_out)
    numbers = pipeline.numbers if chances is None and found.by_stage else Numbers.OWN
    return attrs.evolve(result, terms=terms, numbers=numbers, left_out=left_out)


_Reasons = list[tuple[str, str]]
"""The codes of the problems of a deal, each with the stage that matters for it."""


@attrs.define
class _Gathered:
    """The open deals as chances, what was won per currency, and the deals that lack something.

    `by_stage` says whether any open deal has no probability of its own.
    """

    prospects: list[Prospect] = attrs.field(factory=list[Prospect])
    by_stage: bool = False
    won: dict[str, Money] = attrs.field(factory=dict[str, Money])
    won_ids: dict[str, list[str]] = attrs.field(factory=dict[str, list[str]])
    lacking: dict[tuple[str, str], list[str]] = attrs.field(factory=dict[tuple[str, str], list[str]])

    @property
    def currencies(self) -> set[str]:
        return {*self.won, *(one.currency for one in self.prospects)}

    def add_won(self, standing: Standing) -> None:
        amount = standing.amount
        if amount is None:
            self._lack(standing, [("amount.missing", "")])
        else:
            self.won[amount.currency] = self.won.get(amount.currency, Money.zero(amount.currency)) + amount
            self.won_ids.setdefault(amount.currency, []).append(standing.opportunity_id)

    def add_open(self, standing: Standing, found: Prospect | _Reasons) -> None:
        if isinstance(found, Prospect):
            self.prospects.append(found)
            self.by_stage = self.by_stage or standing.probability is None
        else:
            self._lack(standing, found)

    def problems(self, currency: str | None) -> list[Problem]:
        found = [list_ids(code, sorted(ids), stage=stage) for (code, stage), ids in sorted(self.lacking.items())]
        other = [id for each, ids in self.won_ids.items() if each != currency for id in ids]
        return [*found, *([list_ids("currency.other", sorted(other), need=currency)] if other else [])]

    def _lack(self, standing: Standing, reasons: _Reasons) -> None:
        for reason in reasons:
            self.lacking.setdefault(reason, []).append(standing.opportunity_id)


@final
@attrs.frozen(kw_only=True)
class _Doubts:
    """The period looked at, and how far amounts and dates may turn out otherwise."""

    period: Period
    today: date
    lower: Decimal
    higher: Decimal
    earlier: timedelta
    later: timedelta

    def amount(self, amount: Money) -> Money | AmountRange:
        """Give an amount, as a range where it may turn out otherwise."""
        if not (self.lower or self.higher):
            return amount
        return AmountRange(low=amount * (1 - self.lower), likely=amount, high=amount * (1 + self.higher))

    def closes(self, expected: date) -> Fraction | None:
        """Give the probability of closing in the period; None where every day it might close on has passed."""
        if not (self.earlier or self.later):
            return Fraction(expected in self.period)
        close = CloseRange(earliest=expected - self.earlier, likely=expected, latest=expected + self.later)
        start = max(self.today, close.earliest)
        if start > close.latest:
            return None
        left = close.chance_in(Period(start, close.latest + _DAY))
        first = max(start, self.period.start)
        return close.chance_in(Period(first, self.period.end)) / left if first < self.period.end else Fraction(0)


def _prospect(
    standing: Standing, pipeline: Pipeline, doubts: _Doubts, chances: Mapping[str, float] | None
) -> Prospect | _Reasons:
    """Give an open deal as a chance, or every reason why it cannot be one; none where it is of another period."""
    reasons: _Reasons = []
    chance: Decimal | float | None
    closes: Fraction | None = Fraction(1)
    if chances is None:
        chance = effective_probability(pipeline, standing.state, standing.estimate)
        expected = standing.expected_close_on
        closes = None if expected is None else doubts.closes(expected)
        if closes == 0:
            return []
        if closes is None:
            reasons.append(("close_date.missing" if expected is None else "close_date.passed", ""))
    else:
        chance = chances.get(standing.opportunity_id)
    if effective_category(pipeline, standing.state, standing.estimate) is ForecastCategory.OMITTED:
        reasons.append(("category.omitted", ""))
    if chance is None:
        reasons.append(("probability.missing", standing.state.stage) if chances is None else ("chance.missing", ""))
    if standing.amount is None:
        reasons.append(("amount.missing", ""))
    elif standing.amount.amount < 0:
        reasons.append(("amount.negative", ""))
    if reasons or chance is None or closes is None or standing.amount is None:
        return reasons
    amount = doubts.amount(standing.amount)
    return Prospect(id=standing.opportunity_id, probability=chance, amount=amount, closes=closes)


def _currency(quota: Money | None, currency: str | None, seen: set[str], pipeline: Pipeline) -> str | None:
    """Give the currency that is said, else the only one there is; None where that is open."""
    if currency is not None or quota is not None:
        return quota.currency if currency is None and quota is not None else currency
    return next(iter(seen)) if len(seen) == 1 else pipeline.currency


def _share(value: float, name: str, *, most: float = inf) -> Decimal:
    if not (0 <= value <= most and isfinite(value)):
        bound = "" if most == inf else f" and at most {most}"
        message = f"{name} is a share of the amount: at least 0{bound}, not {value}"
        raise ValueError(message)
    return Decimal(str(value))


def _days(value: timedelta, name: str) -> timedelta:
    if value < _AT_ONCE or value % _DAY:
        message = f"{name} is a number of whole days, not {value}"
        raise ValueError(message)
    return value
