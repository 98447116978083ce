"""Between the engine's changes and the rows of the change table, both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.engine import (
    Amended,
    Change,
    Converted,
    Corrected,
    Edit,
    Merged,
    Moved,
    Opened,
    Origination,
    Removed,
    Restored,
    Stamp,
    evolve,
)
from oppcore.engine.moving import make_move
from oppcore.errors import Problem
from oppcore.history.history import History
from oppcore.history.row import Row, RowKind
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_edge, find_state_problem
from oppcore.records import (
    Actor,
    FieldType,
    Opportunity,
    Outcome,
    Progress,
    RecordKind,
    State,
    fields_of,
    get_field,
    with_fields,
)

__all__ = ["Adoption", "adopt_history", "rows_of"]

_SAID = ("amount", "owner_id", "source", "probability", "forecast_category", "expected_close_on")
"""What a row says of a record, by the names both use."""
_FURTHER = ("lead_id",)
"""What further columns say of a record: the lead it came from."""


def rows_of(changes: Iterable[Change]) -> Iterator[Row]:
    """Give the rows that changes amount to, in their order, of any number of records.

    Each change is one row, `seq` its version; requests and signatures are none. An image that was adopted is up to
    three: its stage was entered and its outcome came about before it was taken over, and all of it became known then.
    A correction is the row it corrects at its true instant, or a voided one.
    """
    rows: dict[tuple[str, str, int], Row] = {}
    for change in changes:
        stamp = change.stamp
        if isinstance(change, Opened):
            found = tuple(_image_rows(change))
        elif isinstance(change, Corrected):
            found = (_correction(change, rows[stamp.kind, stamp.record_id, change.corrects]),)
        else:
            found = tuple(_rows(change))
        for row in found:
            rows[stamp.kind, stamp.record_id, stamp.version] = row
            yield row


def _rows(change: Change) -> Iterator[Row]:
    stamp = change.stamp
    match change:
        case Moved(target=target, reason=reason):
            yield _row(stamp, target.stage, target.outcome, reason=reason)
        case Converted(target=target):
            yield _row(stamp, target.stage, target.outcome)
        case Amended(edits=edits):
            yield _row(stamp, None, None, said=_sayable(stamp, edits), on_hold=_find_hold(edits))
        case Merged(absorbed_id=absorbed_id, edits=edits):
            if absorbed_id == stamp.record_id:
                yield _row(stamp, None, None, kind=RowKind.MERGED)
            else:
                yield _row(stamp, None, None, said=_sayable(stamp, edits))
        case Removed():
            yield _row(stamp, None, None, kind=RowKind.REMOVED)
        case Restored():
            yield _row(stamp, None, None, kind=RowKind.RESTORED)
        case _:
            pass


def _correction(change: Corrected, corrected: Row) -> Row:
    stamp = change.stamp
    seq, corrects = Decimal(stamp.version), Decimal(change.corrects)
    if change.happened_at is None:
        return attrs.evolve(_row(stamp, None, None), kind=RowKind.VOIDED, corrects=corrects)
    return attrs.evolve(corrected, at=change.happened_at, seq=seq, corrects=corrects, recorded_at=stamp.recorded_at)


def _sayable(stamp: Stamp, edits: Iterable[Edit]) -> dict[str, Any]:
    """Give what edits say in a row: its own columns, and the host's fields for the further ones."""
    built_in = fields_of(stamp.kind)
    return {edit.field: edit.new for edit in edits if edit.field in (*_SAID, *_FURTHER) or edit.field not in built_in}


def _find_hold(edits: Iterable[Edit]) -> bool | None:
    """Say whether edits put a record on hold, or end that; None where they say nothing of it."""
    return next((edit.new is not None for edit in edits if edit.field == "held_since"), None)


def _image_rows(change: Opened) -> Iterator[Row]:
    stamp, progress = change.stamp, change.record.progress
    stage, outcome, reason = progress.stage, progress.outcome, progress.reason
    values = {**{name: get_field(change.record, name) for name in (*_SAID, *_FURTHER)}, **change.record.fields}
    said = {name: value for name, value in values.items() if value is not None}
    if progress.closed_at is not None and progress.closed_at > progress.entered_at:
        yield _row(stamp, stage, None, at=progress.entered_at)
        yield _row(stamp, stage, outcome, at=progress.closed_at, reason=reason)
    elif progress.entered_at < stamp.at:
        yield _row(stamp, stage, outcome, at=progress.entered_at, reason=reason)
    yield _row(stamp, stage, outcome, said=said, reason=reason, on_hold=progress.hold.held_since is not None or None)


