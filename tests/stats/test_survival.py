from fractions import Fraction
from itertools import pairwise
from math import exp, prod, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import EventTable, SurvivalCurve, count_events, estimate_survival
from tests.stats.observations import (
    MERCAPTOPURINE,
    NEGOTIATION,
    PROPOSAL,
    QUALIFIED,
    count,
    count_text,
    ended_things,
    prompt_things,
    things,
)

many = st.lists(things, max_size=12)
shares = st.integers(1, 11).map(lambda parts: Fraction(parts, 12))


def at(curve, time):
    return float(curve.survival_at(time))


def test_it_gives_the_published_curve_of_freireich():
    curve = estimate_survival(count_text(MERCAPTOPURINE))
    weeks = [6, 7, 10, 13, 16, 22, 23]
    published = [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179]

    assert [at(curve, week) for week in weeks] == pytest.approx(published, abs=5e-7)
    assert curve.interval_at(6) == pytest.approx((0.619718, 0.951552), abs=5e-7)
    assert curve.interval_at(23) == pytest.approx((0.188052, 0.680143), abs=5e-7)
    assert (curve.median, curve.median_interval()) == (23, (13, None))
    assert curve.restricted_mean(35).value == pytest.approx(23.287395, abs=5e-7)


def test_it_gives_the_restricted_mean_that_r_and_stata_print():
    curve = estimate_survival(count_events([10, 15, 23, 30, 35, 52, 100], [1, 1, 1, 1, 1, 1, 0]))
    mean = curve.restricted_mean(100)

    assert mean.value == pytest.approx(37.85714, abs=5e-6)
    assert sqrt(mean.variance) == pytest.approx(10.73888, abs=5e-6)
    assert mean.interval() == pytest.approx((16.80932, 58.90497), abs=5e-6)


@pytest.mark.parametrize(
    ("visits", "at_15", "at_30", "median", "third_quartile", "mean"),
    [
        (QUALIFIED, 0.3125, 0.104167, 10, 20, 13.291667),
        (PROPOSAL, 0.333333, 0.111111, 15, 18, 16.222222),
        (NEGOTIATION, 0.5, 0, 15, 20, 17.5),
    ],
)
def test_it_gives_the_known_stays_of_the_golden_deals(visits, at_15, at_30, median, third_quartile, mean):
    curve = estimate_survival(count_text(visits))

    assert (at(curve, 15), at(curve, 30)) == pytest.approx((at_15, at_30), abs=5e-7)
    assert (curve.median, curve.quantile(0.75)) == (median, third_quartile)
    assert curve.restricted_mean(30).value == pytest.approx(mean, abs=5e-7)


def random_observations(seed, *, late):
    dice = np.random.default_rng(seed)
    durations = dice.integers(1, 20, dice.integers(2, 80))
    ended = dice.random(len(durations)) < dice.choice([0.3, 0.8, 1])
    entries = dice.integers(0, durations) * (dice.random(len(durations)) < 0.5) if late else durations * 0
    return durations, ended, entries


@pytest.mark.parametrize("late", [False, True])
def test_curves_and_their_intervals_agree_with_statsmodels(late):
    from statsmodels.duration.survfunc import SurvfuncRight

    for seed in range(30):
        durations, ended, entries = random_observations(seed, late=late)
        curve = estimate_survival(count_events(durations.tolist(), ended.tolist(), entries=entries.tolist()))
        expected = SurvfuncRight(durations, ended * 1, entry=entries)
        for time, value, error in zip(expected.surv_times, expected.surv_prob, expected.surv_prob_se, strict=True):
            step = curve.times.index(time)
            assert curve.survival[step] == pytest.approx(value, abs=1e-9)
            if curve.survival[step] == 0:
                break  # statsmodels goes on from a survival of 1e-16
            assert sqrt(curve.variance[step]) == pytest.approx(error, abs=1e-9)
            assert curve.at_risk[step] == expected.n_risk[expected.surv_times == time]


@pytest.mark.parametrize(("scale", "theirs"), [("log-log", "cloglog"), ("plain", "linear")])
def test_limits_of_quantiles_agree_with_statsmodels(scale, theirs):
    from statsmodels.duration.survfunc import SurvfuncRight

    for seed in range(30):
        durations, ended, _ = random_observations(seed, late=False)
        ended[durations == durations.max()] = False  # so that no curve reaches 0, where statsmodels has no error
        if not ended.any():
            continue
        curve = estimate_survival(count_events(durations.tolist(), ended.tolist()))
        with np.errstate(all="ignore"):
            low, high = SurvfuncRight(durations, ended * 1).quantile_ci(0.5, method=theirs)
        found = curve.median_interval(scale=scale)
        if found != (None, None):
            assert found == (low, None if high == np.inf else high)


