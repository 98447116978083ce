"""Which column of somebody's table is which of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import final

import attrs

from oppcore.errors import Problem
from oppcore.spelling import suggest

__all__ = ["JOINED", "NAMES", "REQUIRED", "Columns"]

REQUIRED = ("opportunity_id", "stage", "at")
"""The columns every change table has."""
JOINED = (
    "amount",
    "currency",
    "owner_id",
    "source",
    "probability",
    "forecast_category",
    "expected_close_on",
    "pipeline",
)
"""The columns a table of records may lend to a change table that lacks them."""
NAMES = (*REQUIRED, "outcome", "kind", "seq", "recorded_at", *JOINED, "actor_id", "reason", "on_hold")
"""The columns of the canonical change table. Any other column is kept as text, for grouping."""


@final
@attrs.frozen
class Columns:
    """A map from our names to theirs; a name that is not in it goes by itself.

    A column that is mapped is read under the mapped name only. A column that bears one of our names while that name is
    mapped to another column is not read at all.
    """

    mapped: Mapping[str, str]
    flag: str = "--map"

    def theirs(self, name: str) -> str | None:
        """Give the column to read for one of our names; None where the column of that name serves another."""
        if name in self.mapped:
            return self.mapped[name]
        return None if name in self.mapped.values() else name

    def is_further(self, column: str) -> bool:
        """Say whether a column is none of ours, and so kept as text."""
        return column not in NAMES and column not in self.mapped.values()

    def wrong_names(self) -> Iterable[Problem]:
        """Find what is mapped but is no name of ours."""
        for name, theirs in self.mapped.items():
            if name not in NAMES:
                params = {"name": name, "known": NAMES, "suggestion": suggest(name, NAMES), "theirs": theirs}
                yield Problem("column.no_such_name", self.flag, params)

    def missing(self, seen: Iterable[str], required: Iterable[str]) -> Iterable[Problem]:
        """Find mapped columns that no row has, and required columns that nothing is mapped to."""
        there = sorted(seen)
        for name in dict.fromkeys([*required, *self.mapped]):
            theirs = self.theirs(name)
            if theirs in there or (name not in required and name not in self.mapped):
                continue
            guess = _nearest(theirs or name, there)
            params = {
                "name": name,
                "column": theirs or name,
                "seen": there,
                "suggestion": guess,
                "flag": _flag(self.flag, f"{name}={guess or 'COLUMN'}"),
            }
            yield Problem("column.missing", self.flag if name in self.mapped else "header", params)

    def shadowed(self, seen: Iterable[str]) -> Iterable[Problem]:
        """Find columns that bear one of our names but are not read, because that name is mapped to another."""
        for column in sorted(seen):
            if column in self.mapped and self.mapped[column] != column and column not in self.mapped.values():
                yield Problem("column.shadowed", "header", {"column": column, "theirs": self.mapped[column]})


def _nearest(name: str, columns: Iterable[str]) -> str:
    """Give the column that is surely meant: nearly the same letters, or the name as one of its words."""
    from difflib import get_close_matches  # slow to import, seldom needed

    letters = {_letters(column): column for column in columns}
    if near := get_close_matches(_letters(name)[:80], letters, n=1, cutoff=0.75):
        return letters[near[0]]
    return next((column for column in letters.values() if name in re.split(r"[^a-z0-9]+", column.casefold())), "")


def _flag(flag: str, value: str) -> str:
    """Give a flag as it is typed: in quotes where the shell would take it apart."""
    return f"{flag} '{value}'" if re.search(r"[^\w=.,:/-]", value) else f"{flag} {value}"


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
