from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import EventTable, count_events, estimate_incidence, estimate_survival
from tests.stats.observations import NEGOTIATION, PROPOSAL, QUALIFIED, count, count_text, ended_things, things

many = st.lists(things, max_size=12)

# Two causes with every kind of tie; the values are those of scikit-survival and statsmodels.
TIED = count_events([1, 2, 2, 2, 3, 3, 4, 5, 5, 6], [1, 1, 2, 0, 2, 1, 0, 1, 2, 0])


def test_it_gives_the_known_curves_of_tied_times():
    curves = estimate_incidence(TIED, exact=True)

    assert [curves.incidence_at(1, time) for time in (1, 2, 3, 5)] == [
        Fraction(1, 10),
        Fraction(1, 5),
        Fraction(19, 60),
        Fraction(17, 36),
    ]
    assert [float(curves.incidence_at(2, time)) for time in (2, 3, 5)] == pytest.approx(
        [0.1, 0.216667, 0.372222], abs=5e-7
    )


def test_it_gives_the_variances_and_intervals_that_sas_prints():
    curves = estimate_incidence(count_events([1, 2, 3, 4, 5, 6], [0, 1, 1, 2, 2, 0]), exact=True)

    assert [curves.incidence_at(2, time) for time in (3, 4, 5)] == [0, Fraction(1, 5), Fraction(2, 5)]
    assert [curves.variance[2][step] for step in (3, 4)] == [Fraction(32, 1000), Fraction(48, 1000)]
    assert curves.interval_at(2, 4) == pytest.approx((0.00836904, 0.58185303), abs=5e-9)
    assert curves.interval_at(2, 5) == pytest.approx((0.05197575, 0.75281579), abs=5e-9)


def test_it_gives_the_known_conversions_of_the_golden_deals():
    qualified, proposal, negotiation = (
        estimate_incidence(count_text(text)) for text in (QUALIFIED, PROPOSAL, NEGOTIATION)
    )

    assert qualified.incidence_at(">", 15) == pytest.approx(0.520833, abs=5e-7)
    assert qualified.incidence_at(">", 30) == pytest.approx(0.729167, abs=5e-7)
    assert qualified.incidence_at("x", 15) == pytest.approx(0.166667, abs=5e-7)
    assert proposal.incidence_at(">", 15) == pytest.approx(0.555556, abs=5e-7)
    assert proposal.incidence_at(">", 30) == pytest.approx(0.666667, abs=5e-7)
    assert negotiation.incidence_at(">", 30) == pytest.approx(0.666667, abs=5e-7)
    assert negotiation.incidence_at("<", 30) == pytest.approx(0.166667, abs=5e-7)


def test_curves_and_their_errors_agree_with_statsmodels():
    from statsmodels.duration.survfunc import CumIncidenceRight

    for seed in range(20):
        dice = np.random.default_rng(seed)
        durations, causes = dice.integers(1, 20, 60), dice.integers(0, 4, 60)
        durations[causes == 0] += 1  # so that the last is censored: statsmodels has no error where all have ended
        durations, causes = np.append(durations, 30), np.append(causes, 0)
        curves = estimate_incidence(count_events(durations.tolist(), causes.tolist()))
        expected = CumIncidenceRight(durations, causes)
        for cause, (values, errors) in enumerate(zip(expected.cinc, expected.cinc_se, strict=True), start=1):
            assert curves.incidence[cause] == pytest.approx(values, abs=1e-9)
            assert [sqrt(max(0, found)) for found in curves.variance[cause]] == pytest.approx(errors, abs=1e-8)


@given(many)
def test_what_has_ended_and_what_is_there_are_exactly_everything(found):
    curves = estimate_incidence(count(found), exact=True)

    for step, value in enumerate(curves.survival):
        assert value + sum(values[step] for values in curves.incidence.values()) == 1
    assert curves.survival == estimate_survival(count(found), exact=True).survival


