"""How many of some deals will be won, each with its own probability: the range of the number."""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum, sqrt

from oppcore.stats.normal import check_confidence, normal_quantile

__all__ = ["win_count_interval"]

_EXACT_UP_TO = 300


def win_count_interval(probabilities: Iterable[float], *, confidence: float = 0.8) -> tuple[int, int]:
    """Give the range of the number of wins, ends included, from a lower to an upper quantile, of independent deals.

    A quantile is the smallest number that is not exceeded with at least its probability, so that the range holds the
    true number at least as often as `confidence` says. It is exact for up to 300 deals, and beyond by the normal
    distribution with a correction for continuity.

    Source: the Poisson binomial distribution, by convolution: Hong (2013), On computing the distribution function for
    the Poisson binomial distribution, Computational Statistics & Data Analysis 59, 41-51.

    >>> win_count_interval([0.5] * 10)
    (3, 7)
    """
    check_confidence(confidence)
    chances = list(probabilities)
    lower, upper = (1 - confidence) / 2, (1 + confidence) / 2
    if len(chances) > _EXACT_UP_TO:
        mean, deviation = fsum(chances), sqrt(fsum(chance * (1 - chance) for chance in chances))
        edges = (mean + deviation * normal_quantile(level) - 0.5 for level in (lower, upper))
        low, high = (min(len(chances), max(0, -int(-edge // 1))) for edge in edges)
        return low, high
    masses = [1.0]
    for chance in chances:
        stays = [mass * (1 - chance) for mass in masses] + [0.0]
        rises = [0.0] + [mass * chance for mass in masses]
        masses = [stay + rise for stay, rise in zip(stays, rises, strict=True)]
    return _quantile(masses, lower), _quantile(masses, upper)


def _quantile(masses: list[float], level: float) -> int:
    below = 0.0
    for number, mass in enumerate(masses):
        below += mass
        # Sums of floats fall short by a little, which is not to cost a whole win.
        if below >= level - 1e-12:
            return number
    return len(masses) - 1
