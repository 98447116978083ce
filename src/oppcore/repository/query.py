"""What is asked of a store, and what it answers: which records, in which order, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, final

import attrs

from oppcore.criteria import Criterion
from oppcore.pipeline import Pipeline
from oppcore.records import Key, Outcome, Record
from oppcore.records.checks import MAX_KEY, check_text, key_text, optional_aware, optional_key

__all__ = ["MAX_PAGE", "Page", "Query", "Stored"]

MAX_PAGE = 1_000
"""Items of a page, and values of one filter of a query."""

T_co = TypeVar("T_co", covariant=True)


@final
@attrs.frozen
class Stored:
    """What is there: a record and its version. A key of kind `guard` is a bare counter and holds no record."""

    key: Key
    record: Record | Pipeline | None
    version: int


@final
@attrs.frozen
class Page(Generic[T_co]):
    """Some items in order, and the cursor for the next page; None when this is the last."""

    items: tuple[T_co, ...]
    cursor: str | None = None


def _to_texts(values: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(values, str):
        message = f"a list of texts is wanted, not the text {values!r}"
        raise TypeError(message)
    return None if values is None else tuple(values)


def _to_outcomes(values: Iterable[Outcome | str] | None) -> tuple[Outcome, ...] | None:
    texts = _to_texts(values)
    return None if texts is None else tuple(Outcome(text) for text in texts)


def _few_keys(_instance: Any, attribute: Any, values: tuple[str, ...] | None) -> None:
    if values is not None and len(values) > MAX_PAGE:
        message = f"{attribute.name}: at most {MAX_PAGE} values, not {len(values)}; ask in parts"
        raise ValueError(message)
    for value in values or ():
        check_text(value, attribute.name, limit=MAX_KEY)


def _flag(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and type(value) is not bool:
        message = f"{attribute.name} is True, False or None, not {value!r}"
        raise TypeError(message)


def _few(_instance: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or not 1 <= value <= MAX_PAGE:
        message = f"{attribute.name} is a number from 1 to {MAX_PAGE}, not {value!r}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Query:
    """Which records of one kind and tenant, in which order. A filter left at None admits all; an empty one admits none.

    Records that were removed or merged are left out unless `removed` is True (those alone) or None (those too). `where`
    is a condition for stores with the power `Filter`; `Desk.search` splits it for any store.
    `changed_since` admits what changed at that instant or later. Orders are ascending: whoever pages by `changed_at`
    while others write sees a record twice at worst, and misses none. What ties is ordered by id.
    """

    kind: str = attrs.field(default="opportunity", validator=key_text)
    tenant: str = attrs.field(default="main", validator=key_text)
    pipeline: str | None = attrs.field(default=None, validator=optional_key)
    stages: tuple[str, ...] | None = attrs.field(default=None, converter=_to_texts, validator=_few_keys)
    outcomes: tuple[Outcome, ...] | None = attrs.field(default=None, converter=_to_outcomes)
    owners: tuple[str, ...] | None = attrs.field(default=None, converter=_to_texts, validator=_few_keys)
    ids: tuple[str, ...] | None = attrs.field(default=None, converter=_to_texts, validator=_few_keys)
    changed_since: datetime | None = attrs.field(default=None, validator=optional_aware)
    removed: bool | None = attrs.field(default=False, validator=_flag)
    where: Criterion | None = None
    order: Literal["changed_at", "id"] = attrs.field(
        default="changed_at", validator=attrs.validators.in_(("changed_at", "id"))
    )
    cursor: str | None = None
    limit: int = attrs.field(default=100, validator=_few)
