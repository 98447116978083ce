"""What curves over time have in common: where a time falls in them, and how sure their values are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from math import exp, log, sqrt
from typing import Literal

from oppcore.stats.normal import two_sided_quantile

__all__ = ["CurveScale", "Interval", "Probability", "choose_division", "find_intervals", "find_step"]

Probability = float | Fraction
"""A probability: a float, or an exact fraction where an exact estimate was asked for."""

Interval = tuple[float, float]
"""Low and high."""

CurveScale = Literal["log-log", "plain"]
"""On which scale an interval is symmetric: `log-log` stays within 0 and 1 by itself, `plain` is cut off there."""


def choose_division(*, exact: bool) -> Callable[[int, int], Probability]:
    """Give how counts are divided: into fractions, or into floats."""
    return Fraction if exact else _divide


def _divide(above: int, below: int) -> float:
    return above / below


def find_step(times: Sequence[float], time: float, *, ended: bool) -> int | None:
    """Give the position of the last of the times up to a time: -1 before the first of them.

    None where nothing was observed any more: after the last of the times, unless the curve had `ended` there.
    Raises `ValueError` for a negative time.
    """
    if not time >= 0:
        message = f"a time is at least 0, not {time}"
        raise ValueError(message)
    if not times or (time > times[-1] and not ended):
        return None
    return bisect_right(times, time) - 1


def find_intervals(
    values: Iterable[Probability], variances: Iterable[Probability], *, confidence: float, scale: CurveScale
) -> tuple[Interval | None, ...]:
    """Give the intervals of estimated probabilities, each symmetric around its estimate on a scale.

    None where the estimate is 0 or 1: there the variance, 0, says nothing about how sure it is.

    Source: Kalbfleisch and Prentice (2002), The statistical analysis of failure time data, 2nd ed., section 1.4.
    """
    if scale not in _SCALES:
        message = f"an interval is symmetric on the scale 'log-log' or 'plain', not {scale!r}"
        raise ValueError(message)
    find, z = _SCALES[scale], two_sided_quantile(confidence)
    found: list[Interval | None] = []
    limits: Interval | None = None
    last: Probability | None = None
    for value, variance in zip(values, variances, strict=True):
        if value is not last:
            last = value
            limits = find(float(value), z * sqrt(variance)) if 0 < value < 1 else None
        found.append(limits)
    return tuple(found)


def _plain(value: float, error: float) -> Interval:
    return max(0.0, value - error), min(1.0, value + error)


def _log_log(value: float, error: float) -> Interval:
    width = exp(error / (value * -log(value)))
    return value**width, value ** (1 / width)


_SCALES: Mapping[CurveScale, Callable[[float, float], Interval]] = {"log-log": _log_log, "plain": _plain}
