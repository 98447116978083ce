"""From plain data to values: closed keys, no conversion between kinds of values, every fault with its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin

import attrs

from oppcore.document.faults import MAX_FAULTS, DocumentFault, collect, find_problems, graft, unknown_key
from oppcore.document.parsing import MAX_DIGITS
from oppcore.errors import Problem
from oppcore.money import Money, decimal_text

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["Special", "is_list", "make_converter", "read_money", "structure", "want_list", "want_table"]

T = TypeVar("T")


@attrs.frozen
class Special:
    """How to read and write a field whose type does not say it."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


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


def is_list(type_: Any) -> bool:
    """Say whether a type is a tuple of any number of values of one type."""
    return get_origin(type_) is tuple and len(get_args(type_)) == 2 and get_args(type_)[1] is Ellipsis


def _table_reader(converter: Converter, type_: Any, own: Mapping[str, Special]) -> Callable[[Any, Any], Any]:
    """Make the reader of a table that holds the fields of a class: closed keys, each fault under its field."""
    fields = {field.alias: field for field in attrs.fields(attrs.resolve_types(type_)) if field.init}
    required = [name for name, field in fields.items() if field.default is attrs.NOTHING]

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
                problems.extend(graft(name, find_problems(error)))
        if problems:
            raise DocumentFault(tuple(problems))
        return type_(**found)

    return read


def _list_reader(converter: Converter, type_: Any) -> Callable[[Any, Any], tuple[Any, ...]]:
    item_type = get_args(type_)[0]

    def read(value: Any, _type: Any) -> tuple[Any, ...]:
        items = want_list(value)
        return tuple(collect((f"[{n}]", partial(converter.structure, item, item_type)) for n, item in enumerate(items)))

    return read


def make_converter(special: Mapping[type, Mapping[str, Special]] | None = None) -> Converter:
    """Make a converter that is strict: closed keys, no conversion between kinds of values, decimals as texts going out.

    `special` says how to read and write fields (by class and name) whose type alone does not say it.
    """
    from cattrs import Converter
    from cattrs.gen import make_dict_unstructure_fn, override

    converter = Converter(omit_if_default=True)
    by_type = special or {}

    def read_table(type_: Any) -> Callable[[Any, Any], Any]:
        return _table_reader(converter, type_, by_type.get(type_, {}))

    def write_table(type_: Any) -> Callable[[Any], dict[str, Any]]:
        own = {name: override(unstruct_hook=hooks.write) for name, hooks in by_type.get(type_, {}).items()}
        return make_dict_unstructure_fn(type_, converter, _cattrs_omit_if_default=True, **own)  # type: ignore[arg-type]

    converter.register_structure_hook_factory(attrs.has, read_table)
    converter.register_unstructure_hook_factory(attrs.has, write_table)
    converter.register_structure_hook(str, _read_text)
    converter.register_structure_hook(bool, _read_flag)
    converter.register_structure_hook(int, _read_whole)
    converter.register_structure_hook(Decimal, _read_decimal)
    converter.register_structure_hook(date, _read_date)
    converter.register_structure_hook(datetime, _read_instant)
    converter.register_structure_hook_factory(is_list, partial(_list_reader, converter))
    converter.register_unstructure_hook(Decimal, decimal_text)
    converter.register_unstructure_hook(date, date.isoformat)
    return converter


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
