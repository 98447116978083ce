"""The built-in leaves as plain questions: is this leaf true (or is it false) of a record, in a situation?"""

from __future__ import annotations

import math
import operator as operators
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import count
from operator import attrgetter
from typing import Any, TypeAlias, cast, final

import attrs

from oppcore.criteria.approved import Approved
from oppcore.criteria.leaves import (
    Answered,
    Compare,
    Comparison,
    Elapsed,
    Match,
    Present,
    Role,
    Since,
    Text,
    in_days,
    kind_of_value,
)
from oppcore.criteria.situation import Situation
from oppcore.money import Money
from oppcore.records import Field, FieldType, RoundStatus, get_field, is_present

__all__ = ["Place", "Predicate", "make_predicate", "turned"]

Predicate: TypeAlias = Callable[[Any, Situation], bool]
"""Says whether a criterion is as wanted of a record (or an item) in a situation."""


@final
@attrs.frozen
class Place:
    """What criteria are asked of: a record or, below an `exists`, an item; and the fields it can be read by."""

    fields: Mapping[str, Field]
    is_item: bool = False

    def reader(self, name: str) -> Callable[[Any], Any]:
        """Give what reads a field as `get_field` does."""
        field = self.fields.get(name)
        return partial(_read, name) if field is None else field.read


def _read(name: str, record: Any) -> Any:
    return get_field(record, name)


def make_predicate(leaf: Any, want: bool, place: Place) -> Predicate | None:
    """Give the test of a built-in leaf; None for other criteria, and for what is seldom met."""
    match leaf:
        case Present():
            return turned(_present(leaf, place), want)
        case Compare():
            return _compare(leaf, want, place)
        case Text():
            return _text(leaf, want, place)
        case Role():
            return _role(leaf, want)
        case Elapsed() if not place.is_item:
            return _elapsed(leaf, want)
        case Answered() if not place.is_item:
            return turned(_answered(leaf), want)
        case Approved() if not place.is_item:
            return turned(_approved(leaf), want)
        case _:
            return None


def turned(test: Predicate, want: bool) -> Predicate:
    """Give the test of what is never unknown, or its opposite."""
    return test if want else lambda record, situation: not test(record, situation)


_BLANK = frozenset({FieldType.TEXT, FieldType.TEXTS, FieldType.ITEMS, FieldType.ANSWERS})


def _present(leaf: Present, place: Place) -> Predicate:
    read, field = place.reader(leaf.field), place.fields.get(leaf.field)
    if field is None or field.type in _BLANK:
        return lambda record, _situation: is_present(read(record))
    return lambda record, _situation: read(record) is not None


def _one_of(have: Any, values: Any) -> bool:
    return have in values


def _not_one_of(have: Any, values: Any) -> bool:
    return have not in values


def _between(have: Any, limits: Any) -> bool:
    return bool(limits[0] <= have <= limits[1])


def _not_between(have: Any, limits: Any) -> bool:
    return not limits[0] <= have <= limits[1]


_RELATIONS: Mapping[Comparison, tuple[Callable[[Any, Any], bool], Callable[[Any, Any], bool]]] = {
    Comparison.EQ: (operators.eq, operators.ne),
    Comparison.NE: (operators.ne, operators.eq),
    Comparison.LT: (operators.lt, operators.ge),
    Comparison.LE: (operators.le, operators.gt),
    Comparison.GT: (operators.gt, operators.le),
    Comparison.GE: (operators.ge, operators.lt),
    Comparison.ONE_OF: (_one_of, _not_one_of),
    Comparison.BETWEEN: (_between, _not_between),
}
"""What a comparison says, and its opposite."""


def _compare(leaf: Compare, want: bool, place: Place) -> Predicate | None:
    kinds = {kind_of_value(value) for value in leaf.operands}
    relate = _RELATIONS[leaf.comparison][not want]
    read, value = place.reader(leaf.field), leaf.value
    if kinds == {Money}:
        return _compare_amounts(leaf, relate, read)
    if kinds == {str}:
        return lambda record, _situation: (
            isinstance(have := read(record), str) and relate(have, value) and bool(have.strip())
        )
    if len(kinds) == 1 and kinds <= {Decimal, date, datetime, bool}:
        [kind] = kinds
        return lambda record, _situation: type(have := read(record)) is kind and relate(have, value)
    return None


def _compare_amounts(leaf: Compare, relate: Callable[[Any, Any], bool], read: Callable[[Any], Any]) -> Predicate | None:
    currencies = {money.currency for money in leaf.operands}
    if len(currencies) > 1:
        return None
    [currency] = currencies
    amounts = tuple(money.amount for money in leaf.operands)
    amount = amounts if isinstance(leaf.value, tuple) else amounts[0]

    def compare(record: Any, _situation: Situation) -> bool:
        have = read(record)
        return type(have) is Money and have.currency == currency and relate(have.amount, amount)

    return compare


def _text(leaf: Text, want: bool, place: Place) -> Predicate:
    read, part, match = place.reader(leaf.field), leaf.value.casefold(), leaf.match

    def look(record: Any, _situation: Situation) -> bool:
        have = read(record)
        if not isinstance(have, str) or not have.strip():
            return False
        text = have.casefold()
        if match is Match.CONTAINS:
            return (part in text) is want
        return (text.startswith(part) if match is Match.STARTS else text.endswith(part)) is want

    return look


def _role(leaf: Role, want: bool) -> Predicate:
    roles = frozenset(leaf.roles)
    return lambda _record, situation: situation.actor is not None and situation.actor.roles.isdisjoint(roles) != want


_STARTS: Mapping[Since, Callable[[Any], datetime | None]] = {
    Since.ENTERED: attrgetter("progress.entered_at"),
    Since.OPENED: attrgetter("progress.opened_at"),
    Since.LAST_ACTIVITY: attrgetter("engagement.last_activity_at"),
}
_TICKS = 86_400_000_000  # microseconds in a day


def _first(limit: Decimal, reaches: Callable[[Decimal, Decimal], bool]) -> timedelta:
    """Give the shortest duration that in days, as they are rounded, reaches a limit."""
    nearly = math.floor(Fraction(limit) * _TICKS) - 1
    return next(passed for ticks in count(nearly) if reaches(in_days(passed := timedelta(microseconds=ticks)), limit))


def _elapsed(leaf: Elapsed, want: bool) -> Predicate:
    start_of, least, most = _STARTS[leaf.since], leaf.at_least_days, leaf.at_most_days
    low = timedelta.min if least is None else _first(least, operators.ge)
    too_long = None if most is None else _first(most, operators.gt)

    def elapsed(record: Any, situation: Situation) -> bool:
        start = start_of(record)
        if start is None:
            return False
        passed = situation.at - start
        return (low <= passed and (too_long is None or passed < too_long)) is want

    return elapsed


def _answered(leaf: Answered) -> Predicate:
    items = leaf.items

    def answered(record: Any, _situation: Situation) -> bool:
        answers = cast("Mapping[str, Any]", record.progress.answers)
        return all(is_present(answers.get(item)) for item in items)

    return answered


def _approved(leaf: Approved) -> Predicate:
    subject = leaf.subject

    def approved(record: Any, _situation: Situation) -> bool:
        return any(
            one.subject == subject
            and one.status is RoundStatus.GRANTED
            and all(cover.holds(get_field(record, cover.field)) for cover in one.covered)
            for one in record.progress.approvals
        )

    return approved
