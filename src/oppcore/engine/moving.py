"""Moving a record: ask (`unmet`, `options`), then do (`move`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, final

import attrs

from oppcore.criteria import Situation
from oppcore.engine.amending import find_value_problems, make_amendment
from oppcore.engine.changes import Amended, Moved, Stamp, Waiver
from oppcore.engine.evolution import evolve
from oppcore.engine.judging import find_edge_problems, find_stay_problems
from oppcore.engine.overriding import Override, settle
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Direction, Pipeline, StageKind
from oppcore.pipeline.edges import Edge, find_edge, find_edges, find_state_problem
from oppcore.pipeline.estimate import effective_category, effective_probability
from oppcore.records import Actor, Opportunity, Outcome, Progress, Record, RecordKind, State
from oppcore.records.checks import MAX_KEY, check_text
from oppcore.records.drafts import draft_class
from oppcore.spelling import suggest

__all__ = [
    "Option",
    "find_way",
    "make_move",
    "move",
    "options",
    "unmet",
]

MovedDraft, SituationDraft = draft_class(Moved), draft_class(Situation)
_CLOSED_KINDS = {Outcome.WON: StageKind.WON, Outcome.LOST: StageKind.LOST}


@final
@attrs.frozen
class Option:
    """A state a record could move to, what that would be, and every reason why it may not; none when it may."""

    target: State
    directions: tuple[Direction, ...]
    problems: tuple[Problem, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.problems


def _find_target(pipeline: Pipeline, here: State, to: str | None, outcome: Outcome | None) -> State | Problem:
    """Resolve what was asked for: a stage, an outcome, or both."""
    if to is None:
        if outcome is None:
            return Problem("move.nowhere", "to", {"have": here})
        places = pipeline.stages_of(_CLOSED_KINDS[outcome]) if outcome in _CLOSED_KINDS else ()
        if len(places) > 1:
            params = {"outcome": outcome, "known": [stage.key for stage in places]}
            return Problem("stage.ambiguous", "to", params)
        to = places[0].key if places else here.stage
    if to not in pipeline:
        known = [stage.key for stage in pipeline.stages]
        return Problem("move.unknown_stage", "to", {"have": to, "suggestion": suggest(to, known)})
    if outcome is None:
        outcome = pipeline.stage(to).kind.outcome
        if here == State(to, Outcome.LOST) and outcome is Outcome.WON:
            outcome = here.outcome  # cancelled after won: to overturn that, say so
    state = State(to, outcome)
    return find_state_problem(pipeline, state) or state


def _resolve(pipeline: Pipeline, here: State, to: str | None, outcome: Outcome | None) -> Edge | Problem:
    """Give the edge to what was asked for, or say why there is none."""
    target = _find_target(pipeline, here, to, outcome)
    if isinstance(target, Problem):
        return target
    if (problem := find_state_problem(pipeline, here)) is not None:
        return problem
    edge = find_edge(pipeline, here, target)
    if edge is None:
        return Problem("move.no_way", "to", {"source": here, "target": target})
    return _find_conversion_problem(pipeline, target) or edge


def find_way(pipeline: Pipeline, here: Progress, to: str | None, outcome: Outcome | str | None) -> Edge | Problem:
    """Resolve a wish; the pipeline keeps what was found, because it follows from the pipeline alone."""
    wish = ("wish", here.stage, here.outcome, to, outcome)
    known: Edge | None = pipeline.edges.get(wish)
    if known is not None:
        return known
    found = _resolve(pipeline, here.state, to, None if outcome is None else Outcome(outcome))
    if isinstance(found, Edge):
        pipeline.edges[wish] = found
    return found


@final
@attrs.define
class _Decision:
    """What was found out about a wish: the problems, and the edge and amendment if it can be carried out."""

    problems: tuple[Problem, ...]
    edge: Edge | None = None
    amended: tuple[Amended, ...] = ()
    record: Record | None = None
    waiver: Waiver | None = None


def _decide(
    pipeline: Pipeline,
    record: Record,
    to: str | None,
    *,
    outcome: Outcome | str | None,
    at: datetime,
    actor: Actor | None,
    reason: str | None,
    amending: Mapping[str, Any],
    facts: Mapping[str, Any],
    recorded_at: datetime | None,
    override: Override | None,
) -> _Decision:
    if reason is not None:
        check_text(reason, "reason", limit=MAX_KEY, blank=False)
    first = (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *(find_value_problems(pipeline, record, amending) if amending else ()),
    )
    if first:
        return _Decision(first)
    edge = find_way(pipeline, record.progress, to, outcome)
    if isinstance(edge, Problem):
        return _Decision((edge,))
    amended: tuple[Amended, ...] = ()
    if amending:
        amended = make_amendment(pipeline, record, amending, at=at, actor=actor, recorded_at=recorded_at)
    after = evolve(record, *amended) if amended else record
    situation = SituationDraft()
    situation.record = after
    situation.at = at
    situation.actor = actor
    situation.facts = facts
    situation.personal = pipeline.personal
    situation.__class__ = Situation
    problems = find_edge_problems(edge, situation, reason)
    if amended:
        problems = (*find_stay_problems(pipeline, record, after, at=at), *problems)
    if not problems and override is None:
        return _Decision((), edge, amended, after)
    settled = settle(pipeline, problems, override, actor)
    return _Decision(settled.problems, edge, amended, after, settled.waiver)


def unmet(
    pipeline: Pipeline,
    record: Record,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    outcome: Outcome | str | None = None,
    reason: str | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `move` would be refused; nothing when it would be done."""
    decision = _decide(
        pipeline,
        record,
        to,
        outcome=outcome,
        at=at,
        actor=actor,
        reason=reason,
        amending=amending or {},
        facts=facts or {},
        recorded_at=recorded_at,
        override=override,
    )
    return decision.problems


