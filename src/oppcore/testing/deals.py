"""What the cases of the contract are made of: two pipelines, and commits that the engine has decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from oppcore.engine import (
    Change,
    amend,
    evolve,
    hold,
    move,
    open_lead,
    open_opportunity,
    options,
    remove,
    replay,
    restore,
    resume,
)
from oppcore.pipeline import Pipeline, load_pipeline
from oppcore.records import Key, Lead, Opportunity, Record, kind_of
from oppcore.repository import Commit, Guard, Repository, Stored, Write

__all__ = [
    "LEADS",
    "PIPELINE",
    "REMOVING",
    "START",
    "anything",
    "at",
    "changing",
    "deal_of",
    "guard",
    "key",
    "naming",
    "opening",
    "opening_lead",
    "publishing",
    "stored_of",
]

START = datetime(2026, 3, 2, 9, tzinfo=UTC)

PIPELINE = load_pipeline("""
key = "new-business"
currency = "EUR"
stages = [
    { key = "qualified", kind = "open" },
    { key = "offered", kind = "open", entry = [{ present = "budget" }] },
    { key = "negotiating", kind = "open" },
    { key = "won", kind = "won" },
]
""")

REMOVING = load_pipeline("""
key = "new-business"
stages = [{ key = "qualified", kind = "open" }]
permissions = { remove = {}, restore = {} }
""")
"""The same pipeline, where deals may be taken out."""

LEADS = load_pipeline("""
key = "leads"
kind = "lead"
stages = [
    { key = "new", kind = "open", exit = [{ present = "email" }] },
    { key = "converted", kind = "won" },
]
""")


@cache
def at(days: int = 0) -> datetime:
    """Give an instant, so many days after the start."""
    return START + timedelta(days=days)


def key(id: str = "d-1", tenant: str = "main") -> Key:
    """Give the key of a deal."""
    return Key("opportunity", id, tenant)


def opening(
    id: str = "d-1",
    *,
    tenant: str = "main",
    days: int = 0,
    command: str | None = None,
    values: Mapping[str, Any] | None = None,
    guards: Sequence[Guard] = (),
    digest: str = "first",
) -> Commit:
    """Give a commit that opens a deal."""
    changes = open_opportunity(PIPELINE, id, values, at=at(days))
    return changing(None, changes, tenant=tenant, command=command, guards=guards, digest=digest)


def anything(pick: Random, record: Opportunity, days: int) -> tuple[Change, ...]:
    """Give what the engine says to some wish: a move, perhaps with an amendment, a hold, a removal or its end."""
    if record.progress.removal is not None:
        return restore(REMOVING, record, at=at(days))
    act = pick.choice(["move", "move", "hold", "both", "remove"])
    if act == "remove":
        return remove(REMOVING, record, at=at(days))
    if act == "hold" and record.progress.outcome == "open":
        return (resume if record.progress.hold.held_since else hold)(PIPELINE, record, at=at(days))
    targets = [option.target for option in options(PIPELINE, record, at=at(days)) if option.is_allowed]
    if not targets:
        return ()
    target, name = pick.choice(targets), f"on day {days}"
    amending = {"name": name} if act == "both" and record.name != name else None
    return move(PIPELINE, record, target.stage, outcome=target.outcome, at=at(days), amending=amending)


def opening_lead(id: str = "x-1", *, values: Mapping[str, Any] | None = None) -> Commit:
    """Give a commit that opens a lead."""
    return changing(None, open_lead(LEADS, id, values, at=START))


def naming(
    record: Record,
    name: str,
    *,
    tenant: str = "main",
    days: int = 1,
    command: str | None = None,
    guards: Sequence[Guard] = (),
    digest: str = "first",
) -> Commit:
    """Give a commit that gives a deal another name."""
    changes = amend(PIPELINE, record, {"name": name}, at=at(days))
    return changing(record, changes, tenant=tenant, command=command, guards=guards, digest=digest)


def changing(
    record: Record | None,
    changes: Sequence[Change],
    *,
    tenant: str = "main",
    command: str | None = None,
    guards: Sequence[Guard] = (),
    digest: str = "first",
) -> Commit:
    """Give a commit of what was decided about a record; about one that is not there yet, where there is None."""
    of = Lead if changes and changes[0].stamp.kind == "lead" else Opportunity
    after: Record = replay(changes, of=of) if record is None else evolve(record, *changes)
    expected = 0 if record is None else record.progress.version
    write = Write(Key(kind_of(after), after.id, tenant), expected, after, tuple(changes))
    digest_ = None if command is None else digest
    return Commit(tenant=tenant, writes=(write,), guards=tuple(guards), command_id=command, digest=digest_)


def publishing(pipeline: Pipeline = PIPELINE, tenant: str = "main") -> Commit:
    """Give a commit that publishes a pipeline."""
    write = Write(Key("pipeline", pipeline.key, tenant), pipeline.revision - 1, pipeline)
    return Commit(tenant=tenant, writes=(write,))


def guard(version: int = 1, tenant: str = "main") -> Guard:
    """Give the guard of the pipeline's revision."""
    return Guard(Key("pipeline", PIPELINE.key, tenant), version)


def stored_of(repository: Repository, wanted: Key) -> Stored:
    """Give what is there; fail where nothing is."""
    stored = repository.load(wanted)
    assert stored is not None, f"{wanted} is not there"
    return stored


def deal_of(repository: Repository, id: str = "d-1", tenant: str = "main") -> Opportunity:
    """Give the deal that is there; fail where none is."""
    record = stored_of(repository, key(id, tenant)).record
    assert isinstance(record, Opportunity), f"{id} is a {type(record).__name__}"
    return record
