"""Bringing a record into a process: a new one through its first gate, an existing one through the marked door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from oppcore.criteria import Situation
from oppcore.engine.amending import find_value_problems
from oppcore.engine.changes import Opened, Origination
from oppcore.engine.moving import find_edge_problems
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_state_problem, open_edge
from oppcore.records import FIELDS, Actor, Opportunity, Progress, with_fields
from oppcore.spelling import suggest

__all__ = ["adopt", "open_opportunity", "unmet_adoption", "unmet_opening"]


def _blank(pipeline: Pipeline, id: str, stage: str, at: datetime, recorded_at: datetime | None) -> Opportunity:
    recorded = at if recorded_at is None else recorded_at
    progress = Progress(
        pipeline=pipeline.key,
        stage=stage,
        version=1,
        opened_at=at,
        entered_at=at,
        changed_at=at,
        recorded_at=recorded,
    )
    return Opportunity(id=id, progress=progress)


def _opening_problems(
    pipeline: Pipeline,
    id: str,
    values: Mapping[str, Any],
    stage: str,
    at: datetime,
    actor: Actor | None,
    facts: Mapping[str, Any],
    recorded_at: datetime | None,
) -> Iterator[Problem]:
    yield from find_order_problems(None, at=at, recorded_at=recorded_at)
    value_problems = tuple(find_value_problems(pipeline, values))
    yield from value_problems
    if stage not in pipeline:
        known = [one.key for one in pipeline.stages]
        yield Problem("move.unknown_stage", "stage", {"have": stage, "suggestion": suggest(stage, known)})
    elif stage not in pipeline.entries:
        yield Problem("stage.no_entry", "stage", {"have": stage, "need": pipeline.entries})
    elif not value_problems:
        record = with_fields(_blank(pipeline, id, stage, at, recorded_at), values)
        situation = Situation(record=record, at=at, actor=actor, facts=facts)
        yield from find_edge_problems(open_edge(pipeline, stage), situation)


def unmet_opening(
    pipeline: Pipeline,
    id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    stage: str | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `open_opportunity` would be refused; nothing when it would be done."""
    place = stage or pipeline.entries[0]
    return tuple(_opening_problems(pipeline, id, values or {}, place, at, actor, facts or {}, recorded_at))


def open_opportunity(
    pipeline: Pipeline,
    id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    stage: str | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Opened]:
    """Open a deal in one of the pipeline's entry stages (the first, if none is named), with its fields by name.

    Raises `MoveRefused` with all of `unmet_opening`.
    """
    place = stage or pipeline.entries[0]
    problems = unmet_opening(
        pipeline, id, values, at=at, actor=actor, stage=stage, facts=facts, recorded_at=recorded_at
    )
    if problems:
        raise MoveRefused(id, f"the opening in {place}", problems)
    record = with_fields(_blank(pipeline, id, place, at, recorded_at), values or {})
    stamp = next_stamp(pipeline, id, None, at=at, recorded_at=recorded_at, actor=actor)
    return (Opened(stamp=stamp, record=record),)


def unmet_adoption(
    pipeline: Pipeline, image: Opportunity, *, at: datetime, recorded_at: datetime | None = None
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `adopt` would be refused; nothing when it would be done."""
    problems = [*find_pipeline_problems(pipeline, image), *find_order_problems(None, at=at, recorded_at=recorded_at)]
    if (problem := find_state_problem(pipeline, image.progress.state)) is not None:
        problems.append(problem)
    problems.extend(Problem("field.built_in", name, {"key": name}) for name in image.fields if name in FIELDS)
    problems.extend(
        find_value_problems(pipeline, {name: value for name, value in image.fields.items() if name not in FIELDS})
    )
    return tuple(problems)


def adopt(
    pipeline: Pipeline,
    image: Opportunity,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> tuple[Opened]:
    """Take over a deal that exists elsewhere, as it stands: in any legal state, no gate evaluated, marked as adopted.

    `at` is the moment for which the image is true; the image's own times (opened, entered, closed) are kept.
    Raises `MoveRefused` with all of `unmet_adoption`.
    """
    if problems := unmet_adoption(pipeline, image, at=at, recorded_at=recorded_at):
        raise MoveRefused(image.id, "the adoption", problems)
    stamp = next_stamp(
        pipeline, image.id, None, at=at, recorded_at=recorded_at, actor=actor, origin=Origination.ADOPTED
    )
    progress = attrs.evolve(image.progress, version=1, changed_at=at, recorded_at=stamp.recorded_at)
    return (Opened(stamp=stamp, record=attrs.evolve(image, progress=progress)),)