@given(many)
def test_of_one_cause_it_is_what_survival_leaves(found):
    table = count([(duration, cause and "ended", entry) for duration, cause, entry in found])
    curves, curve = estimate_incidence(table, exact=True), estimate_survival(table, exact=True)

    for values, variances in zip(curves.incidence.values(), curves.variance.values(), strict=True):
        assert [1 - value for value in values] == list(curve.survival)
        assert variances == curve.variance


@given(many)
def test_the_variance_is_that_of_the_published_sum(found):
    curves = estimate_incidence(count(found), exact=True)
    ended = [sum(column) for column in zip(*curves.events.values(), strict=True)]
    before = [Fraction(1), *curves.survival]

    for cause, values in curves.incidence.items():
        for last, value in enumerate(values):
            total = Fraction(0)
            for step in range(last + 1):
                there, by_cause, rest = curves.at_risk[step], curves.events[cause][step], value - values[step]
                if ended[step]:
                    total += before[step] ** 2 * Fraction(by_cause * (there - by_cause), there**3)
                    total -= 2 * rest * before[step] * Fraction(by_cause, there**2)
                    if ended[step] < there:
                        total += rest**2 * Fraction(ended[step], there * (there - ended[step]))
            assert curves.variance[cause][last] == total


@given(st.lists(ended_things, min_size=1, max_size=12), st.integers(0, 12))
def test_without_censoring_it_is_the_share_that_has_ended(found, time):
    curves = estimate_incidence(count(found), exact=True)

    for cause in curves.incidence:
        share = Fraction(sum(why == cause and duration <= time for duration, why, _ in found), len(found))
        assert curves.incidence_at(cause, time) == share
        if time in curves.times:
            assert curves.variance[cause][curves.times.index(time)] == share * (1 - share) / len(found)


@given(many)
def test_floats_are_as_good_as_fractions_and_intervals_hold_the_curve(found):
    rough, exact = estimate_incidence(count(found)), estimate_incidence(count(found), exact=True)

    for cause, values in exact.incidence.items():
        assert rough.incidence[cause] == pytest.approx([float(value) for value in values], rel=1e-12)
        assert rough.variance[cause] == pytest.approx([float(found) for found in exact.variance[cause]], abs=1e-15)
        for value, limits in zip(values, exact.intervals(cause), strict=True):
            assert (limits is None) == (value in (0, 1))
            assert limits is None or 0 <= limits[0] <= value <= limits[1] <= 1


@given(st.lists(things, max_size=12), st.permutations(["won", "lost"]))
def test_causes_may_change_their_names(found, names):
    renamed = dict(zip(["won", "lost"], names, strict=True))
    table = count([(duration, renamed.get(cause), entry) for duration, cause, entry in found])
    before, after = estimate_incidence(count(found)), estimate_incidence(table)

    assert {renamed[cause]: values for cause, values in before.incidence.items()} == after.incidence


def test_nothing_is_said_about_times_after_the_last_and_before_the_first():
    curves = estimate_incidence(count_events([5, 9], ["won", None]))
    ended = estimate_incidence(count_events([5, 9], ["won", "lost"]))

    assert [curves.incidence_at("won", time) for time in (4, 9, 10)] == [0, 0.5, None]
    assert [curves.interval_at("won", time) for time in (4, 10)] == [None, None]
    assert (ended.incidence_at("won", 10), ended.incidence_at("lost", 10)) == (0.5, 0.5)
    assert estimate_incidence(EventTable()).incidence == {}


def test_it_lists_its_rows_and_what_it_assumes():
    curves = estimate_incidence(count_events([5, 9], ["won", None]))
    low, high = curves.interval_at("won", 9)

    assert curves.as_records()[1] == {
        "cause": "won",
        "time": 9,
        "at_risk": 1,
        "events": 0,
        "incidence": 0.5,
        "variance": 0.125,
        "low": low,
        "high": high,
    }
    assert "censored" in curves.assumes


def test_a_cause_that_nothing_ended_by_has_no_curve():
    with pytest.raises(KeyError, match="lost"):
        estimate_incidence(count_events([5, 9], ["won", None])).incidence_at("lost", 5)
