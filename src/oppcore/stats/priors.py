"""How the shares of many groups are spread: Beta priors, and how much of the spread is chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from math import exp, fsum, inf, isfinite, log
from statistics import fmean, stdev
from typing import Self, final

import attrs

from oppcore.stats.special import digamma, trigamma

__all__ = ["BetaPrior", "Count", "PriorBasis", "check_counts", "find_strength", "fit_beta_prior"]

Count = tuple[float, float]
"""Successes and trials; both may be weighted, and need not be whole."""

_MOST = 1e5
"""A prior that counts for more trials than this pools the groups."""

_LEAST = 1e-4


class PriorBasis(StrEnum):
    """Where the strength of a prior comes from.

    `fitted`: from how much more the groups differ than chance would have it. `pooled`: they differ no more than that,
    so that they are all alike. `apart`: each of them is all successes or all failures, which no finite prior explains
    best; it counts for one trial then.
    """

    FITTED = "fitted"
    POOLED = "pooled"
    APART = "apart"


@final
@attrs.frozen
class BetaPrior:
    """How shares of groups are spread: a Beta distribution, by its mean and by the trials it counts for.

    `strength` is infinite where groups are `pooled`: their shares are all the `mean`.
    """

    mean: float
    strength: float
    basis: PriorBasis = PriorBasis.FITTED

    def __attrs_post_init__(self) -> None:
        if not (0 <= self.mean <= 1 and self.strength > 0):
            message = f"a prior has a mean between 0 and 1, and counts for something: not {self.mean}, {self.strength}"
            raise ValueError(message)

    @classmethod
    def of_moments(cls, mean: float, deviation: float) -> Self:
        """Give the prior of shares with a mean and a standard deviation.

        Raises `ValueError` where no shares between 0 and 1 have them.

        >>> prior = BetaPrior.of_moments(0.136, 0.103)
        >>> round(prior.a, 2), round(prior.b, 2)
        (1.37, 8.71)
        """
        if not (0 < mean < 1 and 0 < deviation * deviation < mean * (1 - mean)):
            message = f"no shares between 0 and 1 have the mean {mean} and the deviation {deviation}"
            raise ValueError(message)
        return cls(mean, mean * (1 - mean) / (deviation * deviation) - 1)

    @property
    def a(self) -> float:
        """The successes it counts for."""
        return self.mean * self.strength

    @property
    def b(self) -> float:
        """The failures it counts for."""
        return (1 - self.mean) * self.strength


def fit_beta_prior(counts: Iterable[Count], *, method: str = "likelihood") -> BetaPrior:
    """Give the prior under which the successes of many groups (successes, trials) are as spread as they are.

    `likelihood` makes what was seen most likely (beta-binomial, also for weighted counts). `moments` takes mean and
    variance of the raw shares of groups with trials for those of the prior: quick, and too wide, as chance widens them.
    By both, groups that differ no more than binomial chance would have it are pooled: where the likelihood falls as
    soon as they are allowed to differ.

    Raises `ValueError` where there are no trials at all, for impossible counts and for an unknown method.

    Source: Minka (2000), Estimating a Dirichlet distribution (the likelihood); Levin and Reeds (1977), Compound
    multinomial likelihood functions are unimodal, Annals of Statistics 5, 79-87 (when its maximum is finite);
    Gelman et al. (2013), Bayesian data analysis, 3rd ed., section 5.1 (the moments).

    >>> fit_beta_prior([(0, 20), (1, 20), (2, 20), (10, 20)]).basis
    <PriorBasis.FITTED: 'fitted'>
    >>> fit_beta_prior([(9, 20), (10, 20), (11, 20)])
    BetaPrior(mean=0.5, strength=inf, basis=<PriorBasis.POOLED: 'pooled'>)
    """
    if method not in ("likelihood", "moments"):
        message = f"a prior is fitted by 'likelihood' or by 'moments', not by {method!r}"
        raise ValueError(message)
    found = [(successes, trials) for successes, trials in counts if trials]
    check_counts(found)
    trials = fsum(trials for _, trials in found)
    if not trials:
        message = "a prior needs groups with trials"
        raise ValueError(message)
    overall = min(1.0, fsum(successes for successes, _ in found) / trials)
    if not 0 < overall < 1 or _excess(found, [overall] * len(found)) <= 0:
        return BetaPrior(overall, inf, PriorBasis.POOLED)
    if method == "moments":
        shares = [successes / trials for successes, trials in found]
        mean, deviation = fmean(shares), stdev(shares)
        if deviation * deviation >= mean * (1 - mean):
            return BetaPrior(mean, 1.0, PriorBasis.APART)
        return BetaPrior.of_moments(mean, deviation)
    best = overall

    def slope(strength: float) -> float:
        nonlocal best
        best = _best_mean(found, strength, best)
        return _slope(found, [best] * len(found), strength)

    strength, basis = _find_summit(slope)
    return BetaPrior(overall if basis is PriorBasis.POOLED else _best_mean(found, strength, best), strength, basis)


def find_strength(counts: Sequence[Count], means: Sequence[float]) -> tuple[float, PriorBasis]:
    """Give the strength of the prior of groups whose prior means are given, one for each, and what it comes from."""
    if _excess(counts, means) <= 0:
        return inf, PriorBasis.POOLED
    return _find_summit(lambda strength: _slope(counts, means, strength))


def check_counts(counts: Iterable[Count]) -> None:
    """Raise `ValueError` for counts that cannot be."""
    for successes, trials in counts:
        if not 0 <= successes <= trials < inf:
            message = f"{successes} successes in {trials} trials: at least none, and no more successes than trials"
            raise ValueError(message)


def _excess(counts: Sequence[Count], means: Sequence[float]) -> float:
    """Give how fast the likelihood grows when groups with these means may begin to differ; 0 or less: it does not."""
    return fsum(
        won * (won - 1) / mean + (of - won) * (of - won - 1) / (1 - mean) - of * (of - 1)
        for (won, of), mean in zip(counts, means, strict=True)
    )


def _slope(counts: Sequence[Count], means: Sequence[float], strength: float) -> float:
    """Give how fast the log-likelihood grows with the strength."""
    alike = Counter(zip(counts, means, strict=True))
    return fsum(
        times
        * (
            mean * _rise(mean * strength, won)
            + (1 - mean) * _rise((1 - mean) * strength, of - won)
            - _rise(strength, of)
        )
        for ((won, of), mean), times in alike.items()
    )


def _best_mean(counts: Sequence[Count], strength: float, guess: float) -> float:
    """Give the mean that is likeliest for a strength, by Newton's method on its logit, kept between bounds."""
    won, lost = Counter(won for won, _ in counts), Counter(of - won for won, of in counts)
    low, high, place = -inf, inf, log(guess / (1 - guess))
    for _ in range(200):
        mean = 1 / (1 + exp(-place))
        a, b = mean * strength, (1 - mean) * strength
        slope = fsum(times * _rise(a, number) for number, times in won.items()) - fsum(
            times * _rise(b, number) for number, times in lost.items()
        )
        bend = fsum(times * _fall(a, number) for number, times in won.items()) + fsum(
            times * _fall(b, number) for number, times in lost.items()
        )
        if slope > 0:
            low = place
        else:
            high = place
        following = place + slope / (strength * bend * mean * (1 - mean)) if bend else place
        if not low < following < high:
            following = (low + high) / 2 if isfinite(low + high) else place + (1 if slope > 0 else -1)
        if abs(following - place) <= 1e-13 * max(1.0, abs(place)):
            break
        place = following
    return 1 / (1 + exp(-place))


