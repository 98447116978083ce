"""The share of a period that is over: of its time, or of its working days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from datetime import date, datetime, tzinfo
from fractions import Fraction
from typing import final

from oppcore.periods import Period, start_of_day

__all__ = ["PeriodClock"]


@final
class PeriodClock:
    """The days of one period in a time zone; with working days, time passes on these alone, when they are over.

    Raises `ValueError` where none of the working days lies in the period, and for instants in their place.
    """

    def __init__(self, period: Period, zone: tzinfo, working_days: Collection[date] | None) -> None:
        self._start, self._end = period.instants(zone)
        self._zone = zone
        if wrong := [day for day in working_days or () if isinstance(day, datetime)]:
            message = f"working days are dates, not instants: {wrong[0].isoformat()}"
            raise ValueError(message)
        self._days = None if working_days is None else sorted({day for day in working_days if day in period})
        if self._days == []:
            message = f"none of the working days lies in the period {period}"
            raise ValueError(message)

    def covers(self, at: datetime) -> bool:
        """Whether an instant lies in the period."""
        return self._start <= at < self._end

    def elapsed(self, at: datetime) -> Fraction:
        """Give the share of the period, 0 to 1, that is over at an instant; at the end of a day, the whole day is."""
        after = at + datetime.resolution
        ends = after == start_of_day(after.astimezone(self._zone).date(), self._zone)
        at = min(max(after if ends else at, self._start), self._end)
        return self._share(at) if self._days is None else self._part(bisect_left(self._days, self._day(at)))

    def place(self, at: datetime) -> Fraction:
        """Give the share that is over when what happened at an instant counts: at once, or when its day is over."""
        return self._share(at) if self._days is None else self._part(bisect_right(self._days, self._day(at)))

    def _day(self, at: datetime) -> date:
        return date.max if at == self._end else at.astimezone(self._zone).date()

    def _part(self, days: int) -> Fraction:
        return Fraction(days, len(self._days or ()))

    def _share(self, at: datetime) -> Fraction:
        resolution = datetime.resolution
        return Fraction((at - self._start) // resolution, (self._end - self._start) // resolution)
