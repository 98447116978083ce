"""How likely each amount is, as it is found: at single amounts, or spread over a grid."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Protocol, final

import attrs

__all__ = ["Atoms", "Grid", "Spread"]


class Spread(Protocol):
    """How likely each amount is, in units."""

    def quantile(self, probability: Fraction) -> int | float:
        """Give the smallest amount that is not exceeded with a probability (above 0, below 1)."""
        ...

    def at_least(self, amount: Fraction) -> Fraction | float:
        """Give the probability that as much as an amount comes in."""
        ...


@final
@attrs.frozen
class Atoms:
    """Single amounts, ascending, with the weight of those up to each; exact where the weights are whole numbers."""

    amounts: Sequence[int]
    cumulative: Sequence[int | float]

    @classmethod
    def of(cls, weights: Mapping[int, int | float]) -> Atoms:
        """Give the distribution with these weights."""
        amounts = sorted(weights)
        return cls(amounts, list(accumulate(weights[amount] for amount in amounts)))

    def quantile(self, probability: Fraction) -> int:
        """Give the smallest amount that is not exceeded with a probability."""
        wanted = probability * self.cumulative[-1] if self._exact else float(probability) * self.cumulative[-1] - 1e-12
        return self.amounts[min(bisect_left(self.cumulative, wanted), len(self.amounts) - 1)]

    def at_least(self, amount: Fraction) -> Fraction | float:
        """Give the probability that as much as an amount comes in."""
        place = bisect_left(self.amounts, amount)
        below = self.cumulative[place - 1] if place else 0
        whole = self.cumulative[-1]
        if isinstance(whole, int) and isinstance(below, int):
            return Fraction(whole - below, whole)
        return min(1.0, max(0.0, (whole - below) / whole))

    @property
    def _exact(self) -> bool:
        return isinstance(self.cumulative[-1], int)


@final
@attrs.frozen
class Grid:
    """Probabilities spread over a grid: `cumulative` up to each edge, from `start` in steps of `step`.

    `offset` (half the distance of attainable amounts) is how far below an amount its own probability begins.
    """

    start: float
    step: float
    cumulative: Sequence[float]
    lowest: int
    highest: int
    offset: float

    def quantile(self, probability: Fraction) -> float:
        """Give the amount that is not exceeded with a probability, between edges by a straight line."""
        wanted = float(probability)
        place = bisect_left(self.cumulative, wanted)
        if place >= len(self.cumulative):
            return float(self.highest)
        before = self.cumulative[place - 1] if place else 0.0
        rise = self.cumulative[place] - before
        edge = self.start + self.step * (place - 1 + ((wanted - before) / rise if rise > 0 else 1))
        return float(min(max(edge, self.lowest), self.highest))

    def at_least(self, amount: Fraction) -> float:
        """Give the probability that as much as an amount comes in, between edges by a straight line."""
        if amount <= self.lowest:
            return 1.0
        if amount > self.highest:
            return 0.0
        place = (float(amount) - self.offset - self.start) / self.step
        if place <= 0:
            return 1.0
        edge = int(place)
        if edge + 1 >= len(self.cumulative):
            return 1 - self.cumulative[-1]
        low, high = self.cumulative[edge], self.cumulative[edge + 1]
        return 1 - (low + (high - low) * (place - edge))
