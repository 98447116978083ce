"""Where a page ends: the place of a record in an order, and cursors that fit one query, or one feed, only.

For adapters: every store orders by `place_of` (texts by code point) and hands out the same cursors.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from oppcore.codec import instant_text
from oppcore.criteria import Situation
from oppcore.errors import InvalidDocument, Problem
from oppcore.records import Lead, Opportunity
from oppcore.repository.query import MAX_PAGE, Page, Query, Stored

__all__ = [
    "check_limit",
    "instant_text",
    "make_cursor",
    "make_feed_cursor",
    "make_search_cursor",
    "page_of",
    "place_of",
    "read_cursor",
    "read_feed_cursor",
    "read_search_cursor",
]


def place_of(stored: Stored, query: Query) -> tuple[str, ...]:
    """Give where a record stands in the query's order; what has no changes stands before all that have."""
    if query.order == "id":
        return (stored.key.id,)
    record = stored.record
    return (instant_text(record.progress.changed_at) if isinstance(record, (Opportunity, Lead)) else "", stored.key.id)


def check_limit(limit: int) -> int:
    """Give the limit back. Raises `ValueError` when it is not between 1 and `MAX_PAGE`."""
    if not 1 <= limit <= MAX_PAGE:
        message = f"limit is a number from 1 to {MAX_PAGE}, not {limit!r}"
        raise ValueError(message)
    return limit


def _fingerprint(query: Query) -> str:
    import hashlib

    since = None if query.changed_since is None else instant_text(query.changed_since)
    filters = [query.pipeline, query.stages, query.outcomes, query.owners, query.ids, since, query.removed]
    filters += [] if query.where is None else [repr(query.where)]
    asked = json.dumps([query.tenant, query.kind, query.order, *filters])
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _write(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _read(cursor: str) -> list[Any]:
    """Give the parts of a cursor; an empty list for what is none."""
    try:
        found: Any = json.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
    except (ValueError, AttributeError, RecursionError):
        return []
    return found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]


def _refusal() -> InvalidDocument:
    return InvalidDocument((Problem("cursor.other", "cursor"),))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def make_cursor(query: Query, place: tuple[str, ...]) -> str:
    """Give the text that lets the same query go on behind a place."""
    return _write(_fingerprint(query), *place)


def read_cursor(query: Query) -> tuple[str, ...] | None:
    """Give the place behind which a query goes on, or None from the start.

    Raises `InvalidDocument` for a cursor that was not made for this query: other tenant, filter or order.
    """
    if query.cursor is None:
        return None
    mark, *place = _read(query.cursor) or [None]
    if mark != _fingerprint(query) or len(place) != (1 if query.order == "id" else 2) or not all(map(_is_text, place)):
        raise _refusal()
    return tuple(place)


def make_feed_cursor(tenant: str | None, position: int) -> str:
    """Give the text that lets the same feed go on behind a position in the order of commits."""
    return _write("feed", tenant, position)


def read_feed_cursor(tenant: str | None, cursor: str | None) -> int:
    """Give the position behind which a feed goes on; 0 from the start.

    Raises `InvalidDocument` for a cursor that was not made for this feed.
    """
    if cursor is None:
        return 0
    parts = _read(cursor)
    if len(parts) != 3 or parts[:2] != ["feed", tenant] or type(parts[2]) is not int or not 0 <= parts[2] < 2**63:
        raise _refusal()
    position: int = parts[2]
    return position


def make_search_cursor(query: Query, page: str | None, place: tuple[str, ...] | None) -> str:
    """Give the text that lets a search go on: on the page that a store's cursor leads to, behind a place there."""
    return _write("search", _fingerprint(query), page, None if place is None else list(place))


def read_search_cursor(query: Query, cursor: str | None) -> tuple[str | None, tuple[str, ...] | None]:
    """Give the store's cursor of the page on which a search goes on, and the place behind which.

    Raises `InvalidDocument` for a cursor that was not made for this search.
    """
    if cursor is None:
        return None, None
    parts = _read(cursor)
    if len(parts) != 4 or parts[:2] != ["search", _fingerprint(query)]:
        raise _refusal()
    page, place = parts[2:]
    if not (page is None or _is_text(page)) or not (place is None or isinstance(place, list)):
        raise _refusal()
    if place is not None and not all(map(_is_text, place)):  # pyright: ignore[reportUnknownArgumentType]
        raise _refusal()
    return page, None if place is None else tuple(place)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _admits(query: Query, stored: Stored) -> bool:
    key, record = stored.key, stored.record
    if (key.kind, key.tenant) != (query.kind, query.tenant) or (query.ids is not None and key.id not in query.ids):
        return False
    if not isinstance(record, (Opportunity, Lead)):
        asked = (query.pipeline, query.stages, query.outcomes, query.owners, query.changed_since, query.where)
        return asked == (None,) * 6 and not query.removed
    progress = record.progress
    return (
        (query.pipeline is None or progress.pipeline == query.pipeline)
        and (query.stages is None or progress.stage in query.stages)
        and (query.outcomes is None or progress.outcome in query.outcomes)
        and (query.owners is None or record.team.owner_id in query.owners)
        and (query.changed_since is None or progress.changed_at >= query.changed_since)
        and (query.removed is None or query.removed == (progress.removal is not None))
        and (query.where is None or query.where.judge(Situation(record=record, at=progress.changed_at)) is True)
    )


def page_of(query: Query, stored: Iterable[Stored]) -> Page[Stored]:
    """Give the page that a query admits of what is stored, in its order.

    For stores that filter in plain code. They may leave out what they know the query does not admit.
    """
    behind = read_cursor(query)
    found = [one for one in stored if _admits(query, one)]
    placed = sorted(((place_of(one, query), one) for one in found), key=lambda pair: pair[0])
    rest = [pair for pair in placed if behind is None or pair[0] > behind]
    page = rest[: query.limit]
    cursor = make_cursor(query, page[-1][0]) if len(rest) > len(page) else None
    return Page(tuple(one for _, one in page), cursor)
