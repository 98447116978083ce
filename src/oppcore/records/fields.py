"""The fields of a record by name: one flat vocabulary for criteria, amendments, forms and change tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, final

import attrs

from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.records.custom import CustomFields, CustomValue
from oppcore.records.groups import (
    Decision,
    Environment,
    ForecastCategory,
    Predictability,
    Scope,
    Sensitivity,
    Visibility,
)
from oppcore.records.items import (
    ITEM_TYPES,
    Activity,
    Competitor,
    CompetitorStatus,
    DeliveryCondition,
    Interest,
    Item,
    Member,
    Need,
    NeedKind,
    Objection,
    Quote,
    QuoteStatus,
    Stakeholder,
)
from oppcore.records.key import RecordKind
from oppcore.records.lead import Lead
from oppcore.records.opportunity import Opportunity

__all__ = [
    "FIELDS",
    "ITEM_FIELDS",
    "LEAD_FIELDS",
    "Field",
    "FieldType",
    "FieldValue",
    "Record",
    "fields_of",
    "find_field_problem",
    "get_field",
    "is_present",
    "kind_of",
    "kind_of_fields",
    "with_fields",
]

Record: TypeAlias = Opportunity | Lead
"""What goes through a process."""

FieldValue: TypeAlias = CustomValue | datetime | tuple[str, ...] | tuple[Item, ...] | CustomFields
"""What a field of a record can hold."""

R = TypeVar("R", bound=Record)


class FieldType(StrEnum):
    """What a field holds: a text, a Decimal, `Money`, a date, an instant, a choice, yes or no, texts, or items.

    `answers` maps the items of checklists to what was answered; amending adds to it.
    """

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    FLAG = "flag"
    TEXTS = "texts"
    ITEMS = "items"
    ANSWERS = "answers"


_PYTHON_TYPES: Mapping[FieldType, type[Any] | tuple[type[Any], ...]] = {
    FieldType.TEXT: str,
    FieldType.NUMBER: Decimal,
    FieldType.MONEY: Money,
    FieldType.DATE: date,
    FieldType.INSTANT: datetime,
    FieldType.CHOICE: str,
    FieldType.FLAG: bool,
    FieldType.TEXTS: tuple,
    FieldType.ITEMS: tuple,
    FieldType.ANSWERS: Mapping,
}
_SEVERAL = frozenset({FieldType.TEXTS, FieldType.ITEMS})


def _read_current_quote(name: str, record: Opportunity) -> Any:
    quote = record.solution.current_quote
    return None if quote is None else getattr(quote, name)


def _make_reader(field: Field) -> Callable[[Any], Any]:
    if field.quote_field:
        return partial(_read_current_quote, field.quote_field)
    return attrgetter(f"{field.group}.{field.name}" if field.group else field.name)


@final
@attrs.frozen
class Field:
    """A field: its name, what it holds, and where it lives (`group` is empty for a direct field of the record).

    `personal` values are never printed. A field with a `quote_field` is derived: it reads that field of the current
    quote, None where no quote is current, and is never set itself.
    """

    name: str
    type: FieldType
    group: str = ""
    choices: tuple[str, ...] = ()
    personal: bool = False
    quote_field: str = ""
    read: Callable[[Any], Any] = attrs.field(
        default=attrs.Factory(_make_reader, takes_self=True), init=False, eq=False, repr=False
    )

    @property
    def derived_from(self) -> tuple[str, ...]:
        """The names of the fields to change instead of a derived one; empty for a field that can be set."""
        return ("quotes", "current_quote_id") if self.quote_field else ()


def _in(
    group: str, type: FieldType, *names: str, choices: type[StrEnum] | None = None, personal: bool = False
) -> list[Field]:
    return [Field(name, type, group, tuple(choices or ()), personal) for name in names]


def _of_current_quote(type: FieldType, quote_field: str, choices: type[StrEnum] | None = None) -> list[Field]:
    return [Field(f"quote_{quote_field}", type, "solution", tuple(choices or ()), quote_field=quote_field)]


def _by_name(*fields: list[Field]) -> Mapping[str, Field]:
    return {field.name: field for some in fields for field in some}


_SHARED = [
    *_in("", FieldType.ITEMS, "needs"),
    *_in("progress", FieldType.ANSWERS, "answers"),
    *_in("progress.hold", FieldType.INSTANT, "held_since"),
    *_in("progress.hold", FieldType.DATE, "resume_on"),
    *_in("progress.hold", FieldType.TEXT, "hold_reason"),
    *_in("engagement", FieldType.INSTANT, "last_activity_at", "next_activity_at"),
    *_in("engagement", FieldType.ITEMS, "activities", "interests"),
    *_in("qualification", FieldType.TEXT, "intent", "decision_process"),
    *_in("qualification", FieldType.MONEY, "budget"),
    *_in("qualification", FieldType.CHOICE, "price_sensitivity", choices=Sensitivity),
    *_in("qualification", FieldType.CHOICE, "decision", choices=Decision),
    *_in("qualification.classification", FieldType.CHOICE, "predictability", choices=Predictability),
    *_in("qualification.classification", FieldType.CHOICE, "scope", choices=Scope),
    *_in("qualification.classification", FieldType.CHOICE, "visibility", choices=Visibility),
    *_in("qualification.classification", FieldType.TEXTS, "environment", choices=Environment),
    *_in("origin", FieldType.TEXT, "source", "campaign_id", "lead_id", "predecessor_id"),
    *_in("team", FieldType.TEXT, "owner_id"),
    *_in("team", FieldType.ITEMS, "members"),
]
FIELDS = _by_name(
    _in("", FieldType.TEXT, "name"),
    _in("", FieldType.MONEY, "amount"),
    _in("estimate", FieldType.NUMBER, "probability"),
    _in("estimate", FieldType.CHOICE, "forecast_category", choices=ForecastCategory),
    _in("customer", FieldType.TEXT, "account_id"),
    _in("customer", FieldType.TEXTS, "contact_ids", "tags"),
    _in("customer", FieldType.ITEMS, "stakeholders"),
    _in("solution", FieldType.TEXTS, "products"),
    _in("solution", FieldType.TEXT, "proposal", "current_quote_id"),
    _in("solution", FieldType.ITEMS, "quotes"),
    _of_current_quote(FieldType.MONEY, "amount"),
    _of_current_quote(FieldType.NUMBER, "discount"),
    _of_current_quote(FieldType.CHOICE, "status", QuoteStatus),
    _of_current_quote(FieldType.DATE, "valid_until"),
    _in("timing", FieldType.DATE, "expected_close_on", "buying_from", "buying_until"),
    _in("negotiation", FieldType.ITEMS, "competitors", "objections", "delivery_conditions"),
    _SHARED,
)
"""The built-in fields of an opportunity by name. A pipeline may declare more; those live in `record.fields`."""

LEAD_FIELDS = _by_name(
    _in("person", FieldType.TEXT, "name", "email", "phone", "job_title", personal=True),
    _in("company", FieldType.TEXT, "company", "industry", "region"),
    _in("company", FieldType.NUMBER, "company_size"),
    _SHARED,
)
"""The built-in fields of a lead by name."""

_ITEM_FIELDS: Mapping[type[Any], Mapping[str, Field]] = {
    Need: _by_name(
        _in("", FieldType.TEXT, "text"),
        _in("", FieldType.CHOICE, "kind", choices=NeedKind),
        _in("", FieldType.FLAG, "met"),
    ),
    Quote: _by_name(
        _in("", FieldType.TEXT, "id"),
        _in("", FieldType.MONEY, "amount"),
        _in("", FieldType.NUMBER, "discount"),
        _in("", FieldType.CHOICE, "status", choices=QuoteStatus),
        _in("", FieldType.DATE, "valid_until"),
    ),
    Competitor: _by_name(
        _in("", FieldType.TEXT, "name"), _in("", FieldType.CHOICE, "status", choices=CompetitorStatus)
    ),
    Objection: _by_name(_in("", FieldType.TEXT, "text"), _in("", FieldType.FLAG, "resolved")),
    DeliveryCondition: _by_name(_in("", FieldType.TEXT, "text"), _in("", FieldType.FLAG, "fulfilled")),
    Stakeholder: _by_name(_in("", FieldType.TEXT, "contact_id", "role")),
    Member: _by_name(_in("", FieldType.TEXT, "id", "role"), _in("", FieldType.NUMBER, "split")),
    Activity: _by_name(
        _in("", FieldType.TEXT, "kind"), _in("", FieldType.INSTANT, "at"), _in("", FieldType.FLAG, "done")
    ),
    Interest: _by_name(_in("", FieldType.TEXT, "signal", "product"), _in("", FieldType.INSTANT, "at")),
}
ITEM_FIELDS: Mapping[str, Mapping[str, Field]] = {name: _ITEM_FIELDS[type_] for name, type_ in ITEM_TYPES.items()}
"""The fields of the items of each field that holds several."""

_BY_TYPE: Mapping[type[Any], Mapping[str, Field]] = {Opportunity: FIELDS, Lead: LEAD_FIELDS, **_ITEM_FIELDS}


def fields_of(kind: RecordKind) -> Mapping[str, Field]:
    """Give the built-in fields of a kind of record."""
    return LEAD_FIELDS if kind is RecordKind.LEAD else FIELDS


def kind_of(record: Record) -> RecordKind:
    """Give the kind of a record."""
    return RecordKind.LEAD if isinstance(record, Lead) else RecordKind.OPPORTUNITY


def kind_of_fields(fields: Mapping[str, Field]) -> RecordKind:
    """Give the kind of record whose fields these are: a lead's if any is a lead's alone, else an opportunity's."""
    only_leads = any(LEAD_FIELDS.get(name) == field != FIELDS.get(name) for name, field in fields.items())
    return RecordKind.LEAD if only_leads else RecordKind.OPPORTUNITY


