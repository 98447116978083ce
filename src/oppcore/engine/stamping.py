"""The stamp of the next change of a record, and what can be wrong with its times."""

from __future__ import annotations

from datetime import datetime

from oppcore.engine.changes import Origination, Stamp, Waiver
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Progress, Record, kind_of
from oppcore.records.checks import to_optional_utc, to_utc

__all__ = ["find_order_problems", "find_other_pipeline", "find_pipeline_problems", "next_stamp"]


def _recorded(progress: Progress | None, at: datetime, recorded_at: datetime | None) -> datetime:
    """Give when a change is recorded: as said, else when it happens, but never before the last one was."""
    if recorded_at is not None:
        return recorded_at
    return at if progress is None else max(at, progress.recorded_at)


def find_order_problems(
    progress: Progress | None, *, at: datetime, recorded_at: datetime | None = None
) -> tuple[Problem, ...]:
    """Say how a change's times break the order: earlier than the last change, or recorded before it happened."""
    if at.utcoffset() is None or (recorded_at is not None and recorded_at.utcoffset() is None):
        message = f"an instant needs a time zone: {at.isoformat()}"
        raise ValueError(message)
    at, recorded_at = to_utc(at), to_optional_utc(recorded_at)
    written = _recorded(progress, at, recorded_at)
    problems: list[Problem] = []
    if progress is not None and at < progress.changed_at:
        problems.append(Problem("change.out_of_order", "at", {"have": at, "need": progress.changed_at}))
    if at > written:
        problems.append(Problem("change.before_it_happens", "recorded_at", {"have": written, "need": at}))
    if progress is not None and written < progress.recorded_at:
        problems.append(Problem("change.out_of_order", "recorded_at", {"have": written, "need": progress.recorded_at}))
    return tuple(problems)


def find_pipeline_problems(pipeline: Pipeline, record: Record) -> tuple[Problem, ...]:
    """Say that a record belongs to another pipeline, or to none of its kind, or is out of the process."""
    removal = record.progress.removal
    if removal is not None:
        code = "record.removed" if removal.merged_into is None else "record.merged"
        return (Problem(code, "", {"at": removal.at, "into": removal.merged_into}),)
    return find_other_pipeline(pipeline, record)


def find_other_pipeline(pipeline: Pipeline, record: Record) -> tuple[Problem, ...]:
    """Say that a record belongs to another pipeline, or to none of its kind."""
    problems: list[Problem] = []
    if kind_of(record) is not pipeline.kind:
        problems.append(Problem("pipeline.kind", "pipeline", {"have": kind_of(record), "need": pipeline.kind}))
    if record.progress.pipeline != pipeline.key:
        params = {"have": record.progress.pipeline, "need": pipeline.key}
        problems.append(Problem("pipeline.other", "pipeline", params))
    return tuple(problems)


def next_stamp(
    pipeline: Pipeline,
    record_id: str,
    progress: Progress | None,
    *,
    at: datetime,
    recorded_at: datetime | None,
    actor: Actor | None,
    origin: Origination = Origination.LIVE,
    rules: tuple[str, ...] = (),
    waiver: Waiver | None = None,
) -> Stamp:
    """Make the stamp of the change that follows."""
    return Stamp(
        kind=pipeline.kind,
        record_id=record_id,
        version=1 if progress is None else progress.version + 1,
        at=at,
        recorded_at=_recorded(progress, at, recorded_at),
        actor_id=None if actor is None else actor.id,
        pipeline=pipeline.key,
        revision=pipeline.revision,
        origin=origin,
        rules=rules,
        waiver=waiver,
    )
