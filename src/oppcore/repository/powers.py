"""What a store says it can do beyond its five methods, and which part of a condition it can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, final

import attrs

from oppcore.criteria import AllOf, Criterion
from oppcore.criteria.combinators import parts_of
from oppcore.engine import Change
from oppcore.errors import Unsupported
from oppcore.records import Key

__all__ = ["CommittedChange", "Powers", "check_where", "find_powers", "part_for"]


def _to_types(types: Iterable[type[Any]]) -> frozenset[type[Any]]:
    return frozenset(types)


@final
@attrs.frozen(kw_only=True)
class Powers:
    """What a store declares in its attribute `powers`; one without that attribute has none of these.

    `filters` are the classes of criteria that it takes in `Query.where`; only such belong here as ask nothing but the
    record. `feeds` says that it has `follow`. `retries` says that after a conflict the same can be decided and
    committed again: true of every store that opens its transactions itself, false of one that works inside the host's.
    """

    filters: frozenset[type[Any]] = attrs.field(default=frozenset[type[Any]](), converter=_to_types)
    feeds: bool = False
    retries: bool = True


@final
@attrs.frozen
class CommittedChange:
    """A change in the order of the feed, and the cursor behind it; `key` and `change.stamp.version` identify it."""

    key: Key
    change: Change
    cursor: str


def find_powers(repository: object) -> Powers:
    """Give what a store declares, or none."""
    declared = getattr(repository, "powers", None)
    return declared if isinstance(declared, Powers) else Powers()


def _nodes_of(criterion: Criterion) -> Iterator[Any]:
    yield criterion
    for part in parts_of(criterion):
        yield from _nodes_of(part)


def _is_taken(criterion: Criterion, powers: Powers) -> bool:
    return all(type(node) in powers.filters for node in _nodes_of(criterion))


def part_for(powers: Powers, where: Criterion) -> Criterion | None:
    """Give the part of a condition that a store can be asked: what it leaves out is never true of the whole.

    All of it where every kind is taken, else those parts of a conjunction of which that holds; None where none is.
    """
    if _is_taken(where, powers):
        return where
    if not isinstance(where, AllOf) or AllOf not in powers.filters:
        return None
    parts = [found for part in where.parts if (found := part_for(powers, part)) is not None]
    return AllOf(parts) if parts else None


def check_where(powers: Powers, where: Criterion | None) -> None:
    """Raise `Unsupported` for a condition that a store was not to be asked; for adapters."""
    if where is not None and not _is_taken(where, powers):
        names = sorted({type(node).__name__ for node in _nodes_of(where) if type(node) not in powers.filters})
        raise Unsupported(f"a query with {', '.join(names)} in where")
