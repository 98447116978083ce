"""What the values of open deals say about winning: moments added up, and the shares that are believed of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from math import fsum, inf, isinf, lgamma, log, log1p
from typing import final

import attrs

from oppcore.forecast.scoring.moments import Moment
from oppcore.forecast.scoring.recalibration import PlattMap, fit_platt
from oppcore.stats import logistic, logit

__all__ = ["Evidence", "ValueShares", "calibrate_shares", "learn_shares", "weigh_moments"]

_FOLDS = 5
_STRENGTHS = tuple(2.0 ** (power / 2) for power in range(2, 25))
"""From 2 deals to 4096; beyond that, the values of a field are taken to say nothing."""

Values = tuple[str | None, ...]
Key = tuple[str, str | None]
"""A field and one of its values."""


@final
@attrs.frozen(kw_only=True)
class ValueShares:
    """The share won of all (`base_rate`), and that which is believed of the deals with each value.

    `counts` are how many deals were won, and seen, with the value. `strengths` are how many deals that went like all
    others were added before a share was believed, infinitely many where values differ by chance alone: by field, for
    the values said (True) and for that nothing was said, which is of another kind (False).
    """

    fields: tuple[str, ...]
    base_rate: float
    counts: Mapping[Key, tuple[float, float]] = attrs.field(hash=False, repr=False)
    shares: dict[Key, float] = attrs.field(factory=dict[Key, float], hash=False, repr=False)
    strengths: dict[tuple[str, bool], float] = attrs.field(factory=dict[tuple[str, bool], float], hash=False)

    def start(self, key: Key) -> float:
        """Give what is believed before the value is looked at: of a time in a stage, what the stage says."""
        name, value = key
        if name == "time_in_stage" and "stage" in self.fields and value is not None:
            return self.shares.get(("stage", value.rpartition(", ")[0]), self.base_rate)
        return self.base_rate

    def evidence(self, values: Values) -> list[float]:
        """Give by how much each value moves the log-odds; one that was never seen moves nothing."""
        found: list[float] = []
        for key in zip(self.fields, values, strict=True):
            start = self.start(key)
            found.append(logit(self.shares.get(key, start)) - logit(start))
        return found


@final
@attrs.define
class _Sum:
    """Weights added up: what was won, what was seen, and the squares of what each deal adds to that."""

    won: float = 0.0
    seen: float = 0.0
    squares: float = 0.0

    def add(self, won: float, seen: float, squares: float) -> None:
        self.won += won
        self.seen += seen
        self.squares += squares

    @property
    def count(self) -> tuple[float, float]:
        """How many deals were won, and seen: as many as would say as much if all weighed the same.

        Source: Kish (1965), Survey Sampling, the effective sample size.
        """
        if not self.squares:
            return 0.0, 0.0
        deals = self.seen * self.seen / self.squares
        return deals * (self.won / self.seen), deals


@final
@attrs.frozen
class Evidence:
    """The weights of moments by their fold, values and outcome, and what they add up to in each fold.

    Sums are by field and value; by None for all.
    """

    fields: tuple[str, ...]
    cells: dict[tuple[int, Values, bool], float]
    folds: tuple[dict[Key | None, _Sum], ...]

    def sums(self, *, without: int | None = None) -> dict[Key | None, _Sum]:
        """Give the sums of all folds but one."""
        found: dict[Key | None, _Sum] = {}
        for fold, sums in enumerate(self.folds):
            for key, one in sums.items() if fold != without else ():
                found.setdefault(key, _Sum()).add(one.won, one.seen, one.squares)
        return found


def weigh_moments(
    fields: Sequence[str], moments: Sequence[Moment], as_of: datetime, half_life: timedelta | None
) -> Evidence:
    """Weigh moments by their days and by how long ago they are; deals are dealt out to the folds in turn."""
    cells: dict[tuple[int, Values, bool], float] = {}
    folds: tuple[dict[Key | None, _Sum], ...] = tuple({} for _ in range(_FOLDS))
    for place, (_, deal) in enumerate(groupby(sorted(moments, key=_deal), key=_deal)):
        fold = place % _FOLDS
        sums: dict[Key | None, _Sum] = {}
        for moment in deal:
            weight = moment.days * (1.0 if half_life is None else 0.5 ** ((as_of - moment.ended_at) / half_life))
            cell = fold, moment.values, moment.won
            cells[cell] = cells.get(cell, 0.0) + weight
            for key in (None, *zip(fields, moment.values, strict=True)):
                sums.setdefault(key, _Sum()).add(weight * moment.won, weight, 0.0)
        for key, one in sums.items():
            folds[fold].setdefault(key, _Sum()).add(one.won, one.seen, one.seen * one.seen)
    return Evidence(tuple(fields), cells, folds)


def learn_shares(evidence: Evidence, strength: float | None = None, *, without: int | None = None) -> ValueShares:
    """Give the shares that are believed, from the moments of all folds but one.

    The share of a value is taken as if `strength` deals more had gone like all; None: for each field as many as make
    what was seen most likely, given that the values differ at all.

    Source: the beta-binomial likelihood, Gelman et al. (2013), Bayesian Data Analysis, section 5.3.
    """
    sums = evidence.sums(without=without)
    whole = sums.pop(None, _Sum())
    counts = {key: one.count for key, one in sums.items() if key is not None}
    learnt = ValueShares(fields=evidence.fields, base_rate=whole.won / whole.seen if whole.seen else 0.0, counts=counts)
    if not 0 < learnt.base_rate < 1:
        return learnt
    for name in sorted(evidence.fields, key="stage".__ne__):  # a time in a stage starts from what the stage says
        for said in (True, False):
            groups = {
                key: (*found, learnt.start(key))
                for key, found in counts.items()
                if key[0] == name and (key[1] is not None) is said
            }
            chosen = _find_strength(groups.values()) if strength is None else strength
            learnt.strengths[name, said] = chosen
            for key, (won, seen, start) in groups.items():
                learnt.shares[key] = start if isinf(chosen) else (won + chosen * start) / (seen + chosen)
    return learnt


def calibrate_shares(evidence: Evidence, strength: float | None = None) -> PlattMap:
    """Give the map that makes scores hold, each fold having been scored by what was learnt from the others."""
    learnt = [learn_shares(evidence, strength, without=fold) for fold in range(_FOLDS)]
    whole = evidence.sums().get(None, _Sum())
    scored: list[tuple[float, bool, float]] = []
    for (fold, values, won), weight in evidence.cells.items():
        base_rate = learnt[fold].base_rate
        if 0 < base_rate < 1 and weight:
            log_odds = fsum((logit(base_rate), *learnt[fold].evidence(values)))
            scored.append((logistic(log_odds), won, weight * whole.count[1] / whole.seen))
    if not scored:
        return PlattMap(0.0, 1.0)
    probabilities, outcomes, weights = zip(*scored, strict=True)
    return fit_platt(probabilities, outcomes, weights=weights)


def _find_strength(groups: Collection[tuple[float, float, float]]) -> float:
    """Give the strength under which what was won of what was seen, from the share it starts at, is most likely."""
    best, found = 0.0, inf
    for strength in _STRENGTHS:
        likelihood = fsum(_log_likelihood(won, seen, start, strength) for won, seen, start in groups)
        if likelihood > best:
            best, found = likelihood, strength
    return found


def _log_likelihood(won: float, seen: float, start: float, strength: float) -> float:
    """Give the beta-binomial log-likelihood, above that of the bare share it starts from."""
    high, low = strength * start, strength * (1 - start)
    lost = seen - won
    varied = lgamma(won + high) - lgamma(high) + lgamma(lost + low) - lgamma(low)
    return varied + lgamma(strength) - lgamma(seen + strength) - won * log(start) - lost * log1p(-start)


def _deal(moment: Moment) -> str:
    return moment.opportunity_id
