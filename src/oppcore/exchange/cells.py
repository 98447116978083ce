"""Cells to values: numbers, amounts, shares, words and ids, exact or reported."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar, final

import attrs

from oppcore.errors import Problem
from oppcore.exchange.instants import ISO
from oppcore.history import RowKind
from oppcore.money import CURRENCIES, Money
from oppcore.records import ForecastCategory, Outcome
from oppcore.records.checks import MAX_KEY, MAX_TEXT
from oppcore.spelling import suggest

__all__ = [
    "CATEGORIES",
    "KINDS",
    "OUTCOMES",
    "Conventions",
    "is_missing",
    "parse_amount",
    "parse_currency",
    "parse_flag",
    "parse_key",
    "parse_number",
    "parse_probability",
    "parse_text",
    "parse_word",
    "plain_text",
]

Word = TypeVar("Word", bound=StrEnum)


@final
@attrs.frozen(kw_only=True)
class Conventions:
    """How the cells of a table are written, where they do not say so themselves."""

    timezone: tzinfo | None = None
    date_formats: tuple[str, ...] = (ISO,)
    currency: str | None = None
    percent: bool = False
    decimal_mark: str | None = None
    money: bool = True


def _letters(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _spellings(words: Iterable[Word], **more: Word) -> Mapping[str, Word]:
    return {_letters(word): word for word in words} | more


OUTCOMES = _spellings(Outcome, closedwon=Outcome.WON, closedlost=Outcome.LOST)
"""Outcomes by their letters and digits in lower case."""
KINDS = _spellings(set(RowKind) - {RowKind.VOIDED}, deleted=RowKind.REMOVED, undeleted=RowKind.RESTORED)
"""Kinds of rows by their letters and digits in lower case; a table has no column to say which row is voided."""
CATEGORIES = _spellings(ForecastCategory, forecast=ForecastCategory.COMMIT)
"""Forecast categories by their letters and digits in lower case; Salesforce stores Commit as `Forecast`."""

FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "true", "1"), True),
    **dict.fromkeys(("no", "false", "0"), False),
}
"""Yes and no by their letters and digits in lower case."""

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
_MARKED = {
    ".": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?", re.ASCII),
    ",": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d*)?", re.ASCII),
}
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
# Spaces (plain, no-break, thin) and apostrophes between groups of three digits cannot mean anything else.
_SPACED = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f'\u2019](?=\d{3}(?!\d))", re.ASCII)


def _unread(code: str, value: object, flag: str = "", **more: Any) -> Problem:
    return Problem(code, "", {"value": str(value)[:80], "flag": flag, **more})


def is_missing(value: Any) -> bool:
    """Say whether a cell holds nothing: None, NaN, pandas' NaT and NA, blank text."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, (float, datetime)):
        return value != value  # noqa: PLR0124 - NaN and NaT are not equal to themselves
    return type(value).__name__ == "NAType"


def plain_text(value: Any) -> str:
    """Give a cell as trimmed text; whole floats, as data frames make of ids, lose their `.0`."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, datetime) else str(value)


def parse_text(value: Any, *, limit: int = MAX_TEXT) -> str | Problem:
    """Give the text of a cell, trimmed."""
    text = plain_text(value)
    if len(text) > limit:
        return _unread("cell.too_long", text, have=len(text), most=limit)
    if _NO_TEXT.search(text):
        return _unread("cell.characters", ascii(text))
    return text


def parse_key(value: Any) -> str | Problem:
    """Give the id or key a cell holds."""
    return parse_text(value, limit=MAX_KEY)


def _read_text(text: str, mark: str | None) -> Decimal | Problem | None:
    spaced = _SPACED.sub("", text)
    if mark is not None:
        if not _MARKED[mark].fullmatch(spaced):
            return None
        other = "," if mark == "." else "."
        return Decimal(spaced.replace(other, "").replace(mark, "."))
    if _EITHER.fullmatch(spaced):
        return _unread("number.ambiguous", text, "--decimal-mark . (or --decimal-mark ,)")
    if _PLAIN.fullmatch(spaced):
        return Decimal(spaced)
    if _GROUPED.fullmatch(spaced):
        return Decimal(spaced.replace(",", ""))
    return _unread("number.decimal_mark", text, "--decimal-mark ,") if _MARKED[","].fullmatch(spaced) else None


def parse_number(value: Any, mark: str | None = None) -> Decimal | Problem:
    """Give the exact number of a cell; a float counts as the shortest decimal that reads back as itself."""
    if type(value).__module__ == "numpy":
        value = value.item()
    number: Decimal | Problem | None = None
    if isinstance(value, str):
        if len(value) > 100:
            return _unread("number.unreadable", value)
        number = _read_text(value.strip(), mark)
    elif isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, float) and math.isfinite(value):
        number = Decimal(repr(float(value)))
    if number is None or (isinstance(number, Decimal) and not number.is_finite()):
        return _unread("number.unreadable", value)
    return number


def parse_currency(value: Any) -> str | Problem:
    """Give the ISO 4217 code a cell holds, in capitals."""
    code = plain_text(value).upper()
    return code if code in CURRENCIES else _unread("currency.unknown", plain_text(value), "--currency CODE")


def parse_amount(value: Any, currency: str | None, mark: str | None = None) -> Money | Problem:
    """Give the money of a cell; an amount in no currency is a problem."""
    number = parse_number(value, mark)
    if isinstance(number, Problem):
        return number
    if currency is None:
        return _unread("amount.currency", value, "--currency CODE")
    try:
        return Money(number, currency)
    except (ValueError, InvalidOperation):
        return _unread("number.unreadable", value)


def parse_probability(value: Any, *, percent: bool = False, mark: str | None = None) -> Decimal | Problem:
    """Give a probability from 0 to 1. `65%` is 0.65; other numbers above 1 need `percent`."""
    text = plain_text(value)
    signed = text.endswith("%")
    number = parse_number(text.removesuffix("%") if signed else value, mark)
    if isinstance(number, Problem):
        return number
    share = number.scaleb(-2) if signed or percent else number
    if 0 <= share <= 1:
        return share
    if not signed and not percent and 1 < number <= 100:
        return _unread("probability.percent", value, "--percent")
    return _unread("probability.range", value)


def parse_flag(value: Any) -> bool | Problem:
    """Give True or False of yes and no, true and false, 1 and 0, in any letter case."""
    found = FLAGS.get(_letters(plain_text(value)))
    return _unread("word.unknown", plain_text(value), known=["no", "yes"], suggestion="") if found is None else found


def parse_word(value: Any, spellings: Mapping[str, Word]) -> Word | Problem:
    """Give one of a few words, whatever its case, spaces, dashes and underscores."""
    found = spellings.get(_letters(plain_text(value)))
    if found is not None:
        return found
    known = sorted({str(word) for word in spellings.values()})
    return _unread("word.unknown", plain_text(value), known=known, suggestion=suggest(plain_text(value), known))
