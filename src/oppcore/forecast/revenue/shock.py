"""The shared shock: what makes deals go well or badly together (a one-factor Gaussian copula)."""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, inf, sqrt
from typing import final

import attrs

from oppcore.stats import normal_quantile

__all__ = ["Shock", "check_dependence", "find_reach", "threshold"]

_FAR = 6.5
"""Shocks farther from 0 than this many standard deviations have a probability below 1e-10."""

_HALF = 1 / sqrt(2)


def check_dependence(dependence: float) -> None:
    """Raise `ValueError` where a dependence is not from 0 up to, and without, 1."""
    if not 0 <= dependence < 1:
        message = f"a dependence is at least 0 and below 1, not {dependence}"
        raise ValueError(message)


def threshold(probability: float) -> float:
    """Give the value that a standard normal variable stays below with a probability; infinite for 0 and 1."""
    if 0 < probability < 1:
        return normal_quantile(probability)
    return inf if probability else -inf


def find_reach(dependence: float) -> float:
    """Give how far the shock has to go to change the odds of a deal much: closer by, probabilities are smooth."""
    return sqrt((1 - dependence) / dependence) if dependence else inf


@final
@attrs.frozen
class Shock:
    """A dependence, and shocks at equal distances with their weights, which add up to 1.

    A deal is won where `sqrt(dependence) * shock + sqrt(1 - dependence) * own` stays below its threshold, with a
    standard normal `own` of each deal: alone it is won with its probability, two deals of different chance are
    correlated by `dependence` underneath, and given the shock all deals are independent. A high shock is bad.

    Source: Vasicek (1987), Probability of Loss on Loan Portfolio; Li (2000), On Default Correlation.
    """

    dependence: float
    shocks: Sequence[float]
    weights: Sequence[float]

    @classmethod
    def of(cls, dependence: float, count: int) -> Shock:
        """Give so many shocks; the trapezoidal rule over them is precise to many digits for smooth functions."""
        if not dependence:
            return cls(0.0, (0.0,), (1.0,))
        shocks = [_FAR * (2 * place / (count - 1) - 1) for place in range(count)]
        weights = [exp(-shock * shock / 2) for shock in shocks]
        total = sum(weights)
        return cls(dependence, shocks, [weight / total for weight in weights])

    def chances(self, probability: float, threshold: float) -> list[float]:
        """Give the win probability of a deal under each shock."""
        if not self.dependence or not 0 < probability < 1:
            return [probability] * len(self.shocks)
        scale = _HALF / sqrt(1 - self.dependence)
        level, slope = threshold * scale, sqrt(self.dependence) * scale
        return [erfc(slope * shock - level) / 2 for shock in self.shocks]
