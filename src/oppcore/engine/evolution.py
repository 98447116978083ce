"""What a change makes of a record: the only way from one image to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, assert_never, overload

import attrs

from oppcore.engine.changes import Amended, Change, Converted, Moved, Opened, Stamp
from oppcore.errors import VersionConflict
from oppcore.records import Opportunity, Outcome, Progress, Record, State, with_fields, with_progress

__all__ = ["evolve", "replay"]

R = TypeVar("R", bound=Record)


def _expect(record: Record | None, change: Change) -> None:
    stamp = change.stamp
    found = 0 if record is None else record.progress.version
    if stamp.version != found + 1:
        raise VersionConflict(stamp.kind, stamp.record_id, stamp.version - 1, found)
    if record is not None and record.id != stamp.record_id:
        message = f"a change of {stamp.record_id!r} does not belong to {record.id!r}"
        raise ValueError(message)


def _expect_image(change: Opened) -> None:
    if (change.record.id, change.record.progress.version) != (change.stamp.record_id, change.stamp.version):
        message = f"the image of {change.record.id!r} is not what its change opens: {change.stamp.record_id!r}"
        raise ValueError(message)


def _moved(progress: Progress, stamp: Stamp, target: State, reason: str | None) -> Progress:
    closed_at = progress.closed_at
    if target.outcome is Outcome.OPEN:
        closed_at = None
    elif closed_at is None or (target.outcome is Outcome.WON) != (progress.outcome is Outcome.WON):
        closed_at = stamp.at  # closed now, or overturned: another closing
    return Progress(
        pipeline=progress.pipeline,
        stage=target.stage,
        outcome=target.outcome,
        version=stamp.version,
        opened_at=progress.opened_at,
        entered_at=progress.entered_at if target.stage == progress.stage else stamp.at,
        changed_at=stamp.at,
        recorded_at=stamp.recorded_at,
        closed_at=closed_at,
        reason=reason,
        answers=progress.answers,
    )


def _apply(record: Record | None, change: Change) -> Record:
    _expect(record, change)
    if isinstance(change, Opened):
        _expect_image(change)
        return change.record
    if record is None:
        message = f"the first change of {change.stamp.record_id!r} does not open it"
        raise ValueError(message)
    stamp = change.stamp
    match change:
        case Moved():
            return with_progress(record, _moved(record.progress, stamp, change.target, change.reason))
        case Converted():
            return with_progress(record, _moved(record.progress, stamp, change.target, None))
        case Amended():
            amended = with_fields(record, {edit.field: edit.new for edit in change.edits})
            progress = attrs.evolve(
                amended.progress, version=stamp.version, changed_at=stamp.at, recorded_at=stamp.recorded_at
            )
            return with_progress(amended, progress)
        case _:
            assert_never(change)


def _fold(record: Record | None, changes: Iterable[Change]) -> Record | None:
    for change in changes:
        record = _apply(record, change)
    return record


@overload
def evolve(record: R, *changes: Change) -> R: ...
@overload
def evolve(record: None, *changes: Change) -> Opportunity: ...
def evolve(record: Any, *changes: Change) -> Any:
    """Give the record after some changes, in order; None is an opportunity before its `Opened`.

    Raises `VersionConflict` when a change does not follow the record's version.
    """
    return replay(changes) if record is None else _fold(record, changes)


@overload
def replay(changes: Iterable[Change]) -> Opportunity: ...
@overload
def replay(changes: Iterable[Change], of: type[R]) -> R: ...
def replay(changes: Iterable[Change], of: type[Any] = Opportunity) -> Any:
    """Give the record that all its changes, from the first on, have made: an opportunity, or what `of` says.

    Raises `VersionConflict` where a change is missing, `ValueError` where there is none, `TypeError` where the record
    is of another kind.
    """
    found = _fold(None, changes)
    if found is None:
        message = "no changes, no record"
        raise ValueError(message)
    if not isinstance(found, of):
        message = f"these changes make a {type(found).__name__}, not a {of.__name__}"
        raise TypeError(message)
    return found
