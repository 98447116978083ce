from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import clopper_pearson, newcombe, wilson

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


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.252737, 0.367622),
        (0, 20, 0, 0.168433),
        (1, 29, 0.000873, 0.177644),
    ],
)
def test_clopper_pearson_gives_the_published_examples(successes, trials, low, high):
    # Newcombe (1998), table I.
    assert clopper_pearson(successes, trials) == pytest.approx((low, high), abs=5e-7)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_clopper_pearson_agrees_with_statsmodels_up_to_ten_million_trials(confidence):
    from statsmodels.stats.proportion import proportion_confint

    for trials in (1, 2, 3, 10, 29, 1_000, 100_000, 10_000_000):
        for successes in sorted({0, 1, trials // 3, trials // 2, trials - 1, trials}):
            expected = proportion_confint(successes, trials, 1 - confidence, method="beta")
            assert clopper_pearson(successes, trials, confidence) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("trials", range(1, 13))
def test_clopper_pearson_holds_every_share_at_least_as_often_as_it_says(trials):
    intervals = [clopper_pearson(successes, trials, 0.9) for successes in range(trials + 1)]
    for share in (part / 200 for part in range(201)):
        held = [
            comb(trials, successes) * share**successes * (1 - share) ** (trials - successes)
            for successes, (low, high) in enumerate(intervals)
            if low <= share <= high
        ]
        assert sum(held) >= 0.9 - 1e-12


@given(counts)
def test_clopper_pearson_lies_around_the_share_and_mirrors_failures(found):
    successes, trials = found
    low, high = clopper_pearson(successes, trials)

    assert 0 <= low <= successes / trials <= high <= 1
    assert clopper_pearson(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-12)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_gives_the_published_examples(one, other, low, high):
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II.
    assert newcombe(one, other) == pytest.approx((low, high), abs=5.1e-5)


def test_newcombe_agrees_with_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep

    samples = [(0, 10), (10, 10), (3, 17), (127, 231), (4_111, 6_480), (9_999_999, 10_000_000)]
    for one in samples:
        for other in samples:
            expected = confint_proportions_2indep(*one, *other, method="newcomb", compare="diff", alpha=0.1)
            assert newcombe(one, other, 0.9) == pytest.approx(expected, abs=1e-9)


@given(counts, counts)
def test_a_difference_turns_around_with_its_sides(one, other):
    low, high = newcombe(one, other)

    assert newcombe(other, one) == pytest.approx((-high, -low), abs=1e-12)
    assert -1 <= low <= one[0] / one[1] - other[0] / other[1] <= high <= 1


@pytest.mark.parametrize("ask", [lambda: clopper_pearson(3, 2), lambda: clopper_pearson(1, 2, 1.5)])
def test_clopper_pearson_refuses_what_is_no_share(ask):
    with pytest.raises(ValueError, match=r"successes|confidence"):
        ask()


@pytest.mark.parametrize("ask", [lambda: newcombe((0, 0), (1, 2)), lambda: newcombe((1, 2), (3, 2))])
def test_newcombe_refuses_what_is_no_share(ask):
    with pytest.raises(ValueError, match="successes"):
        ask()
