from fractions import Fraction
from math import comb, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import binomial_test, chi_square_test, fisher_test

ALTERNATIVES = ["two-sided", "less", "greater"]
samples = st.integers(1, 25).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


def near(expected):
    return pytest.approx(expected, rel=1e-9, abs=1e-280)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("share", [0, 1e-7, 0.01, 0.3, 0.5, 0.75, 0.999, 1])
def test_binomial_tests_agree_with_scipy_up_to_ten_million_trials(share, alternative):
    from scipy.stats import binomtest

    for trials in (1, 2, 5, 20, 21, 1_000, 100_000, 10_000_000):
        away = sqrt(trials * share * (1 - share))
        counts = [trials * share + steps * away for steps in (-30, -2, 0, 3, 30)]
        for count in {0, 1, trials // 2, trials, *(min(trials, max(0, int(count))) for count in counts)}:
            expected = binomtest(count, trials, share, alternative=alternative).pvalue
            assert binomial_test(count, trials, share, alternative=alternative).p_value == near(expected)


@given(samples, st.integers(0, 12))
def test_a_binomial_p_value_is_what_enumeration_gives(sample, parts):
    successes, trials = sample
    share = Fraction(parts, 12)
    masses = [comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(trials + 1)]

    def p_value(alternative):
        return binomial_test(successes, trials, float(share), alternative=alternative).p_value

    assert p_value("two-sided") == near(float(sum(mass for mass in masses if mass <= masses[successes])))
    assert p_value("less") == near(float(sum(masses[: successes + 1])))
    assert p_value("greater") == near(float(sum(masses[successes:])))


@given(samples, samples)
def test_fisher_p_values_are_what_enumeration_gives(one, other):
    successes, total = one[0] + other[0], one[1] + other[1]
    ways = {k: comb(one[1], k) * comb(other[1], successes - k) for k in range(one[1] + 1) if k <= successes}
    everything = comb(total, successes)

    def p_value(alternative):
        return fisher_test(one, other, alternative=alternative).p_value

    assert p_value("two-sided") == near(sum(count for count in ways.values() if count <= ways[one[0]]) / everything)
    assert p_value("less") == near(sum(count for k, count in ways.items() if k <= one[0]) / everything)
    assert p_value("greater") == near(sum(count for k, count in ways.items() if k >= one[0]) / everything)


@given(samples, samples)
def test_a_difference_is_as_surprising_from_the_other_side(one, other):
    assert fisher_test(one, other).p_value == near(fisher_test(other, one).p_value)
    assert fisher_test(one, other, alternative="less").p_value == near(
        fisher_test(other, one, alternative="greater").p_value
    )


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((8, 10), (1, 6)),
        ((127, 231), (4_111, 6_480)),
        ((0, 1), (3_732, 8_167)),
        ((40_000, 100_000), (41_500, 101_000)),
        ((3, 10_000_000), (14, 9_000_000)),
        ((299_321, 710_792), (2_073, 4_953)),
        ((5_000_000, 10_000_000), (5_010_000, 10_000_000)),
    ],
)
def test_fisher_tests_agree_with_scipy(one, other, alternative):
    from scipy.stats import fisher_exact

    table = [[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]]
    expected = fisher_exact(table, alternative=alternative).pvalue
    # scipy's own hypergeometric tails are good to about 1e-8 for millions.
    tolerance = 1e-9 if one[1] + other[1] < 100_000 else 1e-7
    assert fisher_test(one, other, alternative=alternative).p_value == pytest.approx(expected, rel=tolerance)


@pytest.mark.parametrize(
    "table",
    [
        [[127, 104], [4_111, 2_369]],
        [[10, 20], [30, 40]],
        [[1, 1], [1, 1]],
        [[0, 5], [5, 1]],
        [[3, 1, 4], [1, 5, 9], [2, 6, 5]],
        [[9_999_999, 1], [9_999_900, 100]],
        [[5, 5_000_000, 7], [9, 6_000_000, 1]],
    ],
)
def test_chi_square_tests_agree_with_scipy(table):
    from scipy.stats import chi2_contingency

    corrections = [False, True] if len(table) == len(table[0]) == 2 else [False]
    for corrected in corrections:
        expected = chi2_contingency(table, correction=corrected)
        found = chi_square_test(table, corrected=corrected)
        assert found.statistic == near(expected.statistic)
        assert found.p_value == near(expected.pvalue)
        assert found.degrees_of_freedom == expected.dof
        assert found.expected == near([value for row in expected.expected_freq for value in row])


def test_two_shares_give_the_square_of_the_known_z():
    found = chi_square_test([[127, 231 - 127], [4_111, 6_480 - 4_111]])

    assert sqrt(found.statistic) == pytest.approx(2.6201072878549594, abs=1e-9)
    assert found.p_value == pytest.approx(0.0087902, abs=5e-8)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30)), min_size=2, max_size=5))
def test_the_order_of_rows_and_columns_does_not_matter(table):
    found = chi_square_test(table).statistic

    assert chi_square_test(table[::-1]).statistic == pytest.approx(found, rel=1e-9, abs=1e-12)
    assert chi_square_test(list(zip(*table, strict=True))).statistic == pytest.approx(found, rel=1e-9, abs=1e-12)


def test_a_test_says_what_it_compared_and_what_it_assumes():
    found = fisher_test((3, 4), (1, 4))

    assert (found.test, found.observed, found.expected) == ("Fisher's exact test", (3, 1, 1, 3), (2, 2, 2, 2))
    assert (found.statistic, found.degrees_of_freedom) == (None, None)
    assert "independent" in found.assumes
    assert binomial_test(3, 20, 0.25).expected == (5, 15)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: binomial_test(3, 2, 0.5),
        lambda: binomial_test(0, 0, 0.5),
        lambda: binomial_test(-1, 2, 0.5),
        lambda: binomial_test(1, 2, 1.5),
        lambda: binomial_test(1, 2, float("nan")),
        lambda: binomial_test(1, 2, 0.5, alternative="more"),
        lambda: fisher_test((3, 2), (1, 2)),
        lambda: fisher_test((1, 2), (0, 0)),
        lambda: chi_square_test([[1, 2]]),
        lambda: chi_square_test([[1], [2]]),
        lambda: chi_square_test([[1, 2], [3]]),
        lambda: chi_square_test([[1, -2], [3, 4]]),
        lambda: chi_square_test([[0, 0], [3, 4]]),
        lambda: chi_square_test([[0, 3], [0, 4]]),
        lambda: chi_square_test([[1, 2, 3], [4, 5, 6]], corrected=True),
    ],
)
def test_what_is_no_share_and_no_table_is_refused(ask):
    with pytest.raises(ValueError, match=r"trials|share|alternative|rows|counts|row and|continuity"):
        ask()
