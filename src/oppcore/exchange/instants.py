"""Cells that hold instants and dates: read where they say what they mean, never guessed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any, final

from oppcore.errors import Problem
from oppcore.periods import start_of_day, to_zone

__all__ = [
    "ISO",
    "FormatHunt",
    "find_timezone",
    "is_usable_format",
    "localize",
    "parse_date",
    "parse_instant",
    "parse_when",
]

ISO = "iso"
"""The name of ISO 8601 among the formats of dates."""

_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r" ?(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?)?",
    re.ASCII,
)
_YEAR = re.compile(r"%[yYGcx]")
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)

_DAYS = (
    *("%m/%d/%y", "%d/%m/%y", "%y/%m/%d", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%y", "%d.%m.%Y", "%Y.%m.%d"),
    *("%m-%d-%y", "%d-%m-%y", "%m-%d-%Y", "%d-%m-%Y", "%Y%m%d", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
    *("%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%Y-%m-%d"),
)
_TIMES = ("", " %I:%M %p", " %I:%M:%S %p", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", ", %I:%M %p", ", %H:%M")


def find_timezone(name: str) -> tzinfo | None:
    """Give a time zone by its IANA name or as an offset such as `+02:00`; None where there is none of that name."""
    if match := _OFFSET.fullmatch(name):
        return _offset(match[1], match[2], match[3])
    try:
        return to_zone(name)
    except ValueError:
        return None


def _offset(sign: str, hours: str, minutes: str | None) -> timezone | None:
    size = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if size >= timedelta(days=1) or int(minutes or 0) > 59:
        return None
    return timezone(-size if sign == "-" else size)


def is_usable_format(format: str) -> bool:
    """Say whether a `strptime` format can be read back and names the year."""
    if format == ISO:
        return True
    if not _YEAR.search(format):
        return False
    sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(format), format)  # noqa: DTZ007 - only the year counts
        return read.year == sample.year
    except (ValueError, re.error):
        return False


def localize(naive: datetime, zone: tzinfo) -> datetime | Problem:
    """Put a wall-clock time into a time zone; what was skipped or shown twice by a clock change is a problem."""
    early, late = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if early.utcoffset() == late.utcoffset():
        return early
    there = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == naive.replace(fold=0)
    code = "instant.twice" if there else "instant.skipped"
    return Problem(code, "", {"value": naive.isoformat(" "), "timezone": str(zone)})


def _unread(code: str, value: object, flag: str) -> Problem:
    return Problem(code, "", {"value": str(value)[:80], "flag": flag})


def _settle(value: date, zone: tzinfo | None) -> datetime | Problem:
    """Make an instant of a date, or of a datetime with or without a time zone."""
    try:
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value.astimezone(UTC)
        if zone is None:
            return _unread("instant.timezone", value, "--timezone ZONE")
        found = localize(value, zone) if isinstance(value, datetime) else start_of_day(value, zone)
        return found if isinstance(found, Problem) else found.astimezone(UTC)
    except OverflowError:
        return _unread("instant.range", value, "")


def _read_iso(text: str) -> date | Problem | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zulu, sign, offset_hours, offset_minutes = match.groups()
    zone: tzinfo | None = UTC if zulu else None
    if sign and (zone := _offset(sign, offset_hours, offset_minutes)) is None:
        return None
    if fraction and fraction[6:].strip("0"):
        return _unread("instant.precision", text, "")
    try:
        start = date(int(year), int(month), int(day))
        if hour is None:
            return start
        clock = time(int(hour), int(minute), int(second or 0), int((fraction or "0")[:6].ljust(6, "0")), zone)
    except ValueError:
        return None
    return datetime.combine(start, clock)


def _read_format(text: str, format: str) -> date | Problem | None:
    if format == ISO:
        return _read_iso(text)
    try:
        found = datetime.strptime(text, format)  # noqa: DTZ007 - the zone comes later
    except (ValueError, OverflowError):
        return None
    return found if _has_clock(format) else found.date()


def _has_clock(format: str) -> bool:
    return any(mark in format for mark in ("%H", "%I", "%X", "%c"))


def _read(value: Any, formats: Iterable[str]) -> date | Problem:
    if isinstance(value, datetime):
        if getattr(value, "nanosecond", 0):
            return _unread("instant.precision", value, "")
        # A pandas Timestamp is a datetime too; keep a plain one.
        clock = time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)
        return datetime.combine(date(value.year, value.month, value.day), clock)
    if isinstance(value, date):
        return value
    text = str(value).strip()
    found = [read for format in formats if (read := _read_format(text, format)) is not None]
    if not found:
        return _unread("instant.unreadable", text, "")
    if any(read != found[0] for read in found):
        return _unread("instant.formats", text, "")
    return found[0]


def parse_instant(value: Any, zone: tzinfo | None, formats: Iterable[str]) -> datetime | Problem:
    """Give the instant a cell holds; a date means the start of that day in the time zone."""
    read = _read(value, formats)
    return read if isinstance(read, Problem) else _settle(read, zone)


def parse_when(value: Any, zone: tzinfo | None, formats: Iterable[str]) -> date | Problem:
    """Give an instant, or a plain date where the text is one: for settings such as `as_of`."""
    read = _read(value, formats)
    return _settle(read, zone) if isinstance(read, datetime) else read


def parse_date(value: Any, formats: Iterable[str]) -> date | Problem:
    """Give the day a cell holds; an instant gives the day it shows, whatever its time zone."""
    read = _read(value, formats)
    return read.date() if isinstance(read, datetime) else read


def _can_read(text: str, format: str) -> bool:
    found = _read_format(text, format)
    return found is not None and not isinstance(found, Problem)


@final
class FormatHunt:
    """The formats in which every text shown so far can be read: what to tell somebody whose dates are not ISO 8601."""

    def __init__(self) -> None:
        self._left: list[str] | None = None

    def show(self, text: str) -> None:
        """Take one more unread text; formats that cannot read it are dropped, unless that would leave none."""
        tried = (
            [ISO, *(day + clock for day, clock in itertools.product(_DAYS, _TIMES))]
            if self._left is None
            else self._left
        )
        left = [format for format in tried if _can_read(text, format)]
        self._left = left or self._left or []

    @property
    def flags(self) -> list[str]:
        """The flags that would read them, at most one per order of day, month and year."""
        flags = self._left or []
        return ["--date-format iso"] if ISO in flags else [f"--date-format '{format}'" for format in flags]
