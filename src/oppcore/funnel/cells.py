"""Counts in cells: so many of each kind per line of a measure, and which deals they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, final

import attrs

from oppcore.funnel.tally import add_members, add_numbers

__all__ = ["Cell", "CellCounts"]

Cell = tuple[str | None, str]
"""The name of a line (a stage, a pair of steps, a value of a column) and of what is counted in it."""


@final
@attrs.frozen
class CellCounts:
    """How many of each kind there are per line. `members` has those of each deal, None where only counts are known.

    Counts of unlike deals add up with `+`.
    """

    numbers: Mapping[Cell, int] = attrs.field(hash=False)
    members: Mapping[str, Mapping[Cell, int]] | None = attrs.field(default=None, hash=False, repr=False)

    @classmethod
    def of(cls, members: Mapping[str, Mapping[Cell, int]]) -> Self:
        """Count the cells of deals."""
        numbers: Mapping[Cell, int] = {}
        for cells in members.values():
            numbers = add_numbers(numbers, cells)
        return cls(numbers, members)

    def number(self, name: str | None, *kinds: str) -> int:
        """Give how many of these kinds there are in a line."""
        return sum(self.numbers.get((name, kind), 0) for kind in kinds)

    def ids(self, name: str | None, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals with any of these kinds in a line."""
        members = self.members or {}
        return tuple(key for key, cells in members.items() if any((name, kind) in cells for kind in kinds))

    def __add__(self, other: CellCounts) -> CellCounts:
        return CellCounts(add_numbers(self.numbers, other.numbers), add_members(self.members, other.members))
