"""The reference store: a dictionary and a lock. What every other adapter is held against; and enough for a notebook."""

from __future__ import annotations

import threading
from itertools import islice
from typing import final

import attrs

from oppcore.criteria import AllOf, Answered, AnyOf, Compare, Exists, Not, Present, SomeOf, Text
from oppcore.engine import Change
from oppcore.errors import VersionConflict
from oppcore.records import Key
from oppcore.repository.commit import Commit, Committed
from oppcore.repository.paging import (
    check_limit,
    make_feed_cursor,
    page_of,
    read_feed_cursor,
)
from oppcore.repository.powers import CommittedChange, Powers, check_where
from oppcore.repository.query import Page, Query, Stored

__all__ = ["AsyncMemoryRepository", "MemoryRepository"]

_POWERS = Powers(filters=(Present, Compare, Text, Answered, Exists, AllOf, AnyOf, SomeOf, Not), feeds=True)


@final
class MemoryRepository:
    """Keeps everything in memory, for as long as it lives; any number of threads may share it."""

    powers = _POWERS

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: dict[Key, Stored] = {}
        self._changes: dict[Key, list[Change]] = {}
        self._commands: dict[tuple[str, str], Committed] = {}
        self._log: list[tuple[Key, Change]] = []  # every change, in the order of the commits

    def load(self, key: Key, /) -> Stored | None:
        """Give what is there, or None."""
        return self._stored.get(key)

    def find(self, query: Query, /) -> Page[Stored]:
        """Give a page of records."""
        check_where(self.powers, query.where)
        with self._lock:
            stored = tuple(self._stored.values())
        return page_of(query, stored)

    def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`."""
        with self._lock:
            changes = tuple(self._changes.get(key, ()))
        start = max(after, 0)
        end = start + check_limit(limit)
        return Page(changes[start:end], str(end) if len(changes) > end else None)

    def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command did, or None."""
        return self._commands.get((tenant, command_id))

    def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise."""
        with self._lock:
            earlier = None if commit.command_id is None else self._commands.get((commit.tenant, commit.command_id))
            if earlier is not None and commit.is_done(earlier):
                return earlier
            for condition in commit.conditions:
                self._check(condition.key, condition.version)
            for write in commit.writes:
                self._stored[write.key] = Stored(write.key, write.record, write.version)
                self._changes.setdefault(write.key, []).extend(write.changes)
                self._log.extend((write.key, change) for change in write.changes)
            committed = commit.outcome
            if commit.command_id is not None:
                self._commands[commit.tenant, commit.command_id] = attrs.evolve(committed, repeated=True)
            return committed

    def follow(self, tenant: str | None, /, *, after: str | None = None, limit: int) -> tuple[CommittedChange, ...]:
        """Give changes in the order in which they were committed."""
        start = read_feed_cursor(tenant, after)
        wanted = (
            CommittedChange(key, change, make_feed_cursor(tenant, position))
            for position, (key, change) in enumerate(islice(self._log, start, None), start + 1)
            if tenant is None or key.tenant == tenant
        )
        with self._lock:
            return tuple(islice(wanted, check_limit(limit)))

    def _check(self, key: Key, expected: int) -> None:
        stored = self._stored.get(key)
        found = 0 if stored is None else stored.version
        if found != expected:
            raise VersionConflict(key.kind, key.id, expected, found)


@final
class AsyncMemoryRepository:
    """The same, to be awaited. Nothing in it waits, so that no task can be cancelled in the middle."""

    powers = _POWERS

    def __init__(self) -> None:
        self._memory = MemoryRepository()

    async def load(self, key: Key, /) -> Stored | None:
        """Give what is there, or None."""
        return self._memory.load(key)

    async def find(self, query: Query, /) -> Page[Stored]:
        """Give a page of records."""
        return self._memory.find(query)

    async def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`."""
        return self._memory.history(key, after=after, limit=limit)

    async def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command did, or None."""
        return self._memory.recall(tenant, command_id)

    async def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise."""
        return self._memory.commit(commit)

    async def follow(
        self, tenant: str | None, /, *, after: str | None = None, limit: int
    ) -> tuple[CommittedChange, ...]:
        """Give changes in the order in which they were committed."""
        return self._memory.follow(tenant, after=after, limit=limit)
