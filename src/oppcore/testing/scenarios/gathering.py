"""Reading several parts of a document: all of them, or all their faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs

from oppcore.document import DocumentFault, collect
from oppcore.errors import Problem

__all__ = ["at_path", "read_all", "refuse", "said_by", "to_duration"]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise `DocumentFault` where there are any problems."""
    if found := tuple(problems):
        raise DocumentFault(found)


def at_path(path: str, read: Callable[[], Any]) -> Callable[[], Any]:
    """Give what reads a part, and finds its faults under a path."""
    return lambda: collect([(path, read)])[0]


def read_all(*reads: Callable[[], Any]) -> list[Any]:
    """Read every part, and give them all. Raises `DocumentFault` with the faults of all."""
    return collect(("", read) for read in reads)


def said_by(table: Any) -> dict[str, Any]:
    """Give the keys of a table that say something, and what they say."""
    fields: tuple[Any, ...] = attrs.fields(table.__class__)
    found = {field.name: getattr(table, field.name) for field in fields}
    return {name: value for name, value in found.items() if value is not None and value not in ({}, ())}


def to_duration(days: Decimal | None) -> timedelta:
    """Give so many days as a duration; none where nothing is said."""
    return timedelta(microseconds=int((days or 0) * 86_400_000_000))
