"""The book: prospects as plain numbers, ready to be added up by any method."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import cached_property
from math import gcd
from typing import final

import attrs

from oppcore.forecast.revenue.prospect import Prospect
from oppcore.money import Money, minor_units

__all__ = ["Book", "Chance", "open_book"]

_EXACT = Context(prec=120, traps=[Inexact])


@final
@attrs.frozen
class Chance:
    """A deal of a book: a win probability, and low, likely and high amounts as whole units of the book."""

    id: str
    probability: Fraction
    low: int
    likely: int
    high: int

    @property
    def is_fixed(self) -> bool:
        """Whether the amount is certain, given that the deal is won."""
        return self.low == self.high

    @property
    def mean(self) -> Fraction:
        """The mean amount of the deal, if it is won, in units."""
        return Fraction(self.low + self.likely + self.high, 3)

    @property
    def square(self) -> Fraction:
        """The mean of the squared amount of the deal, if it is won."""
        low, likely, high = self.low, self.likely, self.high
        return Fraction(low * (low + likely + high) + likely * (likely + high) + high * high, 6)


@final
@attrs.frozen(slots=False)
class Book:
    """The deals in one currency, in the order of their ids; a unit is 10 to the power of minus `decimals`."""

    currency: str
    decimals: int
    won: int
    deals: tuple[Chance, ...]

    @cached_property
    def mean(self) -> Fraction:
        """The mean of everything that comes in, what was won included, in units."""
        return self.won + sum((deal.probability * deal.mean for deal in self.deals), Fraction(0))

    @cached_property
    def highest(self) -> int:
        """The most that can come in, in units."""
        return self.won + sum(deal.high for deal in self.deals)

    @cached_property
    def step(self) -> int:
        """The largest number of units that divides every amount; 1 where an amount is a range."""
        if any(not deal.is_fixed for deal in self.deals):
            return 1
        return gcd(*(deal.low for deal in self.deals)) or 1

    def to_units(self, amount: Money) -> Fraction:
        """Give an amount in units, exactly."""
        return Fraction(amount.amount.scaleb(self.decimals, _EXACT))

    def to_money(self, units: Fraction | int | float) -> Money:
        """Give an amount of units as money: whole units exactly, anything else rounded to the minor unit."""
        if isinstance(units, int):
            return Money(Decimal(units).scaleb(-self.decimals), self.currency)
        places = minor_units(self.currency)
        rounded = round(Fraction(units) / 10**self.decimals * 10**places)
        return Money(Decimal(rounded).scaleb(-places), self.currency)


def open_book(prospects: Sequence[Prospect], won: Money) -> Book:
    """Give the prospects and what was won, all in one currency, as whole units.

    Raises `ValueError` where two prospects have the same id.
    """
    corners = {one.id: one.corners for one in prospects}
    amounts = [won, *(money for found in corners.values() for money in found)]
    decimals = max(minor_units(won.currency), *(_decimals(money.amount) for money in amounts))

    def units(money: Money) -> int:
        return int(money.amount.scaleb(decimals, _EXACT))

    deals: dict[str, Chance] = {}
    for one in sorted(prospects, key=lambda prospect: prospect.id):
        if one.id in deals:
            message = f"two prospects have the id {one.id!r}: each deal counts once"
            raise ValueError(message)
        low, likely, high = map(units, corners[one.id])
        deals[one.id] = Chance(one.id, one.chance, low, likely, high)
    return Book(won.currency, decimals, units(won), tuple(deals.values()))


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
