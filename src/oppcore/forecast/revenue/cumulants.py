"""The mean, variance, skew and tails of many deals together, by what they have in common: their probability."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil, sqrt
from typing import final

import attrs

from oppcore.forecast.revenue.book import Chance
from oppcore.forecast.revenue.shock import Shock, find_reach, threshold

__all__ = ["Cumulants", "Moments", "choose_shocks", "raw_moments"]

_FEWEST, _MOST = 41, 1_500
_SUPPORTED = 97
_LENGTH = 13.0
_SUPPORTS = 12
"""Shocks per stretch in which the odds change much: what lies between them is found by cubics to 6 digits."""

_SHOCKS_IN_SIGHT = 4.0
_STRIDE = 1.2
"""How many standard deviations of the sum the mean may move from one shock to the next: errors stay below 1e-5."""


@final
@attrs.frozen
class Cumulants:
    """The first four cumulants of a sum of independent deals."""

    mean: float
    variance: float
    third: float
    fourth: float


def raw_moments(deal: Chance) -> tuple[float, float, float, float]:
    """Give the means of the amount of a won deal, its square, its cube and its fourth power.

    Source: a triangular variable is a mean of its corners with Dirichlet(1, 1, 1) weights, so its k-th moment is the
    complete homogeneous symmetric polynomial of degree k in its corners over (k + 2 choose 2).
    """
    low, likely, high = float(deal.low), float(deal.likely), float(deal.high)
    if deal.is_fixed:
        return high, high**2, high**3, high**4
    found: list[float] = []
    one, two, three = 1.0, 1.0, 1.0  # the polynomials in one, two and all three corners
    for degree in range(1, 5):
        one *= low
        two = one + likely * two
        three = two + high * three
        found.append(three * 2 / ((degree + 1) * (degree + 2)))
    return found[0], found[1], found[2], found[3]


@final
@attrs.frozen
class Moments:
    """The sums over deals of products of their moments, for each win probability that occurs."""

    sums: Mapping[float, Sequence[float]]

    @classmethod
    def of(cls, deals: Iterable[Chance]) -> Moments:
        """Add the moments of deals up."""
        sums: dict[float, list[float]] = {}
        for deal in deals:
            one, two, three, four = raw_moments(deal)
            terms = (
                one,
                two,
                one * one,
                three,
                one * two,
                one**3,
                four,
                4 * one * three + 3 * two * two,
                one * one * two,
                one**4,
            )
            chance = float(deal.probability)
            seen = sums.get(chance)
            sums[chance] = list(terms) if seen is None else [old + new for old, new in zip(seen, terms, strict=True)]
        return cls(sums)

    def given(self, shock: Shock) -> list[Cumulants]:
        """Give the cumulants of the sum of the deals under each shock."""
        rows = [[0.0, 0.0, 0.0, 0.0] for _ in shock.shocks]
        for chance, (m1, m2, m11, m3, m12, m111, m4, pairs, m112, m1111) in self.sums.items():
            for row, p in zip(rows, shock.chances(chance, threshold(chance)), strict=True):
                row[0] += p * m1
                row[1] += p * (m2 - p * m11)
                row[2] += p * (m3 - p * (3 * m12 - p * 2 * m111))
                row[3] += p * (m4 - p * (pairs - p * (12 * m112 - p * 6 * m1111)))
        return [Cumulants(row[0], max(0.0, row[1]), row[2], row[3]) for row in rows]


def choose_shocks(
    dependence: float, moments: Moments, others: Moments, blur: float
) -> tuple[Shock, list[Cumulants], float]:
    """Give as many shocks as it takes for the sums of all deals under neighbouring ones to run into each other.

    With them come the cumulants of the sum of `moments` under each. Each sum is blurred by `blur` (a standard
    deviation) anyway; where so many shocks would be too many, the blur that makes up for it is given.
    """
    if not dependence:
        shock = Shock.of(0.0, 1)
        return shock, moments.given(shock), blur
    coarse = Shock.of(dependence, min(_MOST, max(_SUPPORTED, ceil(_LENGTH * _SUPPORTS / find_reach(dependence)))))
    found = moments.given(coarse)
    distance = coarse.shocks[1] - coarse.shocks[0]
    need = find_reach(dependence) / 2
    steepest = 0.0
    rows = zip(coarse.shocks, found, others.given(coarse), strict=True)
    for (place, one, other), (_, next_one, next_other) in pairwise(rows):
        if abs(place) > _SHOCKS_IN_SIGHT:
            continue
        slope = (one.mean + other.mean - next_one.mean - next_other.mean) / distance
        steepest = max(steepest, slope)
        variance = min(one.variance + other.variance, next_one.variance + next_other.variance)
        if slope > 0:
            need = min(need, _STRIDE * sqrt(variance + blur * blur) / slope)
    count = max(_FEWEST, ceil(_LENGTH / need) + 1) if need > 0 else _MOST
    if count > _MOST:
        count, blur = _MOST, max(blur, steepest * _LENGTH / (_MOST - 1) / _STRIDE)
    fine = Shock.of(dependence, count)
    return fine, [_between(found, (place - coarse.shocks[0]) / distance) for place in fine.shocks], blur


def _between(found: Sequence[Cumulants], place: float) -> Cumulants:
    """Give the cumulants between two places, by the cubic through the four that are nearest."""
    first = min(max(int(place) - 1, 0), len(found) - 4)
    x = place - first
    weights = (
        -(x - 1) * (x - 2) * (x - 3) / 6,
        x * (x - 2) * (x - 3) / 2,
        -x * (x - 1) * (x - 3) / 2,
        x * (x - 1) * (x - 2) / 6,
    )
    near = found[first : first + 4]
    return Cumulants(
        sum(weight * one.mean for weight, one in zip(weights, near, strict=True)),
        max(0.0, sum(weight * one.variance for weight, one in zip(weights, near, strict=True))),
        sum(weight * one.third for weight, one in zip(weights, near, strict=True)),
        sum(weight * one.fourth for weight, one in zip(weights, near, strict=True)),
    )
