"""Whether probabilities hold: published figures, laws, and statsmodels and scipy as second opinions."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression
from scipy.stats import mannwhitneyu

from oppcore.forecast import Binning, fit_isotonic, fit_platt, measure_calibration
from oppcore.stats import logit

OUTCOMES = [True, False, True, True, False, False, True, False, True, False]
FORECASTS = [0.9, 0.2, 0.7, 0.6, 0.4, 0.1, 0.8, 0.3, 0.5, 0.35]
chances = st.sampled_from([0, 0.01, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.7, 0.999, 1])
pairs = st.lists(st.tuples(chances, st.booleans()), min_size=1, max_size=40)


def _simulated(seed: int, *, stretch: float = 1.0, count: int = 400) -> tuple[list[float], list[int]]:
    """Deals whose true log-odds are spread out, and forecasts that stretch them."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-0.5, 1.2, count)
    won = random.random(count) < 1 / (1 + np.exp(-log_odds))
    return (1 / (1 + np.exp(-stretch * log_odds))).tolist(), won.astype(int).tolist()


def test_the_figures_are_those_computed_elsewhere() -> None:
    found = measure_calibration(FORECASTS, OUTCOMES)
    assert found.brier == pytest.approx(0.09725, abs=1e-12)
    assert found.log_loss == pytest.approx(0.3515939366, abs=1e-10)
    assert found.auc == 1
    forecasts = [0.2] * 5 + [0.5] * 4 + [0.8] * 5
    groups = measure_calibration(forecasts, map(int, "00100100111011"))
    assert groups.reliability == pytest.approx(0, abs=1e-12)
    assert groups.resolution == pytest.approx(0.0642857142857, abs=1e-12)
    assert groups.uncertainty == pytest.approx(0.25, abs=1e-12)
    assert groups.brier == pytest.approx(0.1857142857143, abs=1e-12)


@given(pairs, st.integers(1, 12), st.sampled_from(list(Binning)))
def test_the_parts_of_the_brier_score_add_up_and_every_forecast_is_in_one_bin(
    given_pairs: list[tuple[float, bool]], bins: int, binning: Binning
) -> None:
    found = measure_calibration(*zip(*given_pairs, strict=True), bins=bins, binning=binning)
    assert found.reliability is not None
    assert found.resolution is not None
    assert found.uncertainty is not None
    assert found.brier == pytest.approx(found.reliability - found.resolution + found.uncertainty, abs=1e-12)
    assert len(found.bins) == bins
    assert sum(one.count for one in found.bins) == found.count == len(given_pairs)
    assert sum(one.won.numerator for one in found.bins) == found.won
    for one in found.bins:
        assert (one.mean is None) == (one.gap is None) == (one.won.value is None) == (one.count == 0)
        if one.mean is not None and one.low is not None and one.high is not None:
            assert one.low - 1e-12 <= one.mean <= one.high + 1e-12


@given(pairs)
def test_the_auc_is_the_share_of_pairs_in_the_right_order(given_pairs: list[tuple[float, bool]]) -> None:
    won = [chance for chance, hit in given_pairs if hit]
    lost = [chance for chance, hit in given_pairs if not hit]
    found = measure_calibration(*zip(*given_pairs, strict=True))
    if won and lost:
        assert found.auc == pytest.approx(mannwhitneyu(won, lost).statistic / len(won) / len(lost))
    else:
        assert found.auc is None


def test_equal_forecasts_stay_in_one_bin_of_quantiles() -> None:
    found = measure_calibration([0.1] * 8 + [0.9] * 2, [False] * 9 + [True], bins=5, binning="quantile")
    assert [one.count for one in found.bins] == [8, 0, 0, 0, 2]
    assert (found.bins[1].low, found.bins[1].mean, found.bins[4].low) == (None, None, 0.9)


def test_a_forecast_on_an_edge_belongs_to_the_bin_above_it() -> None:
    found = measure_calibration([place / 10 for place in range(11)], [True] * 11)
    assert [one.count for one in found.bins] == [1] * 9 + [2]


def test_the_expected_error_is_the_mean_gap() -> None:
    found = measure_calibration([0.05, 0.05, 0.95, 0.95], [False, True, True, True], bins=2)
    assert found.expected_error == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)
    assert [one.gap for one in found.bins] == pytest.approx([0.45, 0.05])


def test_slope_and_intercept_are_those_of_statsmodels() -> None:
    forecasts, won = _simulated(1)
    known = sm.Logit(won, sm.add_constant([logit(chance) for chance in forecasts])).fit(disp=False, tol=1e-12)
    found = measure_calibration(forecasts, won)
    assert [found.intercept, found.slope] == pytest.approx(known.params, rel=1e-7)
    assert [found.intercept_error, found.slope_error] == pytest.approx(known.bse, rel=1e-6)


@pytest.mark.parametrize(("stretch", "slope"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0)])
def test_the_slope_says_by_how_much_forecasts_are_too_extreme(stretch: float, slope: float) -> None:
    slopes = [measure_calibration(*_simulated(seed, stretch=stretch)).slope for seed in range(25)]
    assert np.mean([one for one in slopes if one]) == pytest.approx(slope, rel=0.06)


