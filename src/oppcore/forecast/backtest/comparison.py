"""Whether one forecast is better than another, or was only lucky: their losses compared, origin by origin."""

from __future__ import annotations

from collections.abc import Sequence
from math import copysign, fsum, inf, sqrt
from typing import final

import attrs

from oppcore.stats import beta_cdf

__all__ = ["LossComparison", "compare_losses"]


@final
@attrs.frozen(kw_only=True)
class LossComparison:
    """How much more one forecast lost than another, on average, and how likely such a difference is by chance.

    `statistic` follows Student's law with `count` - 1 degrees of freedom where there is no difference. It and `p_value`
    are None for fewer than two differences.
    """

    count: int
    mean: float | None
    statistic: float | None
    p_value: float | None


def compare_losses(differences: Sequence[float], *, overlap: int = 0) -> LossComparison:
    """Give the test of Diebold and Mariano, with the correction of Harvey, Leybourne and Newbold, of differences.

    `differences` are those of the losses at origins in order; `overlap` says how many of the next horizons each horizon
    reaches into, whose losses are related: 0 where each ends before the next begins. The long-run variance has
    Bartlett's weights, with which it is never negative; without an overlap it is the t test of one sample.

    Source: Diebold and Mariano (1995), Comparing predictive accuracy, J. Business & Economic Statistics 13, 253-263;
    Harvey, Leybourne and Newbold (1997), Testing the equality of prediction mean squared errors, Int. J. Forecasting
    13, 281-291; Newey and West (1987), Econometrica 55, 703-708, for the weights.

    >>> found = compare_losses([0.3, 0.1, 0.4, 0.2, 0.5])
    >>> print(f"{found.mean:.2f} {found.statistic:.4f} {found.p_value:.4f}")
    0.30 4.2426 0.0132
    """
    if overlap < 0:
        message = f"horizons overlap a number of times, not {overlap}"
        raise ValueError(message)
    count = len(differences)
    if count < 2:
        return LossComparison(count=count, mean=differences[0] if count else None, statistic=None, p_value=None)
    mean = fsum(differences) / count
    away = [one - mean for one in differences]
    lags = min(overlap, count - 1)
    variance = fsum(
        (1 if lag == 0 else 2 * (1 - lag / (lags + 1))) * fsum(a * b for a, b in zip(away, away[lag:], strict=False))
        for lag in range(lags + 1)
    )
    steps = lags + 1
    factor = (count + 1 - 2 * steps + steps * (steps - 1) / count) / count
    error = sqrt(max(0.0, variance)) / count
    # What is left of equal differences after rounding is no variance.
    if error <= 1e-12 * abs(mean) or factor <= 0:
        certain = factor > 0 and mean != 0
        statistic = copysign(inf, mean) if certain else 0.0
        return LossComparison(count=count, mean=mean, statistic=statistic, p_value=0.0 if certain else 1.0)
    statistic = mean / error * sqrt(factor)
    degrees = count - 1
    p_value = beta_cdf(degrees / (degrees + statistic * statistic), degrees / 2, 0.5)
    return LossComparison(count=count, mean=mean, statistic=statistic, p_value=p_value)
