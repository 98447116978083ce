"""Asking for approvals of records, and signing them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from oppcore import engine
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Shell
from oppcore.engine import Override
from oppcore.errors import Problem
from oppcore.records import Actor, Record, Verdict

__all__ = ["request_approval", "sign", "unmet_request", "unmet_signature"]

R = TypeVar("R", bound=Record)


# Ask.


def unmet_request(
    desk: Shell[Any],
    id: str,
    subject: str,
    *,
    at: datetime,
    actor: Actor,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `request_approval` would be refused now. Raises `NotFound`."""
    return desk.ask(
        id,
        lambda pipeline, record: engine.unmet_request(
            pipeline, record, subject, at=at, actor=actor, facts=facts, recorded_at=recorded_at
        ),
    )


def unmet_signature(
    desk: Shell[Any],
    id: str,
    subject: str,
    verdict: Verdict | str,
    *,
    at: datetime,
    actor: Actor,
    comment: str | None = None,
    step: str | None = None,
    signer: str | None = None,
    before: bool = False,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `sign` would be refused now. Raises `NotFound`."""
    return desk.ask(
        id,
        lambda pipeline, record: engine.unmet_signature(
            pipeline,
            record,
            subject,
            verdict,
            at=at,
            actor=actor,
            comment=comment,
            step=step,
            signer=signer,
            before=before,
            recorded_at=recorded_at,
            override=override,
        ),
    )


# Do.


def request_approval(
    desk: Shell[R],
    id: str,
    subject: str,
    *,
    at: datetime,
    actor: Actor,
    facts: Mapping[str, Any] | None = None,
    recorded_at: datetime | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Begin a round of approval, as `oppcore.engine.request_approval` decides. Raises what `move` raises."""
    command = Command(
        action="request_approval",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[subject],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.request_approval(
            pipeline, record, subject, at=at, actor=actor, facts=facts, recorded_at=recorded_at
        ),
    )


def sign(
    desk: Shell[R],
    id: str,
    subject: str,
    verdict: Verdict | str,
    *,
    at: datetime,
    actor: Actor,
    comment: str | None = None,
    step: str | None = None,
    signer: str | None = None,
    before: bool = False,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Approve, reject, return, add a signer or withdraw, as `oppcore.engine.sign` decides. Raises what `move` raises.

    With the `expected_version` that the signer saw, no newer round is signed in place of the one they read.
    """
    command = Command(
        action="sign",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[subject, verdict, comment, step, signer, before, override],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.sign(
            pipeline,
            record,
            subject,
            verdict,
            at=at,
            actor=actor,
            comment=comment,
            step=step,
            signer=signer,
            before=before,
            recorded_at=recorded_at,
            override=override,
        ),
    )
