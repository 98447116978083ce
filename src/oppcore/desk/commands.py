"""The commands: what the engine is asked, once the deal and the pipeline are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from oppcore import engine
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Shell
from oppcore.engine import Change
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Opportunity, Outcome

__all__ = ["adopt", "amend", "move", "open_opportunity"]


def open_opportunity(
    shell: Shell,
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
) -> Steps[Receipt[Opportunity]]:
    """Open a deal."""

    def decide(pipeline: Pipeline) -> Sequence[Change]:
        return engine.open_opportunity(
            pipeline, id, values, at=at, actor=actor, stage=stage, facts=facts, recorded_at=recorded_at
        )

    asked = [pipeline_key, stage, values]
    command = Command(action="open", id=id, actor=actor, command_id=command_id, asked=asked)
    return shell.create(command, pipeline_key, decide)


def adopt(
    shell: Shell,
    image: Opportunity,
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    command_id: str | None,
) -> Steps[Receipt[Opportunity]]:
    """Take a deal over."""

    def decide(pipeline: Pipeline) -> Sequence[Change]:
        return engine.adopt(pipeline, image, at=at, actor=actor, recorded_at=recorded_at)

    command = Command(action="adopt", id=image.id, actor=actor, command_id=command_id, asked=image)
    return shell.create(command, image.progress.pipeline, decide)


def move(
    shell: Shell,
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
) -> Steps[Receipt[Opportunity]]:
    """Move a deal."""

    def decide(pipeline: Pipeline, record: Opportunity) -> Sequence[Change]:
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
    shell: Shell,
    id: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None,
    recorded_at: datetime | None,
    expected_version: int | None,
    command_id: str | None,
) -> Steps[Receipt[Opportunity]]:
    """Set fields of a deal."""

    def decide(pipeline: Pipeline, record: Opportunity) -> Sequence[Change]:
        return engine.amend(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at)

    command = Command(action="amend", id=id, actor=actor, command_id=command_id, asked=values)
    return shell.change(command, decide, expected_version=expected_version)
