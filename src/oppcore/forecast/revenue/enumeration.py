"""The distribution of a sum by adding deal after deal to every sum there is: exact, where the sums are few enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from fractions import Fraction
from math import ceil
from typing import final

import attrs

from oppcore.forecast.revenue.book import Book, Chance
from oppcore.forecast.revenue.shock import Shock, find_reach, threshold
from oppcore.forecast.revenue.spread import Atoms

__all__ = ["Enumeration", "enumerate_book"]

_MOST = 100_000
_MOST_UNDER_SHOCKS = 1_000_000
_SHOCKS = 129
_LENGTH = 13.0


@final
@attrs.frozen
class Enumeration:
    """A book whose sums are counted one by one: with whole numbers where deals are independent, else under shocks."""

    book: Book
    shock: Shock

    def spread(self) -> Atoms:
        """Give the distribution of what comes in."""
        return self._spread(self.book.deals, self.shock.weights)

    def swings(self, deals: Collection[Chance], amount: Fraction) -> dict[str, float]:
        """Give by how much more likely it is that an amount comes in if a deal is won than if it is not."""
        return {deal.id: self._swing(deal, amount) for deal in deals}

    def _swing(self, deal: Chance, amount: Fraction) -> float:
        others = [other for other in self.book.deals if other.id != deal.id]
        chance = float(deal.probability)
        chances = self.shock.chances(chance, threshold(chance))
        pairs = list(zip(self.shock.weights, chances, strict=True))
        won = self._spread(others, [weight * p / chance for weight, p in pairs])
        missed = self._spread(others, [weight * (1 - p) / (1 - chance) for weight, p in pairs])
        return float(won.at_least(amount - deal.high)) - float(missed.at_least(amount))

    def _spread(self, deals: Sequence[Chance], weights: Sequence[float]) -> Atoms:
        if not self.shock.dependence:
            return Atoms.of(_add_deals(_exactly(deals), self.book.won))
        chances = [self.shock.chances(p, threshold(p)) for p in (float(deal.probability) for deal in deals)]
        sums: dict[int, int | float] = {}
        for place, weight in enumerate(weights):
            given = ((deal.high, each[place], 1 - each[place]) for deal, each in zip(deals, chances, strict=True))
            for amount, found in _add_deals(given, self.book.won).items():
                sums[amount] = sums.get(amount, 0) + weight * found
        return Atoms.of(sums)


def enumerate_book(book: Book, dependence: float) -> Enumeration | None:
    """Give the book to be counted one by one; None where its sums are too many, or its amounts not fixed."""
    if not all(deal.is_fixed for deal in book.deals):
        return None
    count = max(_SHOCKS, ceil(2 * _LENGTH / find_reach(dependence)) + 1)
    shock = Shock.of(dependence, count)
    limit = _MOST_UNDER_SHOCKS // len(shock.shocks) if dependence else _MOST
    return None if _count_sums((deal.high for deal in book.deals), limit=limit) is None else Enumeration(book, shock)


def _exactly(deals: Sequence[Chance]) -> Iterator[tuple[int, int, int]]:
    for deal in deals:
        chance = deal.probability
        yield deal.high, chance.numerator, chance.denominator - chance.numerator


def _count_sums(amounts: Iterable[int], *, limit: int) -> int | None:
    """Give how many additions it takes to add deals of these amounts up, each won or not; None above the limit."""
    sums = {0}
    steps = 0
    for amount in amounts:
        sums |= {found + amount for found in sums}
        steps += len(sums)
        if steps > limit:
            return None
    return steps


def _add_deals(deals: Iterable[tuple[int, int | float, int | float]], start: int) -> dict[int, int | float]:
    """Give the weight of each sum of deals, each given by its amount and the weights of winning and of not winning."""
    sums: dict[int, int | float] = {start: 1}
    for amount, win, miss in deals:
        following = {found: weight * miss for found, weight in sums.items()}
        for found, weight in sums.items():
            total = found + amount
            following[total] = following.get(total, 0) + weight * win
        sums = following
    return sums
