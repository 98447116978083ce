"""The one table of moves: what the engine evaluates, options list and diagrams draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import final

import attrs

from oppcore.criteria import Situation
from oppcore.criteria.compiled import compile_gate
from oppcore.errors import Problem
from oppcore.pipeline.flow import Direction, Policy
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.rules import Rule, entry_rules, exit_rules, flow_rule, gate_rules, roles_rule, skip_rule
from oppcore.pipeline.stage import Stage, StageKind
from oppcore.pipeline.transitions import Transition
from oppcore.records import Outcome, RecordKind, State, fields_of
from oppcore.spelling import suggest

__all__ = ["Edge", "as_graph", "find_edge", "find_edges", "find_state_problem", "legal_outcomes", "open_edge"]

_LEGAL = {
    StageKind.OPEN: (Outcome.OPEN, Outcome.LOST, Outcome.ABANDONED),
    StageKind.WON: (Outcome.WON, Outcome.LOST),
    StageKind.POST_SALE: (Outcome.WON, Outcome.LOST),
    StageKind.LOST: (Outcome.LOST, Outcome.ABANDONED),
}
_GIVEN_UP = (Outcome.LOST, Outcome.ABANDONED)
_FORWARD = frozenset({Direction.ADVANCE, Direction.JUMP, Direction.WIN, Direction.DELIVER})
_DRAWN = _FORWARD | {Direction.REVERT}
_TAKEN_BACK = frozenset({Direction.REOPEN, Direction.OVERTURN})
_UNGATED = frozenset({Direction.LOSE, Direction.ABANDON})


@final
@attrs.frozen(kw_only=True)
class Edge:
    """A move that the structure of a pipeline knows: from one state to another, in all its directions.

    `source` is None for an opening. `gate` is what must be true, `policies` what the flow says of each direction,
    `skipped` the stages jumped over that may not be. Of each of `roles` (by the place that asks for them) the actor
    needs one. `reasons` are the keys of which one must be given (empty: none is needed). `drawn` is False where the
    pipeline draws its transitions and this is none of them. `closed` says that nobody may enter the target any more.
    """

    source: State | None
    target: State
    directions: tuple[Direction, ...]
    gate: tuple[Rule, ...] = ()
    policies: tuple[tuple[Direction, Policy], ...] = ()
    skipped: tuple[str, ...] = ()
    roles: tuple[tuple[str, tuple[str, ...]], ...] = ()
    reasons: tuple[str, ...] = ()
    drawn: bool = True
    closed: bool = False
    kind: RecordKind = RecordKind.OPPORTUNITY

    rules: tuple[str, ...] = attrs.field(init=False, eq=False, repr=False)
    """The names of the rules that decide about the move."""
    is_free: bool = attrs.field(init=False, eq=False, repr=False)
    """Whether nothing but the gate can stand in the way of a move for which no reason is given."""

    def __attrs_post_init__(self) -> None:
        names = [flow_rule(direction) for direction, _ in self.policies]
        names += [roles_rule(flow_rule(direction)) for direction, policy in self.policies if policy.roles]
        names += [skip_rule(stage) for stage in self.skipped]
        names += [roles_rule(place) for place, _ in self.roles]
        names += [rule.id for rule in self.gate]
        object.__setattr__(self, "rules", tuple(names))
        hurdles = self.skipped or self.roles or self.reasons or self.closed or not self.drawn
        allowed = all(policy.allowed and not policy.roles for _, policy in self.policies)
        object.__setattr__(self, "is_free", allowed and not hurdles)

    @cached_property
    def holds(self) -> Callable[[Situation], bool]:
        """Says of a situation whether the whole gate is true; made when it is first asked for."""
        return compile_gate((rule.criterion for rule in self.gate), fields_of(self.kind))


def legal_outcomes(kind: StageKind) -> tuple[Outcome, ...]:
    """Give the outcomes a deal can have in a stage of a kind."""
    return _LEGAL[kind]


def find_state_problem(pipeline: Pipeline, state: State) -> Problem | None:
    """Say why a state cannot exist in a pipeline, or None."""
    if state.stage not in pipeline:
        known = [stage.key for stage in pipeline.stages]
        return Problem("move.unknown_stage", "stage", {"have": state.stage, "suggestion": suggest(state.stage, known)})
    kind = pipeline.stage(state.stage).kind
    if state.outcome not in _LEGAL[kind]:
        params = {"stage": state.stage, "kind": kind, "have": state.outcome, "need": _LEGAL[kind]}
        return Problem("state.illegal", "outcome", params)
    return None


def _between(pipeline: Pipeline, source: Stage, target: Stage) -> tuple[Stage, ...]:
    """Give the stages a forward move leaves out: open ones on the way, and before a post_sale stage the won ones.

    Nobody can enter an archived stage, so nobody leaves it out.
    """
    low, high = pipeline.rank(source.key), pipeline.rank(target.key)

    def among(stages: tuple[Stage, ...], kind: StageKind) -> tuple[Stage, ...]:
        return tuple(stage for stage in stages if stage.kind is kind and not stage.archived)

    if target.kind is StageKind.OPEN:
        return among(pipeline.stages[low + 1 : high], StageKind.OPEN)
    later_open = among(pipeline.stages[low + 1 :], StageKind.OPEN)
    if target.kind is StageKind.WON:
        return later_open
    return later_open + among(pipeline.stages[:high], StageKind.WON)


def _forward(pipeline: Pipeline, source: Stage, target: Stage) -> tuple[Direction, ...]:
    skips = bool(_between(pipeline, source, target))
    if target.kind is StageKind.OPEN:
        return (Direction.JUMP,) if skips else (Direction.ADVANCE,)
    return (Direction.WIN, Direction.JUMP) if skips else (Direction.WIN,)


def _from_open(pipeline: Pipeline, source: State, target: State) -> tuple[Direction, ...]:
    here, there = pipeline.stage(source.stage), pipeline.stage(target.stage)
    if target.outcome is Outcome.OPEN:
        if pipeline.rank(target.stage) < pipeline.rank(source.stage):
            return (Direction.REVERT,)
        return _forward(pipeline, here, there)
    if target.outcome is Outcome.WON:
        return _forward(pipeline, here, there)
    if there.kind is not StageKind.LOST and target.stage != source.stage:
        return ()  # lost on the way to another stage would be two moves in one
    return (Direction.LOSE,) if target.outcome is Outcome.LOST else (Direction.ABANDON,)


def _from_won(pipeline: Pipeline, source: State, target: State) -> tuple[Direction, ...]:
    if target.outcome is Outcome.WON:
        return (Direction.DELIVER,)
    if target.outcome is Outcome.OPEN:
        return (Direction.REOPEN,)
    there = pipeline.stage(target.stage)
    return (Direction.OVERTURN,) if there.kind is StageKind.LOST or target.stage == source.stage else ()


def _from_given_up(pipeline: Pipeline, source: State, target: State) -> tuple[Direction, ...]:
    if target.outcome is Outcome.OPEN:
        return (Direction.REOPEN,)
    if target.outcome is Outcome.WON:
        return (Direction.OVERTURN,)
    there = pipeline.stage(target.stage)
    return (Direction.RECLASSIFY,) if there.kind is StageKind.LOST or target.stage == source.stage else ()


def _directions(pipeline: Pipeline, source: State, target: State) -> tuple[Direction, ...]:
    if source == target:
        return ()
    if source.outcome is Outcome.OPEN:
        return _from_open(pipeline, source, target)
    if source.outcome is Outcome.WON:
        return _from_won(pipeline, source, target)
    return _from_given_up(pipeline, source, target)


def _leads_on(pipeline: Pipeline, here: Stage, there: Stage, directions: tuple[Direction, ...]) -> bool:
    """Say whether a closed deal comes back farther along than it left: what its stage asks of those who go on holds."""
    if here.kind is not StageKind.OPEN or _TAKEN_BACK.isdisjoint(directions):
        return False
    return there.kind in (StageKind.WON, StageKind.POST_SALE) or (
        there.kind is StageKind.OPEN and pipeline.rank(there.key) > pipeline.rank(here.key)
    )


def _edge(pipeline: Pipeline, source: State | None, target: State, directions: tuple[Direction, ...]) -> Edge:
    there = pipeline.stage(target.stage)
    gate = () if target.outcome in _GIVEN_UP else entry_rules(there)
    roles = [] if not _UNGATED.isdisjoint(directions) else [(f"stages.{there.key}", there.roles)]
    skipped: tuple[Stage, ...] = ()
    drawn = True
    if source is not None:
        here = pipeline.stage(source.stage)
        if not _FORWARD.isdisjoint(directions) or _leads_on(pipeline, here, there, directions):
            gate = exit_rules(here) + gate
        if Direction.JUMP in directions and not pipeline.transitions:
            skipped = _between(pipeline, here, there)
        if pipeline.transitions and not _DRAWN.isdisjoint(directions):
            transition = pipeline.transition(source.stage, target.stage)
            drawn = transition is not None
            if transition is not None:
                place = f"transitions.{transition.key}"
                gate += gate_rules(f"{place}.gate", transition.gate)
                roles.append((place, transition.roles))
    return Edge(
        source=source,
        target=target,
        directions=directions,
        gate=gate,
        policies=tuple((direction, pipeline.flow.policy(direction)) for direction in directions),
        skipped=tuple(stage.key for stage in skipped if not stage.may_be_skipped),
        roles=tuple((place, wanted) for place, wanted in roles if wanted),
        reasons=() if target.outcome is Outcome.OPEN else pipeline.reasons_for(target.outcome),
        drawn=drawn,
        closed=there.archived and (source is None or source.stage != target.stage),
        kind=pipeline.kind,
    )


def as_graph(pipeline: Pipeline) -> Pipeline:
    """Give the pipeline with the moves its order allows drawn one by one: it decides alike. Drawn already, it stays."""
    if pipeline.transitions:
        return pipeline
    drawn: list[Transition] = []
    for source in pipeline.stages:
        for outcome in _LEGAL[source.kind]:
            for edge in find_edges(pipeline, State(source.key, outcome)):
                here, there = State(source.key, outcome), edge.target
                if not edge.skipped and here.stage != there.stage and not _DRAWN.isdisjoint(edge.directions):
                    drawn.append(Transition(source=here.stage, target=there.stage))
    unique = {transition.key: transition for transition in drawn}
    return attrs.evolve(pipeline, transitions=tuple(unique.values()))


def open_edge(pipeline: Pipeline, stage: str, *, by: Direction = Direction.OPEN) -> Edge:
    """Give the edge by which a deal comes into a stage from outside: opened, or transferred from another pipeline.

    Raises `KeyError` for an unknown stage.
    """
    key = (None, by, stage, None)
    known: dict[object, Edge] = pipeline.edges
    if key not in known:
        known[key] = _edge(pipeline, None, State(stage, pipeline.stage(stage).kind.outcome), (by,))
    return known[key]


def find_edge(pipeline: Pipeline, source: State, target: State) -> Edge | None:
    """Give the edge between two legal states; None where no move leads from one to the other."""
    key = (source.stage, source.outcome, target.stage, target.outcome)
    known: dict[object, Edge | None] = pipeline.edges
    if key not in known:
        directions = _directions(pipeline, source, target)
        known[key] = _edge(pipeline, source, target, directions) if directions else None
    return known[key]


def find_edges(pipeline: Pipeline, source: State) -> Iterator[Edge]:
    """Give every edge out of a state, in the order of the stages."""
    for stage in pipeline.stages:
        for outcome in _LEGAL[stage.kind]:
            edge = find_edge(pipeline, source, State(stage.key, outcome))
            if edge is not None:
                yield edge
