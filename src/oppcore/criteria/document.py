"""Criteria as data: a table of which one key says what it is, `{present = "budget"}`, `{any = [{…}, {…}]}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from oppcore.criteria.approved import Approved
from oppcore.criteria.combinators import AllOf, AnyOf, Criterion, Exists, Not, SomeOf
from oppcore.criteria.leaf import Leaf
from oppcore.criteria.leaves import Answered, Compare, Comparison, Elapsed, Match, Present, Role, Text
from oppcore.document import (
    DocumentFault,
    collect,
    make_converter,
    read_money,
    structure,
    unknown_key,
    want_list,
    want_table,
)
from oppcore.errors import Problem
from oppcore.money import Money, decimal_text
from oppcore.records import ITEM_FIELDS, Field, FieldType
from oppcore.spelling import suggest

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["CriterionReader", "write_criterion"]

_TYPES: Mapping[FieldType, Any] = {
    FieldType.TEXT: str,
    FieldType.CHOICE: str,
    FieldType.NUMBER: Decimal,
    FieldType.DATE: date,
    FieldType.INSTANT: datetime,
    FieldType.FLAG: bool,
}


class CriterionReader:
    """Reads criteria: knows the fields they may speak of and the currency of bare amounts."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        currency: str | None,
        *,
        own: Mapping[str, type[Leaf]] | None = None,
    ) -> None:
        self._fields = fields
        self._currency = currency
        self._own = own or {}
        self._lazy_converter: Converter | None = None
        self._readers: Mapping[str, Callable[[dict[str, Any]], Criterion]] = {
            "present": self._present,
            "compare": self._compare,
            "text": self._text,
            "elapsed": self._elapsed,
            "exists": self._exists,
            "answered": self._answered,
            "approved": self._approved,
            "role": self._role,
            "all": self._all,
            "any": self._any,
            "some": self._some,
            "not": self._not,
            **{name: partial(self._read_own, name) for name in self._own},
        }

    @property
    def _converter(self) -> Converter:
        if self._lazy_converter is None:
            self._lazy_converter = make_converter()
        return self._lazy_converter

    def read(self, table: Any) -> Criterion:
        """Read one criterion. Raises `DocumentFault` with every fault."""
        given = want_table(table)
        kinds = [key for key in given if key in self._readers]
        if len(kinds) != 1:
            near = suggest(next(iter(given), ""), self._readers)
            raise DocumentFault.one("criterion.kind", have=sorted(given), known=list(self._readers), suggestion=near)
        return self._readers[kinds[0]](given)

    def read_gate(self, tables: Any) -> tuple[Criterion, ...]:
        """Read a list of criteria, all of which must hold."""
        items = want_list(tables)
        return tuple(collect((f"[{n}]", partial(self.read, item)) for n, item in enumerate(items)))

    def _closed(self, table: dict[str, Any], *known: str) -> None:
        if unknown := sorted(set(table) - set(known)):
            raise DocumentFault(tuple(unknown_key(key, known) for key in unknown))

    def _value(self, table: dict[str, Any], key: str, type_: Any) -> Any:
        [value] = collect([(key, lambda: self._converter.structure(table[key], type_))])
        return value

    def _field(self, table: dict[str, Any], key: str) -> Field:
        name = self._value(table, key, str)
        if (field := self._fields.get(name)) is None:
            params = {"what": "field", "key": name[:80], "suggestion": suggest(name, self._fields)}
            raise DocumentFault((Problem("key.unknown", key, params),))
        return field

    def _present(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "present")
        return Present(self._field(table, "present").name)

    def _one(self, field: Field, value: Any) -> Any:
        if field.type is FieldType.MONEY:
            return read_money(value, self._currency)
        if field.type in (FieldType.TEXTS, FieldType.ITEMS, FieldType.ANSWERS):
            raise DocumentFault.one("criterion.no_comparison", key=field.name)
        found = self._converter.structure(value, _TYPES[field.type])
        if not field.choices:
            return found
        if found not in field.choices:
            raise DocumentFault.one("document.choice", need=field.choices, have=str(found)[:80])
        return field.choices[field.choices.index(found)]  # a choice of ours, where the field is: it can be translated

    def _operand(self, field: Field, comparison: Comparison, value: Any) -> Any:
        if comparison not in (Comparison.ONE_OF, Comparison.BETWEEN):
            return self._one(field, value)
        items = want_list(value)
        return tuple(collect((f"[{n}]", partial(self._one, field, item)) for n, item in enumerate(items)))

    def _compare(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "compare", *Comparison)
        given = [comparison for comparison in Comparison if comparison in table]
        if len(given) != 1:
            raise DocumentFault.one("criterion.one_of", known=list(Comparison), have=given)
        field = self._field(table, "compare")
        [value] = collect([(str(given[0]), lambda: self._operand(field, given[0], table[given[0]]))])
        try:
            return Compare(field.name, given[0], value)
        except (TypeError, ValueError) as error:
            raise DocumentFault.one("document.value", str(given[0]), why=str(error)) from None

    def _text(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "text", *Match)
        given = [match for match in Match if match in table]
        if len(given) != 1:
            raise DocumentFault.one("criterion.one_of", known=list(Match), have=given)
        field = self._field(table, "text")
        if field.type not in (FieldType.TEXT, FieldType.CHOICE):
            raise DocumentFault.one("criterion.no_text", "text", key=field.name)
        return self._made(str(given[0]), lambda: Text(field.name, given[0], self._value(table, given[0], str)))

    def _elapsed(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "elapsed", "at_least_days", "at_most_days")
        since = self._value(table, "elapsed", str)
        limits = {key: self._value(table, key, Decimal) for key in ("at_least_days", "at_most_days") if key in table}
        return self._made("elapsed", lambda: Elapsed(since, **limits))

    def _exists(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "exists", "where", "at_least")
        field = self._field(table, "exists")
        if field.type is not FieldType.ITEMS:
            raise DocumentFault.one("criterion.no_items", "exists", key=field.name, known=sorted(ITEM_FIELDS))
        below = CriterionReader(ITEM_FIELDS[field.name], self._currency, own=self._own)
        where = self._made("where", lambda: below.read(table["where"])) if "where" in table else None
        at_least = self._value(table, "at_least", int) if "at_least" in table else 1
        return self._made("at_least", lambda: Exists(field.name, where, at_least))

    def _answered(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "answered")
        return self._made("answered", lambda: Answered(self._converter.structure(table["answered"], tuple[str, ...])))

    def _approved(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "approved")
        return self._made("approved", lambda: Approved(self._converter.structure(table["approved"], str)))

    def _read_own(self, name: str, table: dict[str, Any]) -> Criterion:
        self._closed(table, name)
        return self._made(name, lambda: structure(self._converter, want_table(table[name]), self._own[name]))

    def _role(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "role")
        roles = table["role"]
        wanted = [roles] if isinstance(roles, str) else roles
        return self._made("role", lambda: Role(self._converter.structure(wanted, tuple[str, ...])))

    def _made(self, path: str, make: Callable[[], Criterion]) -> Criterion:
        [criterion] = collect([(path, make)])
        return criterion

    def _parts(self, table: dict[str, Any], key: str) -> tuple[Criterion, ...]:
        [parts] = collect([(key, lambda: self.read_gate(table[key]))])
        return parts

    def _all(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "all")
        return AllOf(self._parts(table, "all"))

    def _any(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "any")
        return AnyOf(self._parts(table, "any"))

    def _some(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "some", "of")
        if "of" not in table:
            raise DocumentFault.one("document.missing", "of")
        number = self._value(table, "some", int)
        parts = self._parts(table, "of")
        return self._made("some", lambda: SomeOf(number, parts))

    def _not(self, table: dict[str, Any]) -> Criterion:
        self._closed(table, "not")
        return self._made("not", lambda: Not(self.read(table["not"])))


