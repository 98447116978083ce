"""The fields of a record by name: one flat vocabulary for criteria, amendments, forms and change tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.records.custom import CustomFields, FieldValue
from oppcore.records.groups import Decision, ForecastCategory, Sensitivity
from oppcore.records.opportunity import Opportunity
from oppcore.records.progress import Progress

__all__ = ["FIELDS", "Field", "FieldType", "find_field_problem", "get_field", "is_present", "with_fields"]


class FieldType(StrEnum):
    """What a field holds: a text, a Decimal, `Money`, a date, an instant, one of its choices, yes or no, or texts."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    FLAG = "flag"
    TEXTS = "texts"


_PYTHON_TYPES: Mapping[FieldType, type] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: Decimal,
    FieldType.MONEY: Money,
    FieldType.DATE: date,
    FieldType.INSTANT: datetime,
    FieldType.CHOICE: str,
    FieldType.FLAG: bool,
    FieldType.TEXTS: tuple,
}


@final
@attrs.frozen
class Field:
    """A field: its name, where it lives (`group` is empty for a direct field of the record) and what it holds."""

    name: str
    type: FieldType
    group: str = ""
    choices: tuple[str, ...] = ()


def _in(group: str, type: FieldType, *names: str, choices: tuple[str, ...] = ()) -> list[Field]:
    return [Field(name, type, group, choices) for name in names]


_ALL = [
    *_in("", FieldType.TEXT, "name"),
    *_in("", FieldType.MONEY, "amount"),
    *_in("estimate", FieldType.NUMBER, "probability"),
    *_in("estimate", FieldType.CHOICE, "forecast_category", choices=tuple(ForecastCategory)),
    *_in("customer", FieldType.TEXT, "account_id"),
    *_in("customer", FieldType.TEXTS, "contact_ids", "tags"),
    *_in("need", FieldType.TEXTS, "needs", "pain_points", "requirements"),
    *_in("solution", FieldType.TEXTS, "products"),
    *_in("solution", FieldType.TEXT, "proposal"),
    *_in("timing", FieldType.DATE, "expected_close_on", "buying_from", "buying_until"),
    *_in("timing", FieldType.INSTANT, "last_activity_at", "next_activity_at"),
    *_in("qualification", FieldType.TEXT, "intent", "decision_process"),
    *_in("qualification", FieldType.MONEY, "budget"),
    *_in("qualification", FieldType.CHOICE, "price_sensitivity", choices=tuple(Sensitivity)),
    *_in("qualification", FieldType.CHOICE, "decision", choices=tuple(Decision)),
    *_in("origin", FieldType.TEXT, "source", "campaign_id", "lead_id", "predecessor_id"),
    *_in("team", FieldType.TEXT, "owner_id"),
    *_in("team", FieldType.TEXTS, "member_ids"),
]
FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}
"""The built-in fields by name. A pipeline may declare more; those live in `record.fields`."""


_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
_BLANK = Opportunity(
    id="blank",
    progress=Progress(
        pipeline="blank",
        stage="blank",
        version=1,
        opened_at=_ONCE,
        entered_at=_ONCE,
        changed_at=_ONCE,
        recorded_at=_ONCE,
    ),
)


def get_field(record: Opportunity, name: str) -> FieldValue:
    """Give the value of a field, built in or custom; None where there is none."""
    field = FIELDS.get(name)
    if field is None:
        return record.fields.get(name)
    owner = getattr(record, field.group) if field.group else record
    value: FieldValue = getattr(owner, name)
    return value


def is_present(value: FieldValue) -> bool:
    """Say whether there is a value: None, blank text and empty lists are missing; 0 and False are there."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != ()


def find_field_problem(field: Field, value: Any) -> Problem | None:
    """Say why a value cannot be put into a field, or None. None (nothing) can always be put in."""
    if value is None:
        return None
    wanted = _PYTHON_TYPES[field.type]
    right = isinstance(value, wanted) and not (field.type is FieldType.DATE and isinstance(value, datetime))
    if not right:
        return Problem("field.type", field.name, {"need": field.type, "have": type(value).__name__})
    if field.choices and value not in field.choices:
        return Problem("field.choice", field.name, {"need": field.choices, "have": value})
    try:
        with_fields(_BLANK, {field.name: value})
    except (TypeError, ValueError) as error:  # what the border of the record says
        return Problem("field.value", field.name, {"why": str(error)})
    return None


def with_fields(record: Opportunity, values: Mapping[str, FieldValue]) -> Opportunity:
    """Give the record with other values in some of its fields.

    Raises `TypeError` or `ValueError` where a value does not fit.
    """
    direct: dict[str, Any] = {}
    grouped: dict[str, dict[str, Any]] = {}
    custom: dict[str, FieldValue] = {}
    for name, value in values.items():
        field = FIELDS.get(name)
        if field is None:
            custom[name] = value
        elif field.group:
            grouped.setdefault(field.group, {})[name] = () if value is None and field.type is FieldType.TEXTS else value
        else:
            direct[name] = value
    for group, parts in grouped.items():
        direct[group] = attrs.evolve(getattr(record, group), **parts)
    if custom:
        direct["fields"] = CustomFields({**record.fields, **custom})
    return attrs.evolve(record, **direct)
