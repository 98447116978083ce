"""Changing fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from oppcore.engine.changes import Amended, Edit
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline import Pipeline
from oppcore.records import FIELDS, Actor, Opportunity, get_field, with_fields
from oppcore.records.fields import find_field_problem
from oppcore.spelling import suggest

__all__ = ["amend", "find_edits", "find_value_problems", "unmet_amendment"]


def find_value_problems(pipeline: Pipeline, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Say which values do not fit: unknown fields, and values of the wrong kind."""
    for name, value in values.items():
        field = pipeline.field(name)
        if field is None:
            known = [*FIELDS, *(own.key for own in pipeline.fields)]
            yield Problem("field.unknown", name, {"suggestion": suggest(name, known)})
        elif (problem := find_field_problem(field, value)) is not None:
            yield problem


def find_edits(record: Opportunity, values: Mapping[str, Any]) -> tuple[Edit, ...]:
    """Give what really changes; a field set to what it is is no edit."""
    after = with_fields(record, values)
    pairs = ((name, get_field(record, name), get_field(after, name)) for name in values)
    return tuple(Edit(name, old, new) for name, old, new in pairs if old != new)


def unmet_amendment(
    pipeline: Pipeline,
    record: Opportunity,
    values: Mapping[str, Any],
    *,
    at: datetime,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why fields may not be set to these values; nothing when they may."""
    return (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *find_value_problems(pipeline, values),
    )


def amend(
    pipeline: Pipeline,
    record: Opportunity,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Amended, ...]:
    """Set fields, by the names of `oppcore.records.FIELDS` or the pipeline's own; None clears a field.

    Gives one `Amended`, or nothing where every field already has its value.
    Raises `MoveRefused` with all of `unmet_amendment`.
    """
    if problems := unmet_amendment(pipeline, record, values, at=at, recorded_at=recorded_at):
        raise MoveRefused(record.id, "the amendment", problems)
    edits = find_edits(record, values)
    if not edits:
        return ()
    stamp = next_stamp(pipeline, record.id, record.progress, at=at, recorded_at=recorded_at, actor=actor)
    return (Amended(stamp=stamp, edits=edits),)
