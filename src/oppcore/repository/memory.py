"""The reference store: a dictionary and a lock. What every other adapter is held against; and enough for a notebook."""

from __future__ import annotations

import threading
from itertools import islice
from typing import final

import attrs

from oppcore.criteria import AllOf, Answered, AnyOf, Compare, Exists, Not, Present, Situation, SomeOf, Text
from oppcore.engine import Change
from oppcore.errors import CommandMismatch, VersionConflict
from oppcore.records import Key, Lead, Opportunity
from oppcore.repository.commit import Commit, Committed, Written
from oppcore.repository.paging import (
    check_limit,
    make_cursor,
    make_feed_cursor,
    place_of,
    read_cursor,
    read_feed_cursor,
)
from oppcore.repository.powers import CommittedChange, Powers, check_where
from oppcore.repository.query import Page, Query, Stored

__all__ = ["AsyncMemoryRepository", "MemoryRepository"]

_POWERS = Powers(filters=(Present, Compare, Text, Answered, Exists, AllOf, AnyOf, SomeOf, Not), feeds=True)


def _admits(query: Query, key: Key, record: object) -> bool:
    if (key.kind, key.tenant) != (query.kind, query.tenant) or (query.ids is not None and key.id not in query.ids):
        return False
    if not isinstance(record, (Opportunity, Lead)):
        asked = (query.pipeline, query.stages, query.outcomes, query.owners, query.changed_since, query.where)
        return asked == (None,) * 6 and not query.removed
    progress = record.progress
    return (
        (query.pipeline is None or progress.pipeline == query.pipeline)
        and (query.stages is None or progress.stage in query.stages)
        and (query.outcomes is None or progress.outcome in query.outcomes)
        and (query.owners is None or record.team.owner_id in query.owners)
        and (query.changed_since is None or progress.changed_at >= query.changed_since)
        and (query.removed is None or query.removed == (progress.removal is not None))
        and (query.where is None or query.where.judge(Situation(record=record, at=progress.changed_at)) is True)
    )


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
        behind = read_cursor(query)
        with self._lock:
            found = [stored for key, stored in self._stored.items() if _admits(query, key, stored.record)]
        placed = sorted(((place_of(stored, query), stored) for stored in found), key=lambda pair: pair[0])
        rest = [pair for pair in placed if behind is None or pair[0] > behind]
        page = rest[: query.limit]
        cursor = make_cursor(query, page[-1][0]) if len(rest) > len(page) else None
        return Page(tuple(stored for _, stored in page), cursor)

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
            if commit.command_id is not None:
                earlier = self._commands.get((commit.tenant, commit.command_id))
                if earlier is not None and earlier.digest != commit.digest:
                    raise CommandMismatch(commit.command_id)
                if earlier is not None:
                    return earlier
            for guard in commit.guards:
                self._check(guard.key, guard.version)
            for write in commit.writes:
                self._check(write.key, write.expected)
            for write in commit.writes:
                self._stored[write.key] = Stored(write.key, write.record, write.version)
                self._changes.setdefault(write.key, []).extend(write.changes)
                self._log.extend((write.key, change) for change in write.changes)
            written = tuple(Written(write.key, write.expected, write.version) for write in commit.writes)
            committed = Committed(written, commit.digest)
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
