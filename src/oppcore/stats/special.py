"""The special functions: the beta and gamma distributions with their quantiles."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, isfinite, log

from oppcore.stats.mass import beta_kernel, gamma_kernel
from oppcore.stats.normal import check_inner

__all__ = [
    "beta_cdf",
    "beta_quantile",
    "beta_quantile_pair",
    "beta_sf",
    "chi_square_sf",
    "digamma",
    "gamma_cdf",
    "gamma_quantile",
    "gamma_sf",
    "trigamma",
]

_TINY = 1e-300
"""Stands for 0 in the denominators of continued fractions (modified Lentz)."""

_SETTLED = 1e-14
"""The relative change below which a fraction or a search has settled."""


def beta_cdf(x: float, a: float, b: float) -> float:
    """Give the probability that a Beta(a, b) variable is at most x: the regularised incomplete beta function.

    Raises `ValueError` where x is not in 0 to 1, or a or b is not positive and finite.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22; Didonato and Morris (1992),
    Algorithm 708, ACM Transactions on Mathematical Software 18, 360-373 (the continued fraction).

    >>> round(beta_cdf(0.5, 2, 3), 12)
    0.6875
    """
    _check_beta(x, a, b)
    return _beta(x, 1 - x, a, b)[0]


def beta_sf(x: float, a: float, b: float) -> float:
    """Give the probability that a Beta(a, b) variable exceeds x, exact to many digits also where it is tiny."""
    _check_beta(x, a, b)
    return _beta(x, 1 - x, a, b)[1]


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Give the value that a Beta(a, b) variable does not exceed with a probability (0 to 1).

    Raises `ValueError` as `beta_cdf` does.

    >>> round(beta_quantile(0.6875, 2, 3), 12)
    0.5
    """
    return beta_quantile_pair(probability, a, b)[0]


def beta_quantile_pair(probability: float, a: float, b: float) -> tuple[float, float]:
    """Give the quantile of Beta(a, b) and 1 minus it, each exact to many digits however close it is to 0."""
    _check_beta(probability, a, b)
    if probability in (0, 1):
        return probability, 1 - probability

    def at(logit: float) -> tuple[float, float, float]:
        x, y = _from_logit(logit)
        return *_beta(x, y, a, b), beta_kernel(x, y, a, b)

    return _from_logit(_search(probability, at, log(a) - log(b)))


def gamma_cdf(x: float, shape: float) -> float:
    """Give the probability that a gamma variable (of scale 1) is at most x: the regularised incomplete gamma function.

    Raises `ValueError` where x is negative or no number, or the shape is not positive and finite.

    Source: NIST Digital Library of Mathematical Functions, 8.11.4 (the series) and 8.9.2 (the continued fraction).
    """
    _check_gamma(x, shape)
    return _gamma(x, shape)[0]


def gamma_sf(x: float, shape: float) -> float:
    """Give the probability that a gamma variable (of scale 1) exceeds x, exact to many digits also where it is tiny."""
    _check_gamma(x, shape)
    return _gamma(x, shape)[1]


def gamma_quantile(probability: float, shape: float) -> float:
    """Give the value that a gamma variable (of scale 1) does not exceed with a probability: infinity for 1."""
    _check_gamma(0, shape)
    if probability == 0:
        return 0.0
    if probability == 1:
        return inf
    check_inner(probability)

    def at(logarithm: float) -> tuple[float, float, float]:
        x = exp(logarithm) if logarithm < 700 else inf
        return *_gamma(x, shape), gamma_kernel(x, shape)

    return exp(_search(probability, at, log(shape)))


def chi_square_sf(x: float, degrees_of_freedom: int) -> float:
    """Give the probability that a chi-square variable exceeds x.

    >>> round(chi_square_sf(3.841458820694124, 1), 12)
    0.05
    """
    return gamma_sf(x / 2, degrees_of_freedom / 2)


def digamma(x: float) -> float:
    """Give the slope of log gamma at a positive x.

    Source: NIST Digital Library of Mathematical Functions, 5.5.2 (the recurrence) and 5.11.2 (the series).

    >>> round(digamma(1), 12)
    -0.577215664902
    """
    _check_gamma(0, x)
    before = 0.0
    while x < 10:
        before += 1 / x
        x += 1
    square = 1 / (x * x)
    series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))))
    return log(x) - 0.5 / x - series - before


