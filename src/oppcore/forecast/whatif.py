"""What if: a forecast under other amounts, probabilities, dates and losses, and what each of them changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import combinations
from math import factorial
from typing import Any, final

import attrs

from oppcore.forecast.deals import ForecastDeal
from oppcore.forecast.suppositions import SUPPOSED, Lever, Supposition
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_deals
from oppcore.money import Money, minor_units
from oppcore.records import Outcome
from oppcore.spelling import suggest
from oppcore.table import Table

__all__ = ["SuppositionEffect", "WhatIf", "what_if"]

Cell = tuple[str | None, str]
"""A month (None: unknown) and a currency."""


@final
@attrs.frozen(kw_only=True)
class SuppositionEffect:
    """What one lever of one deal changes in the expected amount of one month and currency."""

    period: str | None
    currency: str
    opportunity_id: str
    lever: Lever
    amount: Money


@final
@attrs.frozen(kw_only=True)
class WhatIf:
    """A forecast, the same under suppositions, and the effect of each lever in each month that it changes.

    In each month and currency the effects add up exactly to the difference of the expected amounts. Levers of unlike
    deals do not touch each other. Those of one deal do: a larger amount is worth more with a higher probability. Each
    then has its mean effect over all orders in which they could be pulled (Shapley's value), rounded to the minor unit
    so that the sum holds.
    """

    before: Forecast
    after: Forecast
    effects: tuple[SuppositionEffect, ...]

    def difference(self, period: str | None, currency: str) -> Money:
        """Give what is expected in a month after the change, less what was before."""
        return _expected(self.after, (period, currency)) - _expected(self.before, (period, currency))

    @property
    def by_lever(self) -> Mapping[tuple[Lever, str], Money]:
        """The effects of all deals and months together, by lever and currency."""
        found: dict[tuple[Lever, str], Money] = {}
        for one in self.effects:
            key = (one.lever, one.currency)
            found[key] = found.get(key, Money.zero(one.currency)) + one.amount
        return dict(sorted(found.items()))

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per effect; amounts are Decimals."""
        return [
            {
                "period": one.period,
                "currency": one.currency,
                "opportunity_id": one.opportunity_id,
                "lever": str(one.lever),
                "amount": one.amount.amount,
            }
            for one in self.effects
        ]

    def detail(self) -> dict[str, Any]:
        """Give both forecasts and the effects as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "what_if",
            "before": self.before.detail(),
            "after": self.after.detail(),
            "effects": [{**record, "amount": format(record["amount"], "f")} for record in self.as_records()],
        }

    def table(self) -> Table:
        """Give for eyes, of each month that changes, what was expected, every effect, and what then is expected."""
        rows: list[list[Any]] = []
        for cell in dict.fromkeys((one.period, one.currency) for one in self.effects):
            rows.append([*cell, "before", _expected(self.before, cell).amount])
            rows += [
                [*cell, f"{one.opportunity_id}: {str(one.lever).replace('_', ' ')}", one.amount.amount]
                for one in self.effects
                if (one.period, one.currency) == cell
            ]
            rows.append([*cell, "after", _expected(self.after, cell).amount])
        return Table(
            columns=["period", "currency", "", "expected"],
            rows=rows,
            title="What if",
            notes=self.after.notes(),
            left_out=self.after.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def what_if(forecast: Forecast, suppositions: Iterable[Supposition]) -> WhatIf:
    """Give a weighted forecast under suppositions about its open deals, and the effect of each.

    Raises `ValueError` for deals that are not open in the forecast, two suppositions about one deal, and an amount in
    another currency than the deal's.

    Source of the effects: Shapley (1953), A value for n-person games, within each deal.
    """
    opened = {deal.opportunity_id: deal for deal in forecast.deals if deal.outcome is Outcome.OPEN}
    supposed: dict[str, Supposition] = {}
    for one in suppositions:
        _check(one, opened, supposed)
        supposed[one.opportunity_id] = one
    deals: list[ForecastDeal] = []
    for deal in forecast.deals:
        about = supposed.get(deal.opportunity_id)
        then = deal if about is None else about.apply(deal)
        if then is not None:
            deals.append(then)
    changed = any(Lever.PROBABILITY in one.levers for one in supposed.values())
    asked = (*forecast.asked, SUPPOSED) if changed and SUPPOSED not in forecast.asked else forecast.asked
    after = attrs.evolve(forecast, deals=tuple(deals), rows=weigh_deals(deals), asked=asked)
    exact = [
        (cell, id, lever, effect)
        for id, one in supposed.items()
        for (cell, lever), effect in _effects(opened[id], one).items()
    ]
    exact.sort(key=lambda one: (one[0][0] is None, one[0][0] or "", one[0][1], one[1], list(Lever).index(one[2])))
    found: list[SuppositionEffect] = []
    for cell in dict.fromkeys(one[0] for one in exact):
        here = [one for one in exact if one[0] == cell]
        difference = _expected(after, cell) - _expected(forecast, cell)
        for (_, id, lever, _), amount in zip(here, _apportion([one[3] for one in here], difference), strict=True):
            found.append(
                SuppositionEffect(period=cell[0], currency=cell[1], opportunity_id=id, lever=lever, amount=amount)
            )
    return WhatIf(before=forecast, after=after, effects=tuple(found))


def _check(one: Supposition, opened: Mapping[str, ForecastDeal], supposed: Mapping[str, Supposition]) -> None:
    id = one.opportunity_id
    if (deal := opened.get(id)) is None:
        nearest = suggest(id, opened)
        message = f"{id!r} is no open deal of the forecast" + (f"; did you mean {nearest!r}?" if nearest else "")
        raise ValueError(message)
    if id in supposed:
        message = f"two things are supposed of {id!r}: say all in one"
        raise ValueError(message)
    if one.amount is not None and one.amount.currency != deal.amount.currency:
        message = f"the amount of {id!r} is in {deal.amount.currency}, not in {one.amount.currency}"
        raise ValueError(message)


def _row(forecast: Forecast, cell: Cell) -> ForecastRow | None:
    return next((row for row in forecast.rows if (row.period, row.currency) == cell), None)


def _expected(forecast: Forecast, cell: Cell) -> Money:
    row = _row(forecast, cell)
    return Money.zero(cell[1]) if row is None else row.expected


def _worth(deal: ForecastDeal | None) -> dict[Cell, Fraction]:
    if deal is None or deal.product is None:
        return {}
    return {(deal.period, deal.amount.currency): Fraction(deal.product)}


def _effects(deal: ForecastDeal, one: Supposition) -> dict[tuple[Cell, Lever], Fraction]:
    """Give the mean effect of each lever over all orders, exactly, in each month that any of them touches."""
    levers = one.levers
    worth = {
        some: _worth(one.apply(deal, some)) for size in range(len(levers) + 1) for some in combinations(levers, size)
    }
    cells = {cell for found in worth.values() for cell in found}
    effects: dict[tuple[Cell, Lever], Fraction] = {}
    for lever in levers:
        others = [other for other in levers if other is not lever]
        for size in range(len(others) + 1):
            weight = Fraction(factorial(size) * factorial(len(others) - size), factorial(len(levers)))
            for some in combinations(others, size):
                with_it = tuple(other for other in levers if other in some or other is lever)
                for cell in cells:
                    gain = worth[with_it].get(cell, Fraction(0)) - worth[some].get(cell, Fraction(0))
                    effects[cell, lever] = effects.get((cell, lever), Fraction(0)) + weight * gain
    return {key: effect for key, effect in effects.items() if effect or len(cells) == 1}


def _apportion(effects: list[Fraction], difference: Money) -> list[Money]:
    """Round effects to the minor unit so that they add up to the difference: what is left goes where most was cut."""
    currency = difference.currency
    rounded = [Money.nearest(effect, currency) for effect in effects]
    unit = 10 ** minor_units(currency)
    left = Fraction((difference - sum(rounded, start=Money.zero(currency))).amount) * unit
    step = 1 if left > 0 else -1
    order = sorted(range(len(effects)), key=lambda place: step * (Fraction(rounded[place].amount) - effects[place]))
    for turn in range(round(abs(left))):
        place = order[turn % len(order)]
        rounded[place] += Money.nearest(Fraction(step, unit), currency)
    return rounded
