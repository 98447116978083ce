"""The nearest known word to a mistaken one, and choices by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice
from typing import TypeVar

__all__ = ["choose", "hint", "suggest"]

E = TypeVar("E", bound=StrEnum)

_MOST = 200  # a comparison takes some microseconds, and a document may declare thousands of words


def suggest(word: str, known: Iterable[str]) -> str:
    """Give the known word nearest to a mistaken one, or nothing."""
    from difflib import get_close_matches  # slow to import, seldom needed

    return next(iter(get_close_matches(word[:80], list(islice(known, _MOST)), n=1)), "")


def hint(word: str, known: Sequence[str]) -> str:
    """Ask whether the nearest known word was meant or, where none is near, say which there are."""
    nearest = suggest(word, known)
    return f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(known)}"


def choose(kind: type[E], word: str, what: str) -> E:
    """Give a choice by its name. Raises `ValueError` that says `what` there is none of, and which there are."""
    try:
        return kind(word)
    except ValueError:
        message = f"there is no {what} {word!r}; {hint(str(word), [str(choice) for choice in kind])}"
        raise ValueError(message) from None
