"""Every moment at which a deal was open: what could be seen of it then, and what came of it.

Deals are scored while they are open, at some moment like any other, and so a score is learnt from such moments: not
from closed deals as they ended, of which everything is known. A moment weighs as much as the time it stands for, so
that stays of unlike length have their due; the weights of all moments together are the number of deals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import final

import attrs

from oppcore.history import History, Past, Standing
from oppcore.history.fold import fold_placed, places_of
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["DERIVED", "FieldReader", "Moment", "find_moments", "find_stays", "make_reader"]

DERIVED = ("stage", "time_in_stage", "age", "amount")
"""The fields that are no columns. `amount`, `age` and `time_in_stage` are read in bands."""

_DAY = timedelta(days=1)
_AT = attrgetter("at")


@final
@attrs.frozen
class Moment:
    """A time during which nothing that is read of a deal changed: the values, whether it was won, the days, its end."""

    opportunity_id: str
    values: tuple[str | None, ...]
    won: bool
    days: float
    ended_at: datetime


@final
@attrs.frozen
class FieldReader:
    """Reads the values of the fields of a deal at an instant. None: nothing was said.

    `edges` are where the bands begin: of days for `age`, of days in each stage, of amounts in each currency.
    """

    fields: tuple[str, ...]
    edges: Mapping[tuple[str, str], tuple[float, ...]] = attrs.field(hash=False)

    def read(self, standing: Standing, at: datetime) -> tuple[str | None, ...]:
        """Give the values of the fields, in their order; those of bands are texts such as `20 to 50 days`."""
        return tuple(self._value(name, standing, at) for name in self.fields)

    def next_change(self, standing: Standing, at: datetime) -> datetime | None:
        """Give the next instant at which a value changes by time alone; None where no more will."""
        found = [
            since + edge * _DAY
            for name, since in self._clocks(standing)
            for edge in self.edges.get((name, standing.state.stage if name == "time_in_stage" else ""), ())
            if since + edge * _DAY > at
        ]
        return min(found, default=None)

    def _clocks(self, standing: Standing) -> Iterator[tuple[str, datetime]]:
        if "age" in self.fields:
            yield "age", standing.opened_at
        if "time_in_stage" in self.fields:
            yield "time_in_stage", standing.entered_at

    def _value(self, name: str, standing: Standing, at: datetime) -> str | None:
        stage = standing.state.stage
        if name == "stage":
            return stage
        if name == "time_in_stage":
            edges = self.edges.get((name, stage), ())
            return f"{stage}, {_band((at - standing.entered_at) / _DAY, edges)} days"
        if name == "age":
            return f"{_band((at - standing.opened_at) / _DAY, self.edges.get((name, ''), ()))} days"
        if name == "amount":
            amount = standing.amount
            if amount is None:
                return None
            return f"{amount.currency} {_band(float(amount.amount), self.edges.get((name, amount.currency), ()))}"
        return standing.column(name)


Stay = tuple[Standing, datetime, datetime]


def find_stays(history: History, past: Past, pipeline: Pipeline) -> list[list[Stay]]:
    """Give, deal by deal, each time during which an open deal stood as it did: how, from when, and up to when.

    Only what was known on `past.known_on` is looked at, as it is known by then. Deals that are in no count have none.
    """
    if past.known_on is not None:
        history = history.known_on(past.known_on)
    history = history.corrected()
    places = places_of(pipeline)
    found: list[list[Stay]] = []
    for trail in past.trails:
        if trail.standing is None or past.as_of is None:
            continue
        rows = history.of(trail.opportunity_id)
        rows = rows[: bisect_right(rows, past.as_of, key=_AT)]
        stays: list[Stay] = []
        for place, row in enumerate(rows):
            until = rows[place + 1].at if place + 1 < len(rows) else past.as_of
            if until <= row.at:
                continue
            standing = fold_placed(rows[: place + 1], pipeline.key, places).standing
            if standing is not None and standing.outcome is Outcome.OPEN:
                stays.append((standing, row.at, until))
        found.append(stays)
    return found


def make_reader(fields: Sequence[str], stays: Sequence[Sequence[Stay]], *, bands: int = 5) -> FieldReader:
    """Give the reader whose bands hold about equal parts: of the time that deals were open, of the deals' amounts."""
    edges: dict[tuple[str, str], tuple[float, ...]] = {}
    ages: list[float] = []
    times: dict[str, dict[tuple[str, datetime], float]] = {}
    amounts: dict[str, list[float]] = {}
    for deal in stays:
        if not deal:
            continue
        last, _, until = deal[-1]
        ages.append((until - last.opened_at) / _DAY)
        if last.amount is not None:
            amounts.setdefault(last.amount.currency, []).append(float(last.amount.amount))
        for standing, _, end in deal:
            visits = times.setdefault(standing.state.stage, {})
            visits[standing.opportunity_id, standing.entered_at] = (end - standing.entered_at) / _DAY
    edges["age", ""] = _time_edges(ages, bands)
    edges |= {("time_in_stage", stage): _time_edges(list(visits.values()), bands) for stage, visits in times.items()}
    edges |= {("amount", currency): _amount_edges(found, bands) for currency, found in amounts.items()}
    return FieldReader(tuple(fields), edges)


