"""Records, changes and pipelines as canonical JSON, with a schema version; what was written once loads for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from typing import TYPE_CHECKING, Any, get_args

from oppcore.document import (
    DocumentFault,
    Special,
    collect,
    compile_reader,
    compile_writer,
    find_problems,
    make_converter,
    parse,
    want_list,
    want_table,
)
from oppcore.engine import (
    Amended,
    Change,
    Converted,
    Corrected,
    Edit,
    Merged,
    Moved,
    Opened,
    Removed,
    Requested,
    Restored,
    Signed,
)
from oppcore.errors import InvalidDocument, InvalidPipeline, Problem
from oppcore.money import Money, decimal_text
from oppcore.pipeline import OwnCriteria, Pipeline, load_pipeline, write_pipeline
from oppcore.records import ITEM_TYPES, Covered, CustomFields, FieldValue, Lead, Opportunity, Record

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["SCHEMA", "decode", "decode_change", "decode_pipeline", "decode_record", "encode", "instant_text"]

SCHEMA = 1
"""The version of the form written now. Every version ever written can be read."""
# Characters up to which a text meets no limit of `parse`.
_SURELY_READ = 100_000

_TYPES: dict[str, type] = {
    "opened": Opened,
    "moved": Moved,
    "amended": Amended,
    "requested": Requested,
    "signed": Signed,
    "corrected": Corrected,
    "converted": Converted,
    "merged": Merged,
    "removed": Removed,
    "restored": Restored,
    "opportunity": Opportunity,
    "lead": Lead,
    "pipeline": Pipeline,
}
_NAMES = {type_: name for name, type_ in _TYPES.items()}


def instant_text(value: datetime) -> str:
    """Write an instant so that texts sort as instants do: UTC, fixed width."""
    at = value if value.tzinfo is UTC else value.astimezone(UTC)
    return at.isoformat(timespec="microseconds")[:-6] + "Z"  # in place of +00:00


def _write_money(value: Money) -> dict[str, str]:
    return {"amount": decimal_text(value.amount), "currency": value.currency}


def _write_value(value: FieldValue) -> Any:
    """Write a field's value so that its kind can be told: text, flag and nothing as they are, the rest in a table."""
    match value:
        case None | bool() | str():
            return value if value is None or isinstance(value, bool) else str(value)
        case Money():
            return {"money": _write_money(value)}
        case Decimal():
            return {"number": decimal_text(value)}
        case datetime():
            return {"instant": instant_text(value)}
        case date():
            return {"date": value.isoformat()}
        case CustomFields():
            return {"answers": _write_custom(value)}
        case tuple() if value and not isinstance(value[0], str):
            name = next(name for name, type_ in ITEM_TYPES.items() if isinstance(value[0], type_))
            return {name: _converter().unstructure(value)}
        case _:
            return {"texts": list(value)}


def _read_value(value: Any) -> FieldValue:
    if value is None or isinstance(value, (bool, str)):
        return value
    kinds: dict[str, Any] = {
        "money": Money,
        "number": Decimal,
        "instant": datetime,
        "date": date,
        "texts": tuple[str, ...],
    }
    table = want_table(value)
    known = (*kinds, *ITEM_TYPES, "answers")
    if len(table) != 1 or next(iter(table)) not in known:
        raise DocumentFault.one("document.choice", need=sorted(known), have=", ".join(sorted(table))[:80])
    [(kind, inner)] = table.items()
    if kind == "answers":
        return _read_custom(inner)
    if kind in ITEM_TYPES:
        return tuple(_converter().structure(item, ITEM_TYPES[kind]) for item in want_list(inner))
    found: FieldValue = _converter().structure(inner, kinds[kind])
    return found


def _read_custom(value: Any) -> CustomFields:
    read = [(name, partial(_read_value, item)) for name, item in want_table(value).items()]
    return CustomFields(dict(zip((name for name, _ in read), collect(read), strict=True)))


def _write_custom(values: CustomFields) -> dict[str, Any]:
    return {name: _write_value(value) for name, value in values.items()}


