"""The commands: what the engine is asked, once the deal and the pipeline are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from oppcore import engine
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Shell
from oppcore.engine import Change, Converted, Opened
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Lead, Outcome, Record

__all__ = ["adopt", "amend", "convert", "move", "open_record"]

R = TypeVar("R", bound=Record)


def open_record(
    shell: Shell[R],
    pipeline_key: str,
    id: str,
    values: Mapping[str, Any] | None,
    *,
    at: datetime,
    actor: Actor | None,
    stage: str | None,
    facts: Mapping[str, Any] | None,
    recorded_at: datetime | None,
    command_id: str | None,
) -> Steps[Receipt[R]]:
    """Open a deal or a lead."""
    open_ = engine.open_lead if shell.of is Lead else engine.open_opportunity

    def decide(pipeline: Pipeline) -> Sequence[Change]:
        return open_(pipeline, id, values, at=at, actor=actor, stage=stage, facts=facts, recorded_at=recorded_at)

    asked = [pipeline_key, stage, values]
    command = Command(action="open", id=id, actor=actor, command_id=command_id, asked=asked)
    return shell.create(command, pipeline_key, decide)


def adopt(
    shell: Shell[R],
    image: R,
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    command_id: str | None,
) -> Steps[Receipt[R]]:
    """Take a record over."""

    def decide(pipeline: Pipeline) -> Sequence[Change]:
        return engine.adopt(pipeline, image, at=at, actor=actor, recorded_at=recorded_at)

    command = Command(action="adopt", id=image.id, actor=actor, command_id=command_id, asked=image)
    return shell.create(command, image.progress.pipeline, decide)


def move(
    shell: Shell[R],
    id: str,
    to: str | None,
    *,
    at: datetime,
    actor: Actor | None,
    outcome: Outcome | str | None,
    reason: str | None,
    amending: Mapping[str, Any] | None,
    facts: Mapping[str, Any] | None,
    recorded_at: datetime | None,
    expected_version: int | None,
    command_id: str | None,
) -> Steps[Receipt[R]]:
    """Move a record."""

    def decide(pipeline: Pipeline, record: R) -> Sequence[Change]:
        return engine.move(
            pipeline,
            record,
            to,
            at=at,
            actor=actor,
            outcome=outcome,
            reason=reason,
            amending=amending,
            facts=facts,
            recorded_at=recorded_at,
        )

    asked = [to, outcome, reason, amending]
    command = Command(action="move", id=id, actor=actor, command_id=command_id, asked=asked)
    return shell.change(command, decide, expected_version=expected_version)


def amend(
    shell: Shell[R],
    id: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    expected_version: int | None,
    command_id: str | None,
) -> Steps[Receipt[R]]:
    """Set fields of a record."""

    def decide(pipeline: Pipeline, record: R) -> Sequence[Change]:
        return engine.amend(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at)

    command = Command(action="amend", id=id, actor=actor, command_id=command_id, asked=values)
    return shell.change(command, decide, expected_version=expected_version)


def convert(
    shell: Shell[Lead],
    id: str,
    *,
    into: str,
    opportunity_id: str,
    values: Mapping[str, Any] | None,
    at: datetime,
    actor: Actor | None,
    facts: Mapping[str, Any] | None,
    expected_version: int | None,
    command_id: str | None,
) -> Steps[Receipt[Lead]]:
    """Turn a lead into a deal."""

    def decide(pipeline: Pipeline, lead: Lead, target: Pipeline) -> tuple[Converted, Opened]:
        return engine.convert(
            pipeline, lead, into=target, opportunity_id=opportunity_id, values=values, at=at, actor=actor, facts=facts
        )

    asked = [into, opportunity_id, values]
    command = Command(action="convert", id=id, actor=actor, command_id=command_id, asked=asked)
    return shell.convert(command, into, opportunity_id, decide, expected_version=expected_version)
