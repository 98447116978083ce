"""Values of a host's own fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias, final

from oppcore.money import Money
from oppcore.records.checks import MAX_KEY, check_decimal, check_text

__all__ = ["CustomFields", "CustomValue", "to_custom"]

CustomValue: TypeAlias = str | Decimal | Money | date | bool | None
"""What a field of the host's own can hold."""


def _checked(name: str, value: Any) -> CustomValue:
    check_text(name, "the name of a custom field", limit=MAX_KEY, blank=False)
    if isinstance(value, datetime) or not isinstance(value, (str, Decimal, Money, date, bool)):
        message = f"custom field {name!r} holds a text, Decimal, Money, date or bool, not {type(value).__name__}"
        raise TypeError(message)
    if isinstance(value, str):
        return check_text(value, name)
    if isinstance(value, Decimal):
        return check_decimal(value, f"custom field {name!r}")
    return value


@final
class CustomFields(Mapping[str, CustomValue]):
    """A frozen mapping from the names of a host's fields to their values; a field set to None is left out."""

    __slots__ = ("_values",)
    _values: dict[str, CustomValue]

    def __init__(self, values: Mapping[str, Any] | None = None, /) -> None:
        handed: Any = values
        if handed is not None and not isinstance(handed, Mapping):
            message = f"custom fields are a mapping from names to values, not {type(handed).__name__}"
            raise TypeError(message)
        given: Mapping[str, Any] = {} if values is None else values
        kept = {name: _checked(name, value) for name, value in sorted(given.items()) if value is not None}
        object.__setattr__(self, "_values", kept)

    def __setattr__(self, name: str, value: object) -> None:
        message = "custom fields are frozen; amend the record instead"
        raise AttributeError(message)

    def __getitem__(self, name: str) -> CustomValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return f"CustomFields({sorted(self._values)})" if self._values else "CustomFields()"

    def __reduce__(self) -> tuple[type[CustomFields], tuple[dict[str, CustomValue]]]:
        return CustomFields, (dict(self._values),)


def to_custom(values: Mapping[str, Any] | None) -> CustomFields:
    """Give custom fields of a mapping; those that are custom fields already stay as they are."""
    return values if isinstance(values, CustomFields) else CustomFields(values)
