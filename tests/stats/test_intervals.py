import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import wilson

counts = st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.255289, 0.366210),
        (15, 148, 0.062386, 0.160487),
        (0, 20, 0.0, 0.161125),
        (1, 29, 0.006113, 0.171755),
    ],
)
def test_it_gives_the_published_examples(successes, trials, low, high):
    # Newcombe (1998), table I.
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-7)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999])
@pytest.mark.parametrize("trials", [1, 2, 3, 10, 29, 1_000, 100_000])
def test_it_agrees_with_statsmodels(trials, confidence):
    from statsmodels.stats.proportion import proportion_confint

    for successes in sorted({0, 1, trials // 3, trials // 2, trials - 1, trials}):
        expected = proportion_confint(successes, trials, 1 - confidence, method="wilson")
        assert wilson(successes, trials, confidence) == pytest.approx(expected, abs=1e-9)


@given(counts)
def test_it_lies_between_0_and_1_around_the_share(found):
    successes, trials = found
    low, high = wilson(successes, trials)

    assert 0 <= low <= successes / trials <= high <= 1
    assert (low == 0) == (successes == 0)
    assert (high == 1) == (successes == trials)


@given(counts)
def test_failures_mirror_successes(found):
    successes, trials = found
    low, high = wilson(successes, trials)

    assert wilson(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(counts)
def test_more_confidence_and_fewer_trials_make_it_wider(found):
    successes, trials = found
    low, high = wilson(successes, trials)
    surer = wilson(successes, trials, 0.99)
    more = wilson(successes * 4, trials * 4)

    assert surer[0] <= low
    assert high <= surer[1]
    assert more[1] - more[0] < high - low


@pytest.mark.parametrize(
    ("successes", "trials", "confidence"), [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 0.0), (1, 2, 1.0)]
)
def test_what_is_no_share_is_refused(successes, trials, confidence):
    with pytest.raises(ValueError, match=r"successes|confidence"):
        wilson(successes, trials, confidence)
