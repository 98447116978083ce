"""Whether a difference of losses is more than luck, against SciPy and the formula."""

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oppcore.forecast import compare_losses

differences = st.lists(st.floats(-10, 10).map(lambda one: round(one, 3)), min_size=3, max_size=20)


@settings(max_examples=50)
@given(differences.filter(lambda found: len(set(found)) > 1))
def test_without_an_overlap_it_is_the_t_test_of_one_sample(found):
    oracle = stats.ttest_1samp(found, 0)
    compared = compare_losses(found)

    assert compared.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-9)
    assert compared.p_value == pytest.approx(oracle.pvalue, rel=1e-9, abs=1e-12)


def test_with_an_overlap_neighbours_count_and_small_samples_are_corrected():
    # n = 5, horizons reach into two others: weights 1, 2/3, 1/3; correction (5 + 1 - 6 + 3 * 2 / 5) / 5.
    found = [0.3, 0.1, 0.4, 0.2, 0.5]
    gamma = [sum(found[t] - 0.3 and (found[t] - 0.3) * (found[t - k] - 0.3) for t in range(k, 5)) / 5 for k in range(3)]
    variance = (gamma[0] + 2 * (2 / 3) * gamma[1] + 2 * (1 / 3) * gamma[2]) / 5
    statistic = 0.3 / sqrt(variance) * sqrt((5 + 1 - 6 + 3 * 2 / 5) / 5)
    compared = compare_losses(found, overlap=2)

    assert compared.statistic == pytest.approx(statistic, rel=1e-12)
    assert compared.p_value == pytest.approx(2 * stats.t.sf(statistic, 4), rel=1e-9)


@settings(max_examples=50)
@given(differences, st.integers(0, 25))
def test_the_other_way_round_it_says_the_opposite(found, overlap):
    one = compare_losses(found, overlap=overlap)
    other = compare_losses([-difference for difference in found], overlap=overlap)

    assert one.statistic == pytest.approx(-other.statistic, rel=1e-9, abs=1e-12)
    assert one.p_value == pytest.approx(other.p_value, rel=1e-9, abs=1e-12)
    assert 0 <= one.p_value <= 1


def test_equal_losses_are_a_tie_and_equal_differences_are_none():
    assert compare_losses([0.0] * 6).p_value == 1
    assert compare_losses([0.1] * 6).p_value == 0


def test_one_difference_is_no_test():
    assert (compare_losses([0.5]).mean, compare_losses([0.5]).p_value) == (0.5, None)
    assert (compare_losses([]).mean, compare_losses([]).p_value) == (None, None)


def test_overlaps_are_counted():
    with pytest.raises(ValueError, match="overlap a number of times"):
        compare_losses([1, 2], overlap=-1)