@given(many)
def test_the_exact_curve_is_the_product_over_those_at_risk(found):
    curve = estimate_survival(count(found), exact=True)

    for time in curve.times:
        factors = []
        for moment in {duration for duration, cause, _ in found if cause and duration <= time}:
            there = sum((entry < moment or entry == 0) and duration >= moment for duration, _, entry in found)
            ended = sum(cause is not None and duration == moment for duration, cause, _ in found)
            factors.append(Fraction(there - ended, there))
        assert curve.survival_at(time) == prod(factors)


@given(many)
def test_floats_are_as_good_as_fractions(found):
    rough, exact = estimate_survival(count(found)), estimate_survival(count(found), exact=True)

    assert rough.survival == pytest.approx([float(value) for value in exact.survival], rel=1e-12)
    assert rough.variance == pytest.approx([float(value) for value in exact.variance], rel=1e-12, abs=1e-300)
    assert all(isinstance(value, Fraction) for value in (*exact.survival, *exact.variance))


@given(many, shares)
def test_a_quantile_is_the_first_time_by_which_the_share_has_ended_exactly(found, share):
    exact = estimate_survival(count(found), exact=True)
    steps = zip(exact.times, exact.survival, strict=True)
    expected = next((time for time, value in steps if value <= 1 - share), None)

    assert exact.quantile(share) == estimate_survival(count(found)).quantile(share) == expected


def test_a_quantile_is_decided_exactly_among_thousands_of_instants():
    durations = [1 + place / 7 for place in range(10_000)]
    curve = estimate_survival(count_events(durations, [True] * 10_000))

    assert curve.median == durations[4_999]
    assert curve.quantile(0.9) == durations[8_999]  # nine tenths, not the float a little above


def test_half_is_half_also_where_floats_miss_it():
    curve = estimate_survival(count_events([1, 2, 3, 4, 4, 5, 6, 7, 8, 9], [1] * 10))
    hidden = SurvivalCurve(
        times=curve.times,
        at_risk=curve.at_risk,
        events=curve.events,
        censored=curve.censored,
        survival=tuple(value + 1e-12 for value in curve.survival),
        variance=curve.variance,
    )

    assert curve.median == hidden.median == 4


@given(many)
def test_a_curve_falls_from_1_to_0_at_most(found):
    survival = [1, *estimate_survival(count(found)).survival]

    assert all(1 >= earlier >= later >= 0 for earlier, later in pairwise(survival))


@given(many, st.sampled_from(["log-log", "plain"]), shares)
def test_intervals_hold_what_they_are_about(found, scale, share):
    curve = estimate_survival(count(found))

    for value, limits in zip(curve.survival, curve.intervals(scale=scale), strict=True):
        assert (limits is None) == (value in (0, 1))
        assert limits is None or 0 <= limits[0] <= value <= limits[1] <= 1
    low, high = curve.quantile_interval(share, scale=scale)
    quantile = curve.quantile(share)
    if quantile is not None:
        assert low <= quantile
        assert high is None or quantile <= high
    for until in curve.times:
        mean = curve.restricted_mean(until)
        limits = mean.interval()
        assert 0 <= mean.value <= until
        assert limits is None or limits[0] <= mean.value <= limits[1]


@given(st.lists(things, min_size=1, max_size=12), st.integers(2, 1_000))
def test_another_unit_of_time_only_stretches(found, factor):
    curve = estimate_survival(count(found), exact=True)
    stretched = [(duration * factor, cause, entry * factor) for duration, cause, entry in found]
    other = estimate_survival(count(stretched), exact=True)
    last = curve.times[-1]

    assert other.survival == curve.survival
    assert other.median == (None if curve.median is None else curve.median * factor)
    assert other.restricted_mean(last * factor).value == curve.restricted_mean(last).value * factor
    assert other.restricted_mean(last * factor).variance == curve.restricted_mean(last).variance * factor**2


