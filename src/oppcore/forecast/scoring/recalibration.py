"""Maps from probabilities that are off to probabilities that hold, learnt from what came of earlier ones."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import fsum
from typing import final

import attrs

from oppcore.stats import fit_logistic, logistic, logit, pool_violators

__all__ = ["IsotonicMap", "PlattMap", "fit_isotonic", "fit_platt", "read_outcomes"]

_CLIP = 1e-15


@final
@attrs.frozen
class PlattMap:
    """Shifts and stretches the log-odds of a probability: intercept + slope times them. Call it with a probability.

    It keeps the order of probabilities where the slope is above 0, as it is wherever they were of any use.
    """

    intercept: float
    slope: float

    def __call__(self, probability: float) -> float:
        """Give the probability that holds."""
        return logistic(self.intercept + self.slope * logit(min(max(probability, _CLIP), 1 - _CLIP)))


@final
@attrs.frozen
class IsotonicMap:
    """Puts in the place of each probability the share won among those like it; call it with a probability.

    `places` are probabilities, rising, and `values` what becomes of them, never falling; between two places it goes in
    a straight line, and outside them it stays.
    """

    places: tuple[float, ...]
    values: tuple[float, ...]

    def __call__(self, probability: float) -> float:
        """Give the probability that holds."""
        after = bisect_left(self.places, probability)
        if after == len(self.places):
            return self.values[-1]
        if after == 0 or self.places[after] == probability:
            return self.values[after]
        low, high = self.places[after - 1], self.places[after]
        part = (probability - low) / (high - low)
        below, above = self.values[after - 1], self.values[after]
        return min(below + part * (above - below), above)


def fit_platt(
    probabilities: Iterable[float], outcomes: Iterable[bool | int], *, weights: Iterable[float] | None = None
) -> PlattMap:
    """Give the map of log-odds that makes the outcomes (true for won) most likely.

    Outcomes are taken as a little less than certain: as (w + 1) / (w + 2) for each of w won, and as 1 / (l + 2) for
    each of l lost. So it exists for few outcomes and for outcomes of one kind, too. Equal probabilities are shifted
    and not stretched. Raises `ValueError` where there are none, and for probabilities outside 0 to 1.

    Source: Platt (1999), Probabilistic outputs for support vector machines, section 2.2.

    >>> found = fit_platt([0.9, 0.9, 0.9, 0.9, 0.1, 0.1], [True, True, False, False, False, False])
    >>> round(found(0.9), 2), round(found(0.1), 2)
    (0.46, 0.17)
    """
    pairs = read_outcomes(probabilities, outcomes)
    weighed = _weights(weights, len(pairs))
    won = fsum(weight for weight, (_, hit) in zip(weighed, pairs, strict=True) if hit)
    lost = fsum(weighed) - won
    high, low = (won + 1) / (won + 2), 1 / (lost + 2)
    x = [logit(min(max(probability, _CLIP), 1 - _CLIP)) for probability, _ in pairs]
    targets = [high if hit else low for _, hit in pairs]
    if curve := fit_logistic(x, targets, weighed):
        return PlattMap(curve.intercept, curve.slope)
    return PlattMap(logit((won * high + lost * low) / (won + lost)) - x[0], 1.0)


def fit_isotonic(
    probabilities: Iterable[float], outcomes: Iterable[bool | int], *, weights: Iterable[float] | None = None
) -> IsotonicMap:
    """Give the never falling map with the least squared error of the outcomes (true for won).

    It can bend anywhere and so wants many outcomes, about a thousand or more; `fit_platt` does with few. Raises
    `ValueError` where there are none, and for probabilities outside 0 to 1.

    Source: pool adjacent violators, Ayer et al. (1955), Annals of Mathematical Statistics 26, 641-647.

    >>> found = fit_isotonic([0.1, 0.2, 0.3, 0.4], [False, True, False, True])
    >>> found(0.1), found(0.25), found(0.9)
    (0.0, 0.5, 1.0)
    """
    pairs = read_outcomes(probabilities, outcomes)
    weighed = _weights(weights, len(pairs))
    points = sorted((place, hit, weight) for (place, hit), weight in zip(pairs, weighed, strict=True) if weight > 0)
    places: list[float] = []
    won: list[float] = []
    weight: list[float] = []
    for place, same in groupby(points, key=_place):
        found = [(hit, each) for _, hit, each in same]
        places.append(place)
        weight.append(fsum(each for _, each in found))
        won.append(fsum(each for hit, each in found if hit) / weight[-1])
    ends: list[tuple[float, float]] = []
    for value, block in groupby(zip(pool_violators(won, weight), places, strict=True), key=_place):
        inside = [place for _, place in block]
        ends += [(place, value) for place in dict.fromkeys((inside[0], inside[-1]))]
    return IsotonicMap(tuple(place for place, _ in ends), tuple(value for _, value in ends))


def read_outcomes(probabilities: Iterable[float], outcomes: Iterable[bool | int]) -> list[tuple[float, bool]]:
    """Give probabilities with their outcomes. Raises `ValueError` for what are no such."""
    chances, hits = list(probabilities), list(outcomes)
    if len(chances) != len(hits):
        message = f"{len(chances)} probabilities and {len(hits)} outcomes: there is one of each for every deal"
        raise ValueError(message)
    for place, (chance, hit) in enumerate(zip(chances, hits, strict=True)):
        if not 0 <= chance <= 1:
            message = f"probability {place}: {chance} is not between 0 and 1"
            raise ValueError(message)
        if hit not in (0, 1):
            message = f"outcome {place}: {hit!r} is neither true (won) nor false"
            raise ValueError(message)
    return [(float(chance), bool(hit)) for chance, hit in zip(chances, hits, strict=True)]


def _place(point: tuple[float, ...]) -> float:
    return point[0]


def _weights(weights: Iterable[float] | None, count: int) -> Sequence[float]:
    found = [1.0] * count if weights is None else list(weights)
    if len(found) != count or any(weight < 0 for weight in found) or not fsum(found) > 0:
        message = f"there is a weight of at least 0 for each of at least one outcome, not {len(found)} for {count}"
        raise ValueError(message)
    return found
