"""Where deals can go at all, whatever the gates say: stages out of reach, traps, transitions for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import attrs

from oppcore.errors import Problem
from oppcore.pipeline import Direction, Pipeline, Stage, Transition, as_graph
from oppcore.pipeline.edges import Edge, find_edge, find_edges, legal_outcomes
from oppcore.pipeline.rules import DRAWN
from oppcore.proof.findings import Finding, Severity
from oppcore.records import Outcome, State

__all__ = ["find_in_ways", "is_passable"]

_Ways: TypeAlias = Mapping[State, tuple[State, ...]]
_UNDRAWN = frozenset({Direction.REOPEN, Direction.OVERTURN, Direction.RECLASSIFY, Direction.LOSE, Direction.ABANDON})


def is_passable(edge: Edge) -> bool:
    """Say whether somebody could take an edge if every criterion of it were true."""
    return edge.drawn and not edge.closed and not edge.skipped and all(policy.allowed for _, policy in edge.policies)


def find_in_ways(pipeline: Pipeline) -> Iterator[Finding]:
    """Find what is wrong with where deals can go."""
    enterable = [stage.key for stage in pipeline.open_stages if not stage.archived]
    entries = enterable if pipeline.flow.transfer.allowed else pipeline.entries
    opened = [State(key, Outcome.OPEN) for key in entries]
    left = [State(stage.key, Outcome.OPEN) for stage in pipeline.open_stages if stage.archived]
    ways = _explore(pipeline, (*opened, *left))
    reached = _closure(ways, opened)
    yield from _unreachable(pipeline, {state.stage for state in reached})
    yield from _dead_ends(pipeline, ways, reached)
    yield from _transitions(pipeline)


def _explore(pipeline: Pipeline, starts: Iterable[State]) -> _Ways:
    ways: dict[State, tuple[State, ...]] = {}
    waiting = list(starts)
    while waiting:
        state = waiting.pop()
        if state not in ways:
            ways[state] = tuple(edge.target for edge in find_edges(pipeline, state) if is_passable(edge))
            waiting.extend(ways[state])
    return ways


def _closure(ways: _Ways, starts: Iterable[State]) -> set[State]:
    """Give every state that can be reached, the first ones among them."""
    found: set[State] = set()
    waiting = list(starts)
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting.extend(ways.get(state, ()))
    return found


def _before(ways: _Ways, outcomes: Iterable[Outcome]) -> set[State]:
    """Give every state from which one with such an outcome can be reached."""
    back: dict[State, list[State]] = {}
    for source, targets in ways.items():
        for target in targets:
            back.setdefault(target, []).append(source)
    return _closure({state: tuple(some) for state, some in back.items()}, [s for s in ways if s.outcome in outcomes])


def _unreachable(pipeline: Pipeline, reached: set[str]) -> Iterator[Finding]:
    for stage in pipeline.stages:
        if stage.key not in reached and not stage.archived:
            params = {"stage": stage.key, "kind": stage.kind}
            yield Finding(Severity.ERROR, Problem("stage.unreachable", f"stages.{stage.key}", params))


def _dead_ends(pipeline: Pipeline, ways: _Ways, reached: set[State]) -> Iterator[Finding]:
    ending = _before(ways, set(Outcome) - {Outcome.OPEN})
    winning = _before(ways, {Outcome.WON})
    occupied = [stage for stage in pipeline.open_stages if State(stage.key, Outcome.OPEN) in ways]
    wins = any(State(stage.key, Outcome.OPEN) in winning for stage in occupied)
    for stage in occupied:
        state, path = State(stage.key, Outcome.OPEN), f"stages.{stage.key}"
        if state not in ending:
            yield Finding(Severity.ERROR, Problem("stage.trap", path, {"stage": stage.key}))
        elif wins and state not in winning:
            yield Finding(Severity.WARNING, Problem("stage.no_win", path, {"stage": stage.key}))
    if not wins:
        yield Finding(Severity.WARNING, Problem("pipeline.no_win", "stages"))
    if not any(state.outcome is Outcome.LOST for state in reached):
        yield Finding(Severity.WARNING, Problem("pipeline.no_loss", "flow.lose"))


def _edges_between(pipeline: Pipeline, source: Stage, target: Stage) -> Iterator[Edge]:
    for have in legal_outcomes(source.kind):
        for want in legal_outcomes(target.kind):
            edge = find_edge(pipeline, State(source.key, have), State(target.key, want))
            if edge is not None:
                yield edge


def _is_bare(transition: Transition) -> bool:
    return attrs.evolve(transition, source="a", target="b") == Transition(source="a", target="b")


def _transitions(pipeline: Pipeline) -> Iterator[Finding]:
    for drawn in pipeline.transitions:
        edges = _edges_between(pipeline, pipeline.stage(drawn.source), pipeline.stage(drawn.target))
        if not any(is_passable(edge) and _UNDRAWN.isdisjoint(edge.directions) for edge in edges):
            params = {"source": drawn.source, "target": drawn.target}
            yield Finding(Severity.WARNING, Problem("transition.idle", f"transitions.{drawn.key}", params))
    if pipeline.transitions and all(map(_is_bare, pipeline.transitions)):
        ordered = as_graph(attrs.evolve(pipeline, transitions=()))
        if {drawn.key for drawn in ordered.transitions} == {drawn.key for drawn in pipeline.transitions}:
            yield Finding(Severity.NOTE, Problem("transition.order", DRAWN))
