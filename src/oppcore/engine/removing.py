"""Taking records out of the process, bringing them back, and making one of two. Their histories stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from oppcore.engine.amending import find_edits, find_value_problems
from oppcore.engine.changes import Merged, Removed, Restored
from oppcore.engine.judging import find_policy_problems, find_stay_problems
from oppcore.engine.overriding import Override, Settled, settle
from oppcore.engine.stamping import find_order_problems, find_other_pipeline, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Record, with_fields

__all__ = ["merge", "remove", "restore", "unmet_merging", "unmet_removal", "unmet_restoration"]


def unmet_removal(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why a record cannot be removed; nothing when it can."""
    return (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *find_policy_problems(pipeline.permissions.remove, "remove", actor),
    )


def remove(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    actor: Actor | None = None,
    comment: str | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Removed]:
    """Take a record out of the process: it is in no count from then on, and nothing but `restore` can be done to it.

    Raises `MoveRefused` with all of `unmet_removal`.
    """
    if problems := unmet_removal(pipeline, record, at=at, actor=actor, recorded_at=recorded_at):
        raise MoveRefused(record.id, Wish("wish.remove"), problems)
    stamp = next_stamp(
        pipeline,
        record.id,
        record.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        rules=("permissions.remove",),
    )
    return (Removed(stamp=stamp, comment=comment),)


def unmet_restoration(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why a record cannot be restored; nothing when it can."""
    there = () if record.progress.removal is not None else (Problem("record.there", ""),)
    return (
        *there,
        *find_other_pipeline(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *find_policy_problems(pipeline.permissions.restore, "restore", actor),
    )


def restore(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    actor: Actor | None = None,
    comment: str | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Restored]:
    """Bring a removed or absorbed record back, where it stood. What another took over in a merge stays with that one.

    Raises `MoveRefused` with all of `unmet_restoration`.
    """
    if problems := unmet_restoration(pipeline, record, at=at, actor=actor, recorded_at=recorded_at):
        raise MoveRefused(record.id, Wish("wish.restore"), problems)
    stamp = next_stamp(
        pipeline,
        record.id,
        record.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        rules=("permissions.restore",),
    )
    return (Restored(stamp=stamp, comment=comment),)


def _settle(
    pipeline: Pipeline,
    record: Record,
    absorbed: Record,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    override: Override | None,
) -> Settled:
    wrong: list[Problem] = []
    for one in (record, absorbed):
        problems = (
            *find_pipeline_problems(pipeline, one),
            *find_order_problems(one.progress, at=at, recorded_at=recorded_at),
        )
        wrong += [attrs.evolve(problem, path=f"{one.id}: {problem.path}".rstrip(": ")) for problem in problems]
    if record.id == absorbed.id:
        wrong.append(Problem("merge.itself", "absorbed", {"have": record.id}))
    wrong += find_policy_problems(pipeline.permissions.merge, "merge", actor)
    wrong += find_value_problems(pipeline, record, values)
    if wrong:
        return Settled(tuple(wrong))
    after = with_fields(record, {edit.field: edit.new for edit in find_edits(record, values)})
    return settle(pipeline, find_stay_problems(pipeline, record, after, at=at), override, actor)


def unmet_merging(
    pipeline: Pipeline,
    record: Record,
    absorbed: Record,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why a record cannot absorb another; nothing when it can."""
    return _settle(
        pipeline, record, absorbed, values or {}, at=at, actor=actor, recorded_at=recorded_at, override=override
    ).problems


def merge(
    pipeline: Pipeline,
    record: Record,
    absorbed: Record,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Merged, Merged]:
    """Make one record of two of the same pipeline: the change of the one that stays, then of the one that is absorbed.

    `values` says what the first takes over; nothing is added up or carried over by itself. Both changes belong in one
    commit. Raises `MoveRefused` with all of `unmet_merging`.
    """
    given = values or {}
    settled = _settle(pipeline, record, absorbed, given, at=at, actor=actor, recorded_at=recorded_at, override=override)
    if settled.problems:
        raise MoveRefused(record.id, Wish("wish.merge", {"id": absorbed.id}), settled.problems)

    def merged(one: Record, **content: Any) -> Merged:
        stamp = next_stamp(
            pipeline,
            one.id,
            one.progress,
            at=at,
            recorded_at=recorded_at,
            actor=actor,
            rules=("permissions.merge",),
            waiver=settled.waiver,
        )
        return Merged(stamp=stamp, into_id=record.id, absorbed_id=absorbed.id, **content)

    return merged(record, edits=find_edits(record, given)), merged(absorbed)
