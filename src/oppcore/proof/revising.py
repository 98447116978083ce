"""Changing a pipeline that deals stand in: what is different, where each deal goes, what the past would have been."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import final

import attrs

from oppcore.criteria import Situation
from oppcore.engine import Change, Moved, Violation, evolve, find_violations, migrate, replay, unmet_migration
from oppcore.engine.judging import find_edge_problems
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_edge, find_state_problem
from oppcore.proof.hindsight import could_be_true
from oppcore.records import Actor, Lead, Opportunity, Outcome, Record, RecordKind, is_present

__all__ = ["Difference", "Effect", "Migration", "Plan", "compare", "plan_migration", "replay_under"]


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


def _stages(old: Pipeline, new: Pipeline, standing: Mapping[str, tuple[Record, ...]]) -> Iterator[Difference]:
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
    standing: dict[str, tuple[Record, ...]] = {}
    for record in there:
        standing[record.progress.stage] = (*standing.get(record.progress.stage, ()), record)
    return (
        *_identity(old, new),
        *_stages(old, new, standing),
        *_fields(old, new, there),
        *_rules(old, new),
    )


@final
@attrs.frozen(kw_only=True)
class Migration:
    """What becomes of one record: its changes (none where it stays), how it stands before and after, what is wrong.

    `problems` keep it from going where it should; `violations` are what the new revision does not like about it there.
    """

    record_id: str
    before: Record
    after: Record
    changes: tuple[Moved, ...] = ()
    problems: tuple[Problem, ...] = ()
    violations: tuple[Problem, ...] = ()


@final
@attrs.frozen(kw_only=True)
class Plan:
    """Where every record goes under a new revision."""

    migrations: tuple[Migration, ...]

    @property
    def unresolved(self) -> tuple[Migration, ...]:
        """The records for which there is no place yet."""
        return tuple(one for one in self.migrations if one.problems)

    @property
    def changes(self) -> tuple[tuple[Moved, ...], ...]:
        """The changes to be saved, one tuple for each record that moves (see `Desk.save`)."""
        return tuple(one.changes for one in self.migrations if one.changes)


def plan_migration(
    records: Iterable[Record],
    new: Pipeline,
    mapping: Mapping[str, str] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> Plan:
    """Plan where records go when a new revision comes: `mapping` says to which stage those of another one go.

    Open records in an archived stage, and any in a state the revision does not have, need a place. Nothing else moves;
    planning again after a part was saved plans the rest. Records that were removed are left alone.
    """
    given = mapping or {}
    migrations = [
        _plan(record, new, given, at, actor, recorded_at) for record in records if record.progress.removal is None
    ]
    return Plan(migrations=tuple(migrations))


def _plan(
    record: Record,
    new: Pipeline,
    mapping: Mapping[str, str],
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
) -> Migration:
    progress = record.progress
    to = mapping.get(progress.stage, progress.stage)
    problems: tuple[Problem, ...] = ()
    changes: tuple[Moved, ...] = ()
    if to != progress.stage:
        problems = unmet_migration(new, record, to, at=at, recorded_at=recorded_at)
        if not problems:
            changes = migrate(new, record, to, at=at, actor=actor, recorded_at=recorded_at)
    elif (problem := find_state_problem(new, progress.state)) is not None:
        problems = (problem,)
    elif new.stage(to).archived and progress.outcome is Outcome.OPEN:
        problems = (Problem("revision.no_place", progress.stage, {"stage": progress.stage}),)
    after = evolve(record, *changes)
    found: tuple[Violation, ...] = () if problems else tuple(find_violations(new, [after], at=at))
    return Migration(
        record_id=record.id,
        before=record,
        after=after,
        changes=changes,
        problems=problems,
        violations=tuple(problem for violation in found for problem in violation.problems),
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
