"""Conditions made of conditions, by Kleene's three-valued logic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, final

import attrs

from oppcore.criteria.leaf import Leaf
from oppcore.criteria.situation import Situation

__all__ = ["AllOf", "AnyOf", "Criterion", "Not", "SomeOf"]


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


Criterion: TypeAlias = Leaf | AllOf | AnyOf | SomeOf | Not
"""A condition on a situation: a leaf (built in or the host's own) or a combinator of conditions."""
