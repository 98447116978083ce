"""How far a number of a sample may be off: the same number of many samples drawn from the sample itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from random import Random

from oppcore.stats.curve import Interval
from oppcore.stats.normal import check_confidence

__all__ = ["percentile_interval", "resample"]


def resample(size: int, *, times: int, seed: int) -> Iterator[Mapping[int, int]]:
    """Give samples of as many things as there are, drawn with replacement: the positions, each with how often.

    The same seed gives the same samples. Raises `ValueError` for a size or a number of samples below 1.

    Source: Efron (1979), Bootstrap methods: another look at the jackknife, Ann. Statist. 7, 1-26.

    >>> [sorted(sample.items()) for sample in resample(3, times=2, seed=7)]
    [[(0, 2), (1, 1)], [(0, 1), (1, 2)]]
    """
    if size < 1 or times < 1:
        message = f"samples are drawn at least once from at least one thing, not {times} times from {size}"
        raise ValueError(message)
    dice = Random(seed)
    for _ in range(times):
        yield Counter(dice.choices(range(size), k=size))


def percentile_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Give the interval between which that share of the values of many samples lies, as much below it as above.

    Raises `ValueError` for no values, and for a confidence outside (0, 1).

    >>> percentile_interval([5, 1, 4, 2, 3], 0.6)
    (1, 5)
    """
    check_confidence(confidence)
    if not values:
        message = "an interval needs at least one value"
        raise ValueError(message)
    ordered, tail = sorted(values), (1 - confidence) / 2
    below = max(0, ceil(tail * len(ordered)) - 1)
    return ordered[below], ordered[-1 - below]
