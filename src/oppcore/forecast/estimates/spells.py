"""How long deals were where they were, and when they closed after that: what chances of closing are made of."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import final

import attrs

from oppcore.history import Standing, Trail
from oppcore.records import Outcome
from oppcore.stats import IncidenceCurves, count_events, estimate_incidence

__all__ = ["AgeClock", "Spell", "Spells", "age_of", "find_spells"]

_STEPS = 200
"""The parts of a horizon in which times are told apart."""


class AgeClock(StrEnum):
    """Since when the age of an open deal counts.

    `stage`: since it entered its stage, compared with the visits to that stage. `creation`: since it was created, or
    opened again, compared with all deals.
    """

    STAGE = "stage"
    CREATION = "creation"


@final
@attrs.frozen
class Spell:
    """A time of being somewhere: how long it lasted so far, how long after its start the deal closed, and how.

    `outcome` is None where the deal has not closed since. `ago` is how long ago the spell began.
    """

    stay: timedelta
    closed: timedelta
    outcome: Outcome | None
    ago: timedelta


def find_spells(trail: Trail, standing: Standing, clock: AgeClock, as_of: datetime) -> Iterator[tuple[str, Spell]]:
    """Give the spells of a deal, each with the stage that it belongs to ('' by the clock of creation)."""
    if clock is AgeClock.STAGE:
        yield from _visits(trail, as_of)
        return
    start: datetime | None = standing.opened_at
    for change in trail.outcome_changes:
        if start is not None and change.outcome is not Outcome.OPEN:
            yield "", Spell(change.at - start, change.at - start, change.outcome, as_of - start)
        start = change.at if change.outcome is Outcome.OPEN else None
    if start is not None:
        yield "", Spell(as_of - start, as_of - start, None, as_of - start)


def _visits(trail: Trail, as_of: datetime) -> Iterator[tuple[str, Spell]]:
    closings = trail.closings
    instants = [closing.at for closing in closings]
    for visit in trail.visits:
        left_at = visit.left_at or as_of
        place = len(closings) if visit.left_at is None else bisect_left(instants, left_at)
        closing = closings[place] if place < len(closings) else None
        ends_at = as_of if closing is None else closing.at
        outcome = None if closing is None else closing.outcome
        start = visit.entered_at
        yield visit.stage, Spell(left_at - start, ends_at - start, outcome, as_of - start)


def age_of(trail: Trail, standing: Standing, clock: AgeClock, as_of: datetime) -> timedelta:
    """Give the age of an open deal."""
    if clock is AgeClock.STAGE:
        return as_of - (trail.visits[-1].entered_at if trail.visits else standing.entered_at)
    return as_of - max((change.at for change in trail.reopenings), default=standing.opened_at)


@final
class Spells:
    """The spells of one stage, the longest stays first, so that those as long as an age are the first of them."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        unit = timedelta.resolution
        rows = [
            (spell.stay // unit, spell.closed // unit, spell.outcome and str(spell.outcome), spell.ago // unit)
            for spell in spells
        ]
        rows.sort(key=itemgetter(0), reverse=True)
        self._rows = rows
        self._stays = [-stay for stay, _, _, _ in rows]

    def lasting(self, age: timedelta) -> int:
        """Give the number of spells that lasted longer than an age."""
        return bisect_left(self._stays, -(age // timedelta.resolution))

    def watched(self, age: timedelta, within: timedelta) -> int:
        """Give how many of these came to the age so long ago that they could be watched for a time after it."""
        wanted = (age + within) // timedelta.resolution
        return sum(ago >= wanted for _, _, _, ago in self._rows[: self.lasting(age)])

    def follow(self, age: timedelta, within: timedelta) -> tuple[IncidenceCurves, int]:
        """Give how their deals closed after the age, and where the time `within` lies on the axis of these curves.

        Each is taken from the age on, for as long as it was watched, up to the time. What happens within a
        two-hundredth of the time is taken to happen together.
        """
        horizon, start = within // timedelta.resolution, age // timedelta.resolution
        step = -(-horizon // _STEPS)
        last = -(-horizon // step)
        times: list[int] = []
        causes: list[str | None] = []
        for _, closed, outcome, _ in self._rows[: self.lasting(age)]:
            inside = closed - start <= horizon
            times.append(-((start - closed) // step) if inside else last)
            causes.append(outcome if inside else None)
        return estimate_incidence(count_events(times, causes)), last