def get_field(record: Record | Item, name: str) -> FieldValue:
    """Give the value of a field of a record (built in or custom) or of an item; None where there is none."""
    field = _BY_TYPE[type(record)].get(name)
    if field is not None:
        value: FieldValue = field.read(record)
        return value
    return record.fields.get(name) if isinstance(record, (Opportunity, Lead)) else None


def is_present(value: FieldValue) -> bool:
    """Say whether there is a value: None, blank text and empty collections are missing; 0 and False are there."""
    if value is None:
        return False
    if isinstance(value, str):
        return bool(value.strip())
    return value != () and not (isinstance(value, CustomFields) and len(value) == 0)


def _fits(field: Field, value: Any) -> bool:
    if not isinstance(value, _PYTHON_TYPES[field.type]) or (
        field.type is FieldType.DATE and isinstance(value, datetime)
    ):
        return False
    if field.type is FieldType.ITEMS:
        return all(isinstance(item, ITEM_TYPES[field.name]) for item in value)
    return field.type is not FieldType.TEXTS or all(isinstance(item, str) for item in value)


def find_field_problem(field: Field, value: Any) -> Problem | None:
    """Say why a value cannot be put into a field, or None. None (nothing) can be put into all but derived ones."""
    if field.derived_from:
        return Problem("field.derived", field.name, {"need": field.derived_from})
    if value is None:
        return None
    if not _fits(field, value):
        return Problem("field.type", field.name, {"need": field.type, "have": type(value).__name__})
    chosen = value if field.type is FieldType.TEXTS else (value,)
    if field.choices and not set(chosen) <= set(field.choices):
        have = "…" if field.personal else chosen
        return Problem("field.choice", field.name, {"need": field.choices, "have": have})
    return None


