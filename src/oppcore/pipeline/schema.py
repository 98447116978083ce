"""The JSON Schema of pipeline documents, made from the classes that read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, TypeAlias, final, get_args, get_origin

import attrs

from oppcore.criteria import Comparison, Match, Since
from oppcore.money import CURRENCIES
from oppcore.pipeline.approvals import Approval, ApprovalStep
from oppcore.pipeline.claims import Claim
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.permissions import OverridePolicy
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import Labels, Stage, StageKind
from oppcore.pipeline.structure import CATEGORIES, MAX_NODES, MAX_STAGES, PROBABILITIES, UNDECLARED
from oppcore.pipeline.transitions import Action, Transition
from oppcore.records import FIELDS, ITEM_FIELDS, LEAD_FIELDS, Bound, FieldType, Outcome, RecordKind
from oppcore.records.checks import MAX_KEY, MAX_TEXT, optional_probability

__all__ = ["pipeline_schema"]

Schema: TypeAlias = dict[str, Any]

_NULL: Schema = {"type": "null"}
_NOT_BLANK = r"\S"
_NUMBER_TEXT = r"^[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})$"
_SHARE_TEXT = r"^\+?(0{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40}|0{0,39}1(\.0{0,40})?)$"
_DAYS_TEXT = r"^\+?([0-9]{1,5}(\.[0-9]{0,40})?|\.[0-9]{1,40}|100000(\.0{0,40})?)$"


def _text(limit: int, *, blank: bool = False) -> Schema:
    return {"type": "string", "maxLength": limit} | ({} if blank else {"pattern": _NOT_BLANK})


def _array(items: Schema, **limits: Any) -> Schema:
    return {"type": "array", "items": items, **limits}


def _table(properties: Mapping[str, Schema], *required: str, **more: Any) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return found | ({"required": list(required)} if required else {}) | more


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _choice(choices: Iterable[str]) -> Schema:
    return {"enum": [str(one) for one in choices]}


def _number(text: str, **limits: int | float) -> Schema:
    return {"anyOf": [{"type": "number", **limits}, {"type": "string", "pattern": text, "maxLength": MAX_KEY}]}


_KEY = _text(MAX_KEY)
_VALUES: Mapping[str, Schema] = {
    "key": _KEY,
    "texts": _array(_text(MAX_TEXT, blank=True)),
    "labels": {"type": "object", "propertyNames": _text(35), "additionalProperties": _text(1_000)},
    "number": _number(_NUMBER_TEXT, exclusiveMinimum=-1e41, exclusiveMaximum=1e41),
    "share": _number(_SHARE_TEXT, minimum=0, maximum=1),
    "days": _number(_DAYS_TEXT, minimum=0, maximum=100_000),
    "currency": _choice(CURRENCIES),
    "money": _table({"amount": _ref("number"), "currency": _ref("currency")}, "amount", "currency"),
    "value": {
        "description": "A value of the kind of the field: text, number, date, true or false, or money.",
        "anyOf": [_text(MAX_TEXT), {"type": "number"}, {"type": "boolean"}, _ref("money")],
    },
    "cover": {
        "anyOf": [
            _ref("key"),
            *(_table({str(bound): _ref("key")}, str(bound)) for bound in Bound if bound is not Bound.EQUAL),
        ]
    },
}


def _criteria(
    name: str,
    own: Mapping[str, Schema],
    *,
    of_items: bool = False,
    of_the_record: bool = False,
    of_stages: bool = False,
) -> Schema:
    """Give the criteria that may stand in one place; `name` is what those inside combinators are called."""
    part, field = _ref(name), {**_ref("key"), "description": "The name of a field."}
    several = _array(_text(MAX_TEXT, blank=True), minItems=1)
    compared = {str(one): _ref("value") for one in Comparison}
    compared["one_of"] = _array(_ref("value"), minItems=1)
    compared["between"] = _array(_ref("value"), minItems=2, maxItems=2)
    found = [
        _table({"present": field}, "present"),
        _table({"compare": field, **compared}, "compare", minProperties=2, maxProperties=2),
        _table({"text": field, **{str(one): _ref("key") for one in Match}}, "text", minProperties=2, maxProperties=2),
        _table({"answered": {"anyOf": [several, {"const": "checklist"}]} if of_stages else several}, "answered"),
        _table({"all": _array(part)}, "all"),
        _table({"any": _array(part)}, "any"),
        _table({"some": {"type": "integer", "minimum": 1}, "of": _array(part)}, "some", "of"),
        _table({"not": part}, "not"),
    ]
    if not of_items:
        more = {"where": _ref(f"{name}_of_items"), "at_least": {"type": "integer", "minimum": 1}}
        found.append(_table({"exists": _choice(ITEM_FIELDS), **more}, "exists"))
        found.append(_table({"approved": _ref("key")}, "approved"))
    if not of_the_record:
        days = {"at_least_days": _ref("days"), "at_most_days": _ref("days")}
        found.append(_table({"elapsed": _choice(Since), **days}, "elapsed", minProperties=2))
        found.append(_table({"role": {"anyOf": [_text(MAX_TEXT, blank=True), several]}}, "role"))
        found += [_table({key: schema}, key) for key, schema in own.items()]
    return {"oneOf": found}


_PLACES: Mapping[str, Mapping[str, bool]] = {
    "criterion": {},
    "stage_criterion": {"of_stages": True},
    "stay_criterion": {"of_stages": True, "of_the_record": True},
}
_GATE, _STAGE_GATE, _STAY = (_array(_ref(name), maxItems=MAX_NODES) for name in _PLACES)
_SPECIAL: Mapping[tuple[type[Any], str], Schema] = {
    (Stage, "entry"): _STAGE_GATE,
    (Stage, "exit"): _STAGE_GATE,
    (Stage, "stay"): _STAY,
    (Transition, "gate"): _GATE,
    (Action, "gate"): _GATE,
    (ApprovalStep, "when"): _ref("criterion"),
    (Claim, "holds"): _GATE,
    (Approval, "covers"): _array(_ref("cover")),
    (Reason, "outcome"): _choice(one for one in Outcome if one is not Outcome.OPEN),
    (CustomField, "type"): _choice(one for one in FieldType if one not in UNDECLARED),
    (Pipeline, "currency"): {"anyOf": [_ref("currency"), _NULL]},
}
"""Fields whose schema their type does not tell."""


def _filled(name: str) -> Schema:
    return {"properties": {name: {"type": "array", "minItems": 1}}, "required": [name]}


def _where(name: str, value: str, then: Schema, otherwise: Schema | None = None) -> Schema:
    found = {"if": {"properties": {name: {"const": value}}, "required": [name]}, "then": then}
    return found if otherwise is None else {**found, "else": otherwise}


def _only(*choices: Any) -> Schema:
    return {"enum": [*choices, None]}


def _stage_rules() -> list[Schema]:
    found: list[Schema] = []
    for kind in StageKind:
        fitting: Schema = {"forecast_category": _only(*sorted(str(one) for one in CATEGORIES[kind]))}
        if (share := PROBABILITIES.get(kind)) is not None:
            written = {"type": "string", "pattern": rf"^\+?0{{0,39}}{share}(\.0{{0,40}})?$"}
            fitting["probability"] = {"anyOf": [_only(share), written]}
        found.append(_where("kind", kind, {"properties": fitting}))
    return found


def _pipeline_rules() -> list[Schema]:
    def own_fields(known: Iterable[str]) -> Schema:
        return {"items": {"properties": {"key": {"not": {"enum": list(known)}}}}}

    open_stage = {"properties": {"kind": {"const": "open"}, "archived": {"const": False}}, "required": ["kind"]}
    no_forecast = {"probability": _NULL, "forecast_category": _NULL}
    kinds = _choice(one for one in StageKind if one is not StageKind.POST_SALE)
    of_leads = {
        "stages": {"items": {"properties": {**no_forecast, "kind": kinds}}},
        "reasons": {"items": {"properties": {"outcome": {"not": {"const": "won"}}}}},
        "fields": own_fields(LEAD_FIELDS),
    }
    of_deals = {"properties": {"fields": own_fields(FIELDS)}}
    return [
        {"properties": {"stages": {"maxItems": MAX_STAGES, "contains": open_stage}}},
        {"properties": {"revision": {"minimum": 1}}},
        _where("kind", RecordKind.LEAD, {"properties": of_leads}, of_deals),
    ]


def _claim_rules() -> list[Schema]:
    def said(name: str) -> Schema:
        return {"properties": {name: {"not": _NULL}}, "required": [name]}

    closes = {"properties": {"closes": {"const": True}}, "required": ["closes"]}
    placed = {"oneOf": [said("stage"), said("outcome")]}
    return [
        {"oneOf": [_filled("holds"), said("passed"), closes]},
        {"if": closes, "then": {"not": said("stage")}, "else": placed},
    ]


def _more(type_: type[Any]) -> list[Schema]:
    """Give what a class asks of its fields beside their types."""
    if type_ is Pipeline:
        return _pipeline_rules()
    if type_ is Stage:
        return _stage_rules()
    if type_ is Claim:
        return _claim_rules()
    if type_ is ApprovalStep:
        return [{"anyOf": [_filled("roles"), _filled("signers")]}]
    if type_ is CustomField:
        no_choices = {"properties": {"choices": {"maxItems": 0}}}
        return [_where("type", FieldType.CHOICE, _filled("choices"), no_choices)]
    filled = {Approval: "steps", OverridePolicy: "roles"}.get(type_)
    return [] if filled is None else [_filled(filled)]


@final
class _Writer:
    """Writes the schemas of classes, each once."""

    def __init__(self) -> None:
        self.written: dict[str, Schema] = {}

    def of(self, type_: Any) -> Schema:
        """Give the schema of what the strict converter reads as a type."""
        arguments = get_args(type_)
        if type_ == Labels:
            return _ref("labels")
        if get_origin(type_) is tuple:
            return _ref("texts") if arguments[0] is str else _array(self.of(arguments[0]))
        if NoneType in arguments:
            return {"anyOf": [*(self.of(one) for one in arguments if one is not NoneType), _NULL]}
        if attrs.has(type_):
            return self._table(type_)
        if issubclass(type_, StrEnum):
            return _choice(type_)
        return {str: _ref("key"), bool: {"type": "boolean"}, int: {"type": "integer"}, Decimal: _ref("number")}[type_]

    def _table(self, type_: type[Any]) -> Schema:
        name = type_.__name__
        if name not in self.written:
            self.written[name] = {}  # for a class that is part of itself
            fields = [field for field in attrs.fields(attrs.resolve_types(type_)) if field.init]
            required = [field.alias for field in fields if field.default is attrs.NOTHING]
            table = _table({field.alias: self._field(type_, field) for field in fields}, *required)
            self.written[name] = table | ({"allOf": more} if (more := _more(type_)) else {})
        return _ref(name)

    def _field(self, type_: type[Any], field: Any) -> Schema:
        found = _SPECIAL.get((type_, field.name)) or self.of(field.type)
        if field.validator is optional_probability:
            found = {"anyOf": [_ref("share"), _NULL]}
        default = field.default
        return {**found, "default": default} if isinstance(default, (str, int)) else found


def pipeline_schema(*, criteria: Iterable[str] = ()) -> Schema:
    """Give the JSON Schema (draft 2020-12) of pipeline documents, as plain data ready for JSON.

    A document that fits it loads, unless parts of it do not fit one another: names of fields, stages, approvals or
    checklist items that there are not, keys that are there twice, values of another kind than their field's, gates that
    are too deep. `criteria` names the host's own, of which it says no more than that each is a table.
    """
    writer = _Writer()
    root = writer.of(Pipeline)
    own: dict[str, Schema] = {name: {"type": "object"} for name in criteria}
    places: dict[str, Schema] = {}
    for name, options in _PLACES.items():
        places[name] = _criteria(name, own, **options)
        places[f"{name}_of_items"] = _criteria(f"{name}_of_items", own, of_items=True, **options)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "oppcore pipeline",
        **root,
        "$defs": {**_VALUES, **places, **writer.written},
    }
