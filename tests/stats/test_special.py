import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.stats import (
    beta_cdf,
    beta_quantile,
    beta_sf,
    chi_square_sf,
    gamma_cdf,
    gamma_quantile,
    gamma_sf,
    normal_quantile,
)
from oppcore.stats.mass import binomial_mass, hypergeometric_mass
from oppcore.stats.special import beta_quantile_pair

PARAMETERS = [0.01, 0.5, 1, 1.5, 5, 14.5, 16, 1_000, 100_000, 1e7]
PROBABILITIES = [1e-12, 1e-6, 0.025, 0.5, 0.9, 0.975]

positive = st.floats(0.01, 1e5)
probabilities = st.floats(1e-9, 1 - 1e-9)


def near(expected):
    """Within 1e-9 of it, or vanishing as it does."""
    return pytest.approx(expected, rel=1e-9, abs=1e-280)


@pytest.mark.parametrize("b", PARAMETERS)
@pytest.mark.parametrize("a", PARAMETERS)
def test_beta_probabilities_agree_with_scipy(a, b):
    from scipy.special import betainc, betaincc

    mean = a / (a + b)
    deviation = math.sqrt(mean * (1 - mean) / (a + b + 1))
    around = [mean + steps * deviation for steps in (-8, -3, -1, -0.1, 0, 0.1, 1, 3, 8)]
    for x in [0, 1e-3, 0.1, 0.5, 0.9, 1, *(x for x in around if 0 < x < 1)]:
        assert beta_cdf(x, a, b) == near(betainc(a, b, x))
        assert beta_sf(x, a, b) == near(betaincc(a, b, x))


@pytest.mark.parametrize("shape", PARAMETERS[:-1])
def test_gamma_probabilities_agree_with_scipy(shape):
    from scipy.special import gammainc, gammaincc

    for x in [0, 1e-5, 0.1, *(shape + steps * math.sqrt(shape) for steps in (-0.9, -0.1, 0, 0.1, 1, 3, 8))]:
        if x >= 0:
            assert gamma_cdf(x, shape) == near(gammainc(shape, x))
            assert gamma_sf(x, shape) == near(gammaincc(shape, x))


def test_far_tails_of_ten_millions_are_exact_where_others_are_not():
    # Computed with 40 digits; scipy 1.17 misses the first by percents.
    assert gamma_cdf(9_985_000, 1e7) == near(1.03901018580829e-6)
    assert gamma_sf(10_015_000, 1e7) == near(1.06253079163188e-6)
    assert beta_cdf(0.9999998, 1e7, 1.5) == near(0.261464075945722)
    assert beta_cdf(2e-7, 2, 1e7) == near(0.593994231491335)


@given(probabilities, positive, positive)
def test_a_beta_quantile_is_undone_by_the_probability(probability, a, b):
    x, y = beta_quantile_pair(probability, a, b)

    assert x + y == pytest.approx(1, abs=1e-15)
    if 1e-290 < x <= 0.5:
        assert beta_cdf(x, a, b) == pytest.approx(probability, rel=1e-9)
    if 1e-290 < y <= 0.5:
        assert beta_sf(y, b, a) == pytest.approx(probability, rel=1e-9)


@given(probabilities, positive)
def test_a_gamma_quantile_is_undone_by_the_probability(probability, shape):
    x = gamma_quantile(probability, shape)

    if x > 1e-290:
        assert gamma_cdf(x, shape) == pytest.approx(probability, rel=1e-9)


@pytest.mark.parametrize("a", PARAMETERS[1:-1])
def test_quantiles_agree_with_scipy(a):
    from scipy.special import betaincinv, gammaincinv
    from scipy.stats import norm

    for probability in PROBABILITIES:
        assert gamma_quantile(probability, a) == near(gammaincinv(a, probability))
        assert normal_quantile(probability) == near(norm.ppf(probability))
        for b in PARAMETERS[1:-1]:
            assert beta_quantile(probability, a, b) == near(betaincinv(a, b, probability))


def test_nothing_and_certainty_have_the_ends_as_quantiles():
    assert [beta_quantile(share, 2, 3) for share in (0, 1)] == [0, 1]
    assert [gamma_quantile(share, 2) for share in (0, 1)] == [0, math.inf]
    assert beta_quantile(1e-9, 0.001, 1) == 0  # smaller than any float


@given(st.integers(0, 1024).map(lambda parts: parts / 1024), positive, positive)
def test_what_is_below_and_what_is_above_are_everything(x, a, b):
    assert beta_cdf(x, a, b) + beta_sf(x, a, b) == pytest.approx(1, abs=1e-15)
    assert beta_cdf(x, a, b) == pytest.approx(beta_sf(1 - x, b, a), rel=1e-12, abs=1e-280)


@pytest.mark.parametrize("degrees", [1, 2, 5, 30])
def test_chi_square_agrees_with_scipy(degrees):
    from scipy.stats import chi2

    for x in (0, 1e-9, 0.5, 3.84, 30, 300, 1_300):
        assert chi_square_sf(x, degrees) == near(chi2.sf(x, degrees))


@pytest.mark.parametrize("trials", [1, 10, 1_000, 10_000_000])
@pytest.mark.parametrize("share", [1e-7, 0.3, 0.5, 0.999])
def test_binomial_masses_agree_with_scipy(trials, share):
    from scipy.stats import binom

    centre = int(trials * share)
    away = int(5 * math.sqrt(trials))
    for successes in {0, trials // 2, trials, centre, max(0, centre - away), min(trials, centre + away)}:
        assert binomial_mass(successes, trials, share, 1 - share) == near(binom.pmf(successes, trials, share))


@given(st.integers(0, 40), st.integers(0, 40), st.data())
def test_hypergeometric_masses_are_what_counting_gives(marked, unmarked, data):
    draws = data.draw(st.integers(0, marked + unmarked))
    drawn = data.draw(st.integers(max(0, draws - unmarked), min(marked, draws)))
    ways = math.comb(marked, drawn) * math.comb(unmarked, draws - drawn)

    assert hypergeometric_mass(drawn, marked, unmarked, draws) == near(ways / math.comb(marked + unmarked, draws))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: beta_cdf(-0.1, 1, 1),
        lambda: beta_sf(math.nan, 1, 1),
        lambda: beta_cdf(0.5, 0, 1),
        lambda: beta_quantile(0.5, 1, math.inf),
        lambda: beta_quantile(1.1, 1, 1),
        lambda: gamma_cdf(-1, 1),
        lambda: gamma_sf(math.nan, 1),
        lambda: gamma_quantile(0.5, 0),
        lambda: gamma_quantile(2, 1),
        lambda: normal_quantile(0),
        lambda: normal_quantile(math.nan),
    ],
)
def test_what_has_no_probability_is_refused(ask):
    with pytest.raises(ValueError, match=r"between 0 and 1|positive and finite|at least 0"):
        ask()
