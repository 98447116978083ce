"""Counts before any division: additive, so that parts may be counted apart and combined."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any, Generic, Protocol, Self, TypeVar, final

import attrs

from oppcore.funnel.sample import Basis

__all__ = ["Counts", "Tally", "add_members", "add_numbers", "combine", "sorted_groups"]


class Counts(Protocol):
    """What adds up: the counts of unlike deals together are those of all of them."""

    def __add__(self, other: Self, /) -> Self: ...


D = TypeVar("D")
C = TypeVar("C", bound=Counts)
N = TypeVar("N")
V = TypeVar("V")


@final
@attrs.frozen(kw_only=True)
class Tally(Generic[D, C]):
    """The counts of a measure by group (one group, None, where nothing is grouped), and how they were counted.

    `definition` says what was counted, `basis` of which deals; `none` are the counts of no deals.
    """

    definition: D
    basis: Basis
    none: C
    groups: Mapping[str | None, C] = attrs.field(hash=False)

    @property
    def total(self) -> C:
        """The counts of all groups together."""
        return reduce(add, self.groups.values(), self.none)


def combine(one: Tally[D, C], other: Tally[D, C]) -> Tally[D, C]:
    """Give the counts of two parts of a history together.

    Raises `ValueError` where they were not counted alike, or where an opportunity is in both.
    """
    _check_alike(one.definition, other.definition)
    _check_alike(one.basis, other.basis)
    groups = dict(one.groups)
    for group, counts in other.groups.items():
        groups[group] = groups[group] + counts if group in groups else counts
    left_out = one.basis.left_out + other.basis.left_out
    return attrs.evolve(one, groups=groups, basis=attrs.evolve(one.basis, left_out=left_out))


def _check_alike(one: Any, other: Any) -> None:
    if type(one) is not type(other):
        message = f"these are counts of unlike measures: {type(one).__name__} and {type(other).__name__}"
        raise ValueError(message)
    left, right = (attrs.asdict(each, recurse=False, filter=lambda field, _: bool(field.eq)) for each in (one, other))
    for name, value in left.items():
        if value != right[name]:
            message = f"these counts differ in {name}: {value} and {right[name]}"
            raise ValueError(message)


def sorted_groups(tally: Tally[D, C]) -> list[tuple[str | None, C]]:
    """Give the groups in the order of their values, that of nothing said at the end; none where nothing is grouped."""
    if tally.basis.by is None:
        return []
    return sorted(tally.groups.items(), key=lambda item: (item[0] is None, item[0] or ""))


def add_members(one: Mapping[str, V] | None, other: Mapping[str, V] | None) -> Mapping[str, V] | None:
    """Give what is known of each deal of two parts; None where only counts are known of one of them.

    Raises `ValueError` where a deal is in both.
    """
    if one is None or other is None:
        return None
    members = {**one, **other}
    if len(members) < len(one) + len(other):
        twice = min(set(one) & set(other))
        message = f"opportunity {twice!r} is in both parts: the rows of one opportunity stay together"
        raise ValueError(message)
    return members


def add_numbers(one: Mapping[N, int], other: Mapping[N, int]) -> Mapping[N, int]:
    """Give the sums by key."""
    found = dict(one)
    for key, number in other.items():
        found[key] = found.get(key, 0) + number
    return found
