"""Taking a record from one pipeline over to another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, final

import attrs

from oppcore.criteria import Situation
from oppcore.engine.amending import find_edits, find_value_problems, make_amendment
from oppcore.engine.changes import Amended, Moved, Origination, Waiver
from oppcore.engine.evolution import evolve
from oppcore.engine.judging import find_edge_problems, find_policy_problems, find_stay_problems
from oppcore.engine.moving import make_move
from oppcore.engine.overriding import Override, Settled, settle
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Direction, Pipeline, StageKind
from oppcore.pipeline.edges import open_edge
from oppcore.pipeline.rules import flow_rule
from oppcore.records import Actor, Outcome, Record
from oppcore.spelling import suggest

__all__ = ["transfer", "unmet_transfer"]


@final
@attrs.frozen
class _Decision:
    settled: Settled
    amended: tuple[Amended, ...] = ()


def _structure_problems(pipeline: Pipeline, record: Record, into: Pipeline, to: str) -> list[Problem]:
    found: list[Problem] = []
    if into.kind is not pipeline.kind:
        found.append(Problem("pipeline.kind", "into", {"have": pipeline.kind, "need": into.kind}))
    if into.key == pipeline.key:
        found.append(Problem("transfer.itself", "into", {"have": into.key}))
    if record.progress.outcome is not Outcome.OPEN:
        found.append(Problem("transfer.closed", "", {"outcome": record.progress.outcome}))
    if to not in into:
        known = [stage.key for stage in into.stages]
        found.append(Problem("move.unknown_stage", "to", {"have": to, "suggestion": suggest(to, known)}))
    elif into.stage(to).kind is not StageKind.OPEN:
        found.append(Problem("transfer.stage", "to", {"have": to, "kind": into.stage(to).kind}))
    strange = [name for name in record.fields if into.field(name) != pipeline.field(name)]
    if strange:
        found.append(Problem("transfer.fields", "fields", {"need": strange, "pipeline": into.key}))
    return found


def _decide(
    pipeline: Pipeline,
    record: Record,
    into: Pipeline,
    to: str,
    *,
    at: datetime,
    actor: Actor | None,
    amending: Mapping[str, Any],
    facts: Mapping[str, Any],
    recorded_at: datetime | None,
    override: Override | None,
) -> _Decision:
    wrong = (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *_structure_problems(pipeline, record, into, to),
        *find_value_problems(into, record, amending),
    )
    if wrong:
        return _Decision(Settled(wrong))
    amended: tuple[Amended, ...] = ()
    if find_edits(record, amending):
        amended = make_amendment(pipeline, record, amending, at=at, actor=actor, recorded_at=recorded_at)
    after = evolve(record, *amended)
    leaving = find_policy_problems(
        pipeline.flow.transfer, "transfer", actor, rule=flow_rule(Direction.TRANSFER), place=pipeline.key
    )
    situation = Situation(record=after, at=at, actor=actor, facts=facts, personal=into.personal)
    arriving = find_edge_problems(open_edge(into, to, by=Direction.TRANSFER), situation)
    broken = find_stay_problems(pipeline, record, after, at=at) if amended else ()
    return _Decision(_settle(pipeline, (*broken, *leaving), into, tuple(arriving), override, actor), amended)


def _settle(
    pipeline: Pipeline,
    leaving: tuple[Problem, ...],
    into: Pipeline,
    arriving: tuple[Problem, ...],
    override: Override | None,
    actor: Actor | None,
) -> Settled:
    """Settle what either pipeline says by its own overrides: nobody bends the rules of one by a role in the other."""
    if override is None:
        return settle(into, (*leaving, *arriving), None, actor)
    left = {problem.rule for problem in leaving}
    entered = {problem.rule for problem in arriving}
    here = attrs.evolve(override, rules=[rule for rule in override.rules if rule in left])
    there = attrs.evolve(override, rules=[rule for rule in override.rules if rule not in left - entered])
    first, second = settle(pipeline, leaving, here, actor), settle(into, arriving, there, actor)
    if problems := tuple(dict.fromkeys((*first.problems, *second.problems))):
        return Settled(problems)
    waived = tuple(one for settled in (first, second) if settled.waiver for one in settled.waiver.waived)
    return Settled((), Waiver(override.reason, waived) if waived else None)


def unmet_transfer(
    pipeline: Pipeline,
    record: Record,
    into: Pipeline,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `transfer` would be refused; nothing when it would be done."""
    return _decide(
        pipeline,
        record,
        into,
        record.progress.stage if to is None else to,
        at=at,
        actor=actor,
        amending=amending or {},
        facts=facts or {},
        recorded_at=recorded_at,
        override=override,
    ).settled.problems


def transfer(
    pipeline: Pipeline,
    record: Record,
    into: Pipeline,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Amended | Moved, ...]:
    """Take an open record over to an open stage of another pipeline: the one of the same key, if none is named.

    The flow of both pipelines must allow it, and the stage's entry criteria and roles hold. `amending` fills in fields
    of the new pipeline first. Answers and approvals stay behind: they belong to the process they were given in.

    Raises `MoveRefused` with all of `unmet_transfer`.
    """
    stage = record.progress.stage if to is None else to
    decision = _decide(
        pipeline,
        record,
        into,
        stage,
        at=at,
        actor=actor,
        amending=amending or {},
        facts=facts or {},
        recorded_at=recorded_at,
        override=override,
    )
    if decision.settled.problems:
        wish = Wish("wish.transfer", {"stage": stage, "pipeline": into.key})
        raise MoveRefused(record.id, wish, decision.settled.problems)
    after = evolve(record, *decision.amended)
    edge = open_edge(into, stage, by=Direction.TRANSFER)
    stamp = next_stamp(
        into,
        record.id,
        after.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        origin=Origination.TRANSFERRED,
        rules=edge.rules,
        waiver=decision.settled.waiver,
    )
    moved = make_move(into, after, stamp, record.progress.state, edge.target, edge.directions, None)
    return (*decision.amended, moved)