@pytest.mark.parametrize(
    ("forecasts", "outcomes", "code"),
    [
        ([], [], "calibration.nothing"),
        ([0.4, 0.6], [True, True], "calibration.one_outcome"),
        ([0.4, 0.4], [True, False], "calibration.one_forecast"),
        (FORECASTS, OUTCOMES, "calibration.parted"),
    ],
)
def test_what_cannot_be_said_is_none_with_a_reason(forecasts: list[float], outcomes: list[bool], code: str) -> None:
    found = measure_calibration(forecasts, outcomes)
    assert (found.slope, found.slope_error, found.intercept) == (None, None, None)
    assert [problem.code for problem in found.left_out] == [code]
    assert str(found.left_out[0]) in str(found)
    assert (found.brier is None) == (not forecasts)


def test_certainty_that_was_wrong_is_kept_from_infinity_and_counted() -> None:
    found = measure_calibration([1, 0.5], [False, True], clip=1e-3)
    assert found.clipped == 1
    assert found.log_loss == pytest.approx(-(np.log(1e-3) + np.log(0.5)) / 2)
    assert "at least 0.001 from 0 and 1: 1 were nearer" in str(found)


def test_it_goes_to_data_frames_and_json_and_notebooks() -> None:
    found = measure_calibration(FORECASTS, OUTCOMES, bins=5)
    detail = json.loads(json.dumps(found.detail()))
    assert detail["rows"] == found.as_records()
    assert detail["rows"][4] == {
        "low": 0.8,
        "high": 1.0,
        "count": 2,
        "mean": pytest.approx(0.85),
        "won": 2,
        "share": 1.0,
        "share_low": pytest.approx(2 / (2 + 1.959963984540054**2)),
        "share_high": 1.0,
    }
    assert detail["brier"] == found.figures()["brier"]
    assert "<table>" in found._repr_html_()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: measure_calibration([0.5], []), "1 probabilities and 0 outcomes"),
        (lambda: measure_calibration([0.5, 50], [True, True]), "probability 1: 50 is not between 0 and 1"),
        (lambda: measure_calibration([float("nan")], [True]), "nan is not between 0 and 1"),
        (lambda: measure_calibration([0.5], ["lost"]), "outcome 0: 'lost' is neither true"),
        (lambda: measure_calibration([0.5], [True], bins=0), "at least one bin, not 0"),
        (lambda: measure_calibration([0.5], [True], clip=0), "clip lies between 0 and 0.5"),
        (lambda: measure_calibration([0.5], [True], binning="equal"), "no binning 'equal'; did you mean 'equal_width'"),
        (lambda: fit_platt([], []), "a weight of at least 0 for each of at least one outcome"),
        (lambda: fit_isotonic([0.5], [True], weights=[0]), "a weight of at least 0 for each of at least one outcome"),
    ],
)
def test_what_is_no_forecast_is_refused(call, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=says):
        call()


weighed = st.lists(st.tuples(st.integers(0, 100), st.booleans(), st.integers(1, 5)), min_size=1, max_size=30)


@given(weighed)
def test_the_isotonic_map_is_the_never_falling_one_of_least_squares(points: list[tuple[int, bool, int]]) -> None:
    forecasts = [place / 100 for place, *_ in points]
    found = fit_isotonic(forecasts, [hit for _, hit, _ in points], weights=[weight for *_, weight in points])
    places = sorted({place for place, *_ in points})
    same = [[point for point in points if point[0] == place] for place in places]
    weights = [sum(weight for *_, weight in group) for group in same]
    shares = [sum(w for _, hit, w in group if hit) / weight for group, weight in zip(same, weights, strict=True)]
    known = isotonic_regression(shares, weights=weights).x
    assert [found(place / 100) for place in places] == pytest.approx(known, abs=1e-9)
    assert all(one <= other for one, other in pairwise(found(step / 200) for step in range(201)))


def test_the_isotonic_map_goes_straight_between_its_places_and_stays_outside() -> None:
    found = fit_isotonic([0.2, 0.4, 0.6], [False, True, True])
    assert [found(chance) for chance in (0, 0.2, 0.3, 0.4, 1)] == pytest.approx([0, 0, 0.5, 1, 1])


def test_the_map_of_platt_is_the_curve_of_statsmodels_on_his_targets() -> None:
    forecasts, won = _simulated(3, stretch=2.5)
    high, low = (sum(won) + 1) / (sum(won) + 2), 1 / (len(won) - sum(won) + 2)
    targets = [high if hit else low for hit in won]
    x = sm.add_constant([logit(chance) for chance in forecasts])
    known = sm.GLM(targets, x, family=sm.families.Binomial()).fit(tol=1e-14).params
    found = fit_platt(forecasts, won)
    assert [found.intercept, found.slope] == pytest.approx(known, rel=1e-6)


@given(pairs)
def test_maps_give_probabilities_and_keep_their_mean(given_pairs: list[tuple[float, bool]]) -> None:
    forecasts, won = zip(*given_pairs, strict=True)
    platt, isotonic = fit_platt(forecasts, won), fit_isotonic(forecasts, won)
    assert sum(map(isotonic, forecasts)) == pytest.approx(sum(won))
    hits = sum(won)
    softened = hits * (hits + 1) / (hits + 2) + (len(won) - hits) / (len(won) - hits + 2)
    assert sum(map(platt, forecasts)) == pytest.approx(softened, abs=1e-5)
    assert all(0 < platt(chance) < 1 for chance in forecasts)


def test_a_map_learnt_on_some_deals_makes_the_others_hold() -> None:
    slopes = []
    for seed in range(12):
        forecasts, won = _simulated(seed, stretch=2.0, count=600)
        found = fit_platt(forecasts[:300], won[:300])
        slopes.append(measure_calibration(map(found, forecasts[300:]), won[300:]).slope)
    assert 0.9 < np.mean(slopes) < 1.1
