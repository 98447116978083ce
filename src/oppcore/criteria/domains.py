"""Which values are worth trying in a field: for every way to answer its criteria, one value that answers so.

Criteria on one field divide its values into finitely many kinds (below 10, 10, between 10 and 20 …). Trying one value
of each kind is as good as trying all. What a kind answers is not worked out here: the criteria themselves are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from itertools import pairwise
from typing import Any

from oppcore.criteria.leaves import Compare, Comparison, Elapsed, Match, Text
from oppcore.money import CURRENCIES, Money
from oppcore.records import Field, FieldType
from oppcore.records.checks import MAX_DIGITS

__all__ = ["ANY_MOMENT", "durations", "plain_values", "text_values", "texts_are_decided"]

ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""The instant taken where nothing is said of it."""

_EXACT = Context(prec=200)
_LARGEST = _EXACT.subtract(Decimal(10) ** (MAX_DIGITS + 1), Decimal(1).scaleb(-MAX_DIGITS))
_TICK = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_LOWEST, _HIGHEST = "\x01", "\U0010fffd"  # the first and (nearly) the last character that a text may hold
_FRESH = "xyz-0" + "".join(map(chr, range(0x4E00, 0x9FFF)))  # characters without a capital letter but for the first
_ORDERS = frozenset({Comparison.LT, Comparison.LE, Comparison.GT, Comparison.GE, Comparison.BETWEEN})


def _operands(leaves: Iterable[Any], type_: type[Any]) -> set[Any]:
    compares = (leaf for leaf in leaves if isinstance(leaf, Compare))
    return {value for leaf in compares for value in leaf.operands if isinstance(value, type_)}


def plain_values(field: Field, leaves: Iterable[Any]) -> tuple[Any, ...]:
    """Give the values to try in a field that holds no free text; nothing at all (None) comes last.

    Values that a record refuses may be among them.
    """
    leaves = tuple(leaves)
    found: Iterable[Any]
    if field.choices:
        found = ((choice,) if field.type is FieldType.TEXTS else choice for choice in field.choices)
    elif field.type is FieldType.FLAG:
        found = (True, False)
    elif field.type is FieldType.NUMBER:
        found = _numbers(_operands(leaves, Decimal))
    elif field.type is FieldType.MONEY:
        found = _amounts(_operands(leaves, Money))
    elif field.type is FieldType.INSTANT:
        found = _steps({ANY_MOMENT, *_operands(leaves, datetime)}, (timedelta(), _DAY, _TICK))
    elif field.type is FieldType.DATE:
        days = {day for day in _operands(leaves, date) if not isinstance(day, datetime)}
        found = _steps({ANY_MOMENT.date(), *days}, (timedelta(), _DAY))
    else:
        found = (("x",),)
    return (*found, None)


def _numbers(operands: Iterable[Decimal]) -> Iterator[Decimal]:
    """Give the operands, what lies between, below and above them; 0 and 1, for shares end there; last the extremes."""
    ends = sorted({number for number in operands if number.is_finite()} | {Decimal(0), Decimal(1)})
    for low, high in pairwise(ends):
        yield low
        yield from _between(low, high)
    yield ends[-1]
    yield _EXACT.add(_floor(ends[-1], 0), Decimal(1))
    yield _EXACT.subtract(_floor(ends[0], 0), Decimal(1))
    yield from (_LARGEST, -_LARGEST)


def _floor(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR, context=_EXACT)


def _between(low: Decimal, high: Decimal) -> Iterator[Decimal]:
    """Give the least number between two with as few decimals as can be; nothing where no record can hold one."""
    for places in range(MAX_DIGITS + 1):
        number = _EXACT.add(_floor(low, places), Decimal(1).scaleb(-places))
        if number < high:
            yield number
            return


def _amounts(operands: set[Money]) -> Iterator[Money]:
    currencies = sorted({money.currency for money in operands})
    for currency in currencies:
        for number in _numbers(money.amount for money in operands if money.currency == currency):
            if abs(number) <= _LARGEST:
                yield Money(number, currency)
    if other := next((code for code in ("EUR", *CURRENCIES) if code not in currencies), None):
        yield Money(1, other)


def _steps(operands: Iterable[Any], steps: Iterable[timedelta]) -> Iterator[Any]:
    """Give what lies a step before and after each operand, large steps first."""
    ordered = sorted(operands)
    for step in steps:
        for sign in (1, -1):
            for operand in ordered:
                try:
                    yield operand + sign * step
                except OverflowError:
                    continue


def durations(leaves: Iterable[Elapsed]) -> tuple[timedelta, ...]:
    """Give the durations to try, in order: each limit of any clock, just below and just above it."""
    found = {timedelta(), -_DAY}
    for leaf in leaves:
        for days in (leaf.at_least_days, leaf.at_most_days):
            if days is not None:
                ticks = int(_EXACT.multiply(days, Decimal(86_400_000_000)))
                found.update(timedelta(microseconds=ticks + step) for step in (-1, 0, 1, 2))
    return tuple(sorted(found))


def text_values(leaves: Iterable[Any], positive: Iterable[Text], copy: int = 0) -> Iterator[str]:
    """Give the texts to try where the `positive` criteria must hold, and others of `leaves` may have to fail.

    The parts asked for are joined by a character that occurs in no criterion, so that nothing else comes to be in the
    text: where this fails, every text does, unless alphabetical order comes into it. Each `copy` gives other texts.
    """
    leaves, positive = tuple(leaves), tuple(positive)
    operands: list[str] = sorted(_operands(leaves, str))
    spoken = set("".join([*operands, *(leaf.value for leaf in leaves if isinstance(leaf, Text))]).casefold())
    fresh = next((letter for letter in _FRESH if letter not in spoken), _HIGHEST)
    filling = fresh * (copy + 1)
    parts = {match: [leaf.value.casefold() for leaf in positive if leaf.match is match] for match in Match}
    first = max(parts[Match.STARTS], key=len, default="")
    last = max(parts[Match.ENDS], key=len, default="")
    wanted = filling.join([first, *parts[Match.CONTAINS], last])
    yield wanted
    yield from operands
    for operand in operands:
        yield operand + filling
        yield operand + _LOWEST * (copy + 1)
    yield _LOWEST * (copy + 1)
    yield from (wanted.upper(), _LOWEST + wanted, _HIGHEST + wanted)
    yield from (operand + wanted for operand in operands)


def texts_are_decided(literals: Iterable[tuple[Any, frozenset[bool | None]]]) -> bool:
    """Say whether no text exists where `text_values` gives none: it may miss some if order and parts are both asked."""
    asked = tuple(literals)
    if any(
        isinstance(leaf, Compare) and _pins(leaf) and False not in want and None not in want for leaf, want in asked
    ):
        return True
    orders = any(isinstance(leaf, Compare) and leaf.comparison in _ORDERS for leaf, _ in asked)
    return not (orders and any(isinstance(leaf, Text) for leaf, _ in asked))


def _pins(leaf: Compare) -> bool:
    return leaf.comparison in (Comparison.EQ, Comparison.ONE_OF)
