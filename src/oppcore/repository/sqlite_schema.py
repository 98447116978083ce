"""The tables of an SQLite file of ours, and the steps by which an older file becomes a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oppcore.errors import Unsupported

if TYPE_CHECKING:
    import sqlite3

__all__ = ["APPLICATION", "SCHEMA", "bring_up_to_date", "find_schema"]

APPLICATION = 0x6F707063
""""oppc": says whose file this is."""

# Each step leads from one schema to the next; a new file goes through all of them. A step is never changed once it was
# released: add another one. The columns beside `body` are copies of what is in it, for the index. `changes` is only
# ever added to; its position is the order in which everything was committed, and so the feed.
_STEPS = (
    (
        """
        CREATE TABLE records (
            tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
            pipeline TEXT, stage TEXT, outcome TEXT, owner_id TEXT, changed_at TEXT NOT NULL, body TEXT,
            PRIMARY KEY (tenant, kind, id)
        ) STRICT
        """,
        "CREATE INDEX records_by_change ON records (tenant, kind, changed_at, id)",
        "CREATE INDEX records_by_stage ON records (tenant, kind, pipeline, stage, changed_at, id)",
        "CREATE INDEX records_by_owner ON records (tenant, kind, owner_id, changed_at, id)",
        """
        CREATE TABLE changes (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL,
            UNIQUE (tenant, kind, id, version),
            FOREIGN KEY (tenant, kind, id) REFERENCES records
        ) STRICT
        """,
        """
        CREATE TABLE commands (
            tenant TEXT NOT NULL, command_id TEXT NOT NULL, digest TEXT NOT NULL, written TEXT NOT NULL,
            PRIMARY KEY (tenant, command_id)
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        "ALTER TABLE records ADD COLUMN removed INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE records SET removed = 1
        WHERE json_extract(body, '$.opportunity.progress.removal', '$.lead.progress.removal') <> '[null,null]'
        """,
        "CREATE INDEX changes_by_tenant ON changes (tenant, position)",
    ),
)
SCHEMA = len(_STEPS)
"""The schema that this release writes. Every older one is brought up to date when the file is opened."""

_WHOSE = """
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
FROM pragma_application_id, pragma_user_version
"""


def find_schema(connection: sqlite3.Connection, path: str) -> int:
    """Give the schema of a file: 0 where it is empty. Raises `Unsupported` when it is not ours, or too new."""
    application, schema, tables = connection.execute(_WHOSE).fetchone()
    if (application, schema, tables) == (0, 0, 0):
        return 0
    if application != APPLICATION or schema < 1:
        raise Unsupported(f"a file that oppcore did not write ({path})")
    if schema > SCHEMA:
        need = f"schema {schema}; this release of oppcore reads up to {SCHEMA}"
        raise Unsupported(f"a file with {need}: use a newer release ({path})")
    found: int = schema
    return found


def bring_up_to_date(connection: sqlite3.Connection, path: str) -> None:
    """Take the steps that a file has not taken, inside a transaction; nothing where somebody was faster."""
    for step in _STEPS[find_schema(connection, path) :]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