def _merged(record: Any, group: str, values: dict[str, Any]) -> Any:
    """Give a group of a record with other values, down to a group within the group."""
    outer, _, inner = group.partition(".")
    part = getattr(record, outer)
    return attrs.evolve(part, **({inner: _merged(part, inner, values)} if inner else values))


def with_fields(record: R, values: Mapping[str, Any]) -> R:
    """Give the record with other values in some of its fields, by name; None clears a field.

    Raises `TypeError` or `ValueError` where a value does not fit, or a field is derived.
    """
    known = _BY_TYPE[type(record)]
    grouped: dict[str, dict[str, Any]] = {}
    custom: dict[str, FieldValue] = {}
    for name, value in values.items():
        field = known.get(name)
        if field is None:
            custom[name] = value
        elif field.derived_from:
            message = f"{name} is read from {' and '.join(field.derived_from)}: change those"
            raise ValueError(message)
        else:
            empty = () if field.type in _SEVERAL else CustomFields() if field.type is FieldType.ANSWERS else None
            grouped.setdefault(field.group, {})[name] = empty if value is None else value
    for group in sorted(grouped, key=len):
        if group:
            record = attrs.evolve(record, **{group.partition(".")[0]: _merged(record, group, grouped[group])})
    direct = grouped.get("", {})
    if custom:
        direct = {**direct, "fields": CustomFields({**record.fields, **custom})}
    return attrs.evolve(record, **direct) if direct else record
