"""Counting without following every deal: deals to which the same happened in the same order are looked at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date, datetime, tzinfo
from operator import attrgetter
from typing import Generic, TypeVar, final

import attrs

from oppcore.errors import Problem
from oppcore.history.fold import fold_placed, places_of
from oppcore.history.history import History, standing_rows
from oppcore.history.past import find_left_out
from oppcore.history.row import RowKind
from oppcore.history.trail import Trail
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline

__all__ = ["Shapes", "read_shapes"]

V = TypeVar("V")
_AT = attrgetter("at")
_ENTRY = RowKind.ENTRY


@final
@attrs.frozen(kw_only=True)
class Shapes(Generic[V]):
    """What is to be said of each opportunity that exists, in the order of the history; the rest as in a `Past`."""

    as_of: datetime | None
    known_on: datetime | None
    values: Mapping[str, V] = attrs.field(hash=False)
    left_out: tuple[Problem, ...]


def read_shapes(
    history: History,
    pipeline: Pipeline,
    say: Callable[[Trail], V],
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Shapes[V]:
    """Give what `say` says of the trail of each opportunity, many times faster than by folding all of them.

    For this it is asked only once about all opportunities of one shape: those whose rows name the same stages, outcomes
    and pipelines in the same order. So it may look at the order of things, and at the outcome, but at no instant,
    amount or other value, nor at the id. The settings, and what is raised and left out, are those of `fold_history`.
    """
    known = None if known_on is None else as_instant(known_on, timezone)
    if known is not None:
        history = history.known_on(known)
    until = None if as_of is None else as_instant(as_of, timezone)
    places = places_of(pipeline)
    by_shape: dict[tuple[object, ...], V] = {}
    values: dict[str, V] = {}
    odd: list[Trail] = []
    last: datetime | None = None
    seen = 0
    for id, said in history:
        rows = said
        if until is not None and rows[-1].at > until:
            rows = tuple(standing_rows(rows))
            rows = rows[: bisect_right(rows, until, key=_AT)]
        shape: tuple[object, ...] = tuple([row.stage for row in rows])
        for row in rows:
            if row.outcome or row.pipeline or row.corrects is not None or row.kind is not _ENTRY:
                shape = tuple([(row.stage, row.outcome, row.kind, row.pipeline, row.corrects) for row in rows])
                break
        try:
            values[id] = by_shape[shape]
        except KeyError:
            straight = not any(row.corrects is not None for row in rows)
            rows = rows if straight else tuple(standing_rows(rows))
            if not rows:
                continue
            trail = fold_placed(rows, pipeline.key, places)
            if trail.standing is not None:
                values[id] = say(trail)
            if trail.standing is None or trail.unused or not straight:
                odd.append(trail)
            else:
                by_shape[shape] = values[id]
        seen += len(rows)
        at = rows[-1].at
        if last is None or at > last:
            last = at
    left_out = () if last is None else find_left_out(odd, pipeline, seen=seen, lenient=lenient)
    return Shapes(
        as_of=until if until is not None or last is None else as_instant(last, timezone),
        known_on=known,
        values=values,
        left_out=history.left_out + left_out,
    )
