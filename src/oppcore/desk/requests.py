"""What a command asks of the world while it runs, as values: the same steps serve sync, async and simulated worlds."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Generic, TypeAlias, TypeVar, final

import attrs

from oppcore.engine import Change
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Key, Record
from oppcore.repository.commit import Commit, Committed
from oppcore.repository.query import Page, Query, Stored

__all__ = [
    "Receipt",
    "Request",
    "Saved",
    "Steps",
    "ask_to",
    "commit",
    "find",
    "history",
    "load",
    "pause",
    "recall",
    "wait_before",
]

T = TypeVar("T")
T_co = TypeVar("T_co", bound=Record | Pipeline, covariant=True)


@final
@attrs.frozen
class Receipt(Generic[T_co]):
    """What a command did: the record afterwards, its version, and what happened to it.

    No changes: all was as wished already. `repeated`: this command was carried out before; this is what it did then.
    """

    record: T_co
    version: int
    changes: tuple[Change, ...] = ()
    repeated: bool = False


@final
@attrs.frozen
class Saved:
    """How much was saved. What an earlier run of the same command had saved is counted like the rest."""

    records: int
    changes: int


@final
@attrs.frozen
class Request:
    """One thing to be done: a method of the repository, `authorize` or `pause`, and with what."""

    name: str
    args: tuple[Any, ...]
    options: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


Steps: TypeAlias = Generator[Request, Any, T]
"""A command under way: it yields requests, is sent their answers, and returns its result."""


def load(key: Key) -> Steps[Stored | None]:
    """Ask for what is there."""
    answer: Stored | None = yield Request("load", (key,))
    return answer


def find(query: Query) -> Steps[Page[Stored]]:
    """Ask for a page of records."""
    answer: Page[Stored] = yield Request("find", (query,))
    return answer


def history(key: Key, *, after: int, limit: int) -> Steps[Page[Change]]:
    """Ask for a page of changes."""
    answer: Page[Change] = yield Request("history", (key,), {"after": after, "limit": limit})
    return answer


def recall(tenant: str, command_id: str) -> Steps[Committed | None]:
    """Ask what a command did."""
    answer: Committed | None = yield Request("recall", (tenant, command_id))
    return answer


def commit(wanted: Commit) -> Steps[Committed]:
    """Ask for a commit."""
    answer: Committed = yield Request("commit", (wanted,))
    return answer


def ask_to(action: str, actor: Actor | None, record: Record | Pipeline) -> Steps[None]:
    """Ask whether an actor may do this to a record; a refusal is raised."""
    yield Request("authorize", (actor, action, record))


def pause(attempt: int) -> Steps[None]:
    """Ask for a short wait before the next attempt."""
    yield Request("pause", (attempt,))


def wait_before(attempt: int) -> float:
    """Give the seconds of a pause: random, so that rivals do not meet again, and rising to 50 ms."""
    import random

    return random.uniform(0, min(0.001 * 2**attempt, 0.05))
