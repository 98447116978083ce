"""Folding rows as they come, opportunity by opportunity: for more than fits in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, tzinfo
from itertools import groupby
from operator import attrgetter

from oppcore.history.fold import fold_placed, places_of
from oppcore.history.history import make_history
from oppcore.history.row import Row
from oppcore.history.trail import Trail
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline

__all__ = ["fold_sorted"]


def fold_sorted(
    rows: Iterable[Row],
    pipeline: Pipeline,
    *,
    as_of: date,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
) -> Iterator[Trail]:
    """Give the trail of each opportunity from rows that come together by opportunity, in any order within each.

    One opportunity is held at a time (and the ids of those before), so that rows may come from a sorted query or file
    of any length. Trails are those of `fold_history` with the same `as_of` and `known_on`, in the order in which the
    opportunities come; rows that could not be read stand in `trail.unused`, and nothing is refused.

    Raises `ValueError` when an opportunity comes again after another one, and for a date without a `timezone`.
    """
    until, known = as_instant(as_of, timezone), None if known_on is None else as_instant(known_on, timezone)
    places = places_of(pipeline)
    seen: set[str] = set()
    for id, run in groupby(rows, key=attrgetter("opportunity_id")):
        if id in seen:
            message = f"the rows of opportunity {id!r} are not together; sort them by opportunity"
            raise ValueError(message)
        seen.add(id)
        history = make_history(row for row in run if known is None or row.known_at <= known).corrected()
        for _, kept in history:
            if past := [row for row in kept if row.at <= until]:
                yield fold_placed(past, pipeline.key, places)
