"""Where a page ends: the place of a record in an order, and cursors that fit one query only.

For adapters: every store orders by `place_of` (texts by code point) and hands out the same cursors.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from oppcore.codec import instant_text
from oppcore.errors import InvalidDocument, Problem
from oppcore.records import Lead, Opportunity
from oppcore.repository.protocol import MAX_PAGE, Query, Stored

__all__ = ["check_limit", "instant_text", "make_cursor", "place_of", "read_cursor"]


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
    filters = [query.pipeline, query.stages, query.outcomes, query.owners, query.ids, since]
    asked = json.dumps([query.tenant, query.kind, query.order, *filters])
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def make_cursor(query: Query, place: tuple[str, ...]) -> str:
    """Give the text that lets the same query go on behind a place."""
    return base64.urlsafe_b64encode(json.dumps([_fingerprint(query), *place]).encode()).decode()


def read_cursor(query: Query) -> tuple[str, ...] | None:
    """Give the place behind which a query goes on, or None from the start.

    Raises `InvalidDocument` for a cursor that was not made for this query: other tenant, filter or order.
    """
    if query.cursor is None:
        return None
    try:
        found: Any = json.loads(base64.b64decode(query.cursor.encode(), altchars=b"-_", validate=True))
        mark, *place = found
        fits = mark == _fingerprint(query) and len(place) == (1 if query.order == "id" else 2)
        for text in place:
            text.encode()
    except (ValueError, TypeError, AttributeError, RecursionError):
        fits, place = False, []
    if not fits:
        raise InvalidDocument((Problem("cursor.other", "cursor"),))
    return tuple(place)
