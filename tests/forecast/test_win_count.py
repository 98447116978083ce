"""The range of the number of wins, against the enumeration of all outcomes and SciPy."""

from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oppcore.forecast import win_count_interval

chances = st.floats(0.02, 0.98).map(lambda chance: round(chance, 2))


@settings(max_examples=40)
@given(st.lists(chances, max_size=8), st.sampled_from([0.5, 0.8, 0.95]))
def test_it_lies_between_the_quantiles_of_all_outcomes(found, confidence):
    masses = [0.0] * (len(found) + 1)
    for wins in product((0, 1), repeat=len(found)):
        masses[sum(wins)] += prod(chance if win else 1 - chance for chance, win in zip(found, wins, strict=True))
    low, high = win_count_interval(found, confidence=confidence)

    tail = (1 - confidence) / 2
    assert sum(masses[:low]) <= tail + 1e-9
    assert sum(masses[high + 1 :]) <= tail + 1e-9
    assert sum(masses[low : high + 1]) >= confidence - 1e-9


@pytest.mark.parametrize("count", [40, 300, 301, 5_000])
@pytest.mark.parametrize("chance", [0.1, 0.5, 0.83])
def test_with_one_probability_it_is_that_of_the_binomial(count, chance):
    law = stats.binom(count, chance)
    low, high = win_count_interval([chance] * count)

    near = 0 if count <= 300 else 1
    assert abs(low - law.ppf(0.1)) <= near
    assert abs(high - law.ppf(0.9)) <= near


def test_certain_deals_leave_no_range():
    assert win_count_interval([]) == (0, 0)
    assert win_count_interval([1.0, 0.0, 1.0]) == (2, 2)
    assert win_count_interval([1.0] * 400) == (400, 400)
    with pytest.raises(ValueError, match="confidence"):
        win_count_interval([0.5], confidence=1)
