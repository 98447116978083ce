"""Strategies for values: texts, money, instants, actors, and whatever fits a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oppcore.money import Money, minor_units
from oppcore.records import Actor, Field, FieldType, FieldValue
from oppcore.testing.items import answers, items

__all__ = ["ROLES", "actors", "field_values", "keys", "moments", "moneys", "probabilities", "texts"]

ROLES = ("manager", "seller", "finance")
"""The role names that generated pipelines ask for and generated actors hold."""

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_LATEST = datetime(2027, 12, 31, tzinfo=UTC)
_OFFSETS = tuple(timezone(timedelta(minutes=minutes)) for minutes in (0, 60, 480, -210, 845))
_CURRENCIES = ("EUR", "JPY", "KWD")  # two, no and three decimals
_WORDS = ("price", "Budget", "报价", "Straße", "a b")
_NEVER_BLANK = ("id", "text", "kind", "signal", "role")
_LETTERS = "abcXYZ019商é_-"


def texts(*, max_size: int = 20) -> SearchStrategy[str]:
    """Generate texts that a record can hold: any characters but NUL and half surrogates; blank ones too."""
    anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=max_size)
    return st.one_of(st.sampled_from([word[:max_size] for word in _WORDS]), anything)


def keys(*, max_size: int = 12) -> SearchStrategy[str]:
    """Generate ids and keys: short texts that are never blank."""
    return st.text(_LETTERS, min_size=1, max_size=max_size)


def moneys(*, currency: str | None = None) -> SearchStrategy[Money]:
    """Generate amounts in whole minor units, in one currency or in any of a few with unlike minor units."""

    def in_currency(code: str) -> SearchStrategy[Money]:
        places = minor_units(code)
        return st.integers(-(10**6), 10**9).map(lambda units: Money(Decimal(units).scaleb(-places), code))

    return in_currency(currency) if currency else st.sampled_from(_CURRENCIES).flatmap(in_currency)


def moments(*, earliest: datetime = _EARLIEST, latest: datetime = _LATEST) -> SearchStrategy[datetime]:
    """Generate instants, both ends included, at different UTC offsets; whole days are frequent, so that ties occur."""
    width = latest - earliest
    steps = st.one_of(
        st.integers(0, width // timedelta(days=1)).map(lambda days: timedelta(days=days)),
        st.integers(0, width // timedelta(microseconds=1)).map(lambda ticks: timedelta(microseconds=ticks)),
    )
    return st.tuples(steps, st.sampled_from(_OFFSETS)).map(lambda drawn: (earliest + drawn[0]).astimezone(drawn[1]))


def actors() -> SearchStrategy[Actor]:
    """Generate actors with none, some or all of the roles that generated pipelines ask for; their ids tell which."""
    return st.sets(st.sampled_from(ROLES)).map(lambda roles: Actor("+".join(["ann", *sorted(roles)]), roles))


def probabilities() -> SearchStrategy[Decimal]:
    """Generate probabilities: hundredths from 0 to 1."""
    return st.integers(0, 100).map(lambda hundredths: Decimal(hundredths).scaleb(-2))


def _numbers(field: Field) -> SearchStrategy[Decimal]:
    if field.name.endswith(("probability", "discount", "split")):
        return probabilities()
    drawn = st.tuples(st.integers(-100, 10**6), st.integers(0, 4))
    return drawn.map(lambda pair: Decimal(pair[0]).scaleb(-pair[1]))


def _texts_of(field: Field) -> SearchStrategy[str]:
    return keys() if field.name.endswith("_id") or field.name in _NEVER_BLANK else texts()


def _lists(field: Field) -> SearchStrategy[tuple[str, ...]]:
    if field.choices:
        return st.sets(st.sampled_from(field.choices), max_size=3).map(lambda found: tuple(sorted(found)))
    return st.lists(keys(), max_size=3).map(tuple)


_VALUES: Mapping[FieldType, Callable[[Field], SearchStrategy[Any]]] = {
    FieldType.TEXT: _texts_of,
    FieldType.NUMBER: _numbers,
    FieldType.MONEY: lambda _field: moneys(),
    FieldType.DATE: lambda _field: st.integers(0, 700).map(lambda days: date(2026, 1, 1) + timedelta(days=days)),
    FieldType.INSTANT: lambda _field: moments(),
    FieldType.CHOICE: lambda field: st.sampled_from(field.choices),
    FieldType.FLAG: lambda _field: st.booleans(),
    FieldType.TEXTS: lambda field: _lists(field),
    FieldType.ITEMS: lambda field: items(field, _fitting),
    FieldType.ANSWERS: lambda _field: answers(),
}


def _fitting(field: Field) -> SearchStrategy[Any]:
    return field_values(field)


@cache
def field_values(field: Field) -> SearchStrategy[FieldValue]:
    """Generate values that fit a field, and that a derived one can have; never None."""
    return _VALUES[field.type](field)
