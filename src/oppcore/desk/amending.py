"""Changing the fields of records, now and in the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from oppcore import engine
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Proposal, Shell
from oppcore.engine import Override
from oppcore.errors import Problem
from oppcore.records import Actor, Record

__all__ = ["amend", "correct", "hold", "resume", "unmet_amendment", "unmet_correction"]

R = TypeVar("R", bound=Record)


# Ask.


def unmet_amendment(
    desk: Shell[Any],
    id: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `amend` would be refused now. Raises `NotFound`."""
    return desk.ask(
        id,
        lambda pipeline, record: engine.unmet_amendment(
            pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at, override=override
        ),
    )


def unmet_correction(
    desk: Shell[Any],
    id: str,
    version: int,
    *,
    happened_at: datetime | None,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `correct` would be refused now. Raises `NotFound`."""
    pipeline, record = yield from desk.load(id)
    changes = yield from desk.load_past(record)
    return engine.unmet_correction(
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


# Do.


def amend(
    desk: Shell[R],
    id: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Set fields of a deal, as `oppcore.engine.amend` decides. Raises what `move` raises."""
    command = Command(
        action="amend",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[values, override],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.amend(
            pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at, override=override
        ),
    )


def hold(
    desk: Shell[R],
    id: str,
    *,
    at: datetime,
    resume_on: date | None = None,
    reason: str | None = None,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Put a deal on hold, as `oppcore.engine.hold` decides. Raises what `move` raises."""
    command = Command(
        action="hold",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[resume_on, reason],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.hold(
            pipeline, record, at=at, resume_on=resume_on, reason=reason, actor=actor, recorded_at=recorded_at
        ),
    )


def resume(
    desk: Shell[R],
    id: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """End the hold of a deal; nothing changes where it is not on hold. Raises what `move` raises."""
    command = Command(action="resume", id=id, actor=actor, expected_version=expected_version, command_id=command_id)
    return desk.change(
        command,
        lambda pipeline, record: engine.resume(pipeline, record, at=at, actor=actor, recorded_at=recorded_at),
    )


def correct(
    desk: Shell[R],
    id: str,
    version: int,
    *,
    happened_at: datetime | None,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Say that a change of a deal happened at another instant, or never, as `oppcore.engine.correct` decides.

    The deal's whole history is loaded for it. Raises what `move` raises.
    """
    command = Command(
        action="correct",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[version, happened_at, override],
    )

    def propose() -> Steps[Proposal[R]]:
        pipeline, record = yield from desk.load_for(command)
        changes = yield from desk.load_past(record)
        corrected = engine.correct(
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
        return desk.propose(record, corrected, pipeline)

    return desk.carry_out(command, propose)
