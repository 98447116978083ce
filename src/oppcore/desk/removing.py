"""Taking records out of the process, bringing them back, and making one of two."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from oppcore import engine
from oppcore.desk import requests
from oppcore.desk.loading import get_record
from oppcore.desk.requests import Receipt, Steps
from oppcore.desk.shell import Command, Proposal, Shell
from oppcore.engine import Override
from oppcore.errors import Problem
from oppcore.records import Actor, Record

__all__ = ["merge", "remove", "restore", "unmet_merging", "unmet_removal", "unmet_restoration"]

R = TypeVar("R", bound=Record)


# Ask.


def unmet_removal(
    desk: Shell[Any],
    id: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `remove` would be refused now. Raises `NotFound`."""
    return desk.ask(
        id,
        lambda pipeline, record: engine.unmet_removal(pipeline, record, at=at, actor=actor, recorded_at=recorded_at),
    )


def unmet_restoration(
    desk: Shell[Any],
    id: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `restore` would be refused now. Raises `NotFound`."""
    return desk.ask(
        id,
        lambda pipeline, record: engine.unmet_restoration(
            pipeline, record, at=at, actor=actor, recorded_at=recorded_at
        ),
    )


def unmet_merging(
    desk: Shell[Any],
    id: str,
    absorbed_id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `merge` would be refused now. Raises `NotFound` for either deal."""
    pipeline, record = yield from desk.load(id)
    absorbed = yield from get_record(desk.tenant, absorbed_id, desk.of)
    return engine.unmet_merging(
        pipeline, record, absorbed, values, at=at, actor=actor, recorded_at=recorded_at, override=override
    )


# Do.


def remove(
    desk: Shell[R],
    id: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    comment: str | None = None,
    recorded_at: datetime | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Take a deal out of the process, as `oppcore.engine.remove` decides. Raises what `move` raises.

    It can still be got and found; its `progress.removal` says that it is out.
    """
    command = Command(
        action="remove",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[comment],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.remove(
            pipeline, record, at=at, actor=actor, comment=comment, recorded_at=recorded_at
        ),
    )


def restore(
    desk: Shell[R],
    id: str,
    *,
    at: datetime,
    actor: Actor | None = None,
    comment: str | None = None,
    recorded_at: datetime | None = None,
    expected_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Bring a removed or absorbed deal back, as `oppcore.engine.restore` decides. Raises what `move` raises."""
    command = Command(
        action="restore",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[comment],
    )
    return desk.change(
        command,
        lambda pipeline, record: engine.restore(
            pipeline, record, at=at, actor=actor, comment=comment, recorded_at=recorded_at
        ),
    )


def merge(
    desk: Shell[R],
    id: str,
    absorbed_id: str,
    values: Mapping[str, Any] | None = None,
    *,
    at: datetime,
    actor: Actor | None = None,
    recorded_at: datetime | None = None,
    override: Override | None = None,
    expected_version: int | None = None,
    expected_absorbed_version: int | None = None,
    command_id: str | None = None,
) -> Steps[Receipt[R]]:
    """Make one deal of two, both in one commit, as `oppcore.engine.merge` decides.

    The receipt is that of the deal that stays. `authorize` is asked for both. Raises what `move` raises.
    """
    command = Command(
        action="merge",
        id=id,
        actor=actor,
        expected_version=expected_version,
        command_id=command_id,
        asked=[absorbed_id, values, override],
    )

    def propose() -> Steps[Proposal[R]]:
        pipeline, record = yield from desk.load_for(command)
        absorbed = yield from get_record(desk.tenant, absorbed_id, desk.of)
        desk.expect_version(absorbed, expected_absorbed_version)
        yield from requests.ask_to("merge", actor, absorbed)
        ours, theirs = engine.merge(
            pipeline, record, absorbed, values, at=at, actor=actor, recorded_at=recorded_at, override=override
        )
        return desk.propose(record, (ours,), pipeline).with_write(*desk.propose(absorbed, (theirs,)).writes)

    return desk.carry_out(command, propose)