def _row(
    stamp: Stamp,
    stage: str | None,
    outcome: Outcome | None,
    *,
    kind: RowKind = RowKind.ENTRY,
    at: datetime | None = None,
    reason: str | None = None,
    said: Mapping[str, Any] | None = None,
    on_hold: bool | None = None,
) -> Row:
    given = said or {}
    known: dict[str, Any] = {name: value for name, value in given.items() if name in _SAID}
    return Row(
        opportunity_id=stamp.record_id,
        kind=kind,
        stage=stage,
        outcome=outcome,
        at=stamp.at if at is None else at,
        seq=Decimal(stamp.version),
        recorded_at=stamp.recorded_at,
        actor_id=stamp.actor_id,
        reason=reason,
        pipeline=stamp.pipeline,
        on_hold=on_hold,
        further={name: value for name, value in given.items() if name not in _SAID and isinstance(value, str)},
        cleared=tuple(name for name, value in given.items() if value is None),
        **known,
    )


@final
@attrs.frozen
class Adoption:
    """The changes that take over a history, one tuple per opportunity, and what could not be taken over."""

    changes: tuple[tuple[Change, ...], ...]
    left_out: tuple[Problem, ...]


def adopt_history(pipeline: Pipeline, history: History, *, actor: Actor | None = None) -> Adoption:
    """Take over a history: for each opportunity an `Opened`, and `Moved` and `Amended` after it, all marked as adopted.

    Structure is obeyed, gates are not evaluated. An opportunity that was removed or merged in the end, or that stands
    in a stage or state the pipeline does not have, is left out whole and listed. Versions follow happened order; a row
    recorded before the one that precedes it counts as recorded with that one. Further columns that bear the name of a
    text or choice the pipeline declares come along, and so does `lead_id`.

    Raises `ValueError` for a lead pipeline: a change table is about deals.
    """
    if pipeline.kind is not RecordKind.OPPORTUNITY:
        message = f"pipeline {pipeline.key!r} is for leads; a change table is about deals"
        raise ValueError(message)
    changes: list[tuple[Change, ...]] = []
    left_out = list(history.left_out)
    for opportunity_id, rows in history.corrected():
        problem = _find_problem(pipeline, opportunity_id, rows)
        if problem is None:
            try:
                changes.append(tuple(_Adopting(pipeline, actor).read(rows)))
            except ValueError as error:  # what the border of the record says of a value
                problem = Problem("adopt.value", opportunity_id, {"why": str(error)})
        if problem is not None:
            left_out.append(problem)
    return Adoption(tuple(changes), tuple(left_out))


def _find_problem(pipeline: Pipeline, opportunity_id: str, rows: Sequence[Row]) -> Problem | None:
    for number, row in enumerate(rows):
        if row.kind is not RowKind.ENTRY:
            return Problem("adopt.removed", opportunity_id, {"kind": row.kind, "at": row.at})
        if row.pipeline not in (None, pipeline.key):
            return Problem("pipeline.other", opportunity_id, {"have": row.pipeline, "need": pipeline.key})
        if number and row.stage is None and row.outcome is None:
            continue  # says something of a deal that stays where it is
        stage = row.stage or ""
        kind = Outcome.OPEN if stage not in pipeline else pipeline.stage(stage).kind.outcome
        if (problem := find_state_problem(pipeline, State(stage, row.outcome or kind))) is not None:
            return attrs.evolve(problem, path=opportunity_id)
    return None


