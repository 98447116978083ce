"""Searching by a condition: the store asks what it can, the rest is judged page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, final

import attrs

from oppcore.criteria import Criterion, Situation
from oppcore.desk import requests
from oppcore.desk.loading import kind_for
from oppcore.desk.requests import Steps
from oppcore.desk.shell import Shell
from oppcore.records import Actor, Outcome, Record
from oppcore.repository.paging import make_search_cursor, place_of, read_search_cursor
from oppcore.repository.powers import part_for
from oppcore.repository.query import MAX_PAGE, Query

__all__ = ["Found", "search"]

R = TypeVar("R", bound=Record)
R_co = TypeVar("R_co", bound=Record, covariant=True)

_PAGE = 500  # rows of a page where most of them will not fit


@final
@attrs.frozen
class Found(Generic[R_co]):
    """Deals of which a condition is true, in order, and how many rows were read from the store to find them.

    `cursor` goes on where reading stopped; None where everything was read.
    """

    items: tuple[R_co, ...]
    cursor: str | None
    read: int


def search(
    desk: Shell[R],
    *,
    where: Criterion,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
    pipeline: str | None = None,
    stages: Iterable[str] | None = None,
    outcomes: Iterable[Outcome | str] | None = None,
    owners: Iterable[str] | None = None,
    ids: Iterable[str] | None = None,
    changed_since: datetime | None = None,
    removed: bool | None = False,
    order: Literal["changed_at", "id"] = "changed_at",
    cursor: str | None = None,
    limit: int = 100,
    reading: int = 10_000,
) -> Steps[Found[R]]:
    """Give the deals of which a condition is true, at most `limit`; other filters and the order are those of `find`.

    `where` is any criterion, asked at the instant `at` of `actor` with `facts`; deals of which it is unknown are not
    given. Stores with the power `Filter` ask the parts they take themselves; what they give is judged in full here. At
    most `reading` rows are read, so that a page may hold few deals, or none, and still have a cursor: give it back with
    the same filters and condition.
    """
    part = part_for(desk.powers, where)
    query = Query(
        kind=kind_for(desk.of),
        tenant=desk.tenant,
        pipeline=pipeline,
        stages=stages,
        outcomes=outcomes,
        owners=owners,
        ids=ids,
        changed_since=changed_since,
        removed=removed,
        where=part,
        order=order,
        limit=limit,
    )
    if type(reading) is not int or reading < 1:
        message = f"reading is a number of rows from 1, not {reading!r}"
        raise ValueError(message)
    begin, behind = read_search_cursor(query, cursor)
    found: list[R] = []
    read = 0
    while True:
        size = min(MAX_PAGE, reading - read, limit if part == where else _PAGE)
        page = yield from requests.find(attrs.evolve(query, cursor=begin, limit=size))
        for stored in page.items:
            place, record = place_of(stored, query), stored.record
            if behind is not None and place <= behind:
                continue  # seen the last time
            if len(found) == limit:
                return Found(tuple(found), make_search_cursor(query, begin, behind), read)
            read, behind = read + 1, place
            if isinstance(record, desk.of):
                situation = Situation(record=record, at=at, actor=actor, facts=facts or {})
                if where.judge(situation) is True:
                    found.append(record)
        begin, behind = page.cursor, None
        if begin is None:
            return Found(tuple(found), None, read)
        if len(found) == limit or read >= reading:
            return Found(tuple(found), make_search_cursor(query, begin, None), read)
