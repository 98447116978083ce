"""English. A sentence names what is there, what is needed and who can act; `{path}` is the field, place or row."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["TEXTS"]

TEXTS: Mapping[str, str] = {
    "or": " | or: ",
}
