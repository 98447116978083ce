"""Readers and writers made once for each class, for what is read and written all the time.

A reader is for data that is expected to be right: it says yes, or nothing at all. What it refuses is read again by
`structure`, which knows all faults and their paths; what it accepts is what that would have given. It is made of the
same readers of single values, and the classes validate as ever. A writer gives what `converter.unstructure` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union, get_args, get_origin

import attrs

from oppcore.document.structure import Special, is_list, structure

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["compile_reader", "compile_writer"]

T = TypeVar("T")

Step: TypeAlias = Callable[[Any], Any]
Specials: TypeAlias = Mapping[type, Mapping[str, Special]]


def compile_reader(converter: Converter, type_: type[T], special: Specials) -> Callable[[Mapping[str, Any]], T]:
    """Make the reader of a class; `special` as for `make_converter`. It raises `DocumentFault` with every fault."""
    read = _reader(converter, type_, special)

    def read_or_explain(value: Mapping[str, Any]) -> T:
        try:
            found: T = read(value)
        except Exception:  # noqa: BLE001 - whatever it is, the other way finds it again and says where
            return structure(converter, value, type_)
        return found

    return read_or_explain


def compile_writer(converter: Converter, type_: type[T], special: Specials) -> Callable[[T], dict[str, Any]]:
    """Make the writer of a class; `special` as for `make_converter`. Fields that are as by default are left out."""
    return _writer(converter, type_, special)


def _optional_part(type_: Any) -> Any:
    """Give what a type is besides None; None where it cannot be None."""
    parts = [part for part in get_args(type_) if part is not NoneType]
    is_optional = get_origin(type_) in (Union, UnionType) and len(parts) == len(get_args(type_)) - 1 == 1
    return parts[0] if is_optional else None


def _fields(type_: Any) -> list[attrs.Attribute[Any]]:
    return [field for field in attrs.fields(attrs.resolve_types(type_)) if field.init]


def _reader(converter: Converter, type_: Any, special: Specials) -> Step:
    if (part := _optional_part(type_)) is not None:
        inner = _reader(converter, part, special)
        return lambda value: None if value is None else inner(value)
    if is_list(type_):
        return _list_reader(_reader(converter, get_args(type_)[0], special))
    if attrs.has(type_):
        own = special.get(type_, {})
        readers = {
            field.alias or field.name: own[field.name].read
            if field.name in own
            else _reader(converter, field.type, special)
            for field in _fields(type_)
        }
        return _table_reader(type_, readers)
    hook = converter.get_structure_hook(type_)
    return lambda value: hook(value, type_)


def _list_reader(read: Step) -> Step:
    def read_list(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise TypeError
        return tuple([read(item) for item in value])  # pyright: ignore[reportUnknownVariableType]

    return read_list


def _table_reader(type_: Any, readers: Mapping[str, Step]) -> Step:
    def read_table(value: Any) -> Any:
        if type(value) is not dict:
            raise TypeError
        # A key that is not known raises, and so does the class for one that is missing.
        return type_(**{name: readers[name](item) for name, item in value.items()})  # pyright: ignore[reportUnknownVariableType]

    return read_table


def _writer(converter: Converter, type_: Any, special: Specials) -> Step:
    if (part := _optional_part(type_)) is not None:
        inner = _writer(converter, part, special)
        return lambda value: None if value is None else inner(value)
    if is_list(type_):
        write = _writer(converter, get_args(type_)[0], special)
        return lambda values: [write(value) for value in values]
    if attrs.has(type_):
        own = special.get(type_, {})
        return _table_writer(
            [
                (
                    field.name,
                    field.alias or field.name,
                    _default_of(field),
                    own[field.name].write if field.name in own else _writer(converter, field.type, special),
                )
                for field in _fields(type_)
            ]
        )
    hook: Step = converter.get_unstructure_hook(type_)
    return hook


def _default_of(field: attrs.Attribute[Any]) -> Any:
    default: Any = field.default
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]


def _table_writer(fields: list[tuple[str, str, Any, Step]]) -> Step:
    def write_table(record: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, alias, default, write in fields:
            value = getattr(record, name)
            if value is not default and value != default:
                found[alias] = write(value)
        return found

    return write_table