class _Adopting:
    """The record as it grows from row to row."""

    def __init__(self, pipeline: Pipeline, actor: Actor | None) -> None:
        self._pipeline = pipeline
        self._actor_id = None if actor is None else actor.id
        self._record: Opportunity | None = None

    def read(self, rows: Iterable[Row]) -> Iterator[Change]:
        for row in rows:
            for change in self._changes(row):
                self._record = evolve(self._record, change)
                yield change

    def _stamp(self, row: Row, recorded_at: datetime) -> Stamp:
        return Stamp(
            record_id=row.opportunity_id,
            version=1 if self._record is None else self._record.progress.version + 1,
            at=row.at,
            recorded_at=recorded_at,
            actor_id=row.actor_id or self._actor_id,
            pipeline=self._pipeline.key,
            revision=self._pipeline.revision,
            origin=Origination.ADOPTED,
        )

    def _state(self, row: Row) -> State:
        here = None if self._record is None else self._record.progress
        if row.stage is None and here is not None:
            return here.state if row.outcome is None else State(here.stage, row.outcome)
        stage = row.stage or ""
        if row.outcome is None and here is not None and here.stage == stage:
            return here.state
        return State(stage, row.outcome or self._pipeline.stage(stage).kind.outcome)

    def _values(self, row: Row) -> dict[str, Any]:
        said = {name: getattr(row, name) for name in _SAID}
        texts = (field.key for field in self._pipeline.fields if field.type in (FieldType.TEXT, FieldType.CHOICE))
        own = {*texts, *_FURTHER}
        further = {name: value for name, value in row.further.items() if name in own}
        cleared = dict.fromkeys(name for name in row.cleared if name in said or name in own)
        found = {name: value for name, value in {**said, **further}.items() if value is not None} | cleared
        return found | self._held(row)

    def _held(self, row: Row) -> dict[str, Any]:
        """Give since when the record is on hold, where a row changes that; what is closed is not."""
        held = None if self._record is None else self._record.progress.hold.held_since
        if row.on_hold is None or row.on_hold is (held is not None) or self._state(row).outcome is not Outcome.OPEN:
            return {}
        return {"held_since": row.at if row.on_hold else None}

    def _changes(self, row: Row) -> Iterator[Change]:
        if self._record is None:
            yield self._opened(row)
            return
        record = self._record
        recorded_at = max(row.known_at, record.progress.recorded_at, row.at)
        values = self._values(row)
        after = with_fields(record, values)
        edits = [Edit(name, get_field(record, name), get_field(after, name)) for name in values]
        edits = [edit for edit in edits if edit.old != edit.new]
        if edits:
            yield Amended(stamp=self._stamp(row, recorded_at), edits=tuple(edits))
        target = self._state(row)
        for state in self._steps(record.progress.state, target):
            yield self._moved(row, state, row.reason if state == target else None, recorded_at)

    def _steps(self, source: State, target: State) -> tuple[State, ...]:
        """Give the states on the way: a row may say in one what are two moves, as lost in another stage."""
        if source == target:
            return ()
        entered = State(target.stage, self._pipeline.stage(target.stage).kind.outcome)
        if find_edge(self._pipeline, source, target) is None and entered not in (source, target):
            return (entered, target)
        return (target,)

    def _opened(self, row: Row) -> Opened:
        state = self._state(row)
        recorded_at = max(row.known_at, row.at)
        progress = Progress(
            pipeline=self._pipeline.key,
            stage=state.stage,
            outcome=state.outcome,
            version=1,
            opened_at=row.at,
            entered_at=row.at,
            changed_at=row.at,
            recorded_at=recorded_at,
            closed_at=None if state.outcome is Outcome.OPEN else row.at,
            reason=None if state.outcome is Outcome.OPEN else row.reason,
        )
        record = with_fields(Opportunity(id=row.opportunity_id, progress=progress), self._values(row))
        return Opened(stamp=self._stamp(row, recorded_at), record=record)

    def _moved(self, row: Row, target: State, reason: str | None, recorded_at: datetime) -> Moved:
        record = self._record
        assert record is not None  # noqa: S101 - a record is opened before it moves
        edge = find_edge(self._pipeline, record.progress.state, target)
        if reason is None and target.outcome is record.progress.outcome:
            reason = record.progress.reason
        directions = () if edge is None else edge.directions
        closing = None if target.outcome is Outcome.OPEN else reason
        stamp, source = self._stamp(row, recorded_at), record.progress.state
        return make_move(self._pipeline, record, stamp, source, target, directions, closing)
