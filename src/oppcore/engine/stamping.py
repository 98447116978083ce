"""The stamp of the next change of a record, and what can be wrong with its times."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oppcore.engine.changes import Origination, Stamp, Waiver
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Progress, Record, kind_of
from oppcore.records.checks import to_instant
from oppcore.records.drafts import draft_class

__all__ = ["find_order_problems", "find_other_pipeline", "find_pipeline_problems", "next_stamp"]

StampDraft = draft_class(Stamp)


def find_order_problems(
    progress: Progress | None, *, at: datetime, recorded_at: datetime | None = None
) -> tuple[Problem, ...]:
    """Say how a change's times break the order: earlier than the last change, or recorded before it happened."""
    at = to_instant(at)
    problems: list[Problem] = []
    if progress is not None and at < progress.changed_at:
        problems.append(Problem("change.out_of_order", "at", {"have": at, "need": progress.changed_at}))
    if recorded_at is not None:  # else it is recorded in time
        recorded_at = to_instant(recorded_at)
        if at > recorded_at:
            problems.append(Problem("change.before_it_happens", "recorded_at", {"have": recorded_at, "need": at}))
        if progress is not None and recorded_at < progress.recorded_at:
            params = {"have": recorded_at, "need": progress.recorded_at}
            problems.append(Problem("change.out_of_order", "recorded_at", params))
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
    kind = kind_of(record)
    if kind is pipeline.kind and record.progress.pipeline == pipeline.key:
        return ()
    problems: list[Problem] = []
    if kind is not pipeline.kind:
        problems.append(Problem("pipeline.kind", "pipeline", {"have": kind, "need": pipeline.kind}))
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
    """Make the stamp of the change that follows.

    It is recorded when that is said, else when it happens, but never before the last one was.
    """
    handed: Any = actor
    if handed is not None and not isinstance(handed, Actor):
        message = f"an actor is an Actor, not {type(handed).__name__}"
        raise TypeError(message)
    at = to_instant(at)
    if recorded_at is not None:
        recorded_at = to_instant(recorded_at)
    elif progress is not None and at < progress.recorded_at:
        recorded_at = progress.recorded_at
    else:
        recorded_at = at
    stamp = StampDraft()
    stamp.kind = pipeline.kind
    stamp.record_id = record_id
    stamp.version = 1 if progress is None else progress.version + 1
    stamp.at = at
    stamp.recorded_at = recorded_at
    stamp.actor_id = None if actor is None else actor.id
    stamp.pipeline = pipeline.key
    stamp.revision = pipeline.revision
    stamp.origin = origin
    stamp.rules = rules
    stamp.waiver = waiver
    stamp.__class__ = Stamp
    made: Stamp = stamp
    return made
