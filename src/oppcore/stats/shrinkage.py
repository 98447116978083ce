"""Shares of groups, shrunk: what was seen of a group, and what is known of the groups around it."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, inf, isfinite, sqrt
from typing import final

import attrs

from oppcore.stats.priors import BetaPrior, Count, PriorBasis, check_counts, find_strength, fit_beta_prior
from oppcore.stats.special import beta_quantile

__all__ = ["ShrunkShare", "shrink_groups", "shrink_share"]

Path = tuple[str | None, ...]
"""A group, within the group before it, and so on; `()` is everything."""


@final
@attrs.frozen(kw_only=True)
class ShrunkShare:
    """The share of a group: what was seen of it (successes in trials) with a prior, as a Beta(`a`, `b`) distribution.

    `basis` is that of the prior; a pooled group has the distribution of what it is a part of.
    """

    successes: float
    trials: float
    a: float
    b: float
    basis: PriorBasis

    @property
    def raw(self) -> float | None:
        """Successes over trials; None where there are none."""
        return self.successes / self.trials if self.trials else None

    @property
    def value(self) -> float:
        """The estimate: the mean of the distribution."""
        return self.a / (self.a + self.b)

    @property
    def deviation(self) -> float:
        """The standard deviation of the distribution."""
        return sqrt(self.value * (1 - self.value) / (self.a + self.b + 1))

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Give the interval that leaves equal tails of the distribution out."""
        tail = (1 - confidence) / 2
        return beta_quantile(tail, self.a, self.b), beta_quantile(1 - tail, self.a, self.b)


def shrink_share(successes: float, trials: float, prior: BetaPrior) -> ShrunkShare:
    """Give the share of a group under a prior of finite strength.

    Raises `ValueError` for a pooled prior, under which a group has no share of its own, and for impossible counts.

    >>> share = shrink_share(4, 14, BetaPrior(mean=5.4 / 24, strength=24))
    >>> round(share.value, 4), round(share.deviation, 4)
    (0.2474, 0.0691)
    """
    check_counts([(successes, trials)])
    if not isfinite(prior.strength):
        message = "a group that is pooled has the share of all: it is not shrunk on its own"
        raise ValueError(message)
    a, b = prior.a + successes, prior.b + trials - successes
    return ShrunkShare(successes=successes, trials=trials, a=a, b=b, basis=prior.basis)


def shrink_groups(counts: Mapping[Path, Count]) -> Mapping[Path, ShrunkShare]:
    """Give the share of every group, shrunk towards the group that it is in, and that towards the one around it.

    The groups counted are all of one depth, such as (region, owner); what is in the result, too, is every group around
    them, up to `()`: everything, under the prior Beta(1/2, 1/2) of Jeffreys. The groups of the first depth have a prior
    of their own, fitted to them all; those of further depths one whose mean is the share of the group around, and whose
    strength fits all groups of that depth. Groups that differ no more than by chance are pooled with what is around.

    Raises `ValueError` for groups of unlike depth.
    """
    if len(depths := {len(path) for path in counts}) > 1:
        message = f"groups are of one depth, not of {' and '.join(map(str, sorted(depths)))}"
        raise ValueError(message)
    check_counts(counts.values())
    levels = [_add_up(counts, depth) for depth in range(max(depths, default=0) + 1)]
    successes, trials = levels[0].get((), (0.0, 0.0))
    found: dict[Path, ShrunkShare] = {(): shrink_share(successes, trials, BetaPrior(0.5, 1.0))}
    for depth, level in enumerate(levels[1:], start=1):
        priors = _priors(level, depth, found)
        for path, (won, of) in level.items():
            around, prior = found[path[:-1]], priors[path[:-1]]
            if isfinite(prior.strength):
                found[path] = shrink_share(won, of, prior)
            else:
                found[path] = attrs.evolve(around, successes=won, trials=of, basis=PriorBasis.POOLED)
    return found


def _add_up(counts: Mapping[Path, Count], depth: int) -> dict[Path, Count]:
    """Give the counts of the groups of a depth."""
    parts: dict[Path, list[Count]] = {}
    for path, count in counts.items():
        parts.setdefault(path[:depth], []).append(count)
    return {path: (fsum(one for one, _ in some), fsum(of for _, of in some)) for path, some in parts.items()}


def _priors(level: Mapping[Path, Count], depth: int, found: Mapping[Path, ShrunkShare]) -> Mapping[Path, BetaPrior]:
    """Give the prior of the groups within each group around them."""
    if depth == 1:
        some = any(trials for _, trials in level.values())
        prior = fit_beta_prior(level.values()) if some else BetaPrior(0.5, inf, PriorBasis.POOLED)
        return {(): prior}
    within = [(count, found[path[:-1]].value) for path, count in level.items() if count[1]]
    counts, means = [count for count, _ in within], [mean for _, mean in within]
    strength, basis = find_strength(counts, means)
    return {path[:-1]: BetaPrior(found[path[:-1]].value, strength, basis) for path in level}
