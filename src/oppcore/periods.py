"""Days, months and instants in a time zone: what "as of Friday" and "in March" mean exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

__all__ = ["as_instant", "as_of_text", "end_of_day", "month_of", "start_of_day", "to_zone"]

_LAST = datetime.max.replace(tzinfo=UTC)


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
