"""The nearest known word to a mistaken one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["suggest"]


def suggest(word: str, known: Iterable[str]) -> str:
    """Give the known word nearest to a mistaken one, or nothing."""
    return next(iter(get_close_matches(word[:80], list(known), n=1)), "")
