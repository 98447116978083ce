from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.periods import Period, as_instant, end_of_day, month_of, read_period, start_of_day, to_zone

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Shanghai",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Kathmandu",
]


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 7, 1), 24)])
def test_a_day_lasts_as_long_as_the_clocks_say(day, hours):
    start, end = (of(date(*day), "Europe/Berlin").astimezone(UTC) for of in (start_of_day, end_of_day))

    assert end - start == timedelta(hours=hours) - timedelta(microseconds=1)


def test_a_day_without_midnight_starts_when_it_starts():
    # Clocks went from 23:59:59 straight to 01:00.
    assert start_of_day(date(2018, 11, 4), "America/Sao_Paulo").astimezone(UTC).hour == 3


def test_the_last_day_of_all_has_an_end():
    assert end_of_day(date.max, "America/New_York") == datetime.max.replace(tzinfo=UTC)


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.sampled_from(ZONES))
def test_days_follow_one_another_without_a_gap(day, zone):
    assert end_of_day(day, zone) + timedelta(microseconds=1) == start_of_day(day + timedelta(1), zone)


def test_as_of_an_instant_is_that_instant_shown_in_the_zone():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    assert as_instant(noon, None).isoformat() == "2026-03-01T12:00:00+00:00"
    assert as_instant(noon, "Asia/Shanghai").isoformat() == "2026-03-01T20:00:00+08:00"
    assert as_instant(noon, "Asia/Shanghai") == noon


def test_instants_that_a_clock_shows_twice_stay_apart():
    zone = to_zone("Europe/Berlin")
    first = as_instant(datetime(2026, 10, 25, 2, 30, tzinfo=zone), None)
    second = as_instant(datetime(2026, 10, 25, 2, 30, tzinfo=zone, fold=1), None)

    assert second - first == timedelta(hours=1)


def test_as_of_a_date_is_the_end_of_that_day_and_needs_a_zone():
    assert as_instant(date(2026, 1, 31), "UTC").isoformat() == "2026-01-31T23:59:59.999999+00:00"
    with pytest.raises(ValueError, match="2026-01-31"):
        as_instant(date(2026, 1, 31), None)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="has none"):
        as_instant(datetime(2026, 1, 31), "UTC")  # noqa: DTZ001


def test_the_month_of_an_instant_depends_on_the_zone():
    late = datetime(2026, 2, 28, 23, tzinfo=UTC)

    assert (month_of(late, "UTC"), month_of(late, "Asia/Shanghai")) == ("2026-02", "2026-03")
    assert month_of(date(2026, 2, 28)) == "2026-02"
    with pytest.raises(ValueError, match="time zone"):
        month_of(late)


def test_a_zone_without_an_offset_is_refused():
    class Nowhere(tzinfo):
        def utcoffset(self, dt):
            return None

    assert to_zone(UTC) is UTC
    with pytest.raises(ValueError, match="no UTC offset"):
        start_of_day(date(2026, 1, 1), Nowhere())


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../etc", "berlin time"])
def test_unknown_zones_are_refused_by_name(name):
    with pytest.raises(ValueError, match="not a time zone"):
        to_zone(name)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-Q1", (2026, 1, 1), (2026, 4, 1)),
        ("2026-Q4", (2026, 10, 1), (2027, 1, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        (" 2026-01-15 .. 2026-02-15 ", (2026, 1, 15), (2026, 2, 15)),
    ],
)
def test_a_period_can_be_written(text, start, end):
    assert read_period(text) == Period(date(*start), date(*end))


@pytest.mark.parametrize(
    "text", ["", "26", "2026-13", "2026-00", "2026-Q5", "2026-1", "2026-01-01..", "..", "2026-01-01"]
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError, match="not a period"):
        read_period(text)


def test_a_period_holds_its_first_day_and_not_its_end():
    with pytest.raises(ValueError, match="ends after it starts"):
        read_period("2026-02-01..2026-02-01")
    with pytest.raises(TypeError, match="is a date"):
        Period(datetime(2026, 1, 1, tzinfo=UTC), date(2026, 2, 1))

    january = read_period("2026-01")
    assert [day in january for day in (date(2025, 12, 31), january.start, date(2026, 1, 31), january.end)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_period_lasts_as_long_as_its_days_do():
    start, end = read_period("2026-03").instants("Europe/Berlin")

    assert (start.isoformat(), end.isoformat()) == ("2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00")
    assert end - start == timedelta(days=31) - timedelta(hours=1)
