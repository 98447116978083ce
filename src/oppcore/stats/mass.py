"""How likely one count is: binomial and hypergeometric masses that stay exact to many digits for huge counts."""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p, pi, sqrt

__all__ = ["beta_kernel", "binomial_mass", "gamma_kernel", "hypergeometric_mass"]

_HALF_LOG_2_PI = 0.5 * log(2 * pi)


def beta_kernel(x: float, y: float, a: float, b: float) -> float:
    """Give x^a y^b / B(a, b) for positive a and b, where y is 1 - x, given apart so that it may be tiny.

    Source: Loader (2000), Fast and accurate computation of binomial probabilities: the logarithms of huge factorials
    are never subtracted from one another; what they have in common is left out first.
    """
    if x <= 0 or y <= 0:
        return 0.0
    n = a + b
    exponent = _stirling_error(n) - _stirling_error(a) - _stirling_error(b) - _deviance(a, n * x) - _deviance(b, n * y)
    return exp(exponent) * sqrt(a) * sqrt(b) / sqrt(2 * pi * n)


def gamma_kernel(x: float, a: float) -> float:
    """Give x^a e^-x / gamma(a) for a positive a."""
    return exp(-_stirling_error(a) - _deviance(a, x)) * sqrt(a) / sqrt(2 * pi) if x > 0 else 0.0


def binomial_mass(successes: int, trials: int, share: float, other_share: float) -> float:
    """Give how likely exactly so many successes are; `other_share` is 1 - share, given apart as it may be tiny."""
    failures = trials - successes
    if successes == 0:
        return _power(other_share, share, trials)
    if failures == 0:
        return _power(share, other_share, trials)
    return beta_kernel(share, other_share, successes, failures) * trials / successes / failures


def hypergeometric_mass(drawn: int, marked: int, unmarked: int, draws: int) -> float:
    """Give how likely it is to draw exactly so many marked ones in so many draws without putting back."""
    total = marked + unmarked
    if draws in (0, total):
        return 1.0
    share, other = draws / total, (total - draws) / total
    among_marked = binomial_mass(drawn, marked, share, other)
    among_unmarked = binomial_mass(draws - drawn, unmarked, share, other)
    return among_marked * among_unmarked / binomial_mass(draws, total, share, other)


def _power(share: float, other_share: float, trials: int) -> float:
    """Give share to the power of trials; share is 1 - other_share."""
    if trials == 0:
        return 1.0
    if share == 0:
        return 0.0
    return exp(trials * (log(share) if share < 0.5 else log1p(-other_share)))


def _stirling_error(n: float) -> float:
    """Give what Stirling's formula leaves out of log gamma(n + 1)."""
    if n <= 15:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - _HALF_LOG_2_PI
    square = n * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n


def _deviance(count: float, expected: float) -> float:
    """Give count log(count / expected) + expected - count, also where they are nearly the same."""
    if expected == 0:
        return inf
    if abs(count - expected) >= 0.1 * (count + expected):
        return count * (log(count) - log(expected)) + expected - count
    ratio = (count - expected) / (count + expected)
    total = (count - expected) * ratio
    term = 2 * count * ratio
    square = ratio * ratio
    divisor = 1
    while True:
        term *= square
        divisor += 2
        if (more := total + term / divisor) == total:
            return total
        total = more
