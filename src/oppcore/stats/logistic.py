"""A logistic curve through points: the chance of a success by one number."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, inf, log, log1p, sqrt
from typing import final

import attrs

__all__ = ["LogisticCurve", "fit_logistic", "logistic", "logit"]

_SETTLED = 1e-12
_STEPS = 200


@final
@attrs.frozen(kw_only=True)
class LogisticCurve:
    """The chance of a success: the logistic function of intercept + slope times x, with the errors of the two."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float

    def at(self, x: float) -> float:
        """Give the chance at x."""
        return logistic(self.intercept + self.slope * x)


def logit(probability: float) -> float:
    """Give the logarithm of the odds of a probability: minus infinity for 0, infinity for 1."""
    if probability <= 0 or probability >= 1:
        if probability not in (0, 1):
            message = f"a probability lies between 0 and 1, not {probability}"
            raise ValueError(message)
        return inf if probability else -inf
    return log(probability) - log1p(-probability)


def logistic(log_odds: float) -> float:
    """Give the probability of which `log_odds` are the logarithm of the odds.

    >>> logistic(0.0)
    0.5
    """
    if log_odds >= 0:
        return 1 / (1 + exp(-log_odds))
    odds = exp(log_odds)
    return odds / (1 + odds)


def fit_logistic(
    x: Sequence[float], successes: Sequence[float], weights: Sequence[float] | None = None
) -> LogisticCurve | None:
    """Give the most likely curve for successes (0 to 1 each) at x, each counted by its weight.

    None where no curve is the most likely: x is the same everywhere, or some x parts successes from failures so that
    the steeper the curve, the better. Raises `ValueError` for lists of unlike length.

    Source: Newton's method on the likelihood, McCullagh and Nelder (1989), Generalized Linear Models, section 4.4.
    """
    weighed = [1.0] * len(x) if weights is None else list(weights)
    points = [point for point in zip(x, successes, weighed, strict=True) if point[2] > 0]
    if _is_parted(points):
        return None
    centre = fsum(weight * place for place, _, weight in points) / fsum(weight for *_, weight in points)
    spread = sqrt(fsum(weight * (place - centre) ** 2 for place, _, weight in points) / fsum(w for *_, w in points))
    scaled = [((place - centre) / spread, success, weight) for place, success, weight in points]
    intercept = slope = 0.0
    cost = _cost(scaled, intercept, slope)
    for _ in range(_STEPS):
        (down, up), (a, b, c) = _derivatives(scaled, intercept, slope)
        determinant = a * c - b * b
        steps = (c * down - b * up) / determinant, (a * up - b * down) / determinant
        share = 1.0
        while (
            better := _cost(scaled, intercept + share * steps[0], slope + share * steps[1])
        ) > cost + _SETTLED * cost:
            share /= 2
        intercept, slope, cost = intercept + share * steps[0], slope + share * steps[1], better
        if max(map(abs, steps)) <= _SETTLED * max(1.0, abs(intercept), abs(slope)):
            break
    _, (a, b, c) = _derivatives(scaled, intercept, slope)
    determinant = a * c - b * b
    shift = centre / spread
    variance, covariance, slope_variance = c / determinant, -b / determinant, a / determinant
    return LogisticCurve(
        intercept=intercept - slope * shift,
        slope=slope / spread,
        intercept_error=sqrt(variance - 2 * shift * covariance + shift * shift * slope_variance),
        slope_error=sqrt(slope_variance) / spread,
    )


Point = tuple[float, float, float]


def _is_parted(points: Sequence[Point]) -> bool:
    """Whether some x has all successes on one side and all failures on the other, both counting x itself."""
    won = [x for x, success, _ in points if success > 0]
    lost = [x for x, success, _ in points if success < 1]
    if not won or not lost:
        return True
    return max(lost) <= min(won) or max(won) <= min(lost)


def _cost(points: Sequence[Point], intercept: float, slope: float) -> float:
    """Give minus the logarithm of the likelihood."""
    return fsum(weight * (_log_sum(z := intercept + slope * x) - success * z) for x, success, weight in points)


def _log_sum(z: float) -> float:
    """Give log(1 + exp(z))."""
    return z + log1p(exp(-z)) if z > 0 else log1p(exp(z))


def _derivatives(
    points: Sequence[Point], intercept: float, slope: float
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """Give the gradient of the log-likelihood and minus its second derivatives."""
    chances = [logistic(intercept + slope * x) for x, *_ in points]
    rests = [weight * (success - chance) for chance, (_, success, weight) in zip(chances, points, strict=True)]
    bends = [weight * chance * (1 - chance) for chance, (*_, weight) in zip(chances, points, strict=True)]
    places = [x for x, *_ in points]
    return (fsum(rests), fsum(map(_product, rests, places))), (
        fsum(bends),
        fsum(map(_product, bends, places)),
        fsum(bend * x * x for bend, x in zip(bends, places, strict=True)),
    )


def _product(one: float, other: float) -> float:
    return one * other
