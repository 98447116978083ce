"""The JSON Schema of documents of scenarios, made from the tables that read them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType
from typing import Any, TypeAlias, get_args, get_origin

import attrs

from oppcore.testing.scenarios.scenario import Act
from oppcore.testing.scenarios.steps import TAKEN
from oppcore.testing.scenarios.tables import Document, PipelineTable, ScenarioTable, StepTable

__all__ = ["scenario_schema"]

Schema: TypeAlias = dict[str, Any]


def scenario_schema() -> Schema:
    """Give the JSON Schema (draft 2020-12) of documents of scenarios, as plain data ready for JSON.

    It knows every key. Whether the names of stages, fields, actors … exist, `load_scenarios` says.
    """
    tables: dict[str, Schema] = {}
    root = _of(Document, tables)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "oppcore scenarios",
        **root,
        "$defs": tables,
    }


def _of(type_: Any, tables: dict[str, Schema]) -> Schema:
    arguments = get_args(type_)
    if get_origin(type_) is tuple:
        return {"type": "array", "items": _of(arguments[0], tables)}
    if get_origin(type_) is dict:
        inner = {} if arguments[1] is Any else {"additionalProperties": _of(arguments[1], tables)}
        return {"type": "object", **inner}
    if NoneType in arguments:
        return _of(next(one for one in arguments if one is not NoneType), tables)
    if attrs.has(type_):
        if type_.__name__ not in tables:
            tables[type_.__name__] = _table(type_, tables)
        return {"$ref": f"#/$defs/{type_.__name__}"}
    if issubclass(type_, StrEnum):
        return {"enum": [str(one) for one in type_]}
    plain: dict[Any, Schema] = {
        str: {"type": "string"},
        bool: {"type": "boolean"},
        Decimal: {"type": ["number", "string"]},
        datetime: {"description": "An instant with its time zone, such as 2026-03-31T09:00:00Z."},
    }
    return plain[type_]


def _table(type_: type[Any], tables: dict[str, Schema]) -> Schema:
    fields = attrs.fields(attrs.resolve_types(type_))
    found: Schema = {
        "type": "object",
        "properties": {field.name: _of(field.type, tables) for field in fields},
        "required": [field.name for field in fields if field.default is attrs.NOTHING],
        "additionalProperties": False,
    }
    if type_ is StepTable:
        found["oneOf"] = [{"required": [str(act)], "propertyNames": {"enum": [str(act), *TAKEN[act]]}} for act in Act]
    if type_ is PipelineTable:
        found |= {"minProperties": 1, "maxProperties": 1}
    if type_ is ScenarioTable:
        found["properties"]["steps"]["minItems"] = 1
    return found
