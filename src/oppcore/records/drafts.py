"""Frozen values made without being asked again what is valid already; for the engine alone.

A public constructor converts and validates whatever it is given, field by field. The values a move makes (its stamp,
the change, the next progress, the next record) are made of parts that were asked when they came in, and asking again
would take most of a move's time. So the engine writes them like this, and nobody else does:

    stamp = StampDraft()
    stamp.version = 2  # … and so on: every field
    stamp.__class__ = Stamp

What keeps a frozen value from being written to is its class; a draft is of a class that does not, has the same slots,
and gives way to the frozen one when all is written. A law holds it to that: what the engine made is equal to what the
public constructor makes of the same parts (tests/laws).
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

import attrs

__all__ = ["copier", "draft_class"]

T = TypeVar("T")


def draft_class(type_: type[Any]) -> Callable[[], Any]:
    """Give the class of empty drafts of a frozen, slotted class."""
    plain = {"__slots__": (), **{name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}}
    return type(f"{type_.__name__}Draft", (type_,), plain)


def copier(type_: type[T], field: str) -> Callable[[T, Any], T]:
    """Give what copies a value of a frozen, slotted class with something else in one field."""
    names = [attribute.name for attribute in attrs.fields(type_)]  # type: ignore[arg-type]
    draft, read = draft_class(type_), attrgetter(*names)
    write = vars(attrs.make_class("Writer", names))["__init__"]  # one assignment after the other, faster than any loop
    put = getattr(type_, field).__set__

    def copy(value: T, other: Any) -> T:
        made = draft()
        write(made, *read(value))
        put(made, other)
        made.__class__ = type_
        copied: T = made
        return copied

    return copy
