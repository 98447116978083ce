"""Bringing a record into a process: a new one through its first gate, an existing one through the marked door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs

from oppcore.criteria import Situation
from oppcore.engine.amending import find_value_problems
from oppcore.engine.changes import Opened, Origination
from oppcore.engine.judging import find_edge_problems
from oppcore.engine.overriding import Override, Settled, settle
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Pipeline, StageKind
from oppcore.pipeline.edges import find_state_problem, open_edge
from oppcore.pipeline.rules import OPENS_IN
from oppcore.records import Actor, Lead, Opportunity, Outcome, Progress, Record, RecordKind, fields_of, with_fields
from oppcore.spelling import suggest

__all__ = ["adopt", "open_lead", "open_opportunity", "unmet_adoption", "unmet_opening"]


def _blank(pipeline: Pipeline, id: str, stage: str, at: datetime, recorded_at: datetime | None) -> Record:
    progress = Progress(
        pipeline=pipeline.key,
        stage=stage,
        version=1,
        opened_at=at,
        entered_at=at,
        changed_at=at,
        recorded_at=at if recorded_at is None else recorded_at,
    )
    return Lead(id=id, progress=progress) if pipeline.kind is RecordKind.LEAD else Opportunity(id=id, progress=progress)


def _stage_problem(pipeline: Pipeline, stage: str) -> Problem | None:
    if stage not in pipeline:
        known = [one.key for one in pipeline.stages]
        return Problem("move.unknown_stage", "stage", {"have": stage, "suggestion": suggest(stage, known)})
    if stage not in pipeline.entries:
        rule = OPENS_IN if pipeline.stage(stage).kind is StageKind.OPEN else ""
        return Problem("stage.no_entry", "stage", {"have": stage, "need": pipeline.entries}, rule=rule)
    return None


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
    override: Override | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why a record cannot be opened like this (see `open_opportunity`, `open_lead`)."""
    return _settle(pipeline, id, values or {}, at, actor, stage, facts or {}, recorded_at, override).problems


def _settle(
    pipeline: Pipeline,
    id: str,
    values: Mapping[str, Any],
    at: datetime,
    actor: Actor | None,
    stage: str | None,
    facts: Mapping[str, Any],
    recorded_at: datetime | None,
    override: Override | None,
) -> Settled:
    place = stage or pipeline.entries[0]
    order = tuple(find_order_problems(None, at=at, recorded_at=recorded_at))
    if order:
        return Settled(order)
    blank = _blank(pipeline, id, place, at, recorded_at)
    wrong = find_value_problems(pipeline, blank, values)
    elsewhere = _stage_problem(pipeline, place)
    if elsewhere is not None and not elsewhere.rule:
        wrong = (*wrong, elsewhere)
    if wrong:
        return Settled(wrong)
    record = with_fields(blank, values)
    situation = Situation(record=record, at=at, actor=actor, facts=facts, personal=pipeline.personal)
    problems = find_edge_problems(open_edge(pipeline, place), situation)
    return settle(pipeline, problems if elsewhere is None else (elsewhere, *problems), override, actor)


def _open(
    kind: RecordKind,
    pipeline: Pipeline,
    id: str,
    values: Mapping[str, Any] | None,
    at: datetime,
    actor: Actor | None,
    stage: str | None,
    facts: Mapping[str, Any] | None,
    recorded_at: datetime | None,
    override: Override | None,
) -> tuple[Opened]:
    place = stage or pipeline.entries[0]
    if pipeline.kind is not kind:
        wrong = Problem("pipeline.kind", "pipeline", {"have": kind, "need": pipeline.kind})
        raise MoveRefused(id, Wish("wish.open", {"stage": place}), (wrong,))
    settled = _settle(pipeline, id, values or {}, at, actor, stage, facts or {}, recorded_at, override)
    if settled.problems:
        raise MoveRefused(id, Wish("wish.open", {"stage": place}), settled.problems)
    record = with_fields(_blank(pipeline, id, place, at, recorded_at), values or {})
    stamp = next_stamp(
        pipeline,
        id,
        None,
        at=at,
        recorded_at=recorded_at,
        actor=actor,
        rules=open_edge(pipeline, place).rules,
        waiver=settled.waiver,
    )
    return (Opened(stamp=stamp, record=record),)


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
    override: Override | None = None,
) -> tuple[Opened]:
    """Open a deal in one of the pipeline's entry stages (the first, if none is named), with its fields by name.

    Raises `MoveRefused` with all of `unmet_opening`.
    """
    return _open(RecordKind.OPPORTUNITY, pipeline, id, values, at, actor, stage, facts, recorded_at, override)


def open_lead(
    pipeline: Pipeline,
    id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    stage: str | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> tuple[Opened]:
    """Open a lead in a lead pipeline, as `open_opportunity` opens a deal.

    Raises `MoveRefused` with all of `unmet_opening`.
    """
    return _open(RecordKind.LEAD, pipeline, id, values, at, actor, stage, facts, recorded_at, override)


def unmet_adoption(
    pipeline: Pipeline, image: Record, *, at: datetime, recorded_at: datetime | None = None
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `adopt` would be refused; nothing when it would be done."""
    problems = [*find_pipeline_problems(pipeline, image), *find_order_problems(None, at=at, recorded_at=recorded_at)]
    if (problem := find_state_problem(pipeline, image.progress.state)) is not None:
        problems.append(problem)
    built_in = fields_of(pipeline.kind)
    own = {name: value for name, value in image.fields.items() if name not in built_in}
    problems.extend(Problem("field.built_in", name, {"key": name}) for name in image.fields if name in built_in)
    problems.extend(find_value_problems(pipeline, image, own))
    problems.extend(_time_problems(image.progress, at))
    return tuple(problems)


def _time_problems(progress: Progress, at: datetime) -> Iterator[Problem]:
    """Say which times of an image contradict each other: a deal is closed exactly when it has a closing."""
    if (progress.outcome is Outcome.OPEN) != (progress.closed_at is None):
        yield Problem("image.closing", "closed_at", {"outcome": progress.outcome, "have": progress.closed_at})
    times = {"opened_at": progress.opened_at, "entered_at": progress.entered_at, "closed_at": progress.closed_at}
    for name, value in times.items():
        if value is not None and not progress.opened_at <= value <= at:
            yield Problem("image.time", name, {"have": value, "low": progress.opened_at, "high": at})


def adopt(
    pipeline: Pipeline,
    image: Record,
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
        raise MoveRefused(image.id, Wish("wish.adopt"), problems)
    stamp = next_stamp(
        pipeline, image.id, None, at=at, recorded_at=recorded_at, actor=actor, origin=Origination.ADOPTED
    )
    progress = attrs.evolve(image.progress, version=1, changed_at=at, recorded_at=stamp.recorded_at)
    return (Opened(stamp=stamp, record=attrs.evolve(image, progress=progress)),)
