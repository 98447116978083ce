"""What may be known when a forecast is made, and what became of the deals it was about."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import ForecastOrigin, find_actuals, make_origins, plan_origins, view_history
from oppcore.history import Row, RowKind, make_history, take_snapshot
from oppcore.money import Money
from oppcore.records import Outcome
from tests.history.examples import PIPELINE, day, golden, row, row_lists

DAY = timedelta(days=1)


def origin_of(history, *, at=10, until=40):
    return ForecastOrigin(history=view_history(history, day(at)), pipeline=PIPELINE, at=day(at), until=day(until))


def actuals_of(*rows, at=10, until=40):
    history = make_history(rows)
    return find_actuals(origin_of(history, at=at, until=until), history)


def origins_of(history=None, **settings):
    found = make_origins(golden() if history is None else history, PIPELINE, **settings)
    return [((one.at - day(0)) / DAY, (one.until - day(0)) / DAY) for one in found]


@st.composite
def histories(draw):
    """Rows, some of which correct others, as they may be known late."""
    found = draw(row_lists())
    for place, one in enumerate(list(found)):
        if draw(st.integers(0, 4)) == 0:
            numbered = attrs.evolve(one, seq=Decimal(place * 2), recorded_at=one.recorded_at or one.at)
            found[place] = numbered
            kind = draw(st.sampled_from([RowKind.ENTRY, RowKind.VOIDED]))
            moved = draw(st.integers(0, 12).map(day))
            told = max(moved, draw(st.integers(0, 15).map(day)))
            found.append(
                attrs.evolve(
                    numbered, kind=kind, corrects=numbered.seq, seq=numbered.seq + 1, at=moved, recorded_at=told
                )
            )
    return found


@settings(max_examples=50)
@given(histories(), st.integers(0, 15))
def test_nothing_recorded_after_an_origin_changes_it(rows, at):
    known = [one for one in rows if one.known_at <= day(at)]

    assert view_history(make_history(rows), day(at)) == view_history(make_history(known), day(at))
    assert origin_of(make_history(rows), at=at).deals == origin_of(make_history(known), at=at).deals


@settings(max_examples=50)
@given(histories(), st.integers(0, 15))
def test_an_origin_sees_what_a_snapshot_of_that_instant_as_known_then_shows(rows, at):
    history = make_history(rows)
    seen = take_snapshot(history, PIPELINE, as_of=day(at), known_on=day(at), lenient=True).standings

    found = {one.opportunity_id: one for one in origin_of(history, at=at).deals}
    assert found == {one.opportunity_id: one for one in seen if one.outcome is Outcome.OPEN}


@settings(max_examples=50)
@given(histories(), st.integers(0, 14))
def test_every_deal_open_at_an_origin_has_one_fate(rows, at):
    history = make_history(rows)
    origin = origin_of(history, at=at, until=15)
    actuals = find_actuals(origin, history)
    fates = [*actuals.standings, *actuals.gone, *actuals.recorded_late]

    assert sorted(fates) == sorted(one.opportunity_id for one in origin.deals)


def test_what_was_recorded_later_is_not_seen_though_it_had_happened():
    history = make_history([row("Q", 0), row("W", 5, recorded_at=day(12))])

    assert [one.state.stage for one in origin_of(history).deals] == ["Q"]
    assert origin_of(history, at=12).deals == ()


def test_what_is_recorded_ahead_is_not_seen_before_it_happens():
    history = make_history([row("Q", 0), row("W", 20, recorded_at=day(1))])

    assert [one.state.stage for one in origin_of(history).deals] == ["Q"]


def test_a_correction_is_seen_once_it_is_recorded():
    first = row("Q", 0, seq=Decimal(1))
    moved = row("P", 4, seq=Decimal(2))
    never = Row(
        opportunity_id="o", kind=RowKind.VOIDED, at=day(4), seq=Decimal(3), corrects=Decimal(2), recorded_at=day(20)
    )
    history = make_history([first, moved, never])

    assert [one.state.stage for one in origin_of(history).deals] == ["P"]
    assert [one.state.stage for one in origin_of(history, at=20).deals] == ["Q"]


def test_a_deal_is_won_in_the_horizon_where_it_stands_as_won_at_its_end():
    assert actuals_of(row("Q", 0), row("W", 40)).is_won("o")
    assert not actuals_of(row("Q", 0), row("W", 41)).is_won("o")
    assert not actuals_of(row("Q", 0), row("L", 20)).is_won("o")


def test_a_win_that_was_undone_within_the_horizon_is_none():
    assert not actuals_of(row("Q", 0), row("W", 20), row("L", 30)).is_won("o")
    assert not actuals_of(row("Q", 0), row("W", 20), row("Q", 30)).is_won("o")
    assert actuals_of(row("Q", 0), row("L", 20), row("Q", 25), row("W", 30)).is_won("o")


def test_actuals_are_told_by_what_is_known_now():
    late = row("W", 20, recorded_at=day(90), amount=Money("7", "EUR"))

    assert actuals_of(row("Q", 0), late).standings["o"].amount == Money("7", "EUR")


def test_deals_that_no_longer_exist_have_no_fate():
    removed = row(None, 20, kind=RowKind.REMOVED)
    elsewhere = row("Q", 20, id="b", pipeline="other")

    assert actuals_of(row("Q", 0), removed).gone == ("o",)
    assert actuals_of(row("Q", 0), removed, row(None, 41, kind=RowKind.RESTORED)).gone == ("o",)
    assert actuals_of(row("Q", 0), removed, row(None, 30, kind=RowKind.RESTORED)).gone == ()
    assert actuals_of(row("Q", 0, id="b"), elsewhere).gone == ("b",)


def test_deals_whose_closing_was_recorded_late_called_for_no_forecast():
    found = actuals_of(row("Q", 0), row("W", 9, recorded_at=day(11)))

    assert (found.recorded_late, dict(found.standings)) == (("o",), {})


def test_origins_go_forward_from_a_start_as_long_as_the_horizon_is_over():
    assert origins_of(start=day(10), end=day(95), step=20 * DAY, horizon=30 * DAY) == [(10, 40), (30, 60), (50, 80)]
    assert origins_of(start=day(10), end=day(90), step=20 * DAY, horizon=40 * DAY) == [(10, 50), (30, 70), (50, 90)]
    assert origins_of(start=day(80), end=day(90), horizon=40 * DAY) == []


def test_origins_go_back_from_the_end_while_a_third_of_the_time_lies_before_them():
    # The golden history has rows from day 0 to 95.
    assert origins_of(horizon=15 * DAY) == [(35, 50), (50, 65), (65, 80), (80, 95)]
    assert origins_of(horizon=15 * DAY, step=30 * DAY, end=day(93)) == [(48, 63), (78, 93)]


def test_the_horizons_follow_one_another_unless_a_step_is_named():
    found = origins_of(start=day(0), end=day(30), horizon=10 * DAY)

    assert found == [(0, 10), (10, 20), (20, 30)]


def test_a_day_means_its_end_in_the_zone():
    (found,) = make_origins(
        golden(), PIPELINE, start=date(2024, 1, 1), end=date(2024, 1, 11), horizon=10 * DAY, timezone="Asia/Shanghai"
    )

    assert found.at.astimezone(UTC) == datetime(2024, 1, 1, 15, 59, 59, 999999, UTC)
    with pytest.raises(ValueError, match="time zone"):
        plan_origins(golden(), start=date(2024, 1, 1), horizon=10 * DAY)


def test_an_empty_history_has_no_origins():
    assert origins_of(make_history([]), horizon=DAY) == []


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="horizon of a backtest is longer than nothing"):
        origins_of(horizon=timedelta(0))
    with pytest.raises(ValueError, match="step of a backtest is longer than nothing"):
        origins_of(horizon=DAY, step=-DAY)
    with pytest.raises(ValueError, match="at most 1,000"):
        origins_of(horizon=DAY, step=timedelta(minutes=1))
    with pytest.raises(ValueError, match="a forecast looks ahead"):
        origin_of(golden(), at=10, until=10)
