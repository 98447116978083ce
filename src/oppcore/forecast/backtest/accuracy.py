"""How far forecasts were from what happened: the measures of error, each by its definition.

An error is the forecast minus the actual value: positive where too much was promised. All take numbers in pairs, in one
unit, in the order of time where it matters; what has no value for want of data is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import erf, exp, fsum, pi, sqrt
from typing import Any, final

import attrs

from oppcore.stats import Ratio, make_ratio
from oppcore.stats.normal import check_inner

__all__ = [
    "Accuracy",
    "crps_ensemble",
    "crps_normal",
    "interval_coverage",
    "measure_accuracy",
    "pinball_loss",
    "scaled_error",
    "skill",
]


@final
@attrs.frozen(kw_only=True)
class Accuracy:
    """The errors of `count` forecasts; each figure is None where it has no value.

    `mean_error`, `mae` and `rmse` are in the unit of the values. `bias` is the sum of the errors over the sum of the
    actual values, `wape` the sum of the absolute errors over the sum of the absolute actual values. `mape` has no value
    where an actual value is 0: `zeros` says how many are. `smape` lies between 0 and 2.
    """

    count: int
    zeros: int
    mean_error: float | None
    mae: float | None
    rmse: float | None
    bias: float | None
    wape: float | None
    mape: float | None
    smape: float | None

    def detail(self) -> dict[str, Any]:
        """Give the figures by name, ready for JSON."""
        return attrs.asdict(self)


def measure_accuracy(actual: Iterable[float], forecast: Iterable[float]) -> Accuracy:
    """Give the errors of forecasts, each held against what happened.

    Raises `ValueError` where they do not come in pairs.

    Source: Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecasting 22, 679-688;
    Kolassa and Schütz (2007), Advantages of the MAD/Mean ratio over the MAPE, Foresight 6, 40-43, for WAPE.

    >>> found = measure_accuracy([100, 120, 90, 0, 150], [110, 100, 95, 10, 150])
    >>> print(f"{found.wape:.6f} {found.bias:.6f} {found.rmse:.4f}", found.mape, found.zeros)
    0.097826 0.010870 11.1803 None 1
    """
    pairs = _paired(actual, forecast)
    count = len(pairs)
    errors = [guess - truth for truth, guess in pairs]
    sizes = [abs(truth) for truth, _ in pairs]
    zeros = sizes.count(0)
    absolute = fsum(map(abs, errors))
    return Accuracy(
        count=count,
        zeros=zeros,
        mean_error=_over(fsum(errors), count),
        mae=_over(absolute, count),
        rmse=sqrt(fsum(error * error for error in errors) / count) if count else None,
        bias=_over(fsum(errors), fsum(truth for truth, _ in pairs)),
        wape=_over(absolute, fsum(sizes)),
        mape=None if zeros else _over(fsum(abs(e) / size for e, size in zip(errors, sizes, strict=True)), count),
        smape=_over(fsum(_symmetric(truth, guess) for truth, guess in pairs), count),
    )


def scaled_error(actual: Iterable[float], forecast: Iterable[float], *, train: Sequence[float]) -> float | None:
    """Give the mean absolute scaled error (MASE): below 1 it beats saying "as last time" on the values before.

    `train` holds the values before the forecasts, in order. None where they are fewer than two, or never changed.

    Source: Hyndman and Koehler (2006), Another look at measures of forecast accuracy, Int. J. Forecasting 22, 679-688.

    >>> round(scaled_error([100, 120, 90, 0, 150], [110, 100, 95, 10, 150], train=[80, 100, 90, 110]), 9)
    0.54
    """
    found = measure_accuracy(actual, forecast).mae
    naive = measure_accuracy(train[1:], train[:-1]).mae
    return found / naive if found is not None and naive else None


def pinball_loss(actual: Iterable[float], forecast: Iterable[float], *, quantile: float) -> float | None:
    """Give the mean loss of forecasts of a quantile (between 0 and 1): least for the true one; None for no pairs.

    Source: Koenker and Bassett (1978), Regression quantiles, Econometrica 46, 33-50.

    >>> pinball_loss([100, 120, 90], [110, 100, 95], quantile=0.9)
    6.5
    """
    check_inner(quantile)
    pairs = _paired(actual, forecast)
    losses = [(truth - guess) * (quantile if truth >= guess else quantile - 1) for truth, guess in pairs]
    return _over(fsum(losses), len(losses))


def crps_normal(actual: float, *, mean: float, sd: float) -> float:
    """Give the continuous ranked probability score of a normal forecast: 0 is best, in the unit of the value.

    Raises `ValueError` where the standard deviation is not positive.

    Source: Gneiting and Raftery (2007), Strictly proper scoring rules, JASA 102, 359-378, equation (21).

    >>> round(crps_normal(0, mean=0, sd=1), 7)
    0.233695
    """
    if sd <= 0:
        message = f"a standard deviation is positive, not {sd}"
        raise ValueError(message)
    z = (actual - mean) / sd
    density = exp(-z * z / 2) / sqrt(2 * pi)
    return sd * (z * erf(z / sqrt(2)) + 2 * density - 1 / sqrt(pi))


def crps_ensemble(actual: float, members: Iterable[float]) -> float:
    """Give the continuous ranked probability score of a forecast by equally likely values (simulated, say).

    Raises `ValueError` where there are none.

    Source: Gneiting and Raftery (2007), Strictly proper scoring rules, JASA 102, 359-378, equation (20).

    >>> crps_ensemble(100, [80, 90, 110, 130])
    6.875
    """
    found = sorted(members)
    count = len(found)
    if not count:
        message = "an ensemble has at least one member"
        raise ValueError(message)
    away = fsum(abs(member - actual) for member in found) / count
    # In order, the k-th of n members is larger than k - 1 of the others and smaller than n - k.
    spread = fsum((2 * place - count + 1) * member for place, member in enumerate(found)) / (count * count)
    return away - spread


def interval_coverage(
    actual: Iterable[float], intervals: Iterable[tuple[float, float]], *, confidence: float = 0.95
) -> Ratio:
    """Give how many actual values lie in their intervals (ends included), with the Wilson interval of that share.

    Raises `ValueError` where they do not come in pairs, or an interval ends before it begins.

    >>> print(interval_coverage([3, 9, 5, 7], [(1, 4), (4, 8), (5, 6), (2, 9)]))
    75.0% (30.1% to 95.4%)
    """
    pairs = list(zip(actual, intervals, strict=True))
    for _, (low, high) in pairs:
        if low > high:
            message = f"an interval goes from low to high, not from {low} to {high}"
            raise ValueError(message)
    inside = sum(low <= truth <= high for truth, (low, high) in pairs)
    return make_ratio(inside, len(pairs), confidence=confidence)


def skill(loss: float | None, naive_loss: float | None) -> float | None:
    """Give the share of a naive forecast's loss that is saved: 1 is perfect, 0 no better, negative worse.

    None where either is missing, or the naive forecast was perfect. One minus Theil's U where the losses are RMSE.

    Source: Murphy (1988), Skill scores based on the mean square error, Monthly Weather Review 116, 2417-2424;
    Theil (1966), Applied economic forecasting, for U.

    >>> skill(0.15, 0.25)
    0.4
    """
    return None if loss is None or not naive_loss else 1 - loss / naive_loss


def _paired(actual: Iterable[float], forecast: Iterable[float]) -> list[tuple[float, float]]:
    truths, guesses = list(actual), list(forecast)
    if len(truths) != len(guesses):
        message = f"actual values and forecasts come in pairs, not {len(truths)} and {len(guesses)}"
        raise ValueError(message)
    return list(zip(truths, guesses, strict=True))


def _over(total: float, count: float) -> float | None:
    return total / count if count else None


def _symmetric(truth: float, guess: float) -> float:
    """Twice the error over the two sizes together; nothing where both are 0."""
    return 2 * abs(guess - truth) / (abs(truth) + abs(guess)) if truth or guess else 0.0
