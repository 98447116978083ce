from statistics import mean, stdev

import pytest

from oppcore.stats import percentile_interval, resample


def test_a_sample_is_as_large_as_what_it_is_drawn_from_and_the_seed_decides():
    one, again, other = (list(resample(20, times=5, seed=seed)) for seed in (1, 1, 2))

    assert all(sum(sample.values()) == 20 and set(sample) <= set(range(20)) for sample in one)
    assert one == again != other


def test_means_of_samples_are_spread_as_the_standard_error_says():
    values = [float(number * number % 101) for number in range(200)]
    means = [
        sum(values[place] * times for place, times in sample.items()) / 200
        for sample in resample(200, times=400, seed=5)
    ]

    assert mean(means) == pytest.approx(mean(values), rel=0.02)
    assert stdev(means) == pytest.approx(stdev(values) / 200**0.5, rel=0.1)


def test_an_interval_leaves_out_as_much_on_either_side():
    assert percentile_interval(list(range(1, 101)), 0.9) == (5, 96)
    assert percentile_interval([7.0]) == (7.0, 7.0)


@pytest.mark.parametrize(("size", "times"), [(0, 5), (5, 0)])
def test_nothing_cannot_be_drawn_from(size, times):
    with pytest.raises(ValueError, match="at least once from at least one thing"):
        next(resample(size, times=times, seed=1))


def test_an_interval_needs_values_and_a_confidence():
    with pytest.raises(ValueError, match="at least one value"):
        percentile_interval([])
    with pytest.raises(ValueError, match="confidence"):
        percentile_interval([1.0], 1.0)
