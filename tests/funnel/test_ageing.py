"""Ageing: open deals against the plan and against others, by hand and as laws."""

from decimal import Decimal
from itertools import pairwise

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import AgeVerdict, measure_ageing
from oppcore.history import RowKind, make_history, take_snapshot
from oppcore.pipeline import Pipeline, Stage
from tests.history.examples import PIPELINE, day, golden, row, row_lists

PLANNED = Pipeline(
    key="planned",
    stages=[
        Stage(key="Q", kind="open", expected_days=Decimal(10), maximum_days=Decimal(20)),
        Stage(key="P", kind="open", maximum_days=Decimal(30)),
        Stage(key="N", kind="open", expected_days=Decimal(5)),
        Stage(key="W", kind="won"),
    ],
)


def by_plan(stage, days):
    report = measure_ageing(make_history([row(stage, 0)]), PLANNED, as_of=day(days))
    return str(report.row("o").by_plan)


def test_the_golden_deals_that_are_open_are_as_old_as_by_hand():
    report = measure_ageing(golden(), PIPELINE, as_of=day(100))

    assert [(row.name, row.stage, row.in_stage_days, row.age_days) for row in report.rows] == [
        ("o07", "Q", 70, 70),
        ("o06", "P", 55, 80),
        ("o12", "Q", 10, 10),
        ("o10", "N", 5, 40),
    ]
    assert report.ids("Q", "open") == ("o07", "o12")


def test_the_golden_deals_are_compared_with_the_curves_of_their_stages():
    report = measure_ageing(golden(), PIPELINE, as_of=day(100), share=0.75, minimum=6)

    assert {row.name: (row.benchmark_days, str(row.by_benchmark)) for row in report.rows} == {
        "o07": (20, "stuck"),
        "o06": (18, "stuck"),
        "o12": (20, "in_time"),
        "o10": (20, "in_time"),
    }
    assert report.row("o12").percentile.value == pytest.approx(1 - 0.416667, abs=1e-6)
    assert report.aside == {
        "open": 4,
        "over_expected": 0,
        "over_maximum": 0,
        "without_plan": 4,
        "stuck": 2,
        "without_benchmark": 0,
    }


def test_with_too_little_to_compare_with_nothing_is_said():
    found = measure_ageing(golden(), PIPELINE, as_of=day(100), share=0.75, minimum=9)

    assert {row.name: str(row.by_benchmark) for row in found.rows} == {
        "o07": "stuck",
        "o06": "unknown",
        "o12": "in_time",
        "o10": "unknown",
    }
    assert (found.row("o06").benchmark_days, found.row("o06").percentile.value) == (None, None)


@pytest.mark.parametrize(
    ("stage", "days", "verdict"),
    [
        *(("Q", 10, "in_time"), ("Q", 10.1, "over_expected"), ("Q", 20, "over_expected"), ("Q", 20.1, "over_maximum")),
        *(("P", 30, "in_time"), ("P", 31, "over_maximum"), ("N", 50, "over_expected")),
    ],
)
def test_the_plan_of_the_stage_decides(stage, days, verdict):
    assert by_plan(stage, days) == verdict


def test_the_age_in_a_stage_is_that_of_the_present_visit_and_idle_is_who_says_nothing():
    rows = [row("Q", 0), row("P", 10), row("Q", 30), row("Q", 36, owner_id="bo")]
    found = measure_ageing(make_history(rows), PIPELINE, as_of=day(40)).row("o")

    assert (found.in_stage_days, found.age_days, found.idle_days) == (10, 40, 4)


def test_it_is_said_which_deals_are_on_hold():
    rows = [row("Q", 0, id="a", on_hold=True), row("Q", 0, id="b", on_hold=True), row(None, 3, id="b", on_hold=False)]
    report = measure_ageing(make_history([*rows, row("Q", 0, id="c")]), PIPELINE)

    assert {row.name: row.on_hold for row in report.rows} == {"a": True, "b": False, "c": False}


def test_deals_that_were_won_are_a_stricter_benchmark():
    won = [one for name in "abc" for one in (row("Q", 0, id=name), row("W", 4, id=name))]
    slow = [one for name in "xyz" for one in (row("Q", 0, id=name), row("L", 40, id=name))]
    history = make_history([*won, *slow, row("Q", 40, id="now")])

    def verdict(benchmark):
        report = measure_ageing(history, PIPELINE, benchmark=benchmark, minimum=3, as_of=day(50))
        return report.row("now").benchmark_days, str(report.row("now").by_benchmark), report.row("now").percentile.value

    assert verdict("won") == (4, "stuck", 1)
    assert verdict("all") == (40, "in_time", pytest.approx(3 / 7))


def test_groups_are_compared_with_all():
    rows = [one for name in "abc" for one in (row("Q", 0, id=name, owner_id="ann"), row("W", 4, id=name))]
    history = make_history([*rows, row("Q", 0, id="now", owner_id="bo")])
    report = measure_ageing(history, PIPELINE, by="owner_id", share=0.5, minimum=3, as_of=day(50))

    assert {group.by: [str(one.by_benchmark) for one in group.rows] for group in report.groups} == {
        "ann": [],
        "bo": ["stuck"],
    }


def test_beyond_what_was_seen_of_others_nothing_is_said():
    removed = [row("Q", 0, id="a"), row(None, 5, id="a", kind=RowKind.REMOVED), row("W", 6, id="a", kind="restored")]
    rows = [*removed, row("Q", 0, id="b"), row("W", 2, id="b"), row("Q", 0, id="now")]
    found = measure_ageing(make_history(rows), PIPELINE, benchmark="won", minimum=1, as_of=day(9)).row("now")

    assert (found.benchmark_days, found.by_benchmark) == (None, AgeVerdict.UNKNOWN)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"benchmark": "best"}, "no benchmark of ageing 'best'"), ({"share": 1.0}, "between 0 and 1, not 1.0")],
)
def test_what_there_is_not_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure_ageing(golden(), PIPELINE, **wrong)


@settings(max_examples=25)
@given(row_lists())
def test_every_open_deal_of_the_snapshot_has_one_line(rows):
    history = make_history(rows)

    ids = {line.name for line in measure_ageing(history, PIPELINE).rows}
    assert ids == set(take_snapshot(history, PIPELINE).ids(outcome="open"))


SEVERITY = {AgeVerdict.UNKNOWN: 0, AgeVerdict.IN_TIME: 0, AgeVerdict.OVER_EXPECTED: 1, AgeVerdict.OVER_MAXIMUM: 2}


@settings(max_examples=40)
@given(row_lists(ids="abcdefgh"), st.sampled_from(["all", "won"]), st.sampled_from([0.3, 0.5, 0.9]))
def test_who_has_been_there_longer_is_never_said_to_be_better_off(rows, benchmark, share):
    planned = attrs.evolve(PIPELINE, stages=[attrs.evolve(one, expected_days=Decimal(3)) for one in PIPELINE.stages])
    lines = measure_ageing(make_history(rows), planned, benchmark=benchmark, share=share, minimum=1, as_of=day(14)).rows

    for stage in "QPN":
        for older, younger in pairwise(line for line in lines if line.stage == stage):
            assert older.in_stage_days >= younger.in_stage_days
            assert SEVERITY[older.by_plan] >= SEVERITY[younger.by_plan]
            assert older.by_benchmark is not AgeVerdict.IN_TIME or younger.by_benchmark is not AgeVerdict.STUCK
            if older.percentile.value is not None and younger.percentile.value is not None:
                assert older.percentile.value >= younger.percentile.value
