"""Time in stage: the golden visits as by hand and by other tools, and what holds for every history."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import measure_drop_off, measure_dwell
from oppcore.history import Ending, RowKind, make_history
from tests.history.examples import PIPELINE, day, golden, row, row_lists


def measure(history=None, **settings):
    return measure_dwell(golden() if history is None else history, PIPELINE, **{"as_of": day(100), **settings})


@pytest.mark.parametrize(
    ("stage", "median", "p75", "restricted", "exposure", "completed"),
    [
        ("Q", 10, 20, 13.291667, 18.7, (10.7, 9)),
        ("P", 15, 18, 16.222222, 21.375, (14.5, 15)),
        ("N", 15, 20, 17.5, 18.333333, (17.5, 17.5)),
    ],
)
def test_the_golden_visits_last_as_other_tools_say(stage, median, p75, restricted, exposure, completed):
    found = measure(until=timedelta(days=30), quantiles=[0.75]).row(stage)

    assert (found.median_days.value, found.quantiles["p75"].value) == (median, p75)
    assert found.restricted_mean_days.value == pytest.approx(restricted, abs=5e-7)
    assert found.exposure_mean_days == pytest.approx(exposure, abs=5e-7)
    assert (found.completed_mean_days, found.completed_median_days) == pytest.approx(completed)


def test_the_curve_is_the_one_by_hand_with_those_that_are_still_there():
    report = measure()

    assert [(row.name, row.ended, row.open, row.exposure_days) for row in report.rows] == [
        ("Q", 12 - 2, 2, 187),
        ("P", 8, 1, 171),
        ("N", 6, 1, 110),
        ("D", 0, 0, 0),
    ]
    curves = {row.name: row.curve for row in report.rows}
    expected = {"Q": (0.3125, 0.104167), "P": (1 / 3, 1 / 9), "N": (0.5, 0)}
    for stage, values in expected.items():
        assert (curves[stage].survival_at(15), curves[stage].survival_at(30)) == pytest.approx(values, abs=5e-7)
    assert (report.row("Q").at_risk, report.ids("Q", "open")) == (7, ("o07", "o12"))


def test_ended_visits_alone_are_told_apart_by_how_they_ended():
    exits = measure().row("N").exits

    assert {str(ending): found for ending, found in exits.items() if found[0]} == {
        "won": (4, (15 + 15 + 20 + 20) / 4, 17.5),
        "lost": (1, 20, 20),
        "reverted": (1, 15, 15),
    }


@pytest.mark.parametrize(
    ("unit", "ended", "mean"), [("visit", 6, 17.5), ("deal", 5, (15 + 15 + 35 + 20 + 20) / 5), ("last_visit", 5, 18)]
)
def test_the_time_is_that_of_a_visit_of_a_deal_or_of_its_last_visit(unit, ended, mean):
    found = measure(unit=unit).row("N")

    assert (found.ended, found.completed_mean_days) == (ended, mean)


def test_a_deal_that_is_back_is_not_through_with_its_time():
    found = measure(make_history([row("Q", 0), row("P", 10), row("Q", 15)]), unit="deal", as_of=day(18)).row("Q")

    assert (found.ended, found.open, found.exposure_days) == (0, 1, 13)


def test_what_was_under_way_when_the_observation_began_counts_only_from_then_on():
    history = make_history(
        [
            *(row("Q", 0, id="gone"), row("P", 5, id="gone")),
            *(row("Q", 0, id="old"), row("P", 30, id="old")),
            *(row("Q", 12, id="new"), row("P", 22, id="new")),
        ]
    )
    found = measure(history, since=day(10)).row("Q")

    assert (found.ended, found.late, found.exposure_days) == (2, 1, 20 + 10)
    assert (found.curve.times, found.curve.at_risk) == ((10, 30), (1, 1))
    assert measure(history, since=day(10)).ids("Q", "late") == ("old",)


def test_what_left_on_the_instant_at_which_the_observation_began_was_never_seen():
    history = make_history([row("Q", 0), row("P", 10), row("Q", 20), row("P", 20)])

    assert [measure(history, since=day(10)).row(stage).ended for stage in "QP"] == [1, 1]
    assert measure(history, since=day(20), unit="deal").row("Q").ended == 0


def test_a_stay_that_ended_because_the_deal_was_taken_out_is_not_over():
    rows = [row("Q", 0), row(None, 4, kind=RowKind.REMOVED), row("P", 6, kind=RowKind.RESTORED)]
    found = measure(make_history(rows)).row("Q")

    assert (found.ended, found.removed, found.exposure_days, found.median_days.value) == (0, 1, 4, None)


@pytest.mark.parametrize(("clock", "days"), [("elapsed", [20, 30]), ("active", [14, 28])])
def test_by_the_active_clock_time_on_hold_does_not_count(clock, days):
    rows = [
        *(row("Q", 0), row(None, 5, on_hold=True), row(None, 9, on_hold=False)),
        *(row(None, 18, on_hold=True), row("P", 20), row(None, 22, on_hold=False), row("N", 50)),
    ]
    report = measure(make_history(rows), clock=clock)

    assert [report.row(stage).exposure_days for stage in "QP"] == days


def test_what_is_on_hold_still_grows_no_older_by_the_active_clock():
    history = make_history([row("Q", 0), row(None, 5, on_hold=True)])
    found = measure(history, clock="active", since=day(3), as_of=day(40)).row("Q")

    assert (found.open, found.exposure_days, found.curve.times) == (1, 2, (3, 5))
    assert "days not on hold" in measure(history, clock="active").definition


def test_where_nothing_ended_nothing_is_said():
    found = measure(make_history([row("Q")]), as_of=day(3)).row("Q")

    assert (found.median_days.value, found.exposure_mean_days, found.completed_mean_days, found.at_risk) == (None,) * 4
    assert found.restricted_mean_days.value == 3
    assert str(found.median_days) == "–"


def test_beyond_what_was_seen_there_is_no_restricted_mean():
    assert measure(until=timedelta(days=71)).row("Q").restricted_mean_days.value is None


def test_stages_can_be_picked():
    assert [row.name for row in measure(stages=["N", "W"]).rows] == ["N", "W"]
    with pytest.raises(ValueError, match="'Z' is no stage of pipeline 'golden'"):
        measure(stages=["Z"])
    with pytest.raises(TypeError, match="not the text 'QP'"):
        measure(stages="QP")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clock": "sundial"}, "no clock 'sundial'"),
        ({"unit": "week"}, "no unit of time in stage 'week'"),
        ({"quantiles": [1.5]}, "between 0 and 1"),
    ],
)
def test_what_there_is_not_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure(**wrong)


@settings(max_examples=25)
@given(row_lists())
def test_every_visit_is_in_the_curve_of_its_stage(rows):
    history = make_history(rows)
    dropped, dwell = measure_drop_off(history, PIPELINE), measure_dwell(history, PIPELINE)

    for line in dropped.rows:
        found = dwell.row(line.name)
        assert found.ended + found.removed == line.left
        assert found.open == line.ended[Ending.OPEN]
        assert sum(found.curve.events) == found.ended


@settings(max_examples=25)
@given(row_lists(), st.integers(0, 14))
def test_windows_that_follow_one_another_see_all_of_the_time(rows, at):
    history = make_history(row for row in rows if row.kind is RowKind.ENTRY and row.pipeline != "other")

    def exposure(**window):
        return sum(line.exposure_days for line in measure_dwell(history, PIPELINE, **window).rows)

    earlier, later, whole = exposure(as_of=day(at)), exposure(as_of=day(20), since=day(at)), exposure(as_of=day(20))
    assert earlier + later == pytest.approx(whole, abs=1e-9)


@settings(max_examples=25)
@given(row_lists())
def test_a_longer_share_is_not_reached_earlier(rows):
    for line in measure_dwell(make_history(rows), PIPELINE, quantiles=(0.1, 0.3, 0.5, 0.7, 0.9), as_of=day(20)).rows:
        reached = [days.value for days in line.quantiles.values()]
        for one, other in pairwise(reached):
            assert other is None or (one is not None and one <= other)
        assert line.quantiles["p50"] == line.median_days
