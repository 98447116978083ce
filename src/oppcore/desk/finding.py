"""Finding what is kept: pipelines, records, lists of them, and what happened to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, TypeVar

from oppcore.desk import requests
from oppcore.desk.loading import get_history, get_pipeline, get_record, get_revision, kind_for
from oppcore.desk.requests import Steps
from oppcore.desk.shell import Shell
from oppcore.engine import Change
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome, Record
from oppcore.repository.query import Page, Query

__all__ = ["find", "get", "history", "pipeline"]

R = TypeVar("R", bound=Record)


def pipeline(desk: Shell[Any], key: str, *, revision: int | None = None) -> Steps[Pipeline]:
    """Give the newest revision of a pipeline, or an earlier one. Raises `NotFound`.

    A revision is kept when `publish` puts the next one in its place.
    """
    newest = yield from get_pipeline(desk.tenant, key)
    if revision is None or newest.revision == revision:
        return newest
    return (yield from get_revision(desk.tenant, key, revision))


def get(desk: Shell[R], id: str) -> Steps[R]:
    """Give a deal. Raises `NotFound`."""
    return get_record(desk.tenant, id, desk.of)


def find(
    desk: Shell[R],
    *,
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
) -> Steps[Page[R]]:
    """Give a page of deals; its cursor, with the same filters, gives the next. See `Query`.

    Deals that were removed or merged are left out, unless `removed` is True (those alone) or None (those too).
    """
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
        order=order,
        cursor=cursor,
        limit=limit,
    )
    page = yield from requests.find(query)
    return Page(tuple(stored.record for stored in page.items if isinstance(stored.record, desk.of)), page.cursor)


def history(desk: Shell[Any], id: str) -> Steps[tuple[Change, ...]]:
    """Give everything that happened to a deal, in order; `replay` of it is the deal. Raises `NotFound`."""
    return get_history(desk.tenant, id, desk.of)
