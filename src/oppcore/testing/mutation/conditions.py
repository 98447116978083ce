"""Criteria with one thing changed: a bound moved, a comparison turned, a part left out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import attrs

from oppcore.criteria import (
    AllOf,
    Answered,
    AnyOf,
    Compare,
    Comparison,
    Criterion,
    Elapsed,
    Exists,
    Match,
    Not,
    Present,
    Role,
    SomeOf,
    Text,
)
from oppcore.money import Money

__all__ = ["change_criterion"]

_EDGES = {
    Comparison.GE: (Comparison.GT, "tightened"),
    Comparison.GT: (Comparison.GE, "loosened"),
    Comparison.LE: (Comparison.LT, "tightened"),
    Comparison.LT: (Comparison.LE, "loosened"),
    Comparison.EQ: (Comparison.NE, "turned"),
    Comparison.NE: (Comparison.EQ, "turned"),
}
_OPPOSITE = {"loosened": "tightened", "tightened": "loosened"}
_LOWER = (Comparison.GE, Comparison.GT)
_UPPER = (Comparison.LE, Comparison.LT)


def change_criterion(criterion: Criterion) -> Iterator[tuple[str, Criterion]]:
    """Give criteria that differ from this one in one thing, each with a word for what was done.

    A criterion of the host's own is never changed.
    """
    match criterion:
        case AllOf(parts):
            yield from _of_parts(criterion, parts)
            if len(parts) > 1:
                yield "loosened", AnyOf(parts)
        case AnyOf(parts):
            yield from _of_parts(criterion, parts)
            if len(parts) > 1:
                yield "tightened", AllOf(parts)
        case SomeOf(number, parts):
            yield from _of_parts(criterion, parts)
            if number > 1:
                yield "loosened", SomeOf(number - 1, parts)
            if number < len(parts):
                yield "tightened", SomeOf(number + 1, parts)
        case Not(part):
            yield "turned", part
            yield from ((_OPPOSITE.get(how, how), Not(changed)) for how, changed in change_criterion(part))
        case Exists():
            yield from _of_items(criterion)
        case Compare():
            yield from _of_comparison(criterion)
        case Elapsed():
            yield from _of_days(criterion)
        case Answered(items) if len(items) > 1:
            yield from (("loosened", Answered(_without(items, place))) for place in range(len(items)))
        case Role(roles) if len(roles) > 1:
            yield from (("tightened", Role(_without(roles, place))) for place in range(len(roles)))
        case Text(field, match, value):
            loose = Present(field) if match is Match.CONTAINS else Text(field, Match.CONTAINS, value)
            yield "loosened", loose
        case _:
            return


def _without(items: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    return (*items[:place], *items[place + 1 :])


def _of_parts(whole: AllOf | AnyOf | SomeOf, parts: tuple[Criterion, ...]) -> Iterator[tuple[str, Criterion]]:
    for place, part in enumerate(parts):
        if len(parts) > 1:
            yield "cut", attrs.evolve(whole, parts=_without(parts, place))
        for how, changed in change_criterion(part):
            yield how, attrs.evolve(whole, parts=(*parts[:place], changed, *parts[place + 1 :]))


def _of_items(criterion: Exists) -> Iterator[tuple[str, Criterion]]:
    yield "tightened", attrs.evolve(criterion, at_least=criterion.at_least + 1)
    if criterion.at_least > 1:
        yield "loosened", attrs.evolve(criterion, at_least=criterion.at_least - 1)
    if criterion.where is not None:
        yield "loosened", attrs.evolve(criterion, where=None)
        yield from ((how, attrs.evolve(criterion, where=changed)) for how, changed in change_criterion(criterion.where))


def _of_comparison(criterion: Compare) -> Iterator[tuple[str, Criterion]]:
    field, comparison, value = criterion.field, criterion.comparison, criterion.value
    if comparison in _EDGES:
        turned, how = _EDGES[comparison]
        yield how, Compare(field, turned, value)
    if comparison in _LOWER or comparison in _UPPER:
        less, more = _moved(value, -1), _moved(value, 1)
        if less is not None and more is not None:
            lower = comparison in _LOWER
            yield "loosened", Compare(field, comparison, less if lower else more)
            yield "tightened", Compare(field, comparison, more if lower else less)
    elif comparison is Comparison.BETWEEN:
        low, high = value
        yield "loosened", Compare(field, Comparison.GE, low)
        yield "loosened", Compare(field, Comparison.LE, high)
    elif comparison is Comparison.ONE_OF:
        if len(value) > 1:
            yield from (("tightened", Compare(field, comparison, _without(value, n))) for n in range(len(value)))
        yield "loosened", Present(field)


def _moved(value: Any, by: int) -> Any:
    """Give a bound moved down or up: by half of it, by one from 0, by a month for a date; None for what is no bound."""
    match value:
        case Money():
            return Money(_moved(value.amount, by), value.currency)
        case Decimal():
            step = abs(value) / 2 if value else Decimal(1)
            return value + by * (step if abs(value) < 2 else step.to_integral_value())
        case date():
            try:
                return value + timedelta(days=30 * by)
            except OverflowError:
                return None
        case _:
            return None


def _of_days(criterion: Elapsed) -> Iterator[tuple[str, Criterion]]:
    for name, loosening in (("at_least_days", -1), ("at_most_days", 1)):
        days = getattr(criterion, name)
        if days is not None:
            for by in (loosening, -loosening):
                how, moved = "loosened" if by == loosening else "tightened", _moved(days, by)
                if moved >= 0:
                    yield how, attrs.evolve(criterion, **{name: moved})
