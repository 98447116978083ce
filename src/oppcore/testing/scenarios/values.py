"""Values of fields as documents write them: each read as the kind of its field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, final

from oppcore.document import DocumentFault, collect, make_converter, read_money, want_table
from oppcore.errors import Problem
from oppcore.money import Money
from oppcore.pipeline import Pipeline
from oppcore.records import ITEM_TYPES, CustomFields, Field, FieldType
from oppcore.records.fields import find_field_problem
from oppcore.spelling import suggest

__all__ = ["ValueReader", "unknown_word"]

_TYPES: Mapping[FieldType, Any] = {
    FieldType.TEXT: str,
    FieldType.CHOICE: str,
    FieldType.NUMBER: Decimal,
    FieldType.MONEY: Money,
    FieldType.DATE: date,
    FieldType.INSTANT: datetime,
    FieldType.FLAG: bool,
    FieldType.TEXTS: tuple[str, ...],
}


def unknown_word(what: str, word: str, known: Iterable[str], path: str = "") -> Problem:
    """Say that there is no such stage, field, actor …, and which one was perhaps meant."""
    return Problem("key.unknown", path, {"what": what, "key": word[:80], "suggestion": suggest(word, known)})


@final
class ValueReader:
    """Reads values of the fields of a pipeline's records; bare amounts are in its currency."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._converter = make_converter()
        self._converter.register_structure_hook(Money, lambda value, _type: read_money(value, pipeline.currency))

    def read(self, table: Any) -> dict[str, Any]:
        """Read a table of values by the names of their fields. Raises `DocumentFault` with every fault."""
        given = want_table(table)
        found = collect((name, partial(self._read_one, name, value)) for name, value in given.items())
        return dict(zip(given, found, strict=True))

    def read_names(self, names: Iterable[str]) -> dict[str, None]:
        """Read the names of fields to be cleared. Raises `DocumentFault` with every fault."""
        found = collect((f"[{number}]", partial(self._field, name)) for number, name in enumerate(names))
        return {field.name: None for field in found}

    def _field(self, name: str) -> Field:
        if (field := self._pipeline.field(name)) is None:
            raise DocumentFault((unknown_word("field", name, self._pipeline.field_names),))
        return field

    def _read_one(self, name: str, value: Any) -> Any:
        field = self._field(name)
        if field.derived_from:
            raise DocumentFault.one("field.derived", need=field.derived_from)
        if field.type is FieldType.ANSWERS:
            return CustomFields(_answers(value))
        several: Any = tuple
        type_ = several[ITEM_TYPES[name], ...] if field.type is FieldType.ITEMS else _TYPES[field.type]
        found: Any = self._converter.structure(value, type_)
        if (problem := find_field_problem(field, found)) is not None:
            raise DocumentFault.one(problem.code, **problem.params)
        return found


def _answers(value: Any) -> dict[str, Any]:
    def read(answer: Any) -> Any:
        return Decimal(answer) if isinstance(answer, int) and not isinstance(answer, bool) else answer

    return {item: read(answer) for item, answer in want_table(value).items()}
