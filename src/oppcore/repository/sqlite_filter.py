"""Conditions as SQL over the JSON of a record: fixed fragments, every value and every path bound.

What is made here leaves out no record of which the condition is true, and may admit some of which it is not: numbers
are compared as floats with a margin, and what cannot be said in SQL admits all. `Desk.search` judges what comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias, final

import attrs

from oppcore.codec import instant_text
from oppcore.criteria import AllOf, AnyOf, Compare, Comparison, Criterion, Not, Present
from oppcore.money import Money
from oppcore.records import FieldType, RecordKind, fields_of

__all__ = ["FILTERS", "where_sql"]

FILTERS = (Present, Compare, AllOf, AnyOf, Not)
"""The classes of criteria that are made into SQL."""

Term: TypeAlias = tuple[str, tuple[Any, ...]] | None
"""A fragment and its values; None admits all."""

_BLANK = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288))
)
_MARGIN = 1e-9
_MOST_VALUES = 500  # SQLite refuses expressions that are nested a thousand deep, as a row of ORs is
_OPPOSITE: Mapping[Comparison, Comparison] = {
    Comparison.EQ: Comparison.NE,
    Comparison.NE: Comparison.EQ,
    Comparison.LT: Comparison.GE,
    Comparison.GE: Comparison.LT,
    Comparison.GT: Comparison.LE,
    Comparison.LE: Comparison.GT,
}
_SIGNS: Mapping[Comparison, str] = {
    Comparison.EQ: "=",
    Comparison.NE: "<>",
    Comparison.LT: "<",
    Comparison.LE: "<=",
    Comparison.GT: ">",
    Comparison.GE: ">=",
}


def _every(terms: list[Term]) -> Term:
    said = [term for term in terms if term is not None]
    return (f"({' AND '.join(sql for sql, _ in said)})", _values(said)) if said else None


def _any(terms: list[Term]) -> Term:
    said = [term for term in terms if term is not None]
    if len(said) < len(terms):
        return None
    return (f"({' OR '.join(sql for sql, _ in said)})", _values(said)) if said else ("0", ())


def _values(terms: list[tuple[str, tuple[Any, ...]]]) -> tuple[Any, ...]:
    return tuple(value for _, values in terms for value in values)


def where_sql(where: Criterion, kind: str) -> Term:
    """Give a fragment that holds of every record of a kind of which the condition is true."""
    term = _Compiler(RecordKind(kind)).term(where, True)
    return None if term is not None and len(term[1]) > _MOST_VALUES else term


@final
@attrs.frozen
class _Compiler:
    kind: RecordKind

    def term(self, criterion: Criterion, want: bool) -> Term:
        """Give what holds wherever the criterion is true, or wherever it is false; nothing holds of unknown."""
        match criterion:
            case AllOf(parts) | AnyOf(parts):
                terms = [self.term(part, want) for part in parts]
                return _every(terms) if isinstance(criterion, AllOf) is want else _any(terms)
            case Not(part):
                return self.term(part, not want)
            case Present():
                return self._present(criterion.field, want)
            case Compare():
                return self._compare(criterion, want)
            case _:  # pragma: no cover - no other is taken
                return None

    def _path(self, name: str, *below: str) -> str | None:
        """Give where a field is in the JSON; None for one that is derived, or cannot be named there."""
        field = fields_of(self.kind).get(name)
        if field is None:
            # A field of the pipeline's own; its kind is in a table around all but texts and flags.
            return None if '"' in name or "\\" in name else ".".join(("$", self.kind, "fields", f'"{name}"', *below))
        if field.derived_from:
            return None
        return ".".join(("$", str(self.kind), *([field.group] if field.group else []), name, *below[1:]))

    def _present(self, name: str, want: bool) -> Term:
        path = self._path(name)
        if path is None:
            return None
        if want:
            return "json_extract(body, ?) IS NOT NULL", (path,)
        return "(json_extract(body, ?) IS NULL OR trim(json_extract(body, ?), ?) IN ('', '[]', '{}'))", (
            path,
            path,
            _BLANK,
        )

    def _compare(self, leaf: Compare, want: bool) -> Term:
        terms = partial(self._relation, leaf.field)
        match leaf.comparison:
            case Comparison.ONE_OF:
                if want:
                    return _any([terms(Comparison.EQ, value) for value in leaf.operands])
                return _every([terms(Comparison.NE, value) for value in leaf.operands])
            case Comparison.BETWEEN:
                low, high = leaf.operands
                if want:
                    return _every([terms(Comparison.GE, low), terms(Comparison.LE, high)])
                return _any([terms(Comparison.LT, low), terms(Comparison.GT, high)])
            case comparison:
                return terms(comparison if want else _OPPOSITE[comparison], leaf.value)

    def _relation(self, name: str, comparison: Comparison, value: Any) -> Term:
        known = fields_of(self.kind).get(name)
        found: str | None
        made: str | int
        match value:
            case bool():
                found, made = self._path(name), int(value)
            case str():
                found, made = self._path(name), str(value)
            case Decimal():
                return self._number(self._path(name, "number"), comparison, value)
            case Money():
                amount = self._number(self._path(name, "money", "amount"), comparison, value.amount)
                currency = self._path(name, "money", "currency")
                return (
                    None
                    if amount is None
                    else _every([amount, ("json_extract(body, ?) = ?", (currency, value.currency))])
                )
            case datetime():
                found, made = self._path(name, "instant"), instant_text(value)
            case date():
                found, made = self._path(name, "date"), value.isoformat()
            case _:
                return None
        if found is None or (known is not None and known.type in (FieldType.TEXTS, FieldType.ITEMS)):
            return None
        return f"json_extract(body, ?) {_SIGNS[comparison]} ?", (found, made)

    def _number(self, path: str | None, comparison: Comparison, value: Decimal) -> Term:
        if path is None:
            return None
        number, low, high = "CAST(json_extract(body, ?) AS REAL)", *_around(value)
        bounds: Mapping[Comparison, Callable[[], Term]] = {
            Comparison.EQ: lambda: (f"{number} BETWEEN ? AND ?", (path, low, high)),
            Comparison.NE: lambda: ("json_extract(body, ?) IS NOT NULL", (path,)),
            Comparison.LT: lambda: (f"{number} <= ?", (path, high)),
            Comparison.LE: lambda: (f"{number} <= ?", (path, high)),
            Comparison.GT: lambda: (f"{number} >= ?", (path, low)),
            Comparison.GE: lambda: (f"{number} >= ?", (path, low)),
        }
        return bounds[comparison]()


def _around(value: Decimal) -> tuple[float, float]:
    number = float(value)
    margin = abs(number) * _MARGIN
    return number - margin, number + margin
