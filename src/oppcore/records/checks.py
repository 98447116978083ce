"""What every value must satisfy at the border: text without traps, aware instants, probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from oppcore.money import Money

__all__ = [
    "MAX_KEY",
    "MAX_TEXT",
    "aware",
    "check_decimal",
    "check_text",
    "key_text",
    "made_of",
    "optional_aware",
    "optional_date",
    "optional_decimal",
    "optional_key",
    "optional_money",
    "optional_probability",
    "optional_text",
    "texts",
    "to_instant",
    "to_optional_utc",
    "to_texts",
    "to_utc",
    "version_number",
]

MAX_KEY = 256
"""Characters in an id or key."""
MAX_DIGITS = 40
"""Digits of a number before its point, and after it."""
MAX_TEXT = 20_000
"""Characters in a free text."""


def check_text(value: Any, name: str, *, limit: int = MAX_TEXT, blank: bool = True) -> str:
    """Return a text that every store can keep: no NUL, no lone surrogate, at most `limit` characters.

    Raises `TypeError` for anything but text and `ValueError` for a text that breaks a rule.
    """
    if not isinstance(value, str):
        message = f"{name} is a text, not {type(value).__name__}"
        raise TypeError(message)
    if len(value) > limit:
        message = f"{name} has {len(value)} characters; at most {limit} are allowed"
        raise ValueError(message)
    if not blank and not value.strip():
        message = f"{name} is blank"
        raise ValueError(message)
    if "\x00" in value:
        message = f"{name} holds a NUL character"
        raise ValueError(message)
    try:
        value.encode()
    except UnicodeEncodeError:
        message = f"{name} holds half a surrogate pair, which is no character"
        raise ValueError(message) from None
    return value


def _is_plain_key(value: Any) -> bool:
    """Say at once of most ids and keys that nothing can be wrong with them."""
    return (
        type(value) is str and len(value) <= MAX_KEY and value.isascii() and value.isprintable() and value.strip() != ""
    )


def key_text(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate an id or key: a text that is not blank, at most `MAX_KEY` long."""
    if not _is_plain_key(value):
        check_text(value, attribute.name, limit=MAX_KEY, blank=False)


def optional_key(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate an id or key, or None."""
    if value is not None and not _is_plain_key(value):
        check_text(value, attribute.name, limit=MAX_KEY, blank=False)


def optional_text(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate a text, or None."""
    if value is not None:
        check_text(value, attribute.name)


def to_texts(values: Iterable[str]) -> tuple[str, ...]:
    """Make a tuple of texts; a bare text is refused, because it is nearly always a mistake for a list of one."""
    if isinstance(values, str):
        message = f"a list of texts is wanted, not the text {values!r}"
        raise TypeError(message)
    return tuple(values)


def texts(_instance: Any, attribute: Any, value: Iterable[Any]) -> None:
    """Validate each text of several."""
    for item in value:
        check_text(item, attribute.name)


def to_utc(value: datetime) -> datetime:
    """Give an instant in UTC; what is no instant is left for the validator.

    Instants of one time zone compare by wall clock, and in the hour that comes twice are equal to none of another zone.
    """
    if not isinstance(value, datetime) or value.tzinfo is UTC:  # pyright: ignore[reportUnnecessaryIsInstance]
        return value
    if value.utcoffset() is None:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        message = f"an instant lies within the years 1 to 9999 in UTC, not at {value.isoformat()}"
        raise ValueError(message) from None


def to_instant(value: datetime) -> datetime:
    """Give an instant in UTC. Raises `TypeError` for anything but a datetime, `ValueError` without a time zone."""
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    handed: Any = value
    if not isinstance(handed, datetime):
        message = f"an instant is a datetime, not {type(handed).__name__}"
        raise TypeError(message)
    if value.utcoffset() is None:
        message = f"an instant needs a time zone: {value.isoformat()}"
        raise ValueError(message)
    return to_utc(value)


def to_optional_utc(value: datetime | None) -> datetime | None:
    """Give an instant in UTC, or None."""
    return None if value is None else to_utc(value)


def version_number(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate a version or revision: a whole number from 1."""
    if type(value) is not int or value < 1:
        message = f"{attribute.name} is a whole number from 1, not {value!r}"
        raise (TypeError if not isinstance(value, int) else ValueError)(message)


def aware(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate an instant: a datetime with a time zone."""
    if type(value) is datetime and value.tzinfo is UTC:
        return
    if not isinstance(value, datetime):
        message = f"{attribute.name} is a datetime, not {type(value).__name__}"
        raise TypeError(message)
    if value.utcoffset() is None:
        message = f"{attribute.name} has no time zone: {value.isoformat()}"
        raise ValueError(message)


def optional_aware(instance: Any, attribute: Any, value: Any) -> None:
    """Validate an instant, or None."""
    if value is not None:
        aware(instance, attribute, value)


def made_of(type_: type[Any]) -> Any:
    """Make a validator of tuples that hold items of a type and nothing else."""

    def check(_instance: Any, attribute: Any, value: tuple[Any, ...]) -> None:
        for item in value:
            if not isinstance(item, type_):
                message = f"{attribute.name} holds {type_.__name__}, not {type(item).__name__}"
                raise TypeError(message)

    return check


def check_decimal(value: Decimal, name: str) -> Decimal:
    """Return a number that every store can keep: finite, within 10^40, at most 40 decimals."""
    if not value.is_finite():
        message = f"{name} is finite, not {value}"
        raise ValueError(message)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and (value.adjusted() > MAX_DIGITS or exponent < -MAX_DIGITS):
        message = f"{name} lies within 10^{MAX_DIGITS} with at most {MAX_DIGITS} decimals"
        raise ValueError(message)
    return value


def optional_probability(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate a Decimal from 0 to 1, or None."""
    if value is None:
        return
    if not isinstance(value, Decimal):
        message = f"{attribute.name} is a Decimal, not {type(value).__name__}"
        raise TypeError(message)
    if not value.is_finite() or not 0 <= value <= 1:
        message = f"{attribute.name} lies between 0 and 1, not {value}"
        raise ValueError(message)
    check_decimal(value, attribute.name)


def optional_date(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate a date, or None; an instant is no date."""
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        message = f"{attribute.name} is a date, not {type(value).__name__}"
        raise TypeError(message)


def optional_decimal(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate a Decimal that every store can keep, or None."""
    if value is None:
        return
    if not isinstance(value, Decimal):
        message = f"{attribute.name} is a Decimal, not {type(value).__name__}"
        raise TypeError(message)
    check_decimal(value, attribute.name)


def optional_money(_instance: Any, attribute: Any, value: Any) -> None:
    """Validate `Money`, or None."""
    if value is not None and not isinstance(value, Money):
        message = f"{attribute.name} is Money, not {type(value).__name__}"
        raise TypeError(message)
