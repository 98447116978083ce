"""What a change makes of a record: the only way from one image to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar, assert_never, overload

import attrs

from oppcore.engine.changes import (
    Amended,
    Change,
    Converted,
    Corrected,
    Edit,
    Merged,
    Moved,
    Opened,
    Removed,
    Requested,
    Restored,
    Signed,
    Stamp,
)
from oppcore.errors import VersionConflict
from oppcore.records import (
    CompetitorStatus,
    Opportunity,
    Outcome,
    Progress,
    Record,
    Removal,
    Round,
    RoundStatus,
    State,
    get_field,
    with_fields,
    with_progress,
)
from oppcore.records.drafts import draft_class
from oppcore.records.progress import NO_ANSWERS, NOT_HELD

__all__ = ["evolve", "place", "replay"]

ProgressDraft = draft_class(Progress)
_ESTIMATED = frozenset({"probability", "forecast_category"})

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


def place(progress: Progress, stamp: Stamp, target: State, reason: str | None) -> Progress:
    """Give the progress of a record that is moved: what is closed is no longer on hold."""
    closed_at = progress.closed_at
    is_open = target.outcome is Outcome.OPEN
    if is_open:
        closed_at = None
    elif closed_at is None or (target.outcome is Outcome.WON) != (progress.outcome is Outcome.WON):
        closed_at = stamp.at  # closed now, or overturned: another closing
    stays = stamp.pipeline == progress.pipeline
    moved = ProgressDraft()
    moved.pipeline = stamp.pipeline
    moved.stage = target.stage
    moved.outcome = target.outcome
    moved.version = stamp.version
    moved.opened_at = progress.opened_at
    moved.entered_at = progress.entered_at if stays and target.stage == progress.stage else stamp.at
    moved.changed_at = stamp.at
    moved.recorded_at = stamp.recorded_at
    moved.closed_at = closed_at
    moved.reason = reason
    # Answers and approvals belong to the process they were given in.
    moved.answers = progress.answers if stays else NO_ANSWERS
    moved.hold = progress.hold if is_open else NOT_HELD
    moved.approvals = progress.approvals if stays else ()
    moved.removal = progress.removal
    moved.__class__ = Progress
    placed: Progress = moved
    return placed


def _without_winner(record: R) -> R:
    """Let the competitor that had won the deal be one of several again: the deal is open."""
    if not isinstance(record, Opportunity):
        return record
    competitors = tuple(
        attrs.evolve(one, status=CompetitorStatus.ACTIVE) if one.status is CompetitorStatus.WON_DEAL else one
        for one in record.negotiation.competitors
    )
    if competitors == record.negotiation.competitors:
        return record
    open_again = attrs.evolve(record, negotiation=attrs.evolve(record.negotiation, competitors=competitors))
    progress = open_again.progress
    return with_progress(open_again, attrs.evolve(progress, approvals=_checked(open_again, progress.approvals)))


def _amended(record: R, stamp: Stamp, edits: Iterable[Edit]) -> R:
    """Give a record with other values: its estimate dated, its open rounds of approval ended where they are stale."""
    values = {edit.field: edit.new for edit in edits}
    amended = with_fields(record, values)
    if isinstance(amended, Opportunity) and not _ESTIMATED.isdisjoint(values):
        said = amended.estimate.probability is not None or amended.estimate.forecast_category is not None
        amended = attrs.evolve(amended, estimate=attrs.evolve(amended.estimate, said_at=stamp.at if said else None))
    progress = amended.progress
    return with_progress(amended, _stamped(progress, stamp, approvals=_checked(amended, progress.approvals)))


def _checked(record: Record, rounds: tuple[Round, ...]) -> tuple[Round, ...]:
    return tuple(
        attrs.evolve(one, is_stale=True)
        if one.status is RoundStatus.OPEN
        and not all(cover.holds(get_field(record, cover.field)) for cover in one.covered)
        else one
        for one in rounds
    )


def _signed(progress: Progress, change: Signed) -> tuple[Round, ...]:
    return tuple(
        one.with_signature(change.signature) if (one.subject, one.number) == (change.subject, change.number) else one
        for one in progress.approvals
    )


def _corrected(record: R, change: Corrected) -> R:
    stamp = change.stamp
    amended = _amended(record, stamp, change.edits)
    if isinstance(amended, Opportunity) and amended.estimate.said_at != change.said_at:
        amended = attrs.evolve(amended, estimate=attrs.evolve(amended.estimate, said_at=change.said_at))
    progress = attrs.evolve(
        amended.progress,
        stage=change.state.stage,
        outcome=change.state.outcome,
        opened_at=change.opened_at,
        entered_at=change.entered_at,
        closed_at=change.closed_at,
        reason=change.reason,
    )
    return with_progress(amended, progress)


def _stamped(progress: Progress, stamp: Stamp, **values: Any) -> Progress:
    return attrs.evolve(progress, version=stamp.version, changed_at=stamp.at, recorded_at=stamp.recorded_at, **values)


def _apply(record: Record | None, change: Change) -> Record:
    _expect(record, change)
    if isinstance(change, Opened):
        _expect_image(change)
        return change.record
    if record is None:
        message = f"the first change of {change.stamp.record_id!r} does not open it"
        raise ValueError(message)
    stamp, progress = change.stamp, record.progress
    match change:
        case Moved():
            moved = with_progress(record, place(progress, stamp, change.target, change.reason))
            reopened = change.target.outcome is Outcome.OPEN and progress.outcome is not Outcome.OPEN
            return _without_winner(moved) if reopened else moved
        case Converted():
            return with_progress(record, place(progress, stamp, change.target, None))
        case Amended():
            return _amended(record, stamp, change.edits)
        case Requested():
            return with_progress(record, _stamped(progress, stamp, approvals=(*progress.approvals, change.round)))
        case Signed():
            return with_progress(record, _stamped(progress, stamp, approvals=_signed(progress, change)))
        case Corrected():
            return _corrected(record, change)
        case Merged() if change.absorbed_id != record.id:
            return _amended(record, stamp, change.edits)
        case Merged(into_id=into_id):
            removal = Removal(at=stamp.at, merged_into=into_id)
            return with_progress(record, _stamped(progress, stamp, removal=removal))
        case Removed():
            return with_progress(record, _stamped(progress, stamp, removal=Removal(at=stamp.at)))
        case Restored():
            return with_progress(record, _stamped(progress, stamp, removal=None))
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