def find_moments(
    stays: Sequence[Sequence[Stay]],
    past: Past,
    reader: FieldReader,
    *,
    within: timedelta | None = None,
) -> list[Moment]:
    """Give the moments of which it is known what came of them, each with whether the deal was won.

    Won `within` a time of the moment: all moments that have had that time, also of deals still open. Without it, won in
    the end: the moments of the deals that are closed.
    """
    outcomes = {trail.opportunity_id: trail for trail in past.trails}
    found: list[Moment] = []
    for deal in stays:
        for standing, start, end in deal:
            trail = outcomes[standing.opportunity_id]
            if within is None:
                if trail.standing is None or trail.standing.outcome is Outcome.OPEN:
                    continue
                cuts, won_from = [end], (start if trail.standing.outcome is Outcome.WON else end)
            else:
                if past.as_of is None or past.as_of - start <= within:
                    continue
                end = min(end, past.as_of - within)  # the rest has not had its time
                wins = [change.at for change in trail.closings if change.outcome is Outcome.WON and change.at >= end]
                won_from = min(max(wins[0] - within, start), end) if wins else end
                cuts = [won_from, end]
            found += _cut(standing, start, cuts, won_from, reader)
    return found


def _cut(
    standing: Standing, start: datetime, cuts: Sequence[datetime], won_from: datetime, reader: FieldReader
) -> Iterator[Moment]:
    for cut in cuts:
        while start < cut:
            change = reader.next_change(standing, start)
            until = cut if change is None else min(change, cut)
            yield Moment(
                standing.opportunity_id, reader.read(standing, start), start >= won_from, (until - start) / _DAY, until
            )
            start = until


def _time_edges(lengths: Sequence[float], bands: int) -> tuple[float, ...]:
    """Give where equal parts of all time begin, for stays of these lengths, in days of two digits."""
    total = sum(lengths)
    wanted = [total * place / bands for place in range(1, bands)]
    edges: set[float] = set()
    passed = before = 0.0
    for place, length in enumerate(sorted(lengths)):
        lasting = len(lengths) - place
        while wanted and passed + (length - before) * lasting >= wanted[0]:
            edges.add(float(f"{before + (wanted.pop(0) - passed) / lasting:.2g}"))
        passed += (length - before) * lasting
        before = length
    return tuple(sorted(edge for edge in edges if edge > 0))


def _amount_edges(amounts: Sequence[float], bands: int) -> tuple[float, ...]:
    ordered = sorted(amounts)
    return tuple(sorted({float(f"{ordered[len(ordered) * place // bands]:.2g}") for place in range(1, bands)}))


def _band(value: float, edges: Sequence[float]) -> str:
    """Say in which band a value lies; one on an edge lies above it."""
    place = bisect_right(edges, value)
    if not edges:
        return "any"
    if place == 0:
        return f"below {edges[0]:,g}"
    if place == len(edges):
        return f"from {edges[-1]:,g}"
    return f"{edges[place - 1]:,g} to {edges[place]:,g}"
