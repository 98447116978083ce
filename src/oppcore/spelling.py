"""The nearest known word to a mistaken one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

__all__ = ["suggest"]

_MOST = 200  # a comparison takes some microseconds, and a document may declare thousands of words


def suggest(word: str, known: Iterable[str]) -> str:
    """Give the known word nearest to a mistaken one, or nothing."""
    from difflib import get_close_matches  # slow to import, seldom needed

    return next(iter(get_close_matches(word[:80], list(islice(known, _MOST)), n=1)), "")
