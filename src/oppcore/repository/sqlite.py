"""A store in one SQLite file, with nothing to install: durable, and safe among threads and processes."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self, final

from oppcore.codec import decode_pipeline
from oppcore.engine import Change
from oppcore.errors import Corrupt, Unsupported, VersionConflict
from oppcore.pipeline import OwnCriteria
from oppcore.records import Key, RecordKind
from oppcore.records.checks import MAX_KEY, check_text
from oppcore.repository.commit import Commit, Committed, Write, Written
from oppcore.repository.paging import (
    check_limit,
    instant_text,
    make_cursor,
    make_feed_cursor,
    place_of,
    read_cursor,
    read_feed_cursor,
)
from oppcore.repository.powers import CommittedChange, Powers, check_where
from oppcore.repository.query import Page, Query, Stored
from oppcore.repository.sqlite_file import SqliteFile
from oppcore.repository.sqlite_filter import FILTERS, where_sql
from oppcore.repository.sqlite_host import HostConnection
from oppcore.repository.sqlite_rows import name_of, read_change, read_stored, row_of, write_body

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SqliteRepository"]

_MAX_VERSION = 2**63 - 1
_KINDS = frozenset(RecordKind)

_VERSION = "SELECT version FROM records WHERE (tenant, kind, id) = (?, ?, ?)"
_LOAD = "SELECT version, body FROM records WHERE (tenant, kind, id) = (?, ?, ?)"
_HISTORY = (
    "SELECT version, body FROM changes WHERE (tenant, kind, id) = (?, ?, ?) AND version > ? ORDER BY version LIMIT ?"
)
_FOLLOW = "SELECT position, tenant, kind, id, version, body FROM changes WHERE position > ?{} ORDER BY position LIMIT ?"
_RECALL = "SELECT digest, written FROM commands WHERE (tenant, command_id) = (?, ?)"
_ADD = """
INSERT INTO records (version, pipeline, stage, outcome, owner_id, changed_at, removed, body, tenant, kind, id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_REPLACE = """
UPDATE records
SET version = ?, pipeline = ?, stage = ?, outcome = ?, owner_id = ?, changed_at = ?, removed = ?, body = ?
WHERE (tenant, kind, id) = (?, ?, ?) AND version = ?
"""
_ADD_CHANGE = "INSERT INTO changes (tenant, kind, id, version, body) VALUES (?, ?, ?, ?, ?)"
_ADD_COMMAND = "INSERT INTO commands (tenant, command_id, digest, written) VALUES (?, ?, ?, ?)"


def _selection(query: Query) -> tuple[str, list[Any]]:
    """Give the statement for a query: fixed fragments only, every value bound."""
    terms = ["tenant = ?", "kind = ?"]
    values: list[Any] = [query.tenant, query.kind]
    if query.pipeline is not None:
        terms.append("pipeline = ?")
        values.append(query.pipeline)
    for column, wanted in (
        ("stage", query.stages),
        ("outcome", query.outcomes),
        ("owner_id", query.owners),
        ("id", query.ids),
    ):
        if wanted is not None:
            terms.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += [str(value) for value in wanted]
    if query.changed_since is not None:
        terms.append("changed_at >= ?")
        values.append(instant_text(query.changed_since))
    if query.removed is not None:
        terms.append("removed = ?")
        values.append(int(query.removed))
    if query.where is not None:
        admitted = where_sql(query.where, query.kind) if query.kind in _KINDS else ("0", ())
        if admitted is not None:
            terms.append(admitted[0])
            values += admitted[1]
    order = "id" if query.order == "id" else "changed_at, id"
    if (behind := read_cursor(query)) is not None:
        terms.append(f"({order}) > ({', '.join('?' * len(behind))})")
        values += behind
    statement = f"SELECT id, version, body FROM records WHERE {' AND '.join(terms)} ORDER BY {order} LIMIT ?"
    return statement, [*values, query.limit + 1]


def _find_command(connection: sqlite3.Connection, tenant: str, command_id: str) -> Committed | None:
    row = connection.execute(_RECALL, (tenant, command_id)).fetchone()
    if row is None:
        return None
    digest, written = row
    try:
        parts = [
            Written(Key(kind, id, tenant), expected, version) for kind, id, expected, version in json.loads(written)
        ]
    except (ValueError, TypeError) as error:
        raise Corrupt(f"what command {command_id!r} did cannot be read") from error
    return Committed(tuple(parts), digest, repeated=True)


def _expect(connection: sqlite3.Connection, key: Key, expected: int) -> None:
    row = connection.execute(_VERSION, name_of(key)).fetchone()
    found = 0 if row is None else row[0]
    if found != expected:
        raise VersionConflict(key.kind, key.id, expected, found)


def _save(connection: sqlite3.Connection, write: Write, row: tuple[Any, ...], changes: list[str]) -> None:
    if write.expected == 0:
        done = connection.execute(_ADD, row)
    else:
        done = connection.execute(_REPLACE, (*row, write.expected))
    if done.rowcount != 1:
        _expect(connection, write.key, write.expected)
        raise Corrupt(f"{write.key.kind} {write.key.id!r} could not be written")
    if changes:
        numbered = enumerate(changes, write.expected + 1)
        connection.executemany(_ADD_CHANGE, [(*name_of(write.key), version, body) for version, body in numbered])


@final
class SqliteRepository:
    """Keeps records in an SQLite file, which is created where there is none.

    An acknowledged commit survives the end of the process and of power (write-ahead log, `synchronous=FULL`). Any
    number of threads and processes on one machine may share the file; while another one writes, a call waits for it,
    at most `wait`, then raises `Busy`. The file must be on a local file system. `criteria` names the host's own, as
    for `load_pipeline`, for pipelines that use them.

    Raises `Unavailable` when the file cannot be opened, `Unsupported` for a file of another program or of a newer
    release, and `Corrupt` for one that is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        wait: timedelta = timedelta(seconds=10),
        criteria: OwnCriteria | None = None,
    ) -> None:
        name = os.fspath(path)
        if name in ("", ":memory:"):
            raise Unsupported("an SQLite database without a file; use MemoryRepository")
        self._start(SqliteFile(os.path.abspath(name), wait), criteria)
        self._file.read(lambda connection: None)  # open it now: a fault is told here, not by the first command

    def _start(self, file: SqliteFile | HostConnection, criteria: OwnCriteria | None) -> None:
        self._file = file
        self._criteria = criteria
        self._read_pipeline = lru_cache(maxsize=64)(partial(decode_pipeline, criteria=criteria))
        self.powers = Powers(filters=FILTERS, feeds=True, retries=isinstance(file, SqliteFile))

    @classmethod
    def on(cls, connection: sqlite3.Connection, *, criteria: OwnCriteria | None = None) -> Self:
        """Give a repository that works inside the host's transaction, on a connection to a file of `SqliteRepository`.

        What the host writes to its own tables and what a desk writes are then kept together or not at all. Nothing is
        begun, ended or tried again here: the host begins a transaction before a command (`BEGIN IMMEDIATE`, so that
        nobody comes in between), and ends it. A `VersionConflict` has written nothing and leaves the transaction
        usable. After `Busy` and `Unavailable` the host rolls back. One thread at a time may use it.

        Raises `Unsupported` for a database without the tables of this release, and for a commit outside a transaction.
        """
        repository = cls.__new__(cls)
        repository._start(HostConnection(connection), criteria)
        return repository

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; every later call raises `Unavailable`. A connection of the host's stays open."""
        self._file.close()

    def load(self, key: Key, /) -> Stored | None:
        """Give what is there, or None."""
        row = self._file.read(lambda connection: connection.execute(_LOAD, name_of(key)).fetchone())
        if row is None:
            return None
        version, body = row
        return read_stored(key, version, body, self._read_pipeline)

    def find(self, query: Query, /) -> Page[Stored]:
        """Give a page of records."""
        check_where(self.powers, query.where)
        statement, values = _selection(query)
        rows = self._file.read(lambda connection: connection.execute(statement, values).fetchall())
        page = tuple(
            read_stored(Key(query.kind, id, query.tenant), version, body, self._read_pipeline)
            for id, version, body in rows[: query.limit]
        )
        return Page(page, make_cursor(query, place_of(page[-1], query)) if len(rows) > len(page) else None)

    def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`."""
        values = (*name_of(key), min(max(after, 0), _MAX_VERSION), check_limit(limit) + 1)
        rows = self._file.read(lambda connection: connection.execute(_HISTORY, values).fetchall())
        page = tuple(read_change(key, version, body) for version, body in rows[:limit])
        return Page(page, str(rows[limit - 1][0]) if len(rows) > limit else None)

    def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command did, or None."""
        check_text(tenant, "tenant", limit=MAX_KEY)
        check_text(command_id, "command_id", limit=MAX_KEY)
        return self._file.read(lambda connection: _find_command(connection, tenant, command_id))

    def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise. When this returns, what was written is on the disk."""
        rows = [row_of(write, self._criteria) for write in commit.writes]
        changes = [[write_body(change) for change in write.changes] for write in commit.writes]

        def unit(connection: sqlite3.Connection) -> Committed:
            if commit.command_id is not None:
                earlier = _find_command(connection, commit.tenant, commit.command_id)
                if earlier is not None and commit.is_done(earlier):
                    return earlier
            for guard in commit.guards:
                _expect(connection, guard.key, guard.version)
            if len(commit.writes) > 1:  # look at all before the first is written: the transaction may be the host's
                for write in commit.writes:
                    _expect(connection, write.key, write.expected)
            for write, row, texts in zip(commit.writes, rows, changes, strict=True):
                _save(connection, write, row, texts)
            outcome = commit.outcome
            if commit.command_id is not None:
                written = [(part.key.kind, part.key.id, part.expected, part.version) for part in outcome.written]
                parts = json.dumps(written)
                connection.execute(_ADD_COMMAND, (commit.tenant, commit.command_id, commit.digest, parts))
            return outcome

        return self._file.write(unit)

    def follow(self, tenant: str | None, /, *, after: str | None = None, limit: int) -> tuple[CommittedChange, ...]:
        """Give changes in the order in which they were committed; the file has one writer at a time."""
        start, most = read_feed_cursor(tenant, after), check_limit(limit)
        statement = _FOLLOW.format("" if tenant is None else " AND tenant = ?")
        values = (start, most) if tenant is None else (start, tenant, most)
        rows = self._file.read(lambda connection: connection.execute(statement, values).fetchall())
        found: list[CommittedChange] = []
        for position, owner, kind, id, version, body in rows:
            key = Key(kind, id, owner)
            found.append(CommittedChange(key, read_change(key, version, body), make_feed_cursor(tenant, position)))
        return tuple(found)
