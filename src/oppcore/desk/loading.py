"""Loading what is there: records, pipelines, histories."""

from __future__ import annotations

from typing import Any, TypeVar

from oppcore.desk import requests
from oppcore.desk.requests import Steps
from oppcore.engine import Change
from oppcore.errors import Corrupt, NotFound
from oppcore.pipeline import Pipeline
from oppcore.records import Key, Lead, Opportunity, Record, RecordKind
from oppcore.repository.commit import revision_id
from oppcore.repository.query import MAX_PAGE

__all__ = ["get_history", "get_pipeline", "get_record", "get_revision", "kind_for", "type_for"]

R = TypeVar("R", bound=Record)


def kind_for(type_: type[Any]) -> RecordKind:
    """Give the kind of the records of a type."""
    return RecordKind.LEAD if type_ is Lead else RecordKind.OPPORTUNITY


def type_for(kind: RecordKind) -> type[Record]:
    """Give the type of the records of a kind."""
    return Lead if kind is RecordKind.LEAD else Opportunity


def get_pipeline(tenant: str, key: str) -> Steps[Pipeline]:
    """Load the newest revision of a pipeline. Raises `NotFound`."""
    stored = yield from requests.load(Key("pipeline", key, tenant))
    if stored is None:
        raise NotFound("pipeline", key)
    if not isinstance(stored.record, Pipeline):
        raise Corrupt(f"pipeline {key!r} is stored as something else")
    return stored.record


def get_revision(tenant: str, key: str, revision: int) -> Steps[Pipeline]:
    """Load an earlier revision of a pipeline. Raises `NotFound`."""
    id = revision_id(key, revision)
    stored = yield from requests.load(Key("revision", id, tenant))
    if stored is None:
        raise NotFound("revision", id)
    if not isinstance(stored.record, Pipeline):
        raise Corrupt(f"revision {id!r} is stored as something else")
    return stored.record


def get_record(tenant: str, id: str, of: type[R]) -> Steps[R]:
    """Load a deal or a lead. Raises `NotFound`."""
    kind = kind_for(of)
    stored = yield from requests.load(Key(kind, id, tenant))
    if stored is None:
        raise NotFound(kind, id)
    if not isinstance(stored.record, of):
        raise Corrupt(f"{kind} {id!r} is stored as something else")
    return stored.record


def get_history(
    tenant: str, id: str, of: type[Any], *, after: int = 0, until: int | None = None
) -> Steps[tuple[Change, ...]]:
    """Load the changes of a record, page by page, from above one version up to another. Raises `NotFound` for none."""
    key, found, position = Key(kind_for(of), id, tenant), list[Change](), after
    while until is None or position < until:
        limit = MAX_PAGE if until is None else min(MAX_PAGE, until - position)
        page = yield from requests.history(key, after=position, limit=limit)
        found.extend(page.items)
        if page.cursor is None:
            break
        position = int(page.cursor)
    if not found and after == 0:
        raise NotFound(kind_for(of), id)
    return tuple(found)
