"""Priors and shrunk shares: against the textbook, against scipy, and on groups whose truth is known."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.stats import (
    BetaPrior,
    PriorBasis,
    digamma,
    fit_beta_prior,
    pool_violators,
    shrink_groups,
    shrink_share,
    trigamma,
)

RATS = list(
    zip(
        [0] * 14
        + [1] * 8
        + [2] * 9
        + [1, 5, 2, 5, 3, 2, 7, 7, 3, 3, 2, 9, 10, 4, 4, 4, 4, 4, 4, 4, 10, 4, 4, 4, 5, 11, 12]
        + [5, 5, 6, 5, 6, 6, 6, 6, 16, 15, 15, 9],
        [20] * 7
        + [19] * 4
        + [18, 18, 17, 20, 20, 20, 20, 19, 19, 18, 18, 25, 24, 23, 20, 20, 20, 20, 20, 20, 10, 49, 19, 46, 27, 17, 49]
        + [47, 20, 20, 13, 48, 50, 20, 20, 20, 20, 20, 20, 20, 48, 19, 19, 19, 22, 46, 49, 20, 20, 23, 19, 22]
        + [20, 20, 20, 52, 46, 47, 24],
        strict=True,
    )
)
"""The 70 earlier experiments of Gelman et al., Bayesian data analysis, table 5.1: rats with tumours, of how many."""


def drawn(random, groups, mean, strength, most=60):
    """Counts of groups whose true shares come from a Beta distribution."""
    counts = []
    for _ in range(groups):
        trials = random.randint(1, most)
        share = random.betavariate(mean * strength, (1 - mean) * strength)
        counts.append((sum(random.random() < share for _ in range(trials)), trials))
    return counts


def rise(place, count):
    return sum(math.log(place + step) for step in range(count))


def surprise(prior, counts):
    """The negative log-likelihood, without the binomial coefficients, from the definition."""
    if prior.strength == math.inf:
        parts = ((won, prior.mean) for won, _ in counts), ((of - won, 1 - prior.mean) for won, of in counts)
        return -sum(number * math.log(share) for part in parts for number, share in part if number)
    return sum(rise(prior.strength, of) - rise(prior.a, won) - rise(prior.b, of - won) for won, of in counts)


@pytest.mark.parametrize("x", [1e-6, 0.01, 0.5, 1, 3.3, 7, 9.99, 10, 50, 1e5, 1e12])
def test_digamma_and_trigamma_agree_with_scipy(x):
    from scipy.special import polygamma, psi

    assert digamma(x) == pytest.approx(psi(x), rel=1e-12, abs=1e-12)
    assert trigamma(x) == pytest.approx(polygamma(1, x), rel=1e-12)


def test_the_rats_have_the_prior_of_the_textbook_by_moments():
    prior = fit_beta_prior(RATS, method="moments")

    assert (round(prior.mean, 3), round(math.sqrt(prior.mean * (1 - prior.mean) / (prior.strength + 1)), 3)) == (
        0.136,
        0.103,
    )
    textbook = BetaPrior.of_moments(0.136, 0.103)
    assert (round(textbook.a, 2), round(textbook.b, 2)) == (1.37, 8.71)


def test_a_group_has_the_share_that_its_prior_and_its_own_trials_give_it():
    share = shrink_share(4, 14, BetaPrior(mean=1.4 / 10, strength=10))

    assert (share.a, share.b) == pytest.approx((5.4, 18.6))
    assert (round(share.value, 3), round(share.deviation, 4), share.raw) == (0.225, 0.0835, 4 / 14)


def test_the_interval_leaves_equal_tails_out():
    from scipy.stats import beta

    share = shrink_share(4, 14, BetaPrior(mean=0.14, strength=10))

    assert share.interval(0.9) == pytest.approx(beta.interval(0.9, 5.4, 18.6), rel=1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_the_likeliest_prior_is_as_likely_as_any_that_scipy_finds(seed):
    from scipy.optimize import minimize
    from scipy.stats import betabinom

    random = Random(seed)
    counts = drawn(random, random.choice([3, 5, 10, 30]), random.uniform(0.1, 0.9), 10 ** random.uniform(-0.5, 2))
    prior = fit_beta_prior(counts)

    def at(place):
        return BetaPrior(1 / (1 + math.exp(-place[0])), math.exp(place[1]))

    found = [
        minimize(lambda place: surprise(at(place), counts), start, method="Nelder-Mead", bounds=[(-6, 6), (-6, 12)])
        for start in ([0.0, 1.0], [-1.0, 5.0])
    ]
    best = min(found, key=lambda one: one.fun)
    assert prior.basis is not PriorBasis.APART
    assert surprise(prior, counts) <= best.fun + 1e-6
    if prior.basis is PriorBasis.FITTED:
        assert prior.mean == pytest.approx(at(best.x).mean, abs=1e-3)
        constant = sum(math.log(math.comb(of, won)) for won, of in counts)
        theirs = sum(betabinom.logpmf(won, of, prior.a, prior.b) for won, of in counts)
        assert surprise(prior, counts) - constant == pytest.approx(-theirs, abs=1e-6)


def test_weighted_counts_have_a_prior_as_whole_ones_have():
    whole = [(10, 20), (3, 20), (15, 18)]

    assert fit_beta_prior([(won + 1e-9, of + 1e-9) for won, of in whole]).strength == pytest.approx(
        fit_beta_prior(whole).strength, rel=1e-5
    )


@pytest.mark.parametrize(
    ("counts", "mean"), [([(5, 10)], 0.5), ([(9, 20), (10, 20), (11, 20)], 0.5), ([(3, 3), (5, 5)], 1), ([(0, 4)], 0)]
)
@pytest.mark.parametrize("method", ["likelihood", "moments"])
def test_groups_that_differ_no_more_than_by_chance_are_pooled(counts, mean, method):
    prior = fit_beta_prior(counts, method=method)

    assert (prior.mean, prior.strength, prior.basis) == (mean, math.inf, PriorBasis.POOLED)


def test_groups_that_differ_by_hardly_more_than_chance_are_pooled_too():
    # 5 ** 0.5 is what chance would have it; the prior would count for millions of trials.
    assert fit_beta_prior([(10 + 2.236068, 20), (10 - 2.236068, 20)]).basis is PriorBasis.POOLED
    assert fit_beta_prior([(10 + 2.3, 20), (10 - 2.3, 20)]).strength == pytest.approx(340, abs=200)


@pytest.mark.parametrize("method", ["likelihood", "moments"])
def test_groups_of_nothing_but_successes_or_failures_keep_a_prior_of_one_trial(method):
    prior = fit_beta_prior([(0, 35), (0, 29), (16, 16)], method=method)

    assert (prior.strength, prior.basis) == (1.0, PriorBasis.APART)
    assert 0 < shrink_share(0, 35, prior).value < shrink_share(16, 16, prior).value < 1


def test_a_group_without_trials_has_the_prior():
    share = shrink_share(0, 0, BetaPrior(mean=0.3, strength=5))

    assert (share.value, share.raw) == (pytest.approx(0.3), None)


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda: fit_beta_prior([]), "groups with trials"),
        (lambda: fit_beta_prior([(3, 2)]), "no more successes"),
        (lambda: fit_beta_prior([(1, 2)], method="magic"), "'magic'"),
        (lambda: shrink_share(1, 2, BetaPrior(0.5, math.inf, PriorBasis.POOLED)), "share of all"),
        (lambda: shrink_groups({(): (1, 2), ("a",): (1, 2)}), "one depth"),
        (lambda: BetaPrior(1.5, 2), "mean between 0 and 1"),
        (lambda: BetaPrior.of_moments(0.5, 0.5), "no shares"),
        (lambda: pool_violators([1, 2], [1]), "as many weights"),
        (lambda: pool_violators([1, 2], [1, 0]), "weights above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(do, message):
    with pytest.raises(ValueError, match=message):
        do()


def loss(share, truth):
    """What is expected to be lost per further trial, in nats."""
    share = min(max(share, 1e-9), 1 - 1e-9)
    return -truth * math.log(share) - (1 - truth) * math.log(1 - share)


def test_shrunk_shares_foretell_better_than_raw_ones_and_than_one_for_all():
    random = Random(7)
    shrunk = raw = pooled = 0.0
    for _ in range(20):
        truth = [random.betavariate(3, 7) for _ in range(25)]
        counts = {}
        for place, share in enumerate(truth):
            trials = random.randint(1, 30)
            counts[str(place),] = sum(random.random() < share for _ in range(trials)), trials
        found = shrink_groups(counts)
        shrunk += sum(loss(found[str(place),].value, share) for place, share in enumerate(truth))
        raw += sum(loss(found[str(place),].raw, share) for place, share in enumerate(truth))
        pooled += sum(loss(found[()].value, share) for share in truth)

    assert shrunk < pooled
    assert shrunk < raw


counts = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda pair: (min(pair), max(pair)))
paths = st.tuples(st.sampled_from("ab"), st.sampled_from(["x", "y", None]))


@settings(max_examples=60)
@given(st.dictionaries(paths, counts))
def test_a_share_lies_between_what_was_seen_and_what_is_around(groups):
    found = shrink_groups(groups)

    assert {path[:1] for path in groups} | {()} | set(groups) == found.keys()
    for path, share in found.items():
        low, high = share.interval()
        assert 0 <= low <= share.value <= high <= 1
        if len(path) == 2:
            around = found[path[:-1]]
            if share.basis is PriorBasis.POOLED or share.raw is None:
                assert share.value == pytest.approx(around.value)
            else:
                assert min(share.raw, around.value) - 1e-9 <= share.value <= max(share.raw, around.value) + 1e-9


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 5)), max_size=8))
def test_isotonic_numbers_never_fall_and_keep_the_weighted_sum(points):
    values, weights = [value for value, _ in points], [weight for _, weight in points]
    found = pool_violators(values, weights)

    assert list(found) == sorted(found)
    total = math.fsum(map(math.prod, zip(values, weights, strict=True)))
    assert math.fsum(map(math.prod, zip(found, weights, strict=True))) == pytest.approx(total, abs=1e-9)
    assert pool_violators(found, weights) == pytest.approx(found)
