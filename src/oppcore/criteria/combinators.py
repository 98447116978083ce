"""Conditions made of conditions, by Kleene's three-valued logic; and conditions on the items of a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, final

import attrs

from oppcore.criteria.leaf import Leaf
from oppcore.criteria.situation import Situation
from oppcore.errors import Problem
from oppcore.records import get_field
from oppcore.records.checks import key_text

__all__ = ["AllOf", "AnyOf", "Criterion", "Exists", "Not", "SomeOf", "leaves_of", "parts_of"]


def _to_criteria(parts: Iterable[Criterion]) -> tuple[Criterion, ...]:
    return tuple(parts)


def _judge_at_least(number: int, parts: tuple[Criterion, ...], situation: Situation) -> bool | None:
    true = unknown = 0
    for part in parts:
        answer = part.judge(situation)
        true += answer is True
        unknown += answer is None
    if true >= number:
        return True
    return None if true + unknown >= number else False


@final
@attrs.frozen
class AllOf:
    """Every part holds; with no parts it is true. Source: Kleene's strong conjunction."""

    parts: tuple[Criterion, ...] = attrs.field(converter=_to_criteria)

    def judge(self, situation: Situation, /) -> bool | None:
        """Give false as soon as one part is false, else unknown where one is unknown, else true."""
        return _judge_at_least(len(self.parts), self.parts, situation)


@final
@attrs.frozen
class AnyOf:
    """At least one part holds; with no parts it is false. Source: Kleene's strong disjunction."""

    parts: tuple[Criterion, ...] = attrs.field(converter=_to_criteria)

    def judge(self, situation: Situation, /) -> bool | None:
        """Give true as soon as one part is true, else unknown where one is unknown, else false."""
        return _judge_at_least(1, self.parts, situation)


@final
@attrs.frozen
class SomeOf:
    """At least `number` of the parts hold."""

    number: int = attrs.field(validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)])
    parts: tuple[Criterion, ...] = attrs.field(converter=_to_criteria)

    def judge(self, situation: Situation, /) -> bool | None:
        """Count true parts, and unknown ones in favour and against."""
        return _judge_at_least(self.number, self.parts, situation)


@final
@attrs.frozen
class Not:
    """The part does not hold; unknown stays unknown."""

    part: Criterion

    def judge(self, situation: Situation, /) -> bool | None:
        """Turn true and false around."""
        answer = self.part.judge(situation)
        return None if answer is None else not answer


@final
@attrs.frozen
class Exists:
    """At least so many items of a collection (quotes, objections …) meet a condition, or exist at all.

    An item for which the condition is unknown does not count. Never unknown.
    """

    collection: str = attrs.field(validator=key_text)
    where: Criterion | None = None
    at_least: int = attrs.field(default=1, validator=[attrs.validators.instance_of(int), attrs.validators.ge(1)])

    def count(self, situation: Situation) -> int:
        """Give the number of items that meet the condition."""
        items: Any = get_field(situation.record, self.collection) or ()
        if self.where is None:
            return len(items)
        return sum(self.where.judge(attrs.evolve(situation, record=item)) is True for item in items)

    def judge(self, situation: Situation, /) -> bool:
        """Say whether there are enough such items."""
        return self.count(situation) >= self.at_least

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say how many such items there are and how many there should be."""
        params = {"have": self.count(situation), "need": self.at_least, "where": None if self.where is None else "such"}
        return Problem("items.missing" if wanted else "items.present", self.collection, params)


Criterion: TypeAlias = Leaf | Exists | AllOf | AnyOf | SomeOf | Not
"""A condition on a situation: a leaf (built in or the host's own) or a combinator of conditions."""


def parts_of(criterion: Criterion) -> tuple[Criterion, ...]:
    """Give the criteria that a combinator is made of; a leaf has none, and an `exists` counts as one."""
    match criterion:
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            return parts
        case Not(part):
            return (part,)
        case _:
            return ()


def leaves_of(criterion: Criterion) -> Iterator[Any]:
    """Give the leaves of a criterion, an `exists` as a whole."""
    if isinstance(criterion, (AllOf, AnyOf, SomeOf, Not)):
        for part in parts_of(criterion):
            yield from leaves_of(part)
    else:
        yield criterion
