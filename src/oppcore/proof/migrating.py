"""Where the deals in a pipeline go when a new revision of it comes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import final

import attrs

from oppcore.engine import Moved, Violation, evolve, find_violations, migrate, unmet_migration
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_state_problem
from oppcore.records import Actor, Outcome, Record

__all__ = ["Migration", "Plan", "find_place", "plan_migration"]


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


def find_place(
    record: Record,
    new: Pipeline,
    mapping: Mapping[str, str],
    *,
    at: datetime | None,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[tuple[Moved, ...], tuple[Problem, ...]]:
    """Give the changes that take a record where it belongs (none where it stays), and why there is no place for it.

    `at` may be None where nothing is mapped.
    """
    progress = record.progress
    to = mapping.get(progress.stage, progress.stage)
    if to != progress.stage and at is not None:
        if problems := unmet_migration(new, record, to, at=at, recorded_at=recorded_at):
            return (), problems
        return migrate(new, record, to, at=at, actor=actor, recorded_at=recorded_at), ()
    if (problem := find_state_problem(new, progress.state)) is not None:
        return (), (problem,)
    if new.stage(to).archived and progress.outcome is Outcome.OPEN:
        return (), (Problem("revision.no_place", progress.stage, {"stage": progress.stage}),)
    return (), ()


def _plan(
    record: Record,
    new: Pipeline,
    mapping: Mapping[str, str],
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
) -> Migration:
    changes, problems = find_place(record, new, mapping, at=at, actor=actor, recorded_at=recorded_at)
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