def _read_record(value: Any) -> Record:
    table = want_table(value)
    if set(table) == {"lead"}:
        lead: Lead = _reader(Lead)(want_table(table["lead"]))
        return lead
    opportunity: Opportunity = _reader(Opportunity)(table)
    return opportunity


def _write_record(record: Record) -> dict[str, Any]:
    type_: Any = type(record)
    data = _writer(type_)(record)
    return {"lead": data} if isinstance(record, Lead) else data


@cache
def _specials() -> Mapping[type, Mapping[str, Special]]:
    value = Special(_read_value, _write_value)
    return {
        Edit: {"old": value, "new": value},
        Covered: {"value": value},
        Opened: {"record": Special(_read_record, _write_record)},
    }


@cache
def _reader(type_: type[Any]) -> Callable[[Mapping[str, Any]], Any]:
    return compile_reader(_converter(), type_, _specials())


@cache
def _writer(type_: type[Any]) -> Callable[[Any], dict[str, Any]]:
    return compile_writer(_converter(), type_, _specials())


@cache
def _converter() -> Converter:
    converter = make_converter(_specials())
    converter.register_structure_hook(CustomFields, lambda table, _type: _read_custom(table))
    converter.register_unstructure_hook(CustomFields, _write_custom)
    converter.register_unstructure_hook(datetime, instant_text)
    return converter


def encode(value: Record | Change | Pipeline, *, criteria: OwnCriteria | None = None) -> str:
    """Write a record, change or pipeline as canonical JSON: sorted keys, no spaces, decimals as texts, instants in UTC.

    Equal values give equal texts, and `decode(encode(value)) == value`. `criteria` names the host's own in a pipeline.
    Raises `InvalidDocument` for what is too large to be read again, `TypeError` for a criterion that is not named.
    """
    type_: Any = type(value)
    data = write_pipeline(value, criteria=criteria) if isinstance(value, Pipeline) else _writer(type_)(value)
    envelope = {"schema": SCHEMA, _NAMES[type_]: data}
    text = json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    if len(text) > _SURELY_READ:
        parse(text)
    return text


def _read(name: str, data: Any, criteria: OwnCriteria | None) -> Any:
    table = want_table(data)
    if _TYPES[name] is Pipeline:
        return load_pipeline(table, criteria=criteria)
    return _reader(_TYPES[name])(table)


def decode(text: str | bytes, *, criteria: OwnCriteria | None = None) -> Record | Change | Pipeline:
    """Read what `encode` wrote, by this release or an earlier one. Raises `InvalidDocument` with every fault."""
    data = parse(text)
    schema = data.pop("schema", None)
    if type(schema) is not int or schema != SCHEMA:
        raise InvalidDocument((Problem("document.schema", "schema", {"have": schema, "need": SCHEMA}),))
    if len(data) != 1 or next(iter(data)) not in _TYPES:
        raise InvalidDocument((Problem("document.kind", "", {"have": sorted(data), "need": sorted(_TYPES)}),))
    [(name, inner)] = data.items()
    try:
        found: Record | Change | Pipeline = _read(name, inner, criteria)
    except (DocumentFault, InvalidPipeline) as error:
        raise InvalidDocument(find_problems(error)) from None
    return found


def _decode_as(text: str | bytes, *types: type[Any], criteria: OwnCriteria | None = None) -> Any:
    found: Any = decode(text, criteria=criteria)
    if not isinstance(found, types):
        need = [_NAMES[type_] for type_ in types]
        raise InvalidDocument((Problem("document.kind", "", {"have": _NAMES[type(found)], "need": need}),))
    return found


def decode_record(text: str | bytes) -> Record:
    """Read a record. Raises `InvalidDocument`, also when it is something else."""
    found: Record = _decode_as(text, Opportunity, Lead)
    return found


def decode_change(text: str | bytes) -> Change:
    """Read a change. Raises `InvalidDocument`, also when it is something else."""
    found: Change = _decode_as(text, *get_args(Change))
    return found


def decode_pipeline(text: str | bytes, *, criteria: OwnCriteria | None = None) -> Pipeline:
    """Read a pipeline. Raises `InvalidDocument`, also when it is something else."""
    found: Pipeline = _decode_as(text, Pipeline, criteria=criteria)
    return found