def _plain(value: Any) -> Any:
    match value:
        case Money(amount, currency):
            return {"amount": decimal_text(amount), "currency": currency}
        case Decimal():
            return decimal_text(value)
        case tuple():
            return [_plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case date():
            return value.isoformat()
        case _:
            return str(value) if isinstance(value, str) else value


def write_criterion(criterion: Criterion, own: Mapping[str, type[Leaf]] | None = None) -> dict[str, Any]:
    """Give a criterion as plain data that `CriterionReader.read` turns back into an equal one.

    `own` names the host's criteria. Raises `TypeError` for one that is not named, for it has no form as data.
    """
    write = partial(write_criterion, own=own)
    match criterion:
        case Present(field):
            return {"present": field}
        case Compare(field, comparison, value):
            return {"compare": field, str(comparison): _plain(value)}
        case Text(field, how, value):
            return {"text": field, str(how): value}
        case Elapsed(since):
            limits = {"at_least_days": criterion.at_least_days, "at_most_days": criterion.at_most_days}
            return {"elapsed": str(since)} | {key: _plain(days) for key, days in limits.items() if days is not None}
        case Exists(collection, where, at_least):
            found: dict[str, Any] = {"exists": collection}
            if where is not None:
                found["where"] = write(where)
            return found if at_least == 1 else {**found, "at_least": at_least}
        case Answered(items):
            return {"answered": list(items)}
        case Approved(subject):
            return {"approved": subject}
        case Role(roles):
            return {"role": list(roles)}
        case AllOf(parts):
            return {"all": [write(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [write(part) for part in parts]}
        case SomeOf(number, parts):
            return {"some": number, "of": [write(part) for part in parts]}
        case Not(part):
            return {"not": write(part)}
        case _:
            for name, type_ in (own or {}).items():
                if type(criterion) is type_:
                    return {name: make_converter().unstructure(criterion)}
            message = f"{type(criterion).__name__} is a criterion of the host's own and has no form as data"
            raise TypeError(message)