def trigamma(x: float) -> float:
    """Give the slope of `digamma` at a positive x.

    Source: NIST Digital Library of Mathematical Functions, 5.15.5 (the recurrence) and 5.15.8 (the series).
    """
    _check_gamma(0, x)
    before = 0.0
    while x < 10:
        before += 1 / (x * x)
        x += 1
    square = 1 / (x * x)
    series = square * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square * (1 / 30 - square * 5 / 66))))
    return before + 1 / x + square / 2 + series / x


def _beta(x: float, y: float, a: float, b: float) -> tuple[float, float]:
    """Give the probabilities below and above x; y is 1 - x."""
    if x <= 0:
        return 0.0, 1.0
    if y <= 0:
        return 1.0, 0.0
    kernel = beta_kernel(x, y, a, b)
    if a * y > b * x:
        below = min(1.0, kernel * _beta_fraction(x, y, a, b))
        return below, 1 - below
    above = min(1.0, kernel * _beta_fraction(y, x, b, a))
    return 1 - above, above


def _beta_fraction(x: float, y: float, a: float, b: float) -> float:
    """Give the incomplete beta function over its kernel, where x is below the mean."""
    upper = value = _nonzero(a / (a + 1) * (a * y - b * x + 1))
    lower = 0.0
    step = 0
    while True:
        step += 1
        odd = a + 2 * step - 1
        shared = step * (b - step) * x / odd
        numerator = (a + step - 1) * (a + b + step - 1) / odd * shared * x
        base = step + shared + (a + step) / (odd + 2) * (a * y - b * x + 1 + step * (1 + y))
        lower = 1 / _nonzero(base + numerator * lower)
        upper = _nonzero(base + numerator / upper)
        value *= upper * lower
        if abs(upper * lower - 1) <= _SETTLED:
            return 1 / value


def _gamma(x: float, a: float) -> tuple[float, float]:
    """Give the probabilities below and above x."""
    if x <= 0:
        return 0.0, 1.0
    if x == inf:
        return 1.0, 0.0
    kernel = gamma_kernel(x, a)
    if x < a + 1:
        below = min(1.0, kernel * _gamma_series(x, a))
        return below, 1 - below
    above = min(1.0, kernel * _gamma_fraction(x, a))
    return 1 - above, above


def _gamma_series(x: float, a: float) -> float:
    term = total = 1 / a
    while term > total * _SETTLED / 100:
        a += 1
        term *= x / a
        total += term
    return total


def _gamma_fraction(x: float, a: float) -> float:
    base = x + 1 - a
    upper, lower = 1 / _TINY, 1 / _nonzero(base)
    value = lower
    step = 0
    while True:
        step += 1
        term = step * (a - step)
        base += 2
        lower = 1 / _nonzero(base + term * lower)
        upper = _nonzero(base + term / upper)
        change = upper * lower
        value *= change
        if abs(change - 1) <= _SETTLED:
            return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _search(probability: float, at: Callable[[float], tuple[float, float, float]], guess: float) -> float:
    """Give where the probability below is as wanted, by Newton's method on its logarithm, kept between bounds.

    `at` gives the probabilities below and above a place, and the slope of the one below.
    """
    lower = probability <= 0.5
    wanted = probability if lower else 1 - probability
    low, high, place = -inf, inf, guess
    stride = 1.0
    while True:
        below, above, slope = at(place)
        found = below if lower else above
        if (found < wanted) == lower:
            low = place
        else:
            high = place
        distance = log(wanted / found) * found / slope if found > 0 and slope > 0 else inf
        following = place + distance if lower else place - distance
        if not low < following < high:
            if isfinite(low) and isfinite(high):
                following = (low + high) / 2
            else:
                following = high - stride if isfinite(high) else low + stride
                stride *= 2
        if abs(following - place) <= _SETTLED * max(1.0, abs(place)) or abs(following) > 1e4:
            return following
        place = following


def _from_logit(logit: float) -> tuple[float, float]:
    if logit < 0:
        y, x = _from_logit(-logit)
        return x, y
    small = exp(-logit)
    return 1 / (1 + small), small / (1 + small)


def _check_beta(x: float, a: float, b: float) -> None:
    if not 0 <= x <= 1:
        message = f"a share lies between 0 and 1, not {x}"
        raise ValueError(message)
    if not (0 < a < inf and 0 < b < inf):
        message = f"the parameters of a beta distribution are positive and finite, not {a} and {b}"
        raise ValueError(message)


def _check_gamma(x: float, shape: float) -> None:
    if not x >= 0:
        message = f"a gamma variable is at least 0, not {x}"
        raise ValueError(message)
    if not 0 < shape < inf:
        message = f"the shape of a gamma distribution is positive and finite, not {shape}"
        raise ValueError(message)