@given(st.lists(ended_things, min_size=1, max_size=12), st.integers(0, 13))
def test_without_censoring_it_is_the_share_that_is_still_there(found, until):
    curve = estimate_survival(count(found), exact=True)
    number, stays = len(found), [min(duration, until) for duration, _, _ in found]
    mean = Fraction(sum(stays), number)
    share = Fraction(sum(duration > until for duration, _, _ in found), number)
    restricted = curve.restricted_mean(until)

    assert curve.survival_at(until) == share
    if until in curve.times:
        assert curve.variance[curve.times.index(until)] == share * (1 - share) / number
    assert restricted.value == mean
    assert restricted.variance == sum((stay - mean) ** 2 for stay in stays) / number**2


@given(st.lists(prompt_things, max_size=12))
def test_entering_at_the_start_is_no_delayed_entry(found):
    durations, causes = [thing[0] for thing in found], [thing[1] for thing in found]

    assert estimate_survival(count(found)) == estimate_survival(count_events(durations, causes))


def test_nobody_at_risk_for_a_while_leaves_the_curve_where_it_was():
    curve = estimate_survival(count_events([2, 4, 9, 9], [1, 0, 1, 0], entries=[0, 0, 5, 5]), exact=True)

    assert [str(value) for value in curve.survival] == ["1/2", "1/2", "1/2", "1/4"]


def test_a_curve_that_has_fallen_to_0_stays_there_however_many_enter_later():
    curve = estimate_survival(count_events([1, 9, 9], [1, 1, 0], entries=[0, 5, 5]))

    assert curve.survival == (0, 0, 0)
    assert curve.at_risk == (1, 0, 2)
    assert curve.median == 1


def test_nothing_is_said_about_times_after_the_last():
    curve = estimate_survival(count_events([5, 9], [1, 0]))
    ended = estimate_survival(count_events([5, 9], [0, 1]))

    assert (curve.survival_at(9), curve.survival_at(9.1), curve.restricted_mean(10)) == (0.5, None, None)
    assert (ended.survival_at(9.1), ended.restricted_mean(10).value) == (0, 9)
    assert (curve.survival_at(0), curve.interval_at(0), curve.interval_at(10)) == (1, None, None)
    assert curve.restricted_mean(4).interval() is None  # nothing had ended by then


def test_of_nothing_there_is_a_curve_that_says_nothing():
    curve = estimate_survival(EventTable())

    assert (curve.survival_at(0), curve.median, curve.median_interval()) == (None, None, (None, None))
    assert (curve.restricted_mean(1), curve.intervals(), curve.as_records()) == (None, (), [])


def test_ten_million_in_one_table_are_no_matter():
    columns = {"times": [1, 2, 3], "censored": [0, 0, 4_999_999], "entered": [0, 0, 0]}
    curve = estimate_survival(EventTable(**columns, events={1: [1, 5_000_000, 0]}))
    tight = estimate_survival(EventTable(**columns, events={1: [1, 4_999_998, 1]}))
    low, high = curve.interval_at(1)

    assert curve.survival_at(1) == pytest.approx(1 - 1e-7, rel=1e-15)
    assert (1 - high, 1 - low) == pytest.approx((1e-7 / exp(1.959964), 1e-7 * exp(1.959964)), rel=1e-6)
    assert (curve.median, tight.median) == (2, 3)


def test_it_lists_its_rows_and_what_it_assumes():
    curve = estimate_survival(count_events([5, 9], [1, 0]))

    assert curve.as_records()[1] == {
        "time": 9,
        "at_risk": 1,
        "events": 0,
        "censored": 1,
        "survival": 0.5,
        "variance": 0.125,
        "low": curve.interval_at(9)[0],
        "high": curve.interval_at(9)[1],
    }
    assert "censored" in curve.assumes


@pytest.mark.parametrize(
    "ask",
    [
        lambda curve: curve.survival_at(-1),
        lambda curve: curve.survival_at(float("nan")),
        lambda curve: curve.quantile(0),
        lambda curve: curve.quantile(1),
        lambda curve: curve.quantile(float("nan")),
        lambda curve: curve.interval_at(5, 1),
        lambda curve: curve.intervals(scale="logit"),
        lambda curve: curve.restricted_mean(-1),
        lambda curve: curve.restricted_mean(9).interval(0),
    ],
)
def test_questions_without_sense_are_refused(ask):
    with pytest.raises(ValueError, match=r"at least 0|between 0 and 1|symmetric"):
        ask(estimate_survival(count_events([5, 9], [1, 0])))
