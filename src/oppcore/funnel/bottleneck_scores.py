"""What a stage may be the bottleneck of, and how much it is, by sums of the flow of deals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import final

import attrs

from oppcore.funnel.flows import ENDS, FlowTotals
from oppcore.stats import AbsorbingChain, make_chain

__all__ = [
    "BottleneckCriterion",
    "BottleneckRule",
    "CycleOf",
    "Scores",
    "count_gone_on",
    "find_expected_visits",
    "find_scores",
    "find_target",
]

_WON = ENDS[0]


class BottleneckCriterion(StrEnum):
    """What a stage may be the bottleneck of.

    `time`: the share of the expected cycle time that is spent there. `loss`: by how much the probability to win would
    rise if as many went on from there as should. `congestion`: how much more comes in than goes out, as a share of what
    comes in. `value`: as `time`, each day weighted by the amount of the deal: where money waits.
    """

    TIME = "time"
    LOSS = "loss"
    CONGESTION = "congestion"
    VALUE = "value"


class CycleOf(StrEnum):
    """Of which deals the cycle is: of those that are `won`, who go all the way, or of `all`."""

    WON = "won"
    ALL = "all"


@final
@attrs.frozen
class BottleneckRule:
    """The open stages in order, the share that should go on from each, where cycles start, and the window."""

    stages: tuple[str, ...]
    targets: Mapping[str, float] = attrs.field(hash=False)
    start: str
    cycle: CycleOf
    since: datetime | None


Scores = dict[tuple[BottleneckCriterion, str], float]
"""How much of a bottleneck each stage is by each criterion, where that can be told."""


def find_scores(total: FlowTotals, rule: BottleneckRule) -> Scores:
    """Give the scores that the totals tell of, by criterion and stage."""
    found: Scores = {}
    for stage in rule.stages:
        arrived = total.figure("arrived", stage)
        if arrived:
            found[BottleneckCriterion.CONGESTION, stage] = (arrived - total.figure("departed", stage)) / arrived
    chain = _find_chain(total, rule)
    if chain is None:
        return found
    visits = _find_visits(chain, rule)
    for criterion, days, left in (
        (BottleneckCriterion.TIME, "days", "left"),
        (BottleneckCriterion.VALUE, "money_days", "money_left"),
    ):
        if all(total.figure(left, stage) for stage, number in visits.items() if number):
            spent = {
                stage: number and number * total.figure(days, stage) / total.figure(left, stage)
                for stage, number in visits.items()
            }
            if whole := sum(spent.values()):
                found |= {(criterion, stage): time / whole for stage, time in spent.items()}
    for stage in chain.places:
        found[BottleneckCriterion.LOSS, stage] = _find_gain(chain, total, rule, stage)
    return found


def _find_chain(total: FlowTotals, rule: BottleneckRule) -> AbsorbingChain | None:
    """Give the chain of the stages that were left; None where one that was entered never was, or no cycle starts."""
    counts = {stage: total.moves(stage) for stage in rule.stages if total.figure("left", stage)}
    shares = {
        stage: {there: number / total.figure("left", stage) for there, number in moves.items() if number}
        for stage, moves in counts.items()
    }
    if rule.start not in shares or any(there not in (*shares, *ENDS) for row in shares.values() for there in row):
        return None
    try:
        return make_chain(shares, ends=ENDS)
    except ValueError:  # stages that were only left for one another
        return None


def find_expected_visits(total: FlowTotals, rule: BottleneckRule) -> dict[str, float]:
    """Give the expected visits to each stage in a cycle; nothing where that cannot be told."""
    chain = _find_chain(total, rule)
    return {} if chain is None else _find_visits(chain, rule)


def _find_visits(chain: AbsorbingChain, rule: BottleneckRule) -> dict[str, float]:
    """Give the expected visits in a cycle; of deals that are won: each stage weighed by how likely they are there."""
    visits = {stage: float(number) for stage, number in chain.visits[rule.start].items()}
    won = {stage: float(chain.endings[stage][_WON]) for stage in chain.places}
    if rule.cycle is CycleOf.ALL:
        return visits
    return {stage: number * won[stage] / won[rule.start] for stage, number in visits.items()} if won[rule.start] else {}


def count_gone_on(total: FlowTotals, rule: BottleneckRule, stage: str) -> float:
    """Give how many went from a stage to a later one, or were won."""
    moves, later = total.moves(stage), rule.stages[rule.stages.index(stage) + 1 :]
    return sum(moves[there] for there in (*later, _WON))


def find_target(total: FlowTotals, rule: BottleneckRule, stage: str) -> float:
    """Give the share that should go on from a stage: the one expected, or that of all stages together."""
    if rule.targets:
        return rule.targets[stage]
    left = sum(total.figure("left", one) for one in rule.stages)
    return sum(count_gone_on(total, rule, one) for one in rule.stages) / left if left else 0.0


def _find_gain(chain: AbsorbingChain, total: FlowTotals, rule: BottleneckRule, stage: str) -> float:
    """Give by how much the probability to win rises where as many go on from a stage as should."""
    row, target = chain.shares[stage], find_target(total, rule, stage)
    later = (*rule.stages[rule.stages.index(stage) + 1 :], _WON)
    share = count_gone_on(total, rule, stage) / total.figure("left", stage)
    if share >= target:
        return 0.0
    raised = {
        there: float(number) * (target / share if there in later else (1 - target) / (1 - share))
        for there, number in row.items()
    }
    if not share:
        raised[later[0] if later[0] in chain.places else _WON] = target
    better = make_chain({**chain.shares, stage: raised}, ends=ENDS)
    return float(better.endings[rule.start][_WON] - chain.endings[rule.start][_WON])
