"""A group next to its standard in one stage: by how much it differs, and how surprising that is by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from math import sqrt
from typing import Any, final

import attrs

from oppcore.funnel.cells import CellCounts
from oppcore.funnel.passing import DROPPED, IN_TIME, OVER_TIME, UNDECIDED, WENT_ON, Passing, PassingCounts
from oppcore.funnel.standard import StandardFunnel
from oppcore.funnel.tally import Tally, sorted_groups
from oppcore.stats import (
    EventTable,
    Significance,
    binomial_test,
    estimate_survival,
    fisher_test,
    log_rank_test,
    newcombe,
    wilson,
)
from oppcore.stats.normal import two_sided_quantile

__all__ = ["Aspect", "Deviation", "Judgement", "find_deviations"]


class Aspect(StrEnum):
    """What is compared: the share that went on from a stage, or how long the first stay in it took."""

    CONVERSION = "conversion"
    STAY = "stay"


class Judgement(StrEnum):
    """What can be said of a difference: that more go on, or leave sooner, is better."""

    BETTER = "better"
    WORSE = "worse"
    NOT_DISTINGUISHABLE = "not_distinguishable"
    TOO_FEW = "too_few"


@final
@attrs.frozen(kw_only=True)
class Deviation:
    """A group next to its standard in one stage.

    `deals` are those that tell: that went on or dropped, whose stay is over, or began long enough ago; `pending` the
    others. `value`, `standard` and the interval of their difference (`low`, `high`: of this one by itself) are shares
    from 0 to 1 or, by `unit`, days. `test` is None where there are too few deals.
    """

    by: str | None
    stage: str
    aspect: Aspect
    unit: str
    deals: int
    pending: int
    value: float | None = None
    standard: float | None = None
    low: float | None = None
    high: float | None = None
    test: Significance | None = None
    adjusted_p: float | None = None
    judgement: Judgement = Judgement.TOO_FEW

    @property
    def difference(self) -> float | None:
        """The value less the standard."""
        return None if self.value is None or self.standard is None else self.value - self.standard

    @property
    def p_value(self) -> float | None:
        """How likely a difference at least as large is where there is none, looked at by itself."""
        return None if self.test is None else self.test.p_value

    def judge(self, adjusted_p: float, confidence: float) -> Deviation:
        """Give the difference with what can be said of it once its p-value is adjusted for the others."""
        judgement = Judgement.NOT_DISTINGUISHABLE
        if self.test is not None and adjusted_p <= 1 - confidence:
            better = self.test.observed[0] > self.test.expected[0]
            judgement = Judgement.BETTER if better else Judgement.WORSE
        return attrs.evolve(self, adjusted_p=adjusted_p, judgement=judgement)

    def detail(self) -> dict[str, Any]:
        """Give the difference as plain data, ready for JSON."""
        found = attrs.asdict(self, recurse=False)
        test = None if self.test is None else self.test.test
        return {**found, "test": test, "difference": self.difference, "p_value": self.p_value}


def find_deviations(
    tally: Tally[Passing, PassingCounts],
    standard: StandardFunnel | None,
    aspects: frozenset[Aspect],
    *,
    min_deals: int,
    confidence: float,
) -> Iterator[Deviation]:
    """Give each group next to the standard (None: all others together), stage by stage; nothing is judged yet."""
    groups = sorted_groups(tally)
    rests = _find_rests([counts for _, counts in groups], tally.none)
    for (by, counts), rest in zip(groups, rests, strict=True):
        for stage in tally.definition.stages:
            if Aspect.CONVERSION in aspects and (standard is None or stage in standard.conversion):
                own = _Share.of(counts, stage, WENT_ON, DROPPED)
                aimed = _Share.of(rest, stage, WENT_ON, DROPPED) if standard is None else standard.conversion[stage]
                pending = counts.cells.number(stage, UNDECIDED)
                seed = Deviation(
                    by=by, stage=stage, aspect=Aspect.CONVERSION, unit="share", deals=own.all, pending=pending
                )
                yield _compare_shares(seed, own, aimed, min_deals, confidence)
            if Aspect.STAY in aspects and (standard is None or stage in standard.days):
                stays = counts.stays[stage]
                if standard is None:
                    over = sum(stays.all_events)
                    seed = Deviation(
                        by=by, stage=stage, aspect=Aspect.STAY, unit="days", deals=over, pending=len(stays) - over
                    )
                    yield _compare_stays(seed, stays, rest.stays[stage], min_deals, confidence)
                else:
                    own = _Share.of(counts, stage, IN_TIME, OVER_TIME)
                    seed = Deviation(
                        by=by,
                        stage=stage,
                        aspect=Aspect.STAY,
                        unit="share",
                        deals=own.all,
                        pending=len(stays) - own.all,
                    )
                    yield _compare_shares(seed, own, 0.5, min_deals, confidence)


@final
@attrs.frozen
class _Share:
    """So many of all."""

    of_these: int
    all: int

    @classmethod
    def of(cls, counts: PassingCounts, stage: str, kind: str, other: str) -> _Share:
        return cls(counts.cells.number(stage, kind), counts.cells.number(stage, kind, other))

    @property
    def pair(self) -> tuple[int, int]:
        return self.of_these, self.all


def _compare_shares(
    seed: Deviation, own: _Share, aimed: _Share | Decimal | float, min_deals: int, confidence: float
) -> Deviation:
    """Put a share next to that of the others, or to one that is given."""
    value = own.of_these / own.all if own.all else None
    if isinstance(aimed, _Share):
        standard = aimed.of_these / aimed.all if aimed.all else None
        if min(own.all, aimed.all) < min_deals:
            return attrs.evolve(seed, value=value, standard=standard)
        low, high = newcombe(own.pair, aimed.pair, confidence)
        test = fisher_test(own.pair, aimed.pair)
    else:
        standard = float(aimed)
        if own.all < min_deals:
            return attrs.evolve(seed, value=value, standard=standard)
        low, high = (limit - standard for limit in wilson(*own.pair, confidence))
        test = binomial_test(*own.pair, standard)
    return attrs.evolve(seed, value=value, standard=standard, low=low, high=high, test=test)


def _compare_stays(seed: Deviation, own: EventTable, rest: EventTable, min_deals: int, confidence: float) -> Deviation:
    """Put stays next to those of the others: the mean of both, as far as both were seen."""
    if not own.times or not rest.times:
        return seed
    until = min(own.times[-1], rest.times[-1])
    mine, theirs = (estimate_survival(table).restricted_mean(until) for table in (own, rest))
    if mine is None or theirs is None:
        return seed
    found = attrs.evolve(seed, value=float(mine.value), standard=float(theirs.value))
    if min(seed.deals, sum(rest.all_events)) < min_deals:
        return found
    error = two_sided_quantile(confidence) * sqrt(mine.variance + theirs.variance)
    difference = float(mine.value) - float(theirs.value)
    found = attrs.evolve(found, low=difference - error, high=difference + error)
    if len({*own.times, *rest.times}) == 1:  # all ended at one time: no test knows what to do, and none is needed
        return attrs.evolve(found, judgement=Judgement.NOT_DISTINGUISHABLE)
    return attrs.evolve(found, test=log_rank_test([own, rest], corrected=True))


def _find_rests(groups: Sequence[PassingCounts], none: PassingCounts) -> list[PassingCounts]:
    """Give for each group the counts of all others."""
    plain = [PassingCounts(CellCounts(one.cells.numbers), one.stays) for one in (none, *groups, none)]
    before = list(accumulate(plain[:-2]))
    after = list(accumulate(reversed(plain[2:])))[::-1]
    return [one + other for one, other in zip(before, after, strict=True)]
