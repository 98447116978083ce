"""Changing fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from oppcore.engine.changes import Amended, Edit, Waiver
from oppcore.engine.judging import find_stay_problems, find_stay_rules
from oppcore.engine.overriding import Override, Settled, settle
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, CustomFields, Outcome, Record, get_field, with_fields
from oppcore.records.fields import find_field_problem
from oppcore.records.progress import HOLD_FIELDS
from oppcore.spelling import suggest

__all__ = [
    "amend",
    "find_edits",
    "find_value_problems",
    "hold",
    "make_amendment",
    "resume",
    "unmet_amendment",
]


def find_value_problems(pipeline: Pipeline, record: Record, values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Say which values do not fit: unknown and derived fields, the wrong kind, and what the record itself refuses."""
    problems: list[Problem] = []
    for name, value in values.items():
        field = pipeline.field(name)
        if field is None:
            problems.append(Problem("field.unknown", name, {"suggestion": suggest(name, pipeline.field_names)}))
        elif (problem := find_field_problem(field, value)) is not None:
            problems.append(problem)
    held = next((name for name in HOLD_FIELDS if values.get(name) is not None), None)
    if held is not None and record.progress.outcome is not Outcome.OPEN:
        problems.append(Problem("hold.closed", held, {"outcome": record.progress.outcome}))
    return tuple(problems) or _find_refusals(record, values)


def _find_refusals(record: Record, values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Say what the record itself refuses: of each value alone if that is wrong, else of all of them together."""
    if (together := _refusal(record, values, "")) is None:
        return ()
    alone = [_refusal(record, {name: value}, name) for name, value in values.items()]
    return tuple(problem for problem in alone if problem is not None) or (together,)


def _refusal(record: Record, values: Mapping[str, Any], path: str) -> Problem | None:
    try:
        with_fields(record, _complete(record, values))
    except (TypeError, ValueError) as error:
        return Problem("field.value", path, {"why": str(error)})
    return None


def _complete(record: Record, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the answers given to those there are: a form shows one question after the other."""
    if not values.get("answers"):
        return values
    return {**values, "answers": CustomFields({**record.progress.answers, **values["answers"]})}


def find_edits(record: Record, values: Mapping[str, Any]) -> tuple[Edit, ...]:
    """Give what really changes; a field set to what it is is no edit."""
    after = with_fields(record, _complete(record, values))
    pairs = ((name, get_field(record, name), get_field(after, name)) for name in values)
    return tuple(Edit(name, old, new) for name, old, new in pairs if old != new)


def make_amendment(
    pipeline: Pipeline,
    record: Record,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    waiver: Waiver | None = None,
) -> tuple[Amended, ...]:
    """Make the `Amended` of values that fit; nothing where every field already has its value."""
    edits = find_edits(record, values)
    if not edits:
        return ()
    stamp = next_stamp(
        pipeline,
        record.id,
        record.progress,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        rules=tuple(rule.id for rule in find_stay_rules(pipeline, record)),
        waiver=waiver,
    )
    return (Amended(stamp=stamp, edits=edits),)


def _settle(
    pipeline: Pipeline,
    record: Record,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    override: Override | None,
) -> Settled:
    wrong = (
        *find_pipeline_problems(pipeline, record),
        *find_order_problems(record.progress, at=at, recorded_at=recorded_at),
        *find_value_problems(pipeline, record, values),
    )
    if wrong:
        return Settled(wrong)
    after = with_fields(record, _complete(record, values)) if find_stay_rules(pipeline, record) else record
    return settle(pipeline, find_stay_problems(pipeline, record, after, at=at), override, actor)


def unmet_amendment(
    pipeline: Pipeline,
    record: Record,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why fields may not be set to these values; nothing when they may."""
    return _settle(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at, override=override).problems


def amend(
    pipeline: Pipeline,
    record: Record,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Amended, ...]:
    """Set fields, by the names of `Pipeline.field_names`; None clears a field, answers are added to those there are.

    A derived field cannot be set: change what it is derived from. Gives one `Amended`, or nothing where every field
    already has its value.

    Raises `MoveRefused` with all of `unmet_amendment`.
    """
    settled = _settle(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at, override=override)
    if settled.problems:
        raise MoveRefused(record.id, Wish("wish.amend"), settled.problems)
    return make_amendment(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at, waiver=settled.waiver)


def hold(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    resume_on: date | None = None,
    reason: str | None = None,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Amended, ...]:
    """Put a record on hold, until a day if one is known; on hold already, its day and reason are set anew.

    It is an amendment of `held_since`, `resume_on` and `hold_reason`, and `unmet_amendment` asks for it. A hold stands
    in no move's way; closing ends it. Raises `MoveRefused`, for a closed record with `hold.closed`.
    """
    since = record.progress.hold.held_since or at
    values = {"held_since": since, "resume_on": resume_on, "hold_reason": reason}
    return amend(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at)


def resume(
    pipeline: Pipeline,
    record: Record,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Amended, ...]:
    """End the hold of a record; nothing where it is not on hold. Raises `MoveRefused`."""
    return amend(pipeline, record, dict.fromkeys(HOLD_FIELDS), at=at, actor=actor, recorded_at=recorded_at)
