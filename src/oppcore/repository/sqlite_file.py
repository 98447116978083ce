"""One SQLite file of ours: opening and checking it, transactions, waiting for others, and what its errors mean."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar, final

from oppcore.errors import Busy, Corrupt, OppcoreError, Unavailable
from oppcore.repository.sqlite_schema import SCHEMA, bring_up_to_date, find_schema

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SqliteFile", "translate"]

T = TypeVar("T")

# SQLite's primary result codes.
_BUSY = {5, 6, 15}
_CORRUPT = {1, 11, 19, 20, 26}  # also: no such table, a constraint or type that our own tables never break

_INHERITED: list[object] = []  # connections of a parent process: a child may neither use nor close them


def _code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def translate(error: sqlite3.Error, path: str) -> OppcoreError:
    """Say what an error of SQLite means, in the words of the closed set."""
    code, reason = _code(error), f"{error} ({path})"
    if code in _BUSY:
        return Busy(reason)
    is_text = str(error).startswith("Could not decode")  # Python's own finding; SQLite has no code for it
    return Corrupt(reason) if code in _CORRUPT or is_text else Unavailable(reason)


def _in_transaction(connection: sqlite3.Connection, unit: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = unit(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _close_all(idle: list[sqlite3.Connection], pid: int) -> None:
    """Close connections, unless they belong to a parent process."""
    if pid == os.getpid():
        while idle:
            idle.pop().close()


@final
class SqliteFile:
    """A file and the open connections to it: one per unit of work that runs, kept for the next."""

    def __init__(self, path: str, wait: timedelta) -> None:
        self.path = path
        self._wait = wait.total_seconds()
        self._is_closed = False
        self._start_pool()

    def _start_pool(self) -> None:
        self._idle: list[sqlite3.Connection] = []
        self._pid = os.getpid()
        weakref.finalize(self, _close_all, self._idle, self._pid)  # for those who forget to close

    def read(self, unit: Callable[[sqlite3.Connection], T]) -> T:
        """Run a unit of work; while others hold the lock, run it again until the wait is over.

        Raises `Busy`, `Unavailable`, `Corrupt`, `Unsupported`, and what the unit raises.
        """
        import random
        import sqlite3
        import time

        deadline, pause = time.monotonic() + self._wait, 0.001
        while True:
            try:
                return self._with_connection(unit)
            except sqlite3.Error as error:
                if _code(error) not in _BUSY or time.monotonic() >= deadline:
                    raise translate(error, self.path) from error
            time.sleep(random.uniform(0, pause))
            pause = min(2 * pause, 0.05)

    def write(self, unit: Callable[[sqlite3.Connection], T]) -> T:
        """Run a unit of work in a transaction that holds the file's one write lock from the start; all or nothing."""

        return self.read(lambda connection: _in_transaction(connection, unit))

    def close(self) -> None:
        """Close the connections; the file can be moved or copied then."""
        self._is_closed = True
        _close_all(self._idle, self._pid)

    def _with_connection(self, unit: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._take()
        try:
            result = unit(connection)
        except BaseException as error:
            if isinstance(error, OppcoreError) or _code(error) in _BUSY:
                self._give_back(connection)  # the connection is well
            else:
                connection.close()
            raise
        self._give_back(connection)
        return result

    def _take(self) -> sqlite3.Connection:
        if self._is_closed:
            raise Unavailable(f"the repository was closed ({self.path})")
        if self._pid != os.getpid():
            _INHERITED.append(self._idle)
            self._start_pool()
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._is_closed or connection.in_transaction:
            connection.close()
        else:
            self._idle.append(connection)

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            schema = find_schema(connection, self.path)  # before the first write: the file may be somebody else's
            [mode] = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                raise Unavailable(f"the file system refuses SQLite's write-ahead log; use a local one ({self.path})")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if schema < SCHEMA:
                _in_transaction(connection, lambda opened: bring_up_to_date(opened, self.path))
        except BaseException:
            connection.close()
            raise
        return connection
