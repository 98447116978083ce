"""From text to plain data: limits before anything is built, and nothing that a store could not keep."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Any

from oppcore.errors import InvalidDocument, Problem

if TYPE_CHECKING:
    from json import JSONDecoder

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

_HUGE = 10**MAX_DIGITS
_SURROGATE = re.compile("[\ud800-\udfff]")


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


def _check_text(value: str) -> None:
    if "\x00" in value or not (value.isascii() or _SURROGATE.search(value) is None):
        raise _refuse("document.text")


def _check_number(value: int | Decimal) -> None:
    if isinstance(value, Decimal):
        if not value.is_finite() or not -MAX_DIGITS <= value.adjusted() <= MAX_DIGITS:
            raise _refuse("document.number", have=str(value)[:40])
    elif abs(value) >= _HUGE:  # written in hexadecimal: that works for any length
        raise _refuse("document.number", have=f"{value:#x}"[:40] + "…")


def check_values(root: Any) -> None:
    """Refuse data that goes too deep, holds too much, texts that no store can keep, non-finite and huge numbers.

    Raises `InvalidDocument`. Walks level by level, without recursion.
    """
    waiting: list[Any] = [root]
    level = seen = 0
    while waiting:
        level += 1
        if level > MAX_LEVELS:
            raise _refuse("document.too_deep", most=MAX_LEVELS)
        below: list[Any] = []
        for value in waiting:
            seen += 1
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, dict):
                for key in value:  # pyright: ignore[reportUnknownVariableType]
                    if not isinstance(key, str):
                        raise _refuse("document.type", need="a text as key", have="another key")
                    _check_text(key)
                seen += len(value)  # pyright: ignore[reportUnknownArgumentType]
                below.extend(value.values())  # pyright: ignore[reportUnknownArgumentType]
            elif isinstance(value, list):
                below.extend(value)  # pyright: ignore[reportUnknownArgumentType]
            elif isinstance(value, (int, Decimal)):
                _check_number(value)
            if seen + len(below) > MAX_VALUES:
                raise _refuse("document.too_many", most=MAX_VALUES)
        waiting = below


def _decode(text: str | bytes) -> str:
    if isinstance(text, bytes):
        if len(text) > MAX_BYTES:
            raise _refuse("document.too_large", have=len(text), most=MAX_BYTES)
        try:
            return text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _refuse("document.encoding", byte=error.start) from None
    # A text of n characters has at least n bytes, and at most four times as many: most need not be encoded to know.
    size = len(text) if not MAX_BYTES < 4 * len(text) <= 4 * MAX_BYTES else len(text.encode("utf-8", "surrogatepass"))
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


@cache
def _json_decoder() -> JSONDecoder:
    import json  # slow to import, and not needed by everybody

    return json.JSONDecoder(object_pairs_hook=_without_twins, parse_float=_to_decimal, parse_constant=_no_constant)


def _parse_json(text: str) -> Any:
    return _json_decoder().decode(text)


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
