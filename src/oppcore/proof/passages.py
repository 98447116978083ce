"""How deals get from one state to another: by moves, and by what a proof is asked to allow besides."""

from __future__ import annotations

from collections.abc import Iterator, Set
from enum import StrEnum
from typing import final

import attrs

from oppcore.pipeline import Pipeline, StageKind, Waivable
from oppcore.pipeline.edges import Edge, find_edges, legal_outcomes, open_edge
from oppcore.records import Outcome, RecordKind, State

__all__ = ["Allowance", "Passage", "find_allowed", "find_moves", "waivable_of"]


class Allowance(StrEnum):
    """What happens to deals beside their moves, and is left out of a proof unless it is named."""

    OVERRIDE = "override"
    ADOPTION = "adoption"
    MIGRATION = "migration"
    CORRECTION = "correction"


@final
@attrs.frozen
class Passage:
    """A way from one state to another; `by` is None for a move that follows the rules."""

    edge: Edge
    by: Allowance | None = None

    @property
    def source(self) -> State | None:
        """Where it begins; None for a deal that comes in."""
        return self.edge.source

    @property
    def target(self) -> State:
        """Where it ends."""
        return self.edge.target


def waivable_of(pipeline: Pipeline) -> frozenset[Waivable]:
    """Give the kinds of rules that somebody may waive."""
    return frozenset(kind for policy in pipeline.overrides for kind in policy.waives)


def find_moves(pipeline: Pipeline, state: State | None) -> Iterator[Passage]:
    """Give the moves out of a state; from nowhere, the openings."""
    if state is None:
        yield from (Passage(open_edge(pipeline, stage)) for stage in pipeline.entries)
    else:
        yield from (Passage(edge) for edge in find_edges(pipeline, state))


def find_allowed(pipeline: Pipeline, state: State | None, allowing: Set[Allowance]) -> Iterator[Passage]:
    """Give what else may happen to a deal in a state (None: to one that comes in), where it is allowed."""
    if Allowance.OVERRIDE in allowing and pipeline.overrides:
        yield from _overridden(pipeline, state, waivable_of(pipeline))
    if Allowance.ADOPTION in allowing and state is None:
        for stage in pipeline.stages:
            for outcome in legal_outcomes(stage.kind):
                yield _ungated(pipeline, None, State(stage.key, outcome), Allowance.ADOPTION)
    if Allowance.MIGRATION in allowing and state is not None:
        for stage in pipeline.stages:
            target = State(stage.key, state.outcome)
            if not stage.archived and target != state and state.outcome in legal_outcomes(stage.kind):
                yield _ungated(pipeline, state, target, Allowance.MIGRATION)


def _ungated(pipeline: Pipeline, source: State | None, target: State, by: Allowance) -> Passage:
    return Passage(Edge(source=source, target=target, directions=(), kind=pipeline.kind), by)


def _overridden(pipeline: Pipeline, state: State | None, kinds: Set[Waivable]) -> Iterator[Passage]:
    if state is not None:
        edges = find_edges(pipeline, state)
    else:
        openable = [stage.key for stage in pipeline.stages_of(StageKind.OPEN) if not stage.archived]
        edges = (open_edge(pipeline, stage) for stage in (openable if Waivable.FLOW in kinds else pipeline.entries))
    for edge in edges:
        if pipeline.kind is RecordKind.LEAD and edge.target.outcome is Outcome.WON:
            continue  # nothing is waived when a lead is converted
        yield Passage(_without(edge, kinds), Allowance.OVERRIDE)


def _without(edge: Edge, kinds: Set[Waivable]) -> Edge:
    """Give an edge without the rules of some kinds."""
    policies = edge.policies
    if Waivable.FLOW in kinds:
        policies = tuple((direction, attrs.evolve(policy, allowed=True)) for direction, policy in policies)
    if Waivable.ROLES in kinds:
        policies = tuple((direction, attrs.evolve(policy, roles=())) for direction, policy in policies)
    return attrs.evolve(
        edge,
        gate=tuple(rule for rule in edge.gate if rule.kind not in kinds),
        policies=policies,
        skipped=() if Waivable.FLOW in kinds else edge.skipped,
        drawn=edge.drawn or Waivable.FLOW in kinds,
        roles=() if Waivable.ROLES in kinds else edge.roles,
    )
