"""What a change makes of a record: the only way from one image to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

import attrs

from oppcore.engine.changes import Amended, Change, Moved, Opened
from oppcore.errors import VersionConflict
from oppcore.records import Opportunity, Outcome, Progress, with_fields

__all__ = ["evolve", "replay"]


def _expect(record: Opportunity | None, change: Change) -> None:
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


def _moved(progress: Progress, change: Moved) -> Progress:
    stamp, target = change.stamp, change.target
    closed_at = progress.closed_at
    if target.outcome is Outcome.OPEN:
        closed_at = None
    elif closed_at is None or (target.outcome is Outcome.WON) != (progress.outcome is Outcome.WON):
        closed_at = stamp.at  # closed now, or overturned: another closing
    return attrs.evolve(
        progress,
        stage=target.stage,
        outcome=target.outcome,
        version=stamp.version,
        entered_at=progress.entered_at if target.stage == progress.stage else stamp.at,
        changed_at=stamp.at,
        recorded_at=stamp.recorded_at,
        closed_at=closed_at,
        reason=change.reason,
    )


def _apply(record: Opportunity | None, change: Change) -> Opportunity:
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
            return attrs.evolve(record, progress=_moved(record.progress, change))
        case Amended():
            amended = with_fields(record, {edit.field: edit.new for edit in change.edits})
            progress = attrs.evolve(
                record.progress, version=stamp.version, changed_at=stamp.at, recorded_at=stamp.recorded_at
            )
            return attrs.evolve(amended, progress=progress)
        case _:
            assert_never(change)


def evolve(record: Opportunity | None, *changes: Change) -> Opportunity:
    """Give the record after some changes, in order; None is the record before its `Opened`.

    Raises `VersionConflict` when a change does not follow the record's version.
    """
    for change in changes:
        record = _apply(record, change)
    if record is None:
        message = "no changes, no record"
        raise ValueError(message)
    return record


def replay(changes: Iterable[Change]) -> Opportunity:
    """Give the record that all its changes, from the first on, have made.

    Raises `VersionConflict` where one is missing.
    """
    return evolve(None, *changes)
