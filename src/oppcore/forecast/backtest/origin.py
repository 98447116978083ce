"""Origins: the instants at which forecasts are made, with what could be known then, and what became of the deals."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from operator import attrgetter
from typing import final

import attrs

from oppcore.history import History, Past, Standing, fold_history
from oppcore.history.fold import fold_placed, places_of
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.records.checks import aware

__all__ = ["Actuals", "ForecastOrigin", "find_actuals", "make_origins", "plan_origins", "view_history"]

_AT = attrgetter("at")
_MOST = 1_000
_LEARNING = 3


@final
@attrs.frozen(kw_only=True)
class ForecastOrigin:
    """What may be known when a forecast is made `at` an instant about the time up to and including `until`.

    `history` holds only what had happened and had been recorded by then. The pipeline is the one that was given,
    whatever it was at that time. Raises `ValueError` where `until` is not later than `at`.
    """

    history: History
    pipeline: Pipeline
    at: datetime = attrs.field(validator=aware)
    until: datetime = attrs.field(validator=aware)

    def __attrs_post_init__(self) -> None:
        if self.until <= self.at:
            message = f"a forecast looks ahead: until {self.until.isoformat()} is not later than {self.at.isoformat()}"
            raise ValueError(message)

    @property
    def horizon(self) -> timedelta:
        """How far the forecast looks ahead."""
        return self.until - self.at

    @cached_property
    def past(self) -> Past:
        """The trails of all deals as they were known; rows that the pipeline cannot read are in none of them."""
        return fold_history(self.history, self.pipeline, as_of=self.at, lenient=True)

    @cached_property
    def deals(self) -> tuple[Standing, ...]:
        """The deals that were open, as far as was known: those a forecast is about."""
        standings = (trail.standing for trail in self.past.trails)
        return tuple(one for one in standings if one is not None and one.outcome is Outcome.OPEN)


@final
@attrs.frozen(kw_only=True)
class Actuals:
    """What became of the deals that were open at an origin, as is known now.

    `standings` says by id where each deal stood at the end of the horizon. Two kinds of deals are not among them:
    those that no longer existed then (`gone`: removed, merged, in another pipeline), and those that had been closed
    before the origin, which was recorded only afterwards (`recorded_late`): no forecast was called for.
    """

    standings: Mapping[str, Standing] = attrs.field(hash=False)
    gone: tuple[str, ...] = ()
    recorded_late: tuple[str, ...] = ()

    def is_won(self, opportunity_id: str) -> bool:
        """Whether a deal stood as won at the end. Raises `KeyError` for a deal that is not in `standings`."""
        return self.standings[opportunity_id].outcome is Outcome.WON


def view_history(history: History, at: datetime) -> History:
    """Give what could be known at an instant: what had happened and had been recorded by then, corrected accordingly.

    Opportunities come in the order of their ids, so that nothing depends on what is recorded later.
    """
    found = {id: rows[: bisect_right(rows, at, key=_AT)] for id, rows in history.known_on(at).corrected()}
    return History({id: found[id] for id in sorted(found) if found[id]})


def make_origins(
    history: History,
    pipeline: Pipeline,
    *,
    horizon: timedelta,
    step: timedelta | None = None,
    start: date | None = None,
    end: date | None = None,
    timezone: str | tzinfo | None = None,
) -> Iterator[ForecastOrigin]:
    """Give the origins of a backtest in order, one at a time; their instants and the errors are `plan_origins`'."""
    for at in plan_origins(history, horizon=horizon, step=step, start=start, end=end, timezone=timezone):
        yield ForecastOrigin(history=view_history(history, at), pipeline=pipeline, at=at, until=at + horizon)


def plan_origins(
    history: History,
    *,
    horizon: timedelta,
    step: timedelta | None = None,
    start: date | None = None,
    end: date | None = None,
    timezone: str | tzinfo | None = None,
) -> tuple[datetime, ...]:
    """Give the instants of origins, a `step` (by default the horizon) apart, whose horizons are over by `end`.

    `end` is by default the last row. From a `start` they go forward; without one they go back from the end, for as
    long as a third of the time of the history lies before them to learn from. Dates mean the end of that day in
    `timezone`, days have 86,400 seconds.

    Raises `ValueError` for a horizon or step that is not positive, for more than 1,000 origins, and for a date without
    a `timezone`.
    """
    step = horizon if step is None else step
    for name, length in (("horizon", horizon), ("step", step)):
        if length <= timedelta(0):
            message = f"the {name} of a backtest is longer than nothing, not {length}"
            raise ValueError(message)
    first, last = history.first_at, history.last_at
    if first is None or last is None:
        return ()
    until = last if end is None else as_instant(end, timezone)
    if start is None:
        earliest = first + (until - first) / _LEARNING
        return tuple(sorted(_instants(until - horizon, -step, earliest)))
    return tuple(_instants(as_instant(start, timezone), step, until - horizon))


def find_actuals(origin: ForecastOrigin, history: History) -> Actuals:
    """Give what became of the deals open at an origin by the end of its horizon, by all that `history` knows."""
    places = places_of(origin.pipeline)
    history = history.corrected()
    standings: dict[str, Standing] = {}
    gone: list[str] = []
    late: list[str] = []
    for deal in origin.deals:
        id = deal.opportunity_id
        rows = history.of(id) if id in history else ()
        rows = rows[: bisect_right(rows, origin.until, key=_AT)]
        standing = fold_placed(rows, origin.pipeline.key, places).standing
        if standing is None:
            gone.append(id)
        elif standing.closed_at is not None and standing.closed_at <= origin.at:
            late.append(id)
        else:
            standings[id] = standing
    return Actuals(standings=standings, gone=tuple(gone), recorded_late=tuple(late))


def _instants(start: datetime, step: timedelta, last: datetime) -> Iterator[datetime]:
    """Give instants from `start` up to or, for a negative step, down to `last` (inclusive)."""
    count = (last - start) // step + 1
    if count > _MOST:
        message = f"that makes {count:,} origins, of which there are at most {_MOST:,}: take a longer step or less time"
        raise ValueError(message)
    return (start + place * step for place in range(count))