def _find_summit(slope: Callable[[float], float]) -> tuple[float, PriorBasis]:
    """Give where the likelihood, which has one summit, stops growing with the strength."""
    low = high = 1.0
    if slope(1.0) > 0:
        while slope(high) > 0:
            low, high = high, high * 4
            if low > _MOST:
                return inf, PriorBasis.POOLED
    else:
        while slope(low) <= 0:
            low, high = low / 4, low
            if high < _LEAST:
                return 1.0, PriorBasis.APART
    return exp(_find_root(slope, log(low), log(high))), PriorBasis.FITTED


def _find_root(slope: Callable[[float], float], low: float, high: float) -> float:
    """Give the logarithm at which a slope goes from above 0 to below, by false position (Illinois) between bounds."""
    above, below = slope(exp(low)), slope(exp(high))
    side = 0
    while high - low > 1e-10:
        place = (low * below - high * above) / (below - above)
        if not low < place < high:
            place = (low + high) / 2
        found = slope(exp(place))
        if abs(found) * exp(place) <= 1e-13:
            return place
        if found > 0:
            low, above = place, found
            below, side = (below / 2 if side > 0 else below), 1
        else:
            high, below = place, found
            above, side = (above / 2 if side < 0 else above), -1
    return (low + high) / 2


def _rise(place: float, count: float) -> float:
    """Give digamma(place + count) - digamma(place)."""
    if count <= 8 and count == int(count):
        return fsum(1 / (place + step) for step in range(int(count)))
    return digamma(place + count) - digamma(place)


def _fall(place: float, count: float) -> float:
    """Give trigamma(place) - trigamma(place + count)."""
    if count <= 8 and count == int(count):
        return fsum(1 / (place + step) ** 2 for step in range(int(count)))
    return trigamma(place) - trigamma(place + count)
