"""How far a sum of independent deals can go, but for odds that do not matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import expm1, log1p

from oppcore.forecast.revenue.book import Chance

__all__ = ["find_least", "find_most"]

_RARE = 23.1
"""Minus the logarithm of 1e-10."""


def find_most(deals: Sequence[Chance]) -> float:
    """Give an amount that independent deals exceed with a probability below 1e-10.

    Source: Chernoff (1952), A Measure of Asymptotic Efficiency for Tests of a Hypothesis.
    """
    found = float(sum(deal.high for deal in deals))
    for rate in _rates(deals):
        tilted = sum(log1p(float(deal.probability) * expm1(rate * deal.high)) for deal in deals)
        found = min(found, (tilted + _RARE) / rate)
    return found


def find_least(deals: Sequence[Chance]) -> float:
    """Give an amount that independent deals stay below with a probability below 1e-10."""
    found = 0.0
    for rate in _rates(deals):
        tilted = sum(log1p(float(deal.probability) * expm1(-rate * deal.low)) for deal in deals if deal.low)
        found = max(found, -(tilted + _RARE) / rate)
    return found


def _rates(deals: Sequence[Chance]) -> Iterator[float]:
    """Give the rates at which large sums may be punished: from mild to harsh, next to the largest amount."""
    largest = max((deal.high for deal in deals), default=0)
    return (2.0**power / largest for power in range(-9, 6) if largest)
