"""Taking a record to another stage because the pipeline has changed: structure is obeyed, no gate is asked."""

from __future__ import annotations

from datetime import datetime

from oppcore.engine.changes import Moved, Origination
from oppcore.engine.moving import make_move
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_state_problem
from oppcore.records import Actor, Record, State

__all__ = ["migrate", "unmet_migration"]


def unmet_migration(
    pipeline: Pipeline,
    record: Record,
    to: str,
    *,
    at: datetime,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why a record cannot be taken to a stage of a changed pipeline; nothing when it can."""
    problems = [
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
    ]
    if (problem := find_state_problem(pipeline, State(to, record.progress.outcome))) is not None:
        problems.append(problem)
    elif pipeline.stage(to).archived:
        problems.append(Problem("stage.archived", "to", {"stage": to}))
    return tuple(problems)


def migrate(
    pipeline: Pipeline,
    record: Record,
    to: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Moved, ...]:
    """Take a record to a stage of the newest revision, its outcome as it is; nothing where it stands there already.

    The change is marked as migrated. Raises `MoveRefused` with all of `unmet_migration`.
    """
    here, target = record.progress.state, State(to, record.progress.outcome)
    if here == target:
        return ()
    if problems := unmet_migration(pipeline, record, to, at=at, recorded_at=recorded_at):
        raise MoveRefused(record.id, Wish("wish.migrate", {"stage": to}), problems)
    stamp = next_stamp(
        pipeline,
        record.id,
        record.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        origin=Origination.MIGRATED,
    )
    return (make_move(pipeline, record, stamp, here, target, (), record.progress.reason),)
