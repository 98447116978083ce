"""The digest of a command: tells a repeated command from another one under the same id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import attrs

from oppcore.money import Money, decimal_text

__all__ = ["digest_of"]


def _plain(value: Any) -> Any:
    """Give a value in a form that is equal for equal values only; what no field can hold is known by its type."""
    match value:
        case None | bool() | str() | int():
            return value
        case Decimal():
            return {"number": decimal_text(value)}
        case Money():
            return {"money": [decimal_text(value.amount), value.currency]}
        case datetime() if value.utcoffset() is not None:
            return {"instant": value.astimezone(UTC).isoformat()}
        case date():
            return {"date": value.isoformat()}
        case Mapping():
            return {"table": {str(name): _plain(item) for name, item in value.items()}}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list() | tuple():
            return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return {"type": type(value).__name__, "parts": _parts(value)}


def _parts(value: Any) -> list[Any]:
    if not attrs.has(value.__class__):
        return []
    return [_plain(getattr(value, part.name)) for part in attrs.fields(value.__class__)]


def digest_of(*parts: Any) -> str:
    """Give the SHA-256 of what was asked for."""
    import hashlib

    text = json.dumps(_plain(parts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
