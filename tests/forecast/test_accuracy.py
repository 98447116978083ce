"""The measures of error against numbers computed elsewhere, and their laws."""

from math import inf, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from oppcore.forecast import (
    crps_ensemble,
    crps_normal,
    interval_coverage,
    measure_accuracy,
    pinball_loss,
    scaled_error,
    skill,
)

ACTUAL, FORECAST = [100, 120, 90, 0, 150], [110, 100, 95, 10, 150]
values = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
pairs = st.lists(st.tuples(values, values), min_size=1, max_size=20)


def near(value):
    return pytest.approx(value, abs=1e-9)


def test_the_errors_of_the_golden_forecasts():
    found = measure_accuracy(ACTUAL, FORECAST)

    assert (found.count, found.zeros, found.mape) == (5, 1, None)
    assert found.mean_error == near(1)
    assert found.mae == near(9)
    assert found.rmse == near(sqrt(125))
    assert found.bias == near(5 / 460)
    assert found.wape == near(45 / 460)
    assert found.smape == near((20 / 210 + 40 / 220 + 10 / 185 + 20 / 10) / 5)


def test_percentages_have_a_mean_where_nothing_actual_is_0():
    assert measure_accuracy([100, 120, 90], [110, 100, 95]).mape == near((10 / 100 + 20 / 120 + 5 / 90) / 3)


def test_the_scaled_error_of_the_golden_forecasts():
    assert scaled_error(ACTUAL, FORECAST, train=[80, 100, 90, 110]) == near(0.54)


def test_there_is_no_scale_without_two_values_that_differ():
    assert scaled_error([1], [2], train=[5]) is None
    assert scaled_error([1], [2], train=[5, 5]) is None
    assert scaled_error([], [], train=[1, 2]) is None


def test_the_pinball_losses_of_the_golden_quantiles():
    assert pinball_loss([100, 120, 90], [110, 100, 95], quantile=0.9) == near(6.5)
    assert pinball_loss([100, 120, 90], [110, 100, 95], quantile=0.1) == near(31 / 6)
    assert pinball_loss([], [], quantile=0.5) is None
    with pytest.raises(ValueError, match="between 0 and 1"):
        pinball_loss([1], [1], quantile=1)


@given(st.lists(values, min_size=1, max_size=12), st.floats(0.05, 0.95), values)
def test_no_number_has_a_smaller_pinball_loss_than_the_quantile(actual, quantile, other):
    ordered = sorted(actual)
    best = min(range(len(actual)), key=lambda place: ((place + 1) / len(actual) < quantile, place))
    losses = [
        pinball_loss(actual, [guess] * len(actual), quantile=quantile) for guess in (ordered[best], other, *actual)
    ]

    assert losses[0] <= min(losses) + 1e-6 * (1 + abs(losses[0]))


@given(values, st.floats(-100, 100), st.floats(0.5, 50))
def test_the_score_of_a_normal_forecast_is_its_integral(actual, mean, sd):
    actual = mean + actual / 1e6 * 5 * sd
    law = stats.norm(mean, sd)
    below = integrate.quad(lambda x: law.cdf(x) ** 2, -inf, actual)[0]
    above = integrate.quad(lambda x: law.sf(x) ** 2, actual, inf)[0]

    assert crps_normal(actual, mean=mean, sd=sd) == pytest.approx(below + above, rel=1e-6)


def test_the_score_of_the_standard_normal_at_its_middle():
    assert crps_normal(0, mean=0, sd=1) == near((sqrt(2) - 1) / sqrt(3.141592653589793))
    with pytest.raises(ValueError, match="standard deviation is positive"):
        crps_normal(0, mean=0, sd=0)


@given(values, st.lists(values, min_size=1, max_size=12))
def test_the_score_of_an_ensemble_is_its_definition(actual, members):
    n = len(members)
    away = sum(abs(one - actual) for one in members) / n
    spread = sum(abs(one - other) for one in members for other in members) / (2 * n * n)

    assert crps_ensemble(actual, members) == pytest.approx(away - spread, rel=1e-9, abs=1e-6)


def test_the_score_of_the_golden_ensemble():
    assert crps_ensemble(100, [110, 80, 130, 90]) == near(6.875)
    with pytest.raises(ValueError, match="at least one member"):
        crps_ensemble(0, [])


def test_coverage_is_a_share_with_an_interval_of_its_own():
    found = interval_coverage([1, 2, 3], [(1, 1), (3, 4), (0, 9)])

    assert (found.numerator, found.denominator) == (2, 3)
    assert interval_coverage([], []).value is None
    with pytest.raises(ValueError, match="from low to high"):
        interval_coverage([1], [(2, 1)])
    with pytest.raises(ValueError, match="shorter"):
        interval_coverage([1, 2], [(2, 3)])


def test_skill_is_what_is_saved_of_a_naive_loss():
    assert skill(0.15, 0.25) == near(0.4)
    assert skill(0.5, 0.25) == near(-1)
    assert [skill(None, 1), skill(1, None), skill(1, 0)] == [None, None, None]


@given(pairs)
def test_a_perfect_forecast_has_no_error_in_any_measure(found):
    actual = [truth for truth, _ in found]
    accuracy = measure_accuracy(actual, actual)

    assert {accuracy.mean_error, accuracy.mae, accuracy.rmse, accuracy.smape} == {0}
    assert {accuracy.bias, accuracy.wape, accuracy.mape} <= {0, None}


@given(pairs)
def test_the_mean_error_is_no_larger_than_the_absolute_and_that_no_larger_than_the_square(found):
    accuracy = measure_accuracy(*zip(*found, strict=True))

    assert abs(accuracy.mean_error) <= accuracy.mae * (1 + 1e-12)
    assert accuracy.mae <= accuracy.rmse * (1 + 1e-12)


def test_nothing_to_measure_has_no_errors():
    found = measure_accuracy([], [])

    assert set(found.detail().values()) == {0, None}


def test_values_and_forecasts_come_in_pairs():
    with pytest.raises(ValueError, match="come in pairs, not 2 and 1"):
        measure_accuracy([1, 2], [1])
