"""Rows of an SQLite file and the values they hold: written so that they can be read again, read without trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oppcore.codec import decode_change, decode_record, encode, instant_text
from oppcore.engine import Change
from oppcore.errors import Corrupt, InvalidDocument, Unsupported
from oppcore.pipeline import OwnCriteria, Pipeline
from oppcore.records import Key, Record, kind_of
from oppcore.repository.commit import Write, places_of
from oppcore.repository.query import Stored

__all__ = ["name_of", "read_change", "read_stored", "row_of", "write_body"]


def write_body(value: Record | Pipeline | Change, criteria: OwnCriteria | None = None) -> str:
    """Write what can be read again. Raises `Unsupported` for what cannot."""
    try:
        return encode(value, criteria=criteria)
    except InvalidDocument as error:
        raise Unsupported(f"a record this large: {error.problems[0]}") from None
    except TypeError as error:
        raise Unsupported(f"{error}; name it in criteria=") from None


def name_of(key: Key) -> tuple[str, str, str]:
    """Give the columns by which a record is known."""
    return key.tenant, key.kind, key.id


def row_of(write: Write, criteria: OwnCriteria | None) -> tuple[Any, ...]:
    """Give the columns of a record that is written, in the order of the statements. Raises `Unsupported`."""
    record = write.record
    body = None if record is None else write_body(record, criteria)
    if record is None or isinstance(record, Pipeline):
        return write.version, None, None, None, None, "", 0, body, *name_of(write.key)
    state = record.progress
    facts = state.pipeline, state.stage, str(state.outcome), record.team.owner_id, instant_text(state.changed_at)
    return write.version, *facts, int(state.removal is not None), body, *name_of(write.key)


def read_stored(key: Key, version: int, body: str | None, read_pipeline: Callable[[str], Pipeline]) -> Stored:
    """Read a record, and see that it is what its row says. Raises `Corrupt`."""
    if body is None:
        return Stored(key, None, version)
    try:
        record = read_pipeline(body) if key.kind in ("pipeline", "revision") else decode_record(body)
    except InvalidDocument as error:
        raise Corrupt(f"{key.kind} {key.id!r} cannot be read: {error.problems[0]}") from error
    if isinstance(record, Pipeline):
        found = places_of(record)
    else:
        found = [(str(kind_of(record)), record.id, record.progress.version)]
    if (key.kind, key.id, version) not in found:
        kind, id, holds = found[0]
        raise Corrupt(f"{key.kind} {key.id!r} version {version} holds {kind} {id!r} version {holds}")
    return Stored(key, record, version)


def read_change(key: Key, version: int, body: str) -> Change:
    """Read a change. Raises `Corrupt`."""
    try:
        return decode_change(body)
    except InvalidDocument as error:
        raise Corrupt(f"change {version} of {key.kind} {key.id!r} cannot be read: {error.problems[0]}") from error
