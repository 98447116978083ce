"""Moving records, within their pipeline and into another one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from oppcore import engine
from oppcore.desk import requests
from oppcore.desk.loading import get_pipeline
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Proposal, Shell
from oppcore.engine import Form, Option, Override
from oppcore.errors import Problem
from oppcore.records import Actor, Outcome, Record

__all__ = ["form", "move", "options", "require_action", "transfer", "unmet", "unmet_action", "unmet_transfer"]

R = TypeVar("R", bound=Record)


# Ask.


def options(
    desk: Shell[Any],
    id: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Steps[tuple[Option, ...]]:
    """List where a deal could move to, with what stands in the way. Raises `NotFound`."""
    return desk.ask(id, lambda pipeline, record: engine.options(pipeline, record, at=at, actor=actor, facts=facts))


def form(desk: Shell[Any], id: str, to: str) -> Steps[Form]:
    """Give what to ask before a deal moves to a stage. Raises `NotFound`, `KeyError` for an unknown stage."""
    return desk.ask(id, lambda pipeline, record: engine.form(pipeline, record, to))


def unmet(
    desk: Shell[Any],
    id: str,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    outcome: Outcome | str | None = None,
    reason: str | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `move` would be refused now. Raises `NotFound`."""
    return desk.ask(
        id,
        lambda pipeline, record: engine.unmet(
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
            override=override,
        ),
    )


def unmet_transfer(
    desk: Shell[Any],
    id: str,
    into: str,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `transfer` would be refused now. Raises `NotFound`, for the pipelines too."""
    pipeline, record = yield from desk.load(id)
    target = yield from get_pipeline(desk.tenant, into)
    return engine.unmet_transfer(
        pipeline,
        record,
        target,
        to,
        at=at,
        actor=actor,
        amending=amending,
        facts=facts,
        recorded_at=recorded_at,
        override=override,
    )


def unmet_action(
    desk: Shell[Any],
    id: str,
    action: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why an action that the pipeline gates may not be done to a deal now. Raises `NotFound`."""
    return desk.ask(
        id, lambda pipeline, record: engine.unmet_action(pipeline, record, action, at=at, actor=actor, facts=facts)
    )


def require_action(
    desk: Shell[Any],
    id: str,
    action: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Steps[None]:
    """Raise `MoveRefused` with all of `unmet_action`, if there is any. Raises `NotFound`."""
    return desk.ask(
        id, lambda pipeline, record: engine.require_action(pipeline, record, action, at=at, actor=actor, facts=facts)
    )


# Do.


def move(
    desk: Shell[R],
    id: str,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    outcome: Outcome | str | None = None,
    reason: str | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Move a deal, as `oppcore.engine.move` decides.

    Raises `MoveRefused` with every reason, `NotFound`, and `VersionConflict` when the deal is not at the expected
    version.
    """
    command = Command(
        action="move",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[to, outcome, reason, amending, override],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.move(
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
            override=override,
        ),
    )


def transfer(
    desk: Shell[R],
    id: str,
    into: str,
    to: str | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    amending: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Take a deal over to the pipeline `into`, as `oppcore.engine.transfer` decides under the newest rules of both.

    Raises what `move` raises.
    """
    command = Command(
        action="transfer",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[into, to, amending, override],
    )

    def propose() -> Steps[Proposal[R]]:
        pipeline, record = yield from desk.load_for(command)
        target = yield from get_pipeline(desk.tenant, into)
        changes = engine.transfer(
            pipeline,
            record,
            target,
            to,
            at=at,
            actor=actor,
            amending=amending,
            facts=facts,
            recorded_at=recorded_at,
            override=override,
        )
        proposal = desk.propose(record, changes, pipeline, target)
        yield from requests.ask_to("transfer", actor, proposal.receipt.record)
        return proposal

    return desk.carry_out(command, propose)
