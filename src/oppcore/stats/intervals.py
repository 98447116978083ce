"""How sure a share is, and how sure the difference of two shares."""

from __future__ import annotations

from math import sqrt

from oppcore.stats.normal import check_confidence, two_sided_quantile
from oppcore.stats.special import beta_quantile_pair

__all__ = ["check_share", "clopper_pearson", "newcombe", "wilson"]


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval (low, high) in which the true share lies with a confidence (between 0 and 1).

    Unlike the textbook interval it stays within 0 and 1 and is honest for few trials and for shares of 0 and 1.
    Raises `ValueError` where there are no trials, more successes than trials, or a confidence outside (0, 1).

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22, 209-212;
    method 3 (without continuity correction) of Newcombe (1998), Statistics in Medicine 17, 857-872.

    >>> low, high = wilson(81, 263)
    >>> round(low, 6), round(high, 6)
    (0.255289, 0.36621)
    """
    check_share(successes, trials)
    z = two_sided_quantile(confidence)
    share = successes / trials
    weight = z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = sqrt(share * (1 - share) * weight + weight * weight / 4) / (1 + weight)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval (low, high) that holds the true share with at least the confidence, whatever the share is.

    It is wider than Wilson's, which holds it with that confidence on average. Raises `ValueError` as `wilson` does.

    Source: Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the
    binomial, Biometrika 26, 404-413; method 5 of Newcombe (1998), Statistics in Medicine 17, 857-872.

    >>> low, high = clopper_pearson(81, 263)
    >>> round(low, 6), round(high, 6)
    (0.252737, 0.367622)
    """
    check_share(successes, trials)
    check_confidence(confidence)
    tail = (1 - confidence) / 2
    failures = trials - successes
    low = 0.0 if successes == 0 else beta_quantile_pair(tail, successes, failures + 1)[0]
    high = 1.0 if failures == 0 else beta_quantile_pair(tail, failures, successes + 1)[1]
    return low, high


def newcombe(one: tuple[int, int], other: tuple[int, int], confidence: float = 0.95) -> tuple[float, float]:
    """Give the interval of the difference between two independent shares, each given as (successes, trials).

    The difference is the share of `one` minus that of `other`. Raises `ValueError` as `wilson` does.

    Source: the hybrid score interval, method 10 of Newcombe (1998), Interval estimation for the difference between
    independent proportions, Statistics in Medicine 17, 873-890.

    >>> low, high = newcombe((56, 70), (48, 80))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    low_one, high_one = wilson(*one, confidence)
    low_other, high_other = wilson(*other, confidence)
    share_one, share_other = one[0] / one[1], other[0] / other[1]
    difference = share_one - share_other
    down = sqrt((share_one - low_one) ** 2 + (high_other - share_other) ** 2)
    up = sqrt((high_one - share_one) ** 2 + (share_other - low_other) ** 2)
    return max(-1.0, difference - down), min(1.0, difference + up)


def check_share(successes: int, trials: int) -> None:
    """Raise `ValueError` where successes in trials are no share."""
    if not 0 <= successes <= trials or trials == 0:
        message = f"{successes} successes in {trials} trials: at least one trial and no more successes than trials"
        raise ValueError(message)
