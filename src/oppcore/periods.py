"""Days, months and instants in a time zone: what "as of Friday" and "in March" mean exactly."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, final

import attrs

__all__ = ["Period", "as_instant", "as_of_text", "end_of_day", "month_of", "read_period", "start_of_day", "to_zone"]

_NAMED = re.compile(r"(\d{4})(?:-Q([1-4])|-(\d\d))?")
_LAST = datetime.max.replace(tzinfo=UTC)


def _day(_instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, date) or isinstance(value, datetime):
        message = f"the {attribute.name} of a period is a date, not {type(value).__name__}"
        raise TypeError(message)


@final
@attrs.frozen(repr=False)
class Period:
    """Calendar days from `start` up to, and without, `end`; whose days they are is said where they are used."""

    start: date = attrs.field(validator=_day)
    end: date = attrs.field(validator=_day)

    def __attrs_post_init__(self) -> None:
        if self.start >= self.end:
            message = f"a period ends after it starts, not from {self.start} to {self.end}"
            raise ValueError(message)

    def __str__(self) -> str:
        return f"{self.start}..{self.end}"

    def __repr__(self) -> str:
        return f"<Period: {self}>"

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def before(self, count: int = 1) -> Period:
        """Give the period that lies so many periods earlier: of as many months where it is made of whole ones.

        >>> print(read_period("2026-Q1").before(), read_period("2026-01-12..2026-01-19").before(2))
        2025-10-01..2026-01-01 2025-12-29..2026-01-05
        """
        months = 12 * (self.end.year - self.start.year) + self.end.month - self.start.month
        if self.start.day == self.end.day == 1:
            first = 12 * self.start.year + self.start.month - 1 - count * months
            return _months(first // 12, first % 12 + 1, months)
        earlier = count * (self.end - self.start)
        return Period(self.start - earlier, self.end - earlier)

    def instants(self, zone: str | tzinfo) -> tuple[datetime, datetime]:
        """Give the first instant of the period in a zone, and the first one after it."""
        return start_of_day(self.start, zone), start_of_day(self.end, zone)


def read_period(text: str) -> Period:
    """Give the period that a text means: a year, a quarter, a month, or `START..END` without the END day.

    >>> read_period("2026-Q1") == read_period("2026-01-01..2026-04-01") == Period(date(2026, 1, 1), date(2026, 4, 1))
    True

    Raises `ValueError` for any other text.
    """
    try:
        start, is_pair, end = (part.strip() for part in text.partition(".."))
        if is_pair:
            return Period(date.fromisoformat(start), date.fromisoformat(end))
        if (found := _NAMED.fullmatch(start)) is None:
            raise ValueError
        year, quarter, month = (int(part or 0) for part in found.groups())
        if quarter:
            return _months(year, 3 * quarter - 2, 3)
        return _months(year, 1, 12) if found[3] is None else _months(year, month, 1)
    except ValueError as error:
        why = f": {error}" if str(error) else ""
        message = f"not a period: {text!r} (as in 2026, 2026-Q1, 2026-03 or 2026-01-15..2026-02-15){why}"
        raise ValueError(message) from None


def _months(year: int, month: int, count: int) -> Period:
    last = month - 1 + count
    return Period(date(year, month, 1), date(year + last // 12, last % 12 + 1, 1))


def to_zone(zone: str | tzinfo) -> tzinfo:
    """Give a time zone by its IANA name, such as `Europe/Berlin`; a zone is given back as it is.

    Raises `ValueError` for a name that this machine does not know.
    """
    if isinstance(zone, tzinfo):
        return zone
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        message = f"not a time zone known here: {zone!r} (an IANA name is wanted, such as 'Europe/Berlin')"
        raise ValueError(message) from None


def start_of_day(day: date, zone: str | tzinfo) -> datetime:
    """Give the first instant of a day in a zone, with the UTC offset that then holds."""
    return _fixed(datetime.combine(day, time(), to_zone(zone)))


def end_of_day(day: date, zone: str | tzinfo) -> datetime:
    """Give the last instant (to the microsecond) of a day in a zone: 23, 24 or 25 hours after its start.

    >>> end_of_day(date(2026, 3, 29), "Europe/Berlin").isoformat()
    '2026-03-29T23:59:59.999999+02:00'
    """
    if day == date.max:
        return _LAST
    next_start = start_of_day(day + timedelta(days=1), zone).astimezone(UTC)
    return _fixed((next_start - timedelta(microseconds=1)).astimezone(to_zone(zone)))


def as_instant(when: date, zone: str | tzinfo | None) -> datetime:
    """Give the instant that "as of" means: an instant itself, of a date the end of that day in the zone.

    An instant is shown in the zone, where one is given. Raises `ValueError` for an instant without a time zone, and
    for a date where no zone is given.
    """
    if isinstance(when, datetime):
        if when.utcoffset() is None:
            message = f"an instant has a time zone: {when.isoformat()} has none"
            raise ValueError(message)
        return _fixed(when if zone is None else when.astimezone(to_zone(zone)))
    if zone is None:
        message = f"when {when.isoformat()} ends depends on the time zone: name it, such as timezone='Europe/Berlin'"
        raise ValueError(message)
    return end_of_day(when, zone)


def month_of(when: date, zone: str | tzinfo | None = None) -> str:
    """Give the calendar month of a date or, in the zone, of an instant; as `2026-03`, so that months sort as texts.

    Raises `ValueError` for an instant where no zone is given.
    """
    if isinstance(when, datetime):
        if zone is None:
            message = "the month of an instant depends on the time zone: name it, such as timezone='Europe/Berlin'"
            raise ValueError(message)
        when = when.astimezone(to_zone(zone))
    return f"{when.year:04}-{when.month:02}"


def _fixed(instant: datetime) -> datetime:
    # Instants of one ZoneInfo compare by wall clock, which is wrong when clocks go back; those of fixed offsets do not.
    offset = instant.utcoffset()
    if offset is None:
        message = f"the zone gives no UTC offset for {instant.isoformat()}"
        raise ValueError(message)
    return instant.replace(tzinfo=timezone(offset), fold=0)


def as_of_text(as_of: datetime | None, known_on: datetime | None) -> str:
    """Say of which instant a measure speaks, and as known when: what stands in its title."""
    text = f"as of {'the beginning' if as_of is None else as_of.isoformat()}"
    return text if known_on is None else f"{text}, as known on {known_on.isoformat()}"
