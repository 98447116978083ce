"""The logistic curve: the same as statsmodels, and none where no curve is the most likely."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import fit_logistic, logistic, logit


def _points(seed: int, count: int) -> tuple[list[float], list[float], list[float]]:
    random = np.random.default_rng(seed)
    x = random.normal(3, 2, count)
    chances = 1 / (1 + np.exp(-(0.8 * x - 2)))
    return x.tolist(), (random.random(count) < chances).astype(float).tolist(), random.uniform(0.2, 3, count).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_a_curve_and_its_errors_are_those_of_statsmodels(seed: int) -> None:
    x, won, _ = _points(seed, 200)
    known = sm.Logit(won, sm.add_constant(x)).fit(disp=False, tol=1e-12)
    curve = fit_logistic(x, won)
    assert curve is not None
    assert [curve.intercept, curve.slope] == pytest.approx(known.params, rel=1e-8)
    assert [curve.intercept_error, curve.slope_error] == pytest.approx(known.bse, rel=1e-7)
    assert curve.at(3.0) == pytest.approx(logistic(curve.intercept + 3 * curve.slope))


def test_weights_and_parts_of_successes_count_as_in_statsmodels() -> None:
    x, won, weights = _points(7, 150)
    targets = [0.1 + 0.8 * one for one in won]
    model = sm.GLM(targets, sm.add_constant(x), family=sm.families.Binomial(), var_weights=weights)
    curve = fit_logistic(x, targets, weights)
    assert curve is not None
    assert [curve.intercept, curve.slope] == pytest.approx(model.fit(tol=1e-14).params, rel=1e-7)


@given(st.lists(st.tuples(st.integers(-40, 40), st.booleans()), max_size=12))
def test_there_is_a_curve_exactly_where_successes_and_failures_overlap(points: list[tuple[int, bool]]) -> None:
    won = [x for x, success in points if success]
    lost = [x for x, success in points if not success]
    overlap = bool(won and lost) and max(lost) > min(won) and max(won) > min(lost)
    curve = fit_logistic([x for x, _ in points], [float(success) for _, success in points])
    assert (curve is not None) == overlap
    if curve:
        assert sum(curve.at(x) for x, _ in points) == pytest.approx(len(won), abs=1e-6)


@given(st.floats(-700, 700))
def test_log_odds_are_odds_in_logarithms(log_odds: float) -> None:
    chance = logistic(log_odds)
    assert chance + logistic(-log_odds) == pytest.approx(1)
    if -30 < log_odds < 30:
        assert logit(chance) == pytest.approx(log_odds, abs=1e-3)


def test_only_probabilities_have_log_odds() -> None:
    assert (logit(0), logit(1)) == (float("-inf"), float("inf"))
    with pytest.raises(ValueError, match="a probability lies between 0 and 1"):
        logit(1.5)