def make_move(
    pipeline: Pipeline,
    record: Record,
    stamp: Stamp,
    source: State,
    target: State,
    directions: tuple[Direction, ...],
    reason: str | None,
) -> Moved:
    """Make the `Moved` from one state to another, with the probability and forecast category that hold there."""
    estimate = record.estimate if isinstance(record, Opportunity) else None
    moved = MovedDraft()
    moved.stamp = stamp
    moved.source = source
    moved.target = target
    moved.directions = directions
    moved.reason = reason
    moved.probability = None if estimate is None else effective_probability(pipeline, target, estimate)
    moved.forecast_category = None if estimate is None else effective_category(pipeline, target, estimate)
    moved.__class__ = Moved
    made: Moved = moved
    return made


def move(
    pipeline: Pipeline,
    record: Record,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    outcome: Outcome | str | None = None,
    reason: str | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Amended | Moved, ...]:
    """Decide a move to a stage, an outcome, or both; nothing changes until the changes are applied and saved.

    `to` alone gives the outcome the stage's kind says. `outcome` alone goes to the pipeline's one stage of that kind
    and, where it has none (or for `abandoned`), stays in the stage. `reason` is the key of a reason for closing.
    `amending` fills in fields first, as a form does: the decision is made on the amended record and both changes are
    given, `Amended` then `Moved`, or neither. `override` waives the rules it names, for actors who may.

    Raises `MoveRefused` with all of `unmet`.
    """
    decision = _decide(
        pipeline,
        record,
        to,
        outcome=outcome,
        at=at,
        actor=actor,
        reason=reason,
        amending=amending or {},
        facts=facts or {},
        recorded_at=recorded_at,
        override=override,
    )
    edge, after = decision.edge, decision.record
    if decision.problems or edge is None or after is None:
        here = record.progress.state
        target = {"stage": to or here.stage} if to or not outcome else {"outcome": outcome}
        raise MoveRefused(record.id, Wish("wish.move", {"source": here, **target}), decision.problems)
    keeps_reason = reason is None and edge.target.outcome is record.progress.outcome
    stamp = next_stamp(
        pipeline,
        record.id,
        after.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        rules=edge.rules,
        waiver=decision.waiver,
    )
    kept = record.progress.reason if keeps_reason else reason
    source = edge.source or record.progress.state
    moved = make_move(pipeline, after, stamp, source, edge.target, edge.directions, kept)
    return (*decision.amended, moved)


def options(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Option, ...]:
    """List every state the record could move to, each with its blockers: what a screen needs to draw its buttons.

    Raises `MoveRefused` when the record is not in this pipeline at all.
    """
    first = (*find_pipeline_problems(pipeline, record), *find_order_problems(record.progress, at=at))
    here = find_state_problem(pipeline, record.progress.state)
    if first or here:
        raise MoveRefused(record.id, Wish("wish.any"), (*first, *(() if here is None else (here,))))
    situation = Situation(record=record, at=at, actor=actor, facts=facts or {}, personal=pipeline.personal)
    return tuple(
        Option(edge.target, edge.directions, _find_option_problems(pipeline, edge, situation))
        for edge in find_edges(pipeline, record.progress.state)
    )


def _find_conversion_problem(pipeline: Pipeline, target: State) -> Problem | None:
    if pipeline.kind is RecordKind.LEAD and target.outcome is Outcome.WON:
        return Problem("lead.convert", "to", {"target": target})
    return None


def _find_option_problems(pipeline: Pipeline, edge: Edge, situation: Situation) -> tuple[Problem, ...]:
    if (problem := _find_conversion_problem(pipeline, edge.target)) is not None:
        return (problem,)
    return tuple(dict.fromkeys(find_edge_problems(edge, situation)))
