"""Changing a pipeline that deals stand in: what is different, and what the past would have been."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import final

import attrs

from oppcore.criteria import Situation
from oppcore.engine import Change, Moved, replay
from oppcore.engine.judging import find_edge_problems
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_edge, find_state_problem
from oppcore.proof.hindsight import could_be_true
from oppcore.records import Lead, Opportunity, Outcome, Record, RecordKind, is_present

__all__ = ["Difference", "Effect", "compare", "find_concerned", "replay_under"]


class Effect(StrEnum):
    """What a difference means for the deals there are: nothing, a place must be found for some, or it may not be."""

    HARMLESS = "harmless"
    NEEDS_MAPPING = "needs_mapping"
    REFUSED = "refused"


@final
@attrs.frozen
class Difference:
    """One thing in which two revisions differ, and what it means; `record_ids` are the deals that are in the way."""

    effect: Effect
    problem: Problem
    record_ids: tuple[str, ...] = ()


def _identity(old: Pipeline, new: Pipeline) -> Iterator[Difference]:
    for name in ("key", "kind"):
        have, need = getattr(new, name), getattr(old, name)
        if have != need:
            yield Difference(Effect.REFUSED, Problem("revision.other", name, {"have": have, "need": need}))
    if new.revision != old.revision + 1 and new != old:
        params = {"have": new.revision, "need": old.revision + 1}
        yield Difference(Effect.REFUSED, Problem("revision.number", "revision", params))


def _stages(old: Pipeline, new: Pipeline, standing: Mapping[str, Sequence[Record]]) -> Iterator[Difference]:
    for stage in old.stages:
        path, records = f"stages.{stage.key}", standing.get(stage.key, ())
        ids = tuple(record.id for record in records)
        if stage.key not in new:
            yield Difference(Effect.REFUSED, Problem("revision.stage_gone", path, {"stage": stage.key}), ids)
            continue
        after = new.stage(stage.key)
        if after.kind is not stage.kind:
            params = {"stage": stage.key, "have": after.kind, "need": stage.kind, "count": len(ids) or None}
            effect = Effect.REFUSED if ids else Effect.HARMLESS
            yield Difference(effect, Problem("revision.stage_kind", path, params), ids)
        open_ids = tuple(record.id for record in records if record.progress.outcome is Outcome.OPEN)
        if after.archived and not stage.archived:
            effect = Effect.NEEDS_MAPPING if open_ids else Effect.HARMLESS
            params = {"stage": stage.key, "count": len(open_ids) or None}
            yield Difference(effect, Problem("revision.stage_archived", path, params), open_ids)
    kept = [stage.key for stage in new.stages if stage.key in old]
    for stage in new.stages:
        if stage.key not in old:
            yield Difference(
                Effect.HARMLESS, Problem("revision.stage_new", f"stages.{stage.key}", {"stage": stage.key})
            )
    if kept != [stage.key for stage in old.stages if stage.key in new]:
        yield Difference(Effect.HARMLESS, Problem("revision.order", "stages", {"need": kept}))


def _fields(old: Pipeline, new: Pipeline, records: Iterable[Record]) -> Iterator[Difference]:
    all_records = tuple(records)
    for own in old.fields:
        if new.field(own.key) != old.field(own.key):
            ids = tuple(record.id for record in all_records if is_present(record.fields.get(own.key)))
            effect = Effect.NEEDS_MAPPING if ids else Effect.HARMLESS
            params = {"key": own.key, "count": len(ids) or None}
            yield Difference(effect, Problem("revision.field", f"fields.{own.key}", params), ids)


def _rules(old: Pipeline, new: Pipeline) -> Iterator[Difference]:
    for name in ("flow", "transitions", "actions", "approvals", "permissions", "overrides", "reasons", "opens_in"):
        if getattr(old, name) != getattr(new, name):
            yield Difference(Effect.HARMLESS, Problem("revision.part", name, {"key": name}))
    for stage in old.stages:
        if stage.key not in new:
            continue
        for gate in ("entry", "exit", "stay", "roles"):
            if getattr(stage, gate) != getattr(new.stage(stage.key), gate):
                path = f"stages.{stage.key}.{gate}"
                yield Difference(Effect.HARMLESS, Problem("revision.part", path, {"key": path}))


def compare(old: Pipeline, new: Pipeline, records: Iterable[Record] = ()) -> tuple[Difference, ...]:
    """Say in what two revisions of a pipeline differ, and what that means for these records.

    Stages are archived, never taken away, and a stage in which records stand keeps its kind. What changes the rules
    alone is harmless: rules are asked when a record moves. Labels, guidance and numbers are not compared.
    """
    there = tuple(
        record for record in records if record.progress.removal is None and record.progress.pipeline == old.key
    )
    standing: dict[str, list[Record]] = {}
    for record in there:
        standing.setdefault(record.progress.stage, []).append(record)
    return (
        *_identity(old, new),
        *_stages(old, new, standing),
        *_fields(old, new, there),
        *_rules(old, new),
    )


def find_concerned(old: Pipeline, new: Pipeline) -> tuple[str, ...]:
    """Give the stages in which deals can be in the way of a new revision: archived, gone, or of another kind there."""
    return tuple(
        stage.key
        for stage in old.stages
        if stage.key not in new or new.stage(stage.key).archived or new.stage(stage.key).kind is not stage.kind
    )


def replay_under(
    pipeline: Pipeline, histories: Iterable[Iterable[Change]]
) -> Iterator[tuple[Moved, tuple[Problem, ...]]]:
    """Say which past moves the rules of a pipeline would refuse today, each with every reason.

    Who moved is known, but not the roles they had then: what somebody could have done is not refused. What was adopted,
    migrated, transferred or overridden passed by no gate and is left out.
    """
    for changes in histories:
        past = tuple(changes)
        for number, change in enumerate(past):
            if not isinstance(change, Moved) or change.stamp.origin != "live" or change.stamp.waiver is not None:
                continue
            of = Lead if change.stamp.kind is RecordKind.LEAD else Opportunity
            problems = _refusals(pipeline, replay(past[:number], of=of), change)
            if problems:
                yield change, problems


def _refusals(pipeline: Pipeline, record: Record, change: Moved) -> tuple[Problem, ...]:
    for state in (change.source, change.target):
        if (problem := find_state_problem(pipeline, state)) is not None:
            return (problem,)
    edge = find_edge(pipeline, change.source, change.target)
    if edge is None:
        params = {"source": change.source, "target": change.target}
        return (Problem("move.no_way", "to", params),)
    situation = Situation(record=record, at=change.stamp.at, personal=pipeline.personal)
    passed = {rule.id for rule in edge.gate if could_be_true(rule.criterion, situation)}
    problems = find_edge_problems(edge, situation, change.reason)
    return tuple(dict.fromkeys(one for one in problems if one.code != "role.needed" and one.rule not in passed))
