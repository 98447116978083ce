"""Amending the past: a change happened at another time, or never. What was recorded stays; a correction is added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import final

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
    Restored,
)
from oppcore.engine.evolution import evolve, replay
from oppcore.engine.judging import find_policy_problems, find_stay_problems
from oppcore.engine.overriding import Override, Settled, settle
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_edge
from oppcore.records import (
    Actor,
    CustomFields,
    Opportunity,
    Progress,
    Record,
    fields_of,
    get_field,
    kind_of,
    with_progress,
)
from oppcore.records.checks import optional_aware, to_instant, to_optional_utc
from oppcore.records.progress import HOLD_FIELDS, NO_ANSWERS

__all__ = ["Happened", "correct", "put_in_happened_order", "unmet_correction"]

_CORRECTABLE = (Opened, Moved, Amended)
_MOVED = frozenset({*HOLD_FIELDS, "competitors"})
"""The fields that moves write: closing ends a hold, reopening takes back who had won."""


@final
@attrs.frozen
class Happened:
    """A change and when it really happened, as far as is known by now."""

    change: Change
    at: datetime


def put_in_happened_order(changes: Iterable[Change]) -> tuple[Happened, ...]:
    """Give the changes of one record as they happened: by their corrected times, void ones and corrections left out.

    Changes of one instant follow their versions.
    """
    times: dict[int, datetime | None] = {}
    kept: list[Change] = []
    for change in changes:
        if isinstance(change, Corrected):
            times[change.corrects] = change.happened_at
        else:
            kept.append(change)
    found: list[Happened] = []
    for change in kept:
        at = times.get(change.stamp.version, change.stamp.at)
        if at is not None:
            found.append(Happened(change, at))
    return tuple(sorted(found, key=lambda one: (one.at, one.change.stamp.version)))


def _fold(happened: Sequence[Happened]) -> Record:
    """Give the record that a sequence of changes makes, the first of which opens it.

    Raises `ValueError` or `TypeError` for values that could not have been together.
    """
    first, *others = happened
    opened = first.change
    assert isinstance(opened, Opened)  # noqa: S101 - nothing happens before the opening
    progress = opened.record.progress
    if first.at != opened.stamp.at:
        closed_at = None if progress.closed_at is None else first.at
        progress = attrs.evolve(progress, opened_at=first.at, entered_at=first.at, closed_at=closed_at)
    record = with_progress(opened.record, progress)
    for one in others:
        stamp = attrs.evolve(one.change.stamp, at=one.at, version=record.progress.version + 1)
        change = attrs.evolve(one.change, stamp=stamp)
        if isinstance(change, (Amended, Merged)):
            change = attrs.evolve(change, edits=tuple(_anew(record, edit) for edit in change.edits))
        record = evolve(record, change)
    return record


def _anew(record: Record, edit: Edit) -> Edit:
    """Give an edit as it would have been made on this record: answers are added to those there are."""
    if edit.field != "answers":
        return edit
    old, new = (value if isinstance(value, CustomFields) else NO_ANSWERS for value in (edit.old, edit.new))
    kept = {key: value for key, value in record.progress.answers.items() if key in new or key not in old}
    given = {key: value for key, value in new.items() if old.get(key) != value}
    return attrs.evolve(edit, new=CustomFields({**kept, **given}))


def _order_problems(pipeline: Pipeline, happened: Sequence[Happened]) -> Iterator[Problem]:
    """Say what could not have happened like this: before the opening, out of the process, where no move leads."""
    first, *others = happened
    if not isinstance(first.change, Opened):
        yield Problem("correction.before_opening", "happened_at", {"version": first.change.stamp.version})
        return
    here, is_removed = first.change.record.progress.state, False
    for one in others:
        change = one.change
        if isinstance(change, Restored):
            is_removed = False
        elif is_removed:
            yield Problem("correction.removed", "happened_at", {"version": change.stamp.version})
            return
        elif isinstance(change, Removed) or (isinstance(change, Merged) and change.into_id != change.stamp.record_id):
            is_removed = True
        if isinstance(change, (Moved, Converted)):
            if change.source != here != change.target and find_edge(pipeline, here, change.target) is None:
                params = {"version": change.stamp.version, "source": here, "target": change.target}
                yield Problem("correction.no_way", "happened_at", params)
            here = change.target


def _opened_then(progress: Progress, at: datetime) -> bool:
    """Say whether an image has no times of its own: all that it tells came about when it was opened."""
    return {progress.opened_at, progress.entered_at, progress.closed_at or at} == {at}


def _find_problems(
    pipeline: Pipeline, changes: Sequence[Change], version: int, *, happened_at: datetime | None, at: datetime
) -> Iterator[Problem]:
    change = next((one for one in changes if one.stamp.version == version), None)
    if change is None:
        yield Problem("correction.unknown", "version", {"have": version, "need": len(changes)})
        return
    stamp, kind = change.stamp, type(change).__name__
    if not isinstance(change, _CORRECTABLE) or (isinstance(change, Opened) and happened_at is None):
        yield Problem("correction.kind", "version", {"have": version, "kind": kind})
        return
    if isinstance(change, Opened) and not _opened_then(change.record.progress, stamp.at):
        yield Problem("correction.image", "version", {"have": version})
        return
    if any(one.stamp.pipeline != pipeline.key for one in changes):
        yield Problem("correction.transferred", "version", {"have": version, "pipeline": pipeline.key})
        return
    if happened_at is not None and happened_at > stamp.recorded_at:
        yield Problem("correction.late", "happened_at", {"have": happened_at, "need": stamp.recorded_at})
    elif happened_at is not None and happened_at > to_instant(at):
        yield Problem("correction.ahead", "happened_at", {"have": happened_at, "need": to_instant(at)})
    earlier = [one.happened_at for one in changes if isinstance(one, Corrected) and one.corrects == version]
    if happened_at == (earlier[-1] if earlier else stamp.at):
        yield Problem("correction.same", "happened_at", {"have": happened_at, "version": version})


def _make(
    pipeline: Pipeline,
    record: Record,
    changes: Sequence[Change],
    version: int,
    *,
    happened_at: datetime | None,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    settled: Settled,
) -> Corrected | tuple[Problem, ...]:
    """Make the correction, or say why that past could not have been."""
    stamp = next_stamp(
        pipeline,
        record.id,
        record.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        rules=("permissions.correct",),
        waiver=settled.waiver,
    )
    now = record.progress
    found = Corrected(
        stamp=stamp,
        corrects=version,
        happened_at=happened_at,
        state=now.state,
        opened_at=now.opened_at,
        entered_at=now.entered_at,
    )
    happened = put_in_happened_order((*changes, found))
    if problems := tuple(_order_problems(pipeline, happened)):
        return problems
    try:
        folded = _fold(happened)
    except (TypeError, ValueError) as error:
        return (Problem("field.value", "", {"why": str(error)}),)
    progress = folded.progress
    touched = {edit.field for change in changes if isinstance(change, (Amended, Merged)) for edit in change.edits}
    touched |= _MOVED.intersection(fields_of(kind_of(record)))
    edits = [Edit(name, get_field(record, name), get_field(folded, name)) for name in sorted(touched)]
    return attrs.evolve(
        found,
        state=progress.state,
        opened_at=progress.opened_at,
        entered_at=progress.entered_at,
        closed_at=progress.closed_at,
        reason=progress.reason,
        said_at=folded.estimate.said_at if isinstance(folded, Opportunity) else None,
        edits=tuple(edit for edit in edits if edit.old != edit.new),
    )


def _settle(
    pipeline: Pipeline,
    record: Record,
    changes: Iterable[Change],
    version: int,
    *,
    happened_at: datetime | None,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    override: Override | None,
) -> tuple[tuple[Problem, ...], Corrected | None]:
    past, happened_at = tuple(changes), to_optional_utc(happened_at)
    optional_aware(None, attrs.fields(Corrected).happened_at, happened_at)
    if not past or replay(past, of=type(record)) != record:
        message = f"these are not all changes of {record.id!r} as it stands; load both again"
        raise ValueError(message)
    wrong = (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *find_policy_problems(pipeline.permissions.correct, "correct", actor),
    )
    wrong = wrong or tuple(_find_problems(pipeline, past, version, happened_at=happened_at, at=at))
    if wrong:
        return wrong, None

    def make(settled: Settled) -> Corrected | tuple[Problem, ...]:
        return _make(
            pipeline,
            record,
            past,
            version,
            happened_at=happened_at,
            at=at,
            actor=actor,
            recorded_at=recorded_at,
            settled=settled,
        )

    found = make(Settled(()))
    if not isinstance(found, Corrected):
        return found, None
    after = evolve(record, found)
    stays = after.progress.state == record.progress.state
    broken = find_stay_problems(pipeline, record, after, at=at) if stays else ()
    settled = settle(pipeline, broken, override, actor)
    made = make(settled)
    return settled.problems, made if isinstance(made, Corrected) else None


def unmet_correction(
    pipeline: Pipeline,
    record: Record,
    changes: Iterable[Change],
    version: int,
    *,
    happened_at: datetime | None,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `correct` would be refused; nothing when it would be done."""
    problems, _ = _settle(
        pipeline,
        record,
        changes,
        version,
        happened_at=happened_at,
        at=at,
        actor=actor,
        recorded_at=recorded_at,
        override=override,
    )
    return problems


def correct(
    pipeline: Pipeline,
    record: Record,
    changes: Iterable[Change],
    version: int,
    *,
    happened_at: datetime | None,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Corrected]:
    """Say that the change with this version happened at another instant, or (`happened_at=None`) never.

    `changes` are all changes of the record, `at` is when the correction is made. Openings can be dated anew, moves and
    amendments dated anew or made void, as often as need be; the past that results must be one that could have been, but
    its gates are not asked. What anybody knew before the correction was recorded stays as it was.

    Raises `MoveRefused` with all of `unmet_correction`, `ValueError` where `changes` do not make the record.
    """
    problems, found = _settle(
        pipeline,
        record,
        changes,
        version,
        happened_at=happened_at,
        at=at,
        actor=actor,
        recorded_at=recorded_at,
        override=override,
    )
    if problems or found is None:
        raise MoveRefused(record.id, Wish("wish.correct", {"version": version}), problems)
    return (found,)
