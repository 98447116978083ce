"""The counts that curves of staying and leaving are made of: additive, so that parts may be counted apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate, compress, repeat
from math import fsum, inf, isfinite
from operator import add, eq, ge, gt, mul, sub
from typing import final

import attrs

__all__ = ["Cause", "EventTable", "count_events"]

Cause = str | int
"""Why something ended: a word, or a number, as other libraries want it (True and 1 are the same cause)."""


def _no_events() -> Mapping[Cause, tuple[int, ...]]:
    return {}


def _to_columns(columns: Mapping[Cause, Iterable[int]]) -> Mapping[Cause, tuple[int, ...]]:
    for cause in columns:
        if not cause or cause != cause:  # noqa: PLR0124 - not a number
            message = f"a cause is a word or a number other than 0; None is for what has not ended: not {cause!r}"
            raise ValueError(message)
    ordered = sorted(columns, key=lambda cause: (isinstance(cause, str), cause))
    return {cause: tuple(columns[cause]) for cause in ordered}


def _to_column(column: Iterable[int]) -> tuple[int, ...]:
    return tuple(column)


def _to_times(times: Iterable[float]) -> tuple[float, ...]:
    return tuple(times)


@final
@attrs.frozen(kw_only=True)
class EventTable:
    """How many things came under observation, ended by each cause, and were last seen unended, at each time.

    `times` are distinct, in order, and say how long a thing has been in the state that it may leave. `entered` counts
    what came under observation only at that time (delayed entry, left truncation): it is at risk of what happens
    afterwards, not of what happens at that very time. All else was under observation from the start. `censored` counts
    what had not ended when it was last seen; it was at risk of what happened at that very time.

    `exits` is the number that ended or were last seen at each time, `at_risk` that under observation just before it:
    those could have ended then. Tables of different things add up with `+`; `EventTable()` is that of nothing.

    Raises `ValueError` for columns of unlike length, times out of order, counts below 0, and more exits than there are
    things under observation.
    """

    times: tuple[float, ...] = attrs.field(default=(), converter=_to_times)
    events: Mapping[Cause, tuple[int, ...]] = attrs.field(factory=_no_events, converter=_to_columns, hash=False)
    censored: tuple[int, ...] = attrs.field(default=(), converter=_to_column)
    entered: tuple[int, ...] = attrs.field(default=(), converter=_to_column)
    exits: tuple[int, ...] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _count_exits(self), takes_self=True)
    )
    at_risk: tuple[int, ...] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(lambda self: _count_at_risk(self), takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        columns = {**self.events, "censored": self.censored, "entered": self.entered}
        for name, column in columns.items():
            if len(column) != len(self.times):
                message = f"{len(self.times)} times, but {len(column)} counts of {name!r}"
                raise ValueError(message)
            if column and min(column) < 0:
                message = f"{min(column)} of {name!r} at {self.times[column.index(min(column))]}: counts are at least 0"
                raise ValueError(message)
        if not all(map(isfinite, self.times)) or (self.times and self.times[0] < 0):
            message = "times are finite and at least 0"
            raise ValueError(message)
        if any(map(ge, self.times, self.times[1:])):
            message = "times are distinct and in order"
            raise ValueError(message)
        if any(map(gt, self.exits, self.at_risk)):
            where = list(map(gt, self.exits, self.at_risk)).index(True)
            message = f"{self.exits[where]} left at {self.times[where]}, but only {self.at_risk[where]} were there"
            raise ValueError(message)

    @property
    def all_events(self) -> tuple[int, ...]:
        """How many ended at each time, by whatever cause."""
        return _total(self.events.values(), len(self.times))

    @property
    def exposure(self) -> float:
        """The time for which all things together were under observation."""
        return fsum(map(mul, self.times, map(sub, self.exits, self.entered)))

    def __len__(self) -> int:
        """The number of things counted."""
        return sum(self.exits)

    def __add__(self, other: EventTable) -> EventTable:
        times = tuple(sorted({*self.times, *other.times}))
        causes = {*self.events, *other.events}
        none: tuple[int, ...] = ()

        def together(one: Iterable[int], another: Iterable[int]) -> tuple[int, ...]:
            counts, others = dict(zip(self.times, one, strict=False)), dict(zip(other.times, another, strict=False))
            return tuple(counts.get(time, 0) + others.get(time, 0) for time in times)

        return EventTable(
            times=times,
            events={cause: together(self.events.get(cause, none), other.events.get(cause, none)) for cause in causes},
            censored=together(self.censored, other.censored),
            entered=together(self.entered, other.entered),
        )


def count_events(
    durations: Iterable[float], causes: Iterable[Cause | None], *, entries: Iterable[float | None] | None = None
) -> EventTable:
    """Give the counts of things that stayed for some time each, and then ended by a cause, or were still unended.

    `durations` are how long each was there when it ended or was last seen, in any unit; `causes` say why it ended:
    None, False and 0 mean that it had not ended (right censoring). `entries` say for how long each had been there when
    it came under observation: None and 0 mean from the start on. All are read once, in any order, pair by pair.

    Raises `ValueError` for durations and entries that are negative, infinite or no numbers, for an entry that is not
    before the duration (such a thing was never under observation: leave it out), and for unlike lengths.

    >>> table = count_events([5, 9, 9, 12], ["won", "lost", None, "won"], entries=[0, 0, 3, 0])
    >>> table.times, table.at_risk, table.censored
    ((3, 5, 9, 12), (3, 4, 3, 1), (0, 0, 1, 0))
    >>> dict(table.events)
    {'lost': (0, 0, 1, 0), 'won': (0, 1, 0, 1)}
    """
    stays, ends = list(durations), list(causes)
    late = [] if entries is None else list(entries)
    if len(stays) != len(ends) or (entries is not None and len(stays) != len(late)):
        message = f"{len(stays)} durations, {len(ends)} causes and {len(late)} entries: one of each for each thing"
        raise ValueError(message)
    for entry, duration in zip(late, stays, strict=False):
        if entry and not 0 <= entry < duration:
            message = f"an entry is at least 0 and before the duration: not {entry} for a duration of {duration}"
            raise ValueError(message)
    counts_of = {cause: Counter(compress(stays, map(eq, ends, repeat(cause)))) for cause in set(ends)}
    entered, censored = Counter(entry for entry in late if entry), Counter[float]()
    ended: dict[Cause, Counter[float]] = {}
    for cause, counts in counts_of.items():
        _check_durations(counts)
        if cause is None or cause == 0:
            censored.update(counts)
        else:
            ended[cause] = counts
    times = tuple(sorted({*stays, *entered}))
    return EventTable(
        times=times,
        events={cause: _counts_at(times, counts) for cause, counts in ended.items()},
        censored=_counts_at(times, censored),
        entered=_counts_at(times, entered),
    )


def _check_durations(durations: Iterable[float]) -> None:
    for duration in durations:
        if not 0 <= duration < inf:
            message = f"a duration is a finite number of at least 0, not {duration}"
            raise ValueError(message)


def _counts_at(times: tuple[float, ...], counts: Mapping[float, int]) -> Iterable[int]:
    return map(counts.get, times, repeat(0)) if counts else (0,) * len(times)


def _count_exits(table: EventTable) -> tuple[int, ...]:
    return _total([*table.events.values(), table.censored], len(table.times))


def _count_at_risk(table: EventTable) -> tuple[int, ...]:
    started = sum(table.exits) - sum(table.entered)
    return tuple(accumulate(map(sub, table.entered, table.exits), initial=started))[:-1]


def _total(columns: Iterable[tuple[int, ...]], length: int) -> tuple[int, ...]:
    total: tuple[int, ...] = (0,) * length
    for column in columns:
        total = tuple(map(add, total, column))
    return total
