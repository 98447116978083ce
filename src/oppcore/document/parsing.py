"""From text to plain data: limits before anything is built, and nothing that a store could not keep."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from oppcore.errors import InvalidDocument, Problem

__all__ = ["MAX_BYTES", "MAX_DIGITS", "MAX_LEVELS", "MAX_VALUES", "check_values", "parse"]

MAX_BYTES = 1 << 20
"""Size of a document."""
MAX_LEVELS = 64
"""Levels of tables and lists inside each other."""
MAX_DIGITS = 80
"""Digits of a number."""
MAX_VALUES = 50_000
"""Keys and values of a document; for TOML its brackets, commas and lines are counted before it is parsed."""

# tomllib takes time that grows with the square of a key's dotted parts, and of tables under a deep header.
# Nothing here is matched twice (no start within a word, no giving back), or a long word would take such time too.
_LONG_KEY = re.compile(r"""(?:(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){17}""")


def _refuse(code: str, **params: Any) -> InvalidDocument:
    return InvalidDocument((Problem(code, "", params),))


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twin = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _refuse("document.key_twice", key=twin[:80])
    return found


def _to_decimal(text: str) -> Decimal:
    if text.lstrip("+-") in ("inf", "nan", "Infinity", "NaN") or len(text) > 4 * MAX_DIGITS:
        raise _refuse("document.number", have=text[:40])
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond anything
        raise _refuse("document.number", have=text[:40]) from None


def _no_constant(text: str) -> Any:
    raise _refuse("document.number", have=text)


def check_values(root: Any) -> None:
    """Refuse data that goes too deep, holds too much, texts that no store can keep, non-finite and huge numbers.

    Raises `InvalidDocument`. Walks without recursion.
    """
    waiting: list[tuple[Any, int]] = [(root, 1)]
    seen = 0
    while waiting:
        value, level = waiting.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise _refuse("document.too_many", most=MAX_VALUES)
        if level > MAX_LEVELS:
            raise _refuse("document.too_deep", most=MAX_LEVELS)
        match value:
            case dict():
                if not all(isinstance(key, str) for key in value):  # pyright: ignore[reportUnknownVariableType]
                    raise _refuse("document.type", need="a text as key", have="another key")
                waiting.extend((key, level) for key in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
                waiting.extend((item, level + 1) for item in value.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            case list():
                waiting.extend((item, level + 1) for item in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            case str():
                if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
                    raise _refuse("document.text")
            case Decimal():
                if not value.is_finite() or not -MAX_DIGITS <= value.adjusted() <= MAX_DIGITS:
                    raise _refuse("document.number", have=str(value)[:40])
            case int() if not isinstance(value, bool):
                if abs(value) >= 10**MAX_DIGITS:  # written in hexadecimal: that works for any length
                    raise _refuse("document.number", have=f"{value:#x}"[:40] + "…")
            case _:
                pass


def _decode(text: str | bytes) -> str:
    if isinstance(text, bytes):
        if len(text) > MAX_BYTES:
            raise _refuse("document.too_large", have=len(text), most=MAX_BYTES)
        try:
            return text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _refuse("document.encoding", byte=error.start) from None
    # A text of n characters has at least n bytes: refuse before encoding it.
    size = len(text) if len(text) > MAX_BYTES else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _refuse("document.too_large", have=size, most=MAX_BYTES)
    return text.removeprefix("\ufeff")


def _parse_toml(text: str) -> Any:
    if _LONG_KEY.search(text):
        raise _refuse("document.long_key", most=16)
    if sum(map(text.count, "[{,\n")) > MAX_VALUES:
        raise _refuse("document.too_many", most=MAX_VALUES)
    import tomllib  # slow to import, and not needed by everybody

    return tomllib.loads(text, parse_float=_to_decimal)


def _parse_json(text: str) -> Any:
    import json  # slow to import, and not needed by everybody

    return json.loads(text, object_pairs_hook=_without_twins, parse_float=_to_decimal, parse_constant=_no_constant)


def parse(text: str | bytes) -> dict[str, Any]:
    """Read a TOML or JSON document (JSON starts with `{`) into plain data, its decimals as `Decimal`.

    Nothing is executed, and size, depth, digits and repeated keys are limited before anything is built.
    Raises `InvalidDocument`.
    """
    text = _decode(text)
    try:
        found = _parse_json(text) if text.lstrip().startswith("{") else _parse_toml(text)
    except RecursionError:
        raise _refuse("document.too_deep", most=MAX_LEVELS) from None
    except ValueError as error:
        if isinstance(error, InvalidDocument):
            raise
        raise _refuse("document.syntax", why=str(error)[:200]) from None
    check_values(found)
    if not isinstance(found, dict):  # pragma: no cover - both formats start with a table here
        raise _refuse("document.syntax", why="a table is wanted")
    return found  # pyright: ignore[reportUnknownVariableType]
