"""Settings of measures as texts: each is read by the type that its measure gives it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin

import click

from oppcore.cli.reading import Reading
from oppcore.funnel import Cohort
from oppcore.history import History
from oppcore.money import Money
from oppcore.periods import Period, read_period

__all__ = ["GIVEN", "describe", "read_settings", "read_time"]

GIVEN = ("as_of", "known_on", "timezone", "lenient")
"""The settings that every measure takes from the common options."""

_TIME = re.compile(r"(\d{1,6})([dhm])")
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def read_time(text: str, name: str) -> timedelta:
    """Read a length of time: a number of days, hours or minutes."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise click.UsageError(
            f"{name} takes a number of days, hours or minutes, such as 30d, 12h or 90m, not {text!r}"
        )
    return int(found[1]) * _UNITS[found[2]]


def _members(hint: Any) -> tuple[Any, ...]:
    """Give the types of a union, None left out."""
    found = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return tuple(one for one in found if one is not type(None))


def _shape(hint: Any) -> tuple[str, Any]:
    """Give how a setting is written, and the type or choices that are behind it; empty where it cannot be."""
    members = _members(hint)
    if History in members:
        return "changes", None
    for one in members:
        if isinstance(one, type) and issubclass(one, StrEnum):
            return "choice", one
    for one in members:
        origin = get_origin(one)
        if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
            values = get_origin(get_args(one)[1])
            return ("scope" if isinstance(values, type) and issubclass(values, Iterable) else "", None)
        if origin is not None and isinstance(origin, type) and issubclass(origin, Iterable):
            kind, inner = _shape(get_args(one)[0])
            return f"{kind} list", inner
    for type_, kind in (
        (timedelta, "time"),
        (Period, "period"),
        (Cohort, "cohort"),
        (Money, "money"),
        (date, "day"),
        (bool, "flag"),
        (int, "number"),
        (float, "share"),
        (Decimal, "share"),
        (str, "text"),
    ):
        if type_ in members:
            return kind, None
    return "", None


_WRITTEN = {
    "time": "30d, 12h or 90m",
    "period": "2026, 2026-Q1, 2026-03 or START..END",
    "cohort": "PERIOD, or PERIOD@STAGE",
    "money": "100000 EUR",
    "day": "a date or an instant",
    "flag": "yes or no",
    "number": "a whole number",
    "share": "a number",
    "text": "a text",
    "changes": "a file like CHANGES",
    "scope": "COLUMN=VALUE|VALUE, columns separated by ;",
}


def describe(hint: Any) -> str:
    """Say how a setting of a type is written; empty where it cannot be, but from Python."""
    kind, choices = _shape(hint)
    one = kind.removesuffix(" list")
    said = ", ".join(str(choice) for choice in choices) if one == "choice" else _WRITTEN.get(one, "")
    return f"{said}; several separated by commas" if said and kind != one else said


def read_settings(texts: Iterable[str], hints: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """Read `NAME=VALUE` texts into settings. A setting that a measure does not have is wrong usage."""
    found: dict[str, Any] = {}
    known = [name for name, hint in hints.items() if name not in GIVEN and describe(hint)]
    for text in texts:
        name, is_pair, value = (part.strip() for part in text.partition("="))
        if not is_pair or name not in known:
            raise click.UsageError(f"--set takes NAME=VALUE with one of {', '.join(known)}, not {text!r}")
        if name in found:
            raise click.UsageError(f"--set {name} is said twice")
        found[name] = _read(value, hints[name], f"--set {name}", reading)
    return found


def _read(text: str, hint: Any, name: str, reading: Reading) -> Any:
    kind, choices = _shape(hint)
    if kind.endswith(" list"):
        inner = next(get_args(one)[0] for one in _members(hint) if get_args(one))
        return tuple(_read(part.strip(), inner, name, reading) for part in text.split(",") if part.strip())
    try:
        match kind:
            case "choice":
                return choices(text)
            case "time":
                return read_time(text, name)
            case "period":
                return read_period(text)
            case "cohort":
                period, _, stage = text.partition("@")
                return Cohort(read_period(period), stage or None)
            case "money":
                amount, _, currency = text.partition(" ")
                return Money(Decimal(amount), currency.strip())
            case "changes":
                return reading.read_beside(text)
            case "day":
                return reading.when(text, name)
            case "flag":
                return {"yes": True, "no": False}[text]
            case "number":
                return int(text)
            case "share":
                return float(text)
            case "scope":
                return dict(_scope(part) for part in text.split(";") if part.strip())
            case _:
                return text
    except (ValueError, KeyError, TypeError, InvalidOperation):
        raise click.UsageError(f"{name} takes {describe(hint)}, not {text!r}") from None


def _scope(text: str) -> tuple[str, tuple[str, ...]]:
    column, is_pair, values = (part.strip() for part in text.partition("="))
    if not (column and is_pair):
        raise ValueError(text)
    return column, tuple(value.strip() for value in values.split("|"))
