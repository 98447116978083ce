"""Whether two revisions of a pipeline decide alike: moves held against moves, gates against gates by the solver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import attrs

from oppcore.criteria import AllOf, Criterion, Not, implies
from oppcore.pipeline import Approval, Pipeline, Rule, Waivable
from oppcore.pipeline.edges import Edge, find_edges, legal_outcomes, open_edge
from oppcore.records import State
from oppcore.testing.rules.cases import is_possible

__all__ = ["Decisions"]

_BUDGET = 2_000


@final
class Decisions:
    """What a pipeline decides, to hold others against it that have the same stages."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._edges = list(_edges_of(pipeline))
        self._known: dict[tuple[Any, Any], bool] = {}

    def are_alike(self, other: Pipeline) -> bool:
        """Say whether another pipeline surely allows and refuses the same; False also where that is undecided."""
        pipeline = self._pipeline
        if other == pipeline:
            return True
        if (pipeline.entries, pipeline.overrides) != (other.entries, other.overrides):
            return False
        edges = zip(self._edges, _edges_of(other), strict=True)  # the stages say which there are, and they are the same
        return (
            self._stays_alike(other)
            and self._actions_alike(other)
            and self._approvals_alike(other)
            and all(self._edges_alike(one, another) for one, another in edges)
        )

    def _may_bend(self) -> bool:
        return any(Waivable.FLOW in policy.waives for policy in self._pipeline.overrides)

    def _edges_alike(self, one: Edge, other: Edge) -> bool:
        if one == other:
            return True
        if not self._may_bend() and not is_possible(one) and not is_possible(other):
            return True
        rest = attrs.evolve(other, gate=one.gate)
        return one == rest and self._gates_alike(_criteria(one.gate), _criteria(other.gate))

    def _stays_alike(self, other: Pipeline) -> bool:
        """Of stay criteria each is asked for itself: whether it was true, and would no longer be."""
        for one, another in zip(self._pipeline.stages, other.stages, strict=True):
            if len(one.stay) != len(another.stay):
                return False
            if not all(self._gates_alike((a,), (b,)) for a, b in zip(one.stay, another.stay, strict=True)):
                return False
        return True

    def _actions_alike(self, other: Pipeline) -> bool:
        pairs = zip(self._pipeline.actions, other.actions, strict=True)
        return all(a.roles == b.roles and self._gates_alike(a.gate, b.gate) for a, b in pairs)

    def _approvals_alike(self, other: Pipeline) -> bool:
        pairs = zip(self._pipeline.approvals, other.approvals, strict=True)
        return all(self._approval_alike(a, b) for a, b in pairs)

    def _approval_alike(self, one: Approval, other: Approval) -> bool:
        if one == other:
            return True
        if len(one.steps) != len(other.steps):
            return False
        whens = [(a.when, b.when) for a, b in zip(one.steps, other.steps, strict=True)]
        pairs = zip(one.steps, other.steps, strict=True)
        if attrs.evolve(one, steps=[attrs.evolve(a, when=b.when) for a, b in pairs]) != other:
            return False
        return all(a == b or (a is not None and b is not None and self._answer_alike(a, b)) for a, b in whens)

    def _answer_alike(self, one: Criterion, other: Criterion) -> bool:
        """Of a step's condition it matters whether it is true, and whether it is false: unknown is neither."""
        return self._gates_alike((one,), (other,)) and self._gates_alike((Not(one),), (Not(other),))

    def _gates_alike(self, one: tuple[Criterion, ...], other: tuple[Criterion, ...]) -> bool:
        if one == other:
            return True
        if (one, other) not in self._known:
            self._known[one, other] = self._follows(one, other) and self._follows(other, one)
        return self._known[one, other]

    def _follows(self, given: tuple[Criterion, ...], wanted: tuple[Criterion, ...]) -> bool:
        return implies(given, AllOf(wanted), fields=self._pipeline.known_fields, budget=_BUDGET) is True


def _criteria(rules: tuple[Rule, ...]) -> tuple[Criterion, ...]:
    return tuple(rule.criterion for rule in rules)


def _edges_of(pipeline: Pipeline) -> Iterator[Edge]:
    for stage in pipeline.open_stages:
        yield open_edge(pipeline, stage.key)
    for stage in pipeline.stages:
        for outcome in legal_outcomes(stage.kind):
            yield from find_edges(pipeline, State(stage.key, outcome))
