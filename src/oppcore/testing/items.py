"""Strategies for what records hold several of: quotes, competitors, needs and the like."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oppcore.records import (
    ITEM_FIELDS,
    ITEM_TYPES,
    Competitor,
    CompetitorStatus,
    CustomFields,
    Field,
    FieldType,
    Item,
    Member,
    is_present,
)

__all__ = ["answers", "items"]

_REQUIRED = {"text", "id", "name", "contact_id", "role", "kind", "signal", "at"}


def _one(name: str, values: Any) -> SearchStrategy[Any]:
    fields = ITEM_FIELDS[name]
    given = {
        key: values(field).filter(is_present)  # a name may be blank on a record, and never on an item
        for key, field in fields.items()
        if key in _REQUIRED or field.type is FieldType.FLAG
    }
    optional = {key: values(field) for key, field in fields.items() if key not in given}
    return st.fixed_dictionaries(given, optional=optional).map(lambda found: ITEM_TYPES[name](**found))


def _lawful(found: list[Item]) -> tuple[Item, ...]:
    """Keep what a record can hold together: unlike ids, one winner, splits that add up to 1."""
    unique: dict[Any, Item] = {}
    for item in found:
        unique.setdefault(getattr(item, "id", len(unique)), item)
    kept = list(unique.values())
    winners = 0
    for place, item in enumerate(kept):
        if isinstance(item, Competitor) and item.status is CompetitorStatus.WON_DEAL:
            winners += 1
            if winners > 1:
                kept[place] = Competitor(name=item.name)
        if isinstance(item, Member):
            kept[place] = Member(id=item.id, role=item.role, split=Decimal(place == 0))
    return tuple(kept)


def items(field: Field, values: Any) -> SearchStrategy[tuple[Item, ...]]:
    """Generate what a field that holds several items can hold; `values` generates the values of their fields."""
    return st.lists(_one(field.name, values), max_size=3).map(_lawful)


def answers() -> SearchStrategy[CustomFields]:
    """Generate answers to checklists."""
    given = st.one_of(st.booleans(), st.sampled_from(["yes", "the board", ""]))
    return st.dictionaries(st.sampled_from(["who", "when", "how"]), given, max_size=3).map(CustomFields)
