"""Reading TOML and JSON that somebody else wrote: limits first, then strict structure, every fault with its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin

import attrs

from oppcore.errors import InvalidDocument, InvalidPipeline, Problem
from oppcore.money import Money, decimal_text
from oppcore.spelling import suggest

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = [
    "MAX_BYTES",
    "MAX_FAULTS",
    "MAX_LEVELS",
    "DocumentFault",
    "Special",
    "check_values",
    "collect",
    "find_problems",
    "make_converter",
    "parse",
    "read_money",
    "structure",
    "unknown_key",
    "want_list",
    "want_table",
]

MAX_BYTES = 1 << 20
"""Size of a document."""
MAX_LEVELS = 64
"""Levels of tables and lists inside each other."""
MAX_DIGITS = 80
"""Digits of a number."""
MAX_VALUES = 50_000
"""Keys and values of a document; for TOML its brackets, commas and lines are counted before it is parsed."""

T = TypeVar("T")

MAX_FAULTS = 200
"""Faults that are looked for in one part of a document; who has more has another problem."""

# tomllib takes time that grows with the square of a key's dotted parts, and of tables under a deep header.
# Nothing here is matched twice (no start within a word, no giving back), or a long word would take such time too.
_LONG_KEY = re.compile(r"""(?:(?<![A-Za-z0-9_-])(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){17}""")


@attrs.frozen(eq=False)
class DocumentFault(Exception):
    """Faults in one part of a document, with paths relative to that part."""

    problems: tuple[Problem, ...]

    @classmethod
    def one(cls, code: str, path: str = "", /, **params: Any) -> DocumentFault:
        """Make a fault of a single problem."""
        return cls((Problem(code, path, params),))


def _graft(prefix: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    def path(problem: Problem) -> str:
        dot = "." if prefix and problem.path and not problem.path.startswith("[") else ""
        return f"{prefix}{dot}{problem.path}"

    return tuple(attrs.evolve(problem, path=path(problem)) for problem in problems)


def collect(parts: Iterable[tuple[str, Callable[[], T]]]) -> list[T]:
    """Run each part, and give all results, or raise one `DocumentFault` with all faults under their paths."""
    results: list[T] = []
    problems: list[Problem] = []
    for path, read in parts:
        try:
            results.append(read())
        except Exception as error:  # noqa: BLE001 - find_problems re-raises what is no fault of the document
            problems.extend(_graft(path, find_problems(error)))
            if len(problems) >= MAX_FAULTS:
                break
    if problems:
        raise DocumentFault(tuple(problems))
    return results


@attrs.frozen
class Special:
    """How to read and write a field whose type does not say it."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


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


_TYPE_NAMES: Mapping[type[object], str] = {
    dict: "a table",
    list: "a list",
    tuple: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
    date: "a date",
    datetime: "an instant",
    type(None): "nothing",
}


def _wrong(value: object, need: str) -> DocumentFault:
    return DocumentFault.one("document.type", need=need, have=_TYPE_NAMES.get(type(value), type(value).__name__))


def want_table(value: Any) -> dict[str, Any]:
    """Give the value if it is a table. Raises `DocumentFault` otherwise."""
    if not isinstance(value, dict):
        raise _wrong(value, "a table")
    return cast("dict[str, Any]", value)


def want_list(value: Any) -> list[Any]:
    """Give the value if it is a list. Raises `DocumentFault` otherwise."""
    if not isinstance(value, (list, tuple)):
        raise _wrong(value, "a list")
    return list(cast("Iterable[Any]", value))


def _read_text(value: Any, type_: Any) -> str:
    if issubclass(type_, StrEnum):  # cattrs hands subclasses of str to the reader of str
        return _read_choice(value, type_)
    if not isinstance(value, str):
        raise _wrong(value, "a text")
    return value


def _read_flag(value: Any, _type: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(value, "true or false")
    return value


def _read_whole(value: Any, _type: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(value, "a whole number")
    return value


def _read_decimal(value: Any, _type: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, int, str)):
        raise _wrong(value, "a number")
    if isinstance(value, str) and len(value) > 4 * MAX_DIGITS:
        raise DocumentFault.one("document.number", have=value[:40])
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _wrong(value, "a number") from None
    if not number.is_finite() or not -MAX_DIGITS <= number.adjusted() <= MAX_DIGITS:
        raise DocumentFault.one("document.number", have=str(value)[:40])
    return number


def _read_date(value: Any, _type: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(cast("str", value))
    except (TypeError, ValueError):
        raise _wrong(value, "a date such as 2026-03-31") from None


def _read_instant(value: Any, _type: Any) -> datetime:
    try:
        instant: datetime = value if isinstance(value, datetime) else datetime.fromisoformat(cast("str", value))
    except (TypeError, ValueError):
        raise _wrong(value, "an instant such as 2026-03-31T09:00:00+02:00") from None
    if instant.utcoffset() is None:
        raise DocumentFault.one("document.no_zone", have=str(value)[:40])
    return instant


def _read_choice(value: Any, type_: type[StrEnum]) -> StrEnum:
    try:
        return type_(value)
    except ValueError:
        raise DocumentFault.one("document.choice", need=[str(one) for one in type_], have=str(value)[:80]) from None


def _is_list(type_: Any) -> bool:
    return get_origin(type_) is tuple and len(get_args(type_)) == 2 and get_args(type_)[1] is Ellipsis


def make_converter(special: Mapping[type, Mapping[str, Special]] | None = None) -> Converter:
    """Make a converter that is strict: closed keys, no conversion between kinds of values, decimals as texts going out.

    `special` says how to read and write fields (by class and name) whose type alone does not say it.
    """
    from cattrs import Converter
    from cattrs.gen import make_dict_unstructure_fn, override

    converter = Converter(omit_if_default=True)
    by_type = special or {}

    def read_table(type_: Any) -> Callable[[Any, Any], Any]:
        fields = {field.alias: field for field in attrs.fields(attrs.resolve_types(type_)) if field.init}
        required = [name for name, field in fields.items() if field.default is attrs.NOTHING]
        own = by_type.get(type_, {})

        def read_field(name: str, value: Any) -> Any:
            field = fields[name]
            found = own[name].read(value) if name in own else converter.structure(value, field.type)
            if field.converter is not None:
                found = field.converter(found)
            if field.validator is not None:
                # Called one by one, so that each fault has the path of its field; none of them looks at the instance.
                field.validator(None, field, found)
            return found

        def read(value: Any, _type: Any) -> Any:
            table = want_table(value)
            problems = [Problem("document.missing", name) for name in required if name not in table]
            found: dict[str, Any] = {}
            for name, item in table.items():
                if len(problems) >= MAX_FAULTS:
                    break
                if name not in fields:
                    problems.append(unknown_key(name, fields))
                    continue
                try:
                    found[name] = read_field(name, item)
                except Exception as error:  # noqa: BLE001 - find_problems re-raises what is no fault of the document
                    problems.extend(_graft(name, find_problems(error)))
            if problems:
                raise DocumentFault(tuple(problems))
            return type_(**found)

        return read

    def write_table(type_: Any) -> Callable[[Any], dict[str, Any]]:
        own = {name: override(unstruct_hook=hooks.write) for name, hooks in by_type.get(type_, {}).items()}
        return make_dict_unstructure_fn(type_, converter, _cattrs_omit_if_default=True, **own)  # type: ignore[arg-type]

    def read_list(type_: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
        item_type = get_args(type_)[0]

        def read(value: Any, _type: Any) -> tuple[Any, ...]:
            items = want_list(value)
            return tuple(
                collect((f"[{n}]", partial(converter.structure, item, item_type)) for n, item in enumerate(items))
            )

        return read

    converter.register_structure_hook_factory(attrs.has, read_table)
    converter.register_unstructure_hook_factory(attrs.has, write_table)
    converter.register_structure_hook(str, _read_text)
    converter.register_structure_hook(bool, _read_flag)
    converter.register_structure_hook(int, _read_whole)
    converter.register_structure_hook(Decimal, _read_decimal)
    converter.register_structure_hook(date, _read_date)
    converter.register_structure_hook(datetime, _read_instant)
    converter.register_structure_hook_factory(_is_list, read_list)
    converter.register_unstructure_hook(Decimal, decimal_text)
    converter.register_unstructure_hook(date, date.isoformat)
    return converter


def unknown_key(key: str, known: Iterable[str]) -> Problem:
    """Say that a table has a key it should not have, and which one was perhaps meant."""
    params = {"what": "key", "key": key[:80], "suggestion": suggest(key, known)}
    return Problem("key.unknown", key[:80], params)


def find_problems(error: BaseException) -> tuple[Problem, ...]:
    """Give the problems an exception of structuring stands for; anything that is no fault of the document is raised."""
    if isinstance(error, (DocumentFault, InvalidPipeline, InvalidDocument)):
        return error.problems
    if isinstance(error, (TypeError, ValueError)):
        return (Problem("document.value", "", {"why": str(error)}),)
    raise error


def structure(converter: Converter, value: Mapping[str, Any], type_: type[T]) -> T:
    """Make a value of a type from plain data. Raises `DocumentFault` with every fault and its path."""
    try:
        return converter.structure(value, type_)
    except Exception as error:  # noqa: BLE001 - find_problems re-raises what is no fault of the document
        raise DocumentFault(find_problems(error)) from None


def read_money(value: Any, currency: str | None) -> Money:
    """Read `{amount = "10.50", currency = "EUR"}`, or a bare number where a currency is understood."""
    if isinstance(value, dict):
        table = want_table(cast("Any", value))
        if set(table) != {"amount", "currency"}:
            raise DocumentFault.one("document.money")
        amount = _read_decimal(table["amount"], Decimal)
        try:
            return Money(amount, table["currency"])
        except (TypeError, ValueError) as error:
            raise DocumentFault.one("document.value", why=str(error)) from None
    if currency is None:
        raise DocumentFault.one("document.money")
    try:
        return Money(_read_decimal(value, Decimal), currency)
    except ValueError as error:
        raise DocumentFault.one("document.value", why=str(error)) from None
