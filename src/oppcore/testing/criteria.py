"""Strategies for criteria."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oppcore.criteria import (
    AllOf,
    Answered,
    AnyOf,
    Approved,
    Compare,
    Comparison,
    Criterion,
    Elapsed,
    Exists,
    Match,
    Not,
    Present,
    Role,
    Since,
    SomeOf,
    Text,
)
from oppcore.records import FIELDS, ITEM_FIELDS, Field, FieldType
from oppcore.testing.values import ROLES, field_values, keys, moneys

__all__ = ["criteria"]

_UNORDERED = (Comparison.EQ, Comparison.NE, Comparison.ONE_OF)
_COLLECTIONS = (FieldType.TEXTS, FieldType.ITEMS, FieldType.ANSWERS)
_TEXTUAL = (FieldType.TEXT, FieldType.CHOICE)


def _operands(field: Field, comparison: Comparison) -> SearchStrategy[Any]:
    if field.type is FieldType.MONEY:
        return st.sampled_from(["EUR", "JPY"]).flatmap(lambda code: _some_of(moneys(currency=code), comparison))
    # Blank text counts as missing, and is nothing to compare with.
    return _some_of(keys() if field.type is FieldType.TEXT else field_values(field), comparison)


def _some_of(values: SearchStrategy[Any], comparison: Comparison) -> SearchStrategy[Any]:
    if comparison is Comparison.ONE_OF:
        return st.lists(values, min_size=1, max_size=3).map(tuple)
    return _pairs(values) if comparison is Comparison.BETWEEN else values


def _pairs(values: SearchStrategy[Any]) -> SearchStrategy[tuple[Any, Any]]:
    return st.tuples(values, values).map(lambda pair: pair if pair[0] <= pair[1] else (pair[1], pair[0]))


def _compares(field: Field) -> SearchStrategy[Criterion]:
    comparisons = _UNORDERED if field.type in (FieldType.CHOICE, FieldType.FLAG) else tuple(Comparison)

    def with_operand(comparison: Comparison) -> SearchStrategy[Criterion]:
        return _operands(field, comparison).map(lambda value: Compare(field.name, comparison, value))

    return st.sampled_from(comparisons).flatmap(with_operand)


@cache
def _about(field: Field) -> SearchStrategy[Criterion]:
    found: list[SearchStrategy[Criterion]] = [st.just(Present(field.name))]
    if field.type not in _COLLECTIONS:
        found.append(_compares(field))
    if field.type is FieldType.ITEMS:
        found.append(_exists(field))
    if field.type in _TEXTUAL:
        found.append(st.builds(Text, st.just(field.name), st.sampled_from(Match), keys(max_size=2)))
    return st.one_of(found)


def _exists(field: Field) -> SearchStrategy[Criterion]:
    below = st.sampled_from(tuple(ITEM_FIELDS[field.name].values())).flatmap(_about)
    return st.builds(Exists, st.just(field.name), st.none() | below, st.integers(1, 3))


def _answered() -> SearchStrategy[Criterion]:
    items = st.lists(st.sampled_from(["who", "when", "how"]), min_size=1, max_size=2, unique=True)
    return items.map(lambda found: Answered(tuple(found)))


def _elapsed() -> SearchStrategy[Criterion]:
    days = st.integers(0, 60).map(lambda halves: Decimal(halves) / 2)
    since = st.sampled_from(Since)
    return st.one_of(
        st.builds(Elapsed, since, at_least_days=days),
        st.builds(Elapsed, since, at_most_days=days),
    )


def _roles() -> SearchStrategy[Criterion]:
    return st.sampled_from(ROLES).map(lambda role: Role((role,)))


def _leaves(fields: tuple[Field, ...], subjects: tuple[str, ...], of_the_record: bool) -> SearchStrategy[Criterion]:
    found: list[SearchStrategy[Criterion]] = [st.sampled_from(fields).flatmap(_about), _answered()]
    if not of_the_record:
        found += [_elapsed(), _roles()]
    if subjects:
        found.append(st.sampled_from(subjects).map(Approved))
    return st.one_of(found)


def _some(parts: SearchStrategy[list[Criterion]]) -> SearchStrategy[Criterion]:
    return st.builds(SomeOf, st.integers(1, 3), parts)


def criteria(
    *,
    fields: Iterable[Field] | None = None,
    subjects: Iterable[str] = (),
    max_depth: int = 2,
    negations: bool = True,
    of_the_record: bool = False,
) -> SearchStrategy[Criterion]:
    """Generate criteria over some fields (the built-in ones, if none are named) and subjects of approval.

    `max_depth` counts the levels of combinators; each has at most three parts. Without `negations` there is no `not`.
    Those `of_the_record` ask neither clocks nor roles, as stay criteria must not.
    """
    known = tuple(FIELDS.values() if fields is None else fields)
    return _trees(known, tuple(subjects), max_depth, negations, of_the_record)


@cache
def _trees(
    known: tuple[Field, ...], subjects: tuple[str, ...], max_depth: int, negations: bool, of_the_record: bool
) -> SearchStrategy[Criterion]:
    leaves = _leaves(known, subjects, of_the_record)
    if max_depth == 0:
        return leaves
    below = _trees(known, subjects, max_depth - 1, negations, of_the_record)
    parts = st.lists(below, max_size=3)
    found = [leaves, st.builds(AllOf, parts), st.builds(AnyOf, parts), _some(parts)]
    if negations:
        found.append(st.builds(Not, below))
    return st.one_of(found)
