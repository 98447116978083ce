"""What can be asked of a desk: steps that load and change nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from oppcore.desk import requests
from oppcore.desk.requests import Steps
from oppcore.engine import Change
from oppcore.errors import Corrupt, NotFound
from oppcore.pipeline import Pipeline
from oppcore.records import Key, Opportunity
from oppcore.repository.protocol import MAX_PAGE, Page, Query

__all__ = ["find", "get_history", "get_opportunity", "get_pipeline", "with_rules"]

T = TypeVar("T")


def get_pipeline(tenant: str, key: str) -> Steps[Pipeline]:
    """Load the newest revision of a pipeline. Raises `NotFound`."""
    stored = yield from requests.load(Key("pipeline", key, tenant))
    if stored is None:
        raise NotFound("pipeline", key)
    if not isinstance(stored.record, Pipeline):
        raise Corrupt(f"pipeline {key!r} is stored as something else")
    return stored.record


def get_opportunity(tenant: str, id: str) -> Steps[Opportunity]:
    """Load a deal. Raises `NotFound`."""
    stored = yield from requests.load(Key("opportunity", id, tenant))
    if stored is None:
        raise NotFound("opportunity", id)
    if not isinstance(stored.record, Opportunity):
        raise Corrupt(f"opportunity {id!r} is stored as something else")
    return stored.record


def find(query: Query) -> Steps[Page[Opportunity]]:
    """Load a page of deals."""
    page = yield from requests.find(query)
    return Page(tuple(stored.record for stored in page.items if isinstance(stored.record, Opportunity)), page.cursor)


def get_history(tenant: str, id: str, *, after: int = 0, until: int | None = None) -> Steps[tuple[Change, ...]]:
    """Load the changes of a deal, page by page, from above one version up to another. Raises `NotFound` for none."""
    key, found, position = Key("opportunity", id, tenant), list[Change](), after
    while until is None or position < until:
        limit = MAX_PAGE if until is None else min(MAX_PAGE, until - position)
        page = yield from requests.history(key, after=position, limit=limit)
        found.extend(page.items)
        if page.cursor is None:
            break
        position = int(page.cursor)
    if not found and after == 0:
        raise NotFound("opportunity", id)
    return tuple(found)


def with_rules(tenant: str, id: str, ask: Callable[[Pipeline, Opportunity], T]) -> Steps[T]:
    """Load a deal and its pipeline, and ask the engine something about them. Raises `NotFound`."""
    record = yield from get_opportunity(tenant, id)
    pipeline = yield from get_pipeline(tenant, record.progress.pipeline)
    return ask(pipeline, record)
