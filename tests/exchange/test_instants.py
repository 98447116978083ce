"""Instants and dates: exact, in a named time zone, never guessed."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import Problem
from oppcore.exchange.instants import (
    FormatHunt,
    find_timezone,
    is_usable_format,
    localize,
    parse_date,
    parse_instant,
    parse_when,
)

BERLIN = ZoneInfo("Europe/Berlin")
ISO = ("iso",)
LOW, HIGH = datetime(2, 1, 1), datetime(9998, 12, 31)  # noqa: DTZ001 - what hypothesis wants
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def code(value, zone=None, formats=ISO):
    found = parse_instant(value, zone, formats)
    return found.code if isinstance(found, Problem) else found


@given(st.datetimes(LOW, HIGH, timezones=OFFSETS), st.sampled_from("T "))
def test_iso_instants_read_back(instant, separator):
    assert parse_instant(instant.isoformat(separator), None, ISO) == instant
    assert parse_instant(instant, None, ISO) == instant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02 03:04Z", datetime(2024, 1, 2, 3, 4, tzinfo=UTC)),
        (" 2024-01-02 03:04:05 UTC ", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2024-01-02T03:04:05.5+0530", datetime(2024, 1, 1, 21, 34, 5, 500_000, tzinfo=UTC)),
        ("2024-01-02T03:04:05,123456000-05", datetime(2024, 1, 2, 8, 4, 5, 123_456, tzinfo=UTC)),
        ("2024-01-02T03:04:05.123456789Z", "instant.precision"),
        ("2024-01-02T03:04:05", "instant.timezone"),
        ("2024-01-02", "instant.timezone"),
        ("2024-02-30", "instant.unreadable"),
        ("2024-01-02T24:00Z", "instant.unreadable"),
        ("2024-01-02T03:04+24:00", "instant.unreadable"),
        ("2024-01-02T03:04+01:75", "instant.unreadable"),
        ("20240102", "instant.unreadable"),
        ("01/02/24", "instant.unreadable"),
        ("٢٠٢٤-٠١-٠٢", "instant.unreadable"),
        ("0001-01-01T00:00+05:00", "instant.range"),
        (45000, "instant.unreadable"),
        (True, "instant.unreadable"),
    ],
)
def test_texts(text, expected):
    assert code(text) == expected


def test_a_date_is_the_start_of_its_day_even_where_clocks_change_at_midnight():
    assert parse_instant("2024-03-31", BERLIN, ISO) == datetime(2024, 3, 30, 23, tzinfo=UTC)
    assert parse_instant(date(2018, 11, 4), ZoneInfo("America/Sao_Paulo"), ISO) == datetime(2018, 11, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-31 01:59", datetime(2024, 3, 31, 0, 59, tzinfo=UTC)),
        ("2024-03-31 02:30", "instant.skipped"),
        ("2024-10-27 02:30", "instant.twice"),
        ("2024-10-27 03:00", datetime(2024, 10, 27, 2, tzinfo=UTC)),
        ("2024-10-27 02:30+02:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ],
)
def test_clock_changes_are_reported(text, expected):
    assert code(text, BERLIN) == expected


@given(st.datetimes(LOW, HIGH), st.sampled_from(["Europe/Berlin", "America/New_York"]))
def test_a_localized_time_shows_the_same_clock_or_is_a_problem(naive, name):
    zone = ZoneInfo(name)
    found = localize(naive, zone)

    if isinstance(found, Problem):
        both = {naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
        shown = [instant.astimezone(zone).replace(tzinfo=None, fold=0) == naive for instant in both]
        assert all(shown) if found.code == "instant.twice" else not any(shown)
    else:
        assert found.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == naive.replace(fold=0)


def test_formats_are_tried_and_must_agree():
    american, british = "%m/%d/%y %I:%M %p", "%d/%m/%y %I:%M %p"

    assert code("02/23/26 08:55 PM", UTC, [american]) == datetime(2026, 2, 23, 20, 55, tzinfo=UTC)
    assert code("02/23/26 08:55 PM", UTC, [american, british]) == datetime(2026, 2, 23, 20, 55, tzinfo=UTC)
    assert code("03/07/26 09:00 PM", UTC, [american, british]) == "instant.formats"
    assert code("2026-03-07", UTC, [american]) == "instant.unreadable"
    assert code("2026-03-07", UTC, [american, "iso"]) == datetime(2026, 3, 7, tzinfo=UTC)
    assert code("03/07/26", BERLIN, ["%m/%d/%y"]) == datetime(2026, 3, 6, 23, tzinfo=UTC)


@pytest.mark.parametrize("format", ["%d.%m", "%q", "%d %d %Y", "", "%", "%Y"])
def test_unusable_formats(format):
    assert is_usable_format(format) is (format == "%Y")


def test_the_hunt_narrows_to_the_format_that_reads_all():
    hunt = FormatHunt()
    hunt.show("03/07/26 09:00 PM")
    assert len(hunt.flags) == 3
    hunt.show("02/23/26 08:55 PM")
    assert hunt.flags == ["--date-format '%m/%d/%y %I:%M %p'"]
    hunt.show("nonsense")
    assert hunt.flags == ["--date-format '%m/%d/%y %I:%M %p'"]


def test_the_hunt_may_find_nothing():
    hunt = FormatHunt()
    hunt.show("yesterday")
    assert hunt.flags == []


@pytest.mark.parametrize(
    "text", ["23.02.2026", "23 Feb 2026", "Feb 23, 2026 14:05", "20260223", "2026/02/23 14:05:06", "2026-02-23 6:05"]
)
def test_the_hunt_knows_common_formats(text):
    hunt = FormatHunt()
    hunt.show(text)

    [flag] = hunt.flags
    assert not isinstance(parse_instant(text, UTC, [flag.removeprefix("--date-format ").strip("'")]), Problem)


def test_frames_hold_timestamps():
    assert code(pd.Timestamp("2024-01-02T03:04:05.123456Z")) == datetime(2024, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)
    assert code(pd.Timestamp("2024-10-27T00:30Z").tz_convert("Europe/Berlin")) == datetime(
        2024, 10, 27, 0, 30, tzinfo=UTC
    )
    assert code(pd.Timestamp("2024-01-02 03:04")) == "instant.timezone"
    assert code(pd.Timestamp("2024-01-02T03:04:05.000000001Z")) == "instant.precision"


def test_days():
    assert parse_date("2024-03-01", ISO) == date(2024, 3, 1)
    assert parse_date("2024-03-01T23:00+05:00", ISO) == date(2024, 3, 1)
    assert parse_date("03/01/24", ["%m/%d/%y"]) == date(2024, 3, 1)
    assert isinstance(parse_date("1/3/24", ISO), Problem)


def test_when_keeps_dates():
    assert parse_when("2024-03-01", None, ISO) == date(2024, 3, 1)
    assert parse_when("2024-03-01T00:00Z", None, ISO) == datetime(2024, 3, 1, tzinfo=UTC)
    assert isinstance(parse_when("2024-03-01T00:00", None, ISO), Problem)


def test_time_zones_by_name_and_offset():
    assert find_timezone("Europe/Berlin") == BERLIN
    assert find_timezone("-05:30") == timezone(-timedelta(hours=5, minutes=30))
    for wrong in ("Europe/Nowhere", "../etc/passwd", "", "+25:00", "+01:99"):
        assert find_timezone(wrong) is None
