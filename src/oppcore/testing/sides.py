"""Both sides of a gate: the ways to be there that are worth trying, its limits first of all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any, final

from oppcore.criteria import (
    Compare,
    Comparison,
    Criterion,
    Elapsed,
    Impossible,
    Not,
    Present,
    Situation,
    Text,
    Undecided,
    Witness,
    find_counterexample,
    find_witness,
)
from oppcore.criteria.combinators import leaves_of
from oppcore.money import Money, minor_units
from oppcore.proof.model import is_built_in
from oppcore.records import Field

__all__ = ["Side", "find_operands", "find_way", "near"]

_BUDGET = 5_000
_MOST = 40
_MOMENT = Decimal("0.00001")
_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)


def near(value: Any) -> tuple[Any, ...]:
    """Give a value, and what lies just above and just below it where it has neighbours.

    >>> near(Money(5, "EUR"))
    (Money('5', 'EUR'), Money('5.01', 'EUR'), Money('4.99', 'EUR'))
    """
    match value:
        case Decimal():
            step: Any = Decimal(1).scaleb(min(int(value.as_tuple().exponent), -2))
        case Money():
            step = Money(Decimal(1).scaleb(-minor_units(value.currency)), value.currency)
        case datetime():
            step = _TICK
        case date():
            step = _DAY
        case _:
            return (value,)
    return (value, value + step, value - step)


def find_operands(leaf: Compare) -> Iterator[Any]:
    """Give what a comparison compares with, and what lies just beside it."""
    for operand in leaf.operands:
        yield from near(operand)


@final
class Side:
    """One side of a gate, and the ways to be on it that are worth trying."""

    def __init__(self, gate: Criterion, fields: Mapping[str, Field], first: Witness, *, is_true: bool) -> None:
        self._gate, self._fields, self._first, self._is_true = gate, fields, first, is_true

    def holds(self, situation: Situation) -> bool:
        """Say whether a situation is on this side."""
        return (self._gate.judge(situation) is True) is self._is_true

    @cached_property
    def witnesses(self) -> tuple[Witness, ...]:
        """Ways to be on this side: any, on each limit and just beside it, and with each part true or not."""
        found = [self._first]
        for further in islice(self._further(), _MOST):
            one = find_way(self._gate, (further,), self._fields, is_true=self._is_true)
            if isinstance(one, Witness) and one not in found:
                found.append(one)
        return tuple(found)

    def _further(self) -> Iterator[Criterion]:
        leaves = tuple(leaf for leaf in leaves_of(self._gate) if is_built_in(leaf))
        for leaf in leaves:
            match leaf:
                case Compare(name):
                    yield from (Compare(name, Comparison.EQ, value) for value in find_operands(leaf))
                case Elapsed(since):
                    for days in (leaf.at_least_days, leaf.at_most_days):
                        for low, high in _spans(days):
                            yield Elapsed(since, at_least_days=low, at_most_days=high)
                case _:
                    pass
        for leaf in leaves:
            yield from (leaf, Not(leaf))
            if isinstance(leaf, (Compare, Text)):
                yield Not(Present(leaf.field))


def find_way(
    gate: Criterion, further: tuple[Criterion, ...], fields: Mapping[str, Field], *, is_true: bool
) -> Witness | Impossible | Undecided:
    """Give a way in which a gate is true (or not) while all further criteria are true."""
    if is_true:
        return find_witness((gate, *further), fields=fields, budget=_BUDGET)
    return find_counterexample(further, gate, fields=fields, budget=_BUDGET)


def _spans(days: Decimal | None) -> Iterator[tuple[Decimal, Decimal]]:
    """Give a limit of a clock, and the second before and after it."""
    if days is not None:
        yield days, days
        yield max(Decimal(0), days - _MOMENT), days
        yield days, days + _MOMENT
