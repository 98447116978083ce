"""How sure a share is."""

from __future__ import annotations

from math import sqrt

__all__ = ["wilson"]


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
    from statistics import NormalDist  # slow to import

    if not 0 <= successes <= trials or trials == 0:
        message = f"{successes} successes in {trials} trials: at least one trial and no more successes than trials"
        raise ValueError(message)
    if not 0 < confidence < 1:
        message = f"a confidence lies between 0 and 1, not {confidence}"
        raise ValueError(message)
    z = -NormalDist().inv_cdf((1 - confidence) / 2)
    share = successes / trials
    weight = z * z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = sqrt(share * (1 - share) * weight + weight * weight / 4) / (1 + weight)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high
