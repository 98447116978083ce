"""What gates and approvals ask about: the values worth trying in one pipeline, and what each move needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Any, final

import attrs

from oppcore.criteria import (
    AllOf,
    Answered,
    Compare,
    Criterion,
    Elapsed,
    Exists,
    Not,
    Present,
    Role,
    Text,
    Witness,
    find_witness,
)
from oppcore.criteria.combinators import leaves_of
from oppcore.criteria.domains import durations, plain_values, text_values
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Rule
from oppcore.pipeline.edges import Edge
from oppcore.pipeline.rules import stay_rules
from oppcore.proof.declared import named_roles
from oppcore.proof.model import is_built_in
from oppcore.proof.places import criteria_of
from oppcore.records import CustomFields, Field, FieldType, Quote, Record
from oppcore.records.fields import find_field_problem
from oppcore.testing.sides import Side, find_operands

__all__ = ["Hints", "settable"]

_BUDGET = 2_000
_DAY = timedelta(days=1)
_MOST_DIGITS = 12


def settable(pipeline: Pipeline, record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values as they can be set: what is read from the current quote is written into it, or into a first one."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        field = pipeline.field(name)
        if field is None or not field.quote_field:
            found[name] = value
            continue
        solution: Any = getattr(record, "solution", None)
        quotes = found.get("quotes", solution.quotes if solution is not None else ())
        current = solution.current_quote_id if solution is not None else None
        if all(quote.id != current for quote in quotes):
            current = _fresh_id(quotes)
            quotes = (*quotes, Quote(id=current))
        found["quotes"] = tuple(
            attrs.evolve(quote, **{field.quote_field: value}) if quote.id == current else quote for quote in quotes
        )
        found["current_quote_id"] = current
    return found


@final
class Hints:
    """What is worth trying in a pipeline; `further` are criteria that matter beside its own."""

    def __init__(self, pipeline: Pipeline, further: Iterable[Criterion] = ()) -> None:
        self.pipeline = pipeline
        self._further = tuple(further)
        self._known: dict[str, Witness | None] = {}
        self._sides: dict[str, tuple[Witness, ...]] = {}

    @cached_property
    def _leaves(self) -> tuple[Any, ...]:
        asked = (*(criterion for _, criterion in criteria_of(self.pipeline)), *self._further)
        return tuple(leaf for criterion in asked for leaf in leaves_of(criterion))

    @cached_property
    def waits(self) -> tuple[timedelta, ...]:
        """How long it is worth waiting: not at all, a day, and to the limits of clocks, on either side of each."""
        limits = durations(leaf for leaf in self._leaves if isinstance(leaf, Elapsed))
        return (timedelta(), _DAY, *(one for one in limits if one > timedelta()))

    @cached_property
    def roles(self) -> frozenset[str]:
        """Every role that the pipeline names."""
        return frozenset(role for _, roles in named_roles(self.pipeline) for role in roles)

    @cached_property
    def amendments(self) -> tuple[Mapping[str, Any], ...]:
        """What is worth setting: for every field that is asked about, values on either side of each limit, and none.

        What approvals cover comes first, and more often than its share.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for values in self._amendments():
            found.setdefault(repr(values), values)
        covered = {cover.field for approval in self.pipeline.approvals for cover in approval.covers}
        often = tuple(values for values in found.values() if not covered.isdisjoint(values))
        return (*often, *found.values(), *often)

    def people(self, choice: int) -> frozenset[str]:
        """Give the roles somebody has: none, all there are, or one of them."""
        sets = (frozenset[str](), self.roles, *(frozenset([role]) for role in sorted(self.roles)))
        return sets[choice % len(sets)]

    def _amendments(self) -> Iterator[Mapping[str, Any]]:
        covered = [cover.field for approval in self.pipeline.approvals for cover in approval.covers]
        asked = [leaf.field for leaf in self._leaves if isinstance(leaf, (Present, Compare, Text))]
        for name in dict.fromkeys([*covered, *asked]):
            field = self.pipeline.field(name)
            if field is not None:
                yield from ({name: value} for value in self._values(field))
        for leaf in self._leaves:
            if isinstance(leaf, (Exists, Answered)):
                for wanted in (leaf, Not(leaf)):
                    witness = self._solve((wanted,))
                    if witness is not None and witness.values:
                        yield witness.values

    def _values(self, field: Field) -> Iterator[Any]:
        about = [leaf for leaf in self._leaves if getattr(leaf, "field", None) == field.name]
        if field.type is FieldType.ITEMS:
            found = (find_witness([Exists(field.name)], fields=self.pipeline.known_fields),)
            yield from (one.values[field.name] for one in found if isinstance(one, Witness))
            yield ()
        elif field.type is FieldType.ANSWERS:
            yield CustomFields({"x": True})
            yield None
        else:
            for value in (*self._plain(field, about), None):
                if not _is_extreme(value) and _fits(field, value):
                    yield value

    def _plain(self, field: Field, about: Sequence[Any]) -> Iterator[Any]:
        if field.type is FieldType.TEXT and not field.choices:
            tried = text_values(about, [leaf for leaf in about if isinstance(leaf, Text)])
            yield from ("x", *(value for value in tried if value.isprintable()))
        else:
            yield from plain_values(field, about)
            yield from self._beside(field, about)

    def _beside(self, field: Field, about: Iterable[Any]) -> Iterator[Any]:
        if field.type is FieldType.MONEY:  # amounts that nobody asks about, in the money of the process
            code = self.pipeline.currency or "EUR"
            yield from (Money(units, code) for units in (1, 2, 100))
        for leaf in about:
            if isinstance(leaf, Compare):
                yield from find_operands(leaf)

    def opening(self, edge: Edge) -> Witness | None:
        """Give what lets a record be opened; None where that is not known."""
        return self._solve((*_decided(edge.gate), *_roles_of(edge)))

    def meet(self, edge: Edge, unmet: Iterable[Rule], choice: int = 0) -> Iterator[Witness]:
        """Give what lets an edge be taken: what meets the rules that are not met, then what meets all there are.

        A `choice` other than 0 is for one of the less obvious ways: on a limit, or through another part of the gate.
        """
        if choice:
            sides = self._ways(edge)
            yield from sides[choice % len(sides) : choice % len(sides) + 1] if sides else ()
        stay = () if edge.source is None else stay_rules(self.pipeline.stage(edge.source.stage))
        for asked in (tuple(unmet), edge.gate, (*edge.gate, *stay)):
            witness = self._solve((*_decided(asked), *_roles_of(edge)))
            if witness is not None:
                yield witness

    def _ways(self, edge: Edge) -> tuple[Witness, ...]:
        gate = AllOf((*_decided(edge.gate), *_roles_of(edge)))
        if (key := repr(gate)) not in self._sides:
            first = self._solve(gate.parts)
            side = None if first is None else Side(gate, self.pipeline.known_fields, first, is_true=True)
            self._sides[key] = () if side is None else side.witnesses
        return self._sides[key]

    def _solve(self, criteria: tuple[Criterion, ...]) -> Witness | None:
        key = repr(criteria)
        if key not in self._known:
            found = find_witness(criteria, fields=self.pipeline.known_fields, budget=_BUDGET)
            self._known[key] = found if isinstance(found, Witness) else None
        return self._known[key]


def _decided(rules: Iterable[Rule]) -> Iterator[Criterion]:
    """Give the criteria that the solver can decide: what one of the host's own says nobody can know."""
    for rule in rules:
        if all(is_built_in(leaf) for leaf in leaves_of(rule.criterion)):
            yield rule.criterion


def _roles_of(edge: Edge) -> tuple[Criterion, ...]:
    asked = [policy.roles for _, policy in edge.policies if policy.roles] + [roles for _, roles in edge.roles]
    return tuple(Role(roles) for roles in asked)


def _fits(field: Field, value: Any) -> bool:
    if not field.quote_field:
        return value is None or find_field_problem(field, value) is None
    try:
        Quote(id="q", **{field.quote_field: value})
    except (TypeError, ValueError):
        return False
    return True


def _fresh_id(quotes: Iterable[Quote]) -> str:
    taken = {quote.id for quote in quotes}
    return next(f"q{number}" for number in count(1) if f"q{number}" not in taken)


def _is_extreme(value: Any) -> bool:
    number = value.amount if isinstance(value, Money) else value
    return isinstance(number, Decimal) and len(number.as_tuple().digits) > _MOST_DIGITS
