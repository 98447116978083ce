"""A connection to an SQLite file of ours that belongs to the host, with the host's transaction on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, final

from oppcore.errors import Unsupported
from oppcore.repository.sqlite_file import translate
from oppcore.repository.sqlite_schema import SCHEMA, find_schema

if TYPE_CHECKING:
    import sqlite3

__all__ = ["HostConnection"]

T = TypeVar("T")

_WHERE = "the host's connection"


@final
class HostConnection:
    """The same two ways to run a unit of work as `SqliteFile`, without beginning, ending or repeating anything."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        if self.read(lambda opened: find_schema(opened, _WHERE)) < SCHEMA:
            need = "tables of this release; SqliteRepository(path) makes them in the file, and keeps them up to date"
            raise Unsupported(f"a database without the {need}")

    def read(self, unit: Callable[[sqlite3.Connection], T]) -> T:
        """Run a unit of work once. Raises `Busy`, `Unavailable`, `Corrupt`, and what the unit raises."""
        import sqlite3

        try:
            return unit(self._connection)
        except sqlite3.Error as error:
            raise translate(error, _WHERE) from error

    def write(self, unit: Callable[[sqlite3.Connection], T]) -> T:
        """Run a unit of work in the transaction that the host has begun. Raises `Unsupported` where there is none."""
        if not self._connection.in_transaction:
            raise Unsupported('a commit outside a transaction of the host; execute("BEGIN IMMEDIATE") first')
        return self.read(unit)

    def close(self) -> None:
        """Do nothing: the connection is the host's."""
