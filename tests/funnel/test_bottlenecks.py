"""Bottlenecks: planted ones are found, none where none is planted, and the golden deals as by hand."""

import json
from decimal import Decimal
from fractions import Fraction
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import (
    BottleneckCriterion,
    combine,
    count_bottlenecks,
    finish_bottlenecks,
    measure_bottlenecks,
)
from oppcore.funnel.flows import FlowSums
from oppcore.history import RowKind, make_history
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage
from tests.history.examples import PIPELINE, day, golden, golden_rows, row, row_lists

DAYS = 720
FLOW = Pipeline(
    key="flow",
    stages=[*(Stage(key=key, kind="open") for key in "abcd"), Stage(key="W", kind="won"), Stage(key="L", kind="lost")],
)


def flow(seed, planted=None, deals=500):
    """Deals that go through four like stages, but for stage c, where something is planted."""
    dice, rows = Random(seed), []
    for number in range(deals):
        at, amount, id = dice.uniform(0, DAYS), dice.randint(1, 100), f"{number:04}"
        for stage in "abcd":
            if at > DAYS:
                break
            rows.append(row(stage, at, id=id, amount=Money(1000 * amount, "EUR")))
            here = planted if stage == "c" else None
            slower = {"time": 2, "value": amount * amount / 1700, "congestion": 8 if at > DAYS / 2 else 1}
            at += dice.expovariate(1 / (10 * slower.get(here, 1)))
            if at > DAYS:
                break
            if dice.random() > (0.6 if here == "loss" else 0.85):
                rows.append(row("L", at, id=id))
                break
            if stage == "d":
                rows.append(row("W", at, id=id))
    return make_history(rows)


def find(history, **settings):
    return measure_bottlenecks(history, FLOW, **{"as_of": day(DAYS), "resamples": 100, **settings})


@pytest.mark.parametrize("planted", BottleneckCriterion)
def test_a_planted_bottleneck_is_ranked_first_and_leads(planted):
    for seed in range(5):
        report = find(flow(seed, planted), rank_by=planted)

        assert report.rows[0].name == "c"
        assert report.aside[f"by_{planted}"] == "c"
        assert planted in report.row("c").leads


def test_where_none_is_planted_none_can_be_told_from_the_others():
    found = [find(flow(seed)) for seed in range(10)]

    said = [[report.aside[f"by_{criterion}"] for criterion in BottleneckCriterion] for report in found]
    assert said.count(["not distinguishable"] * 4) >= 9
    assert "by time: not distinguishable" in str(found[0])


def test_few_deals_do_not_tell_a_bottleneck():
    assert find(flow(1, "time", deals=20)).aside["by_time"] == "not distinguishable"


def test_the_golden_cycle_is_spent_as_by_hand():
    report = measure_bottlenecks(golden(), PIPELINE, cycle="all", as_of=day(100), resamples=10)
    visits, stays = {"Q": 1, "P": 0.819048, "N": 0.714286}, {"Q": 18.7, "P": 21.375, "N": 110 / 6}

    for row_ in report.rows:
        assert row_.visits == pytest.approx(visits[row_.name], abs=1e-6)
        assert row_.stay_days == pytest.approx(stays[row_.name])
        share = visits[row_.name] * stays[row_.name] / 49.302381
        assert row_.scores[BottleneckCriterion.TIME].value == pytest.approx(share, abs=1e-6)
    assert [(row_.name, str(row_.went_on.value)) for row_ in report.rows] == [("Q", "4/5"), ("P", "3/4"), ("N", "2/3")]


def test_deals_that_are_won_go_all_the_way():
    report = measure_bottlenecks(golden(), PIPELINE, as_of=day(100), resamples=10)

    # Each visit of the chain times how likely it is to be won from there, over how likely it is at the start.
    visits = {"Q": 1, "P": 0.819048 * 12 / 10, "N": 0.714286 * 16 / 10}
    assert {one.name: one.visits for one in report.rows} == pytest.approx(visits, abs=5e-6)


def test_what_is_gained_is_what_the_chain_says_with_as_many_going_on_as_should():
    expected = {"Q": "0.8", "P": "0.9", "N": "0.6"}
    planned = attrs.evolve(
        PIPELINE,
        stages=[
            attrs.evolve(one, expected_conversion=Decimal(expected[one.key]) if one.key in expected else None)
            for one in PIPELINE.stages
        ],
    )
    report = measure_bottlenecks(golden(), planned, rank_by="loss", as_of=day(100), resamples=10)

    # With 9 of 10 going on from P: N = 2/3 + 1/6 P and P = 9/10 N, so N = 40/51 and P = 36/51; Q = 7/10 P + 1/10 N.
    better = Fraction(7, 10) * Fraction(36, 51) + Fraction(1, 10) * Fraction(40, 51)
    gains = {one.name: one.scores[BottleneckCriterion.LOSS].value for one in report.rows}
    assert gains == {"P": pytest.approx(float(better - Fraction(10, 21))), "Q": 0, "N": 0}
    assert [one.target for one in report.rows] == [0.9, 0.8, 0.6]


def test_a_stage_that_nobody_left_forward_gains_by_its_next():
    rows = [
        one for n in range(4) for one in (row("Q", 0, id=f"w{n}"), row("P", 1, id=f"w{n}"), row("L", 2, id=f"w{n}"))
    ]
    rows += [row("Q", 0, id="v"), row("N", 1, id="v"), row("W", 2, id="v")]
    report = measure_bottlenecks(make_history(rows), PIPELINE, rank_by="loss", resamples=10)

    assert report.rows[0].name == "P"
    assert report.row("P").scores[BottleneckCriterion.LOSS].value == pytest.approx(0.8 * report.row("P").target)


def test_work_piles_up_where_more_comes_than_goes():
    rows = [one for n in range(6) for one in (row("Q", 10 + n, id=str(n)), row("P", 12 + n, id=str(n)))]
    rows += [row("N", 20, id="0"), row("N", 21, id="1"), row("Q", 2, id="old")]
    report = measure_bottlenecks(make_history(rows), PIPELINE, since=day(5), as_of=day(25), resamples=10)
    queue, busy = report.row("P"), report.row("Q")

    assert (queue.arrived, queue.departed, queue.present_at_start, queue.present_at_end) == (6, 2, 0, 4)
    assert queue.scores[BottleneckCriterion.CONGESTION].value == 4 / 6
    assert (busy.present_at_start, busy.present_at_end) == (1, 1)
    assert report.ids("P", "N") == ("0", "1")


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_by_littles_law_arrivals_times_stay_are_those_present(stays):
    rows = [
        one
        for n, (begun, took) in enumerate(stays)
        for one in (row("Q", begun, id=str(n)), row("L", begun + took, id=str(n)))
    ]
    found = measure_bottlenecks(make_history(rows), PIPELINE, since=day(0), as_of=day(20), resamples=1).row("Q")

    assert found.little_present == pytest.approx(found.mean_present, rel=1e-12)


def test_a_stage_that_was_never_left_leaves_the_cycle_untold():
    report = measure_bottlenecks(make_history([row("Q", 0), row("P", 5)]), PIPELINE, as_of=day(9), resamples=5)

    assert {one.scores[BottleneckCriterion.TIME].value for one in report.rows} == {None}
    assert report.row("Q").visits is None
    assert measure_bottlenecks(make_history([]), PIPELINE).rows == ()


def test_stages_that_are_left_only_for_one_another_leave_the_cycle_untold():
    rows = [row("Q", 0), row("P", 5), row("Q", 6), row("P", 8)]
    report = measure_bottlenecks(make_history(rows), PIPELINE, as_of=day(9), resamples=5)

    assert {one.scores[BottleneckCriterion.VALUE].value for one in report.rows} == {None}


def test_a_deal_without_an_amount_is_counted_and_weighs_nothing():
    report = find(flow(3))
    heavy = measure_bottlenecks(golden(), PIPELINE, as_of=day(100), resamples=5)

    assert (report.aside["without_amount"], heavy.aside["without_amount"]) == (0, 12)
    assert {one.scores[BottleneckCriterion.VALUE].value for one in heavy.rows} == {None}


def test_the_same_seed_gives_the_same_and_another_other_intervals():
    history = flow(3, deals=60)

    assert find(history, seed=1).detail() == find(history, seed=1).detail()
    assert find(history, seed=1).rows != find(history, seed=2).rows


def test_many_deals_are_drawn_in_groups_that_add_up_to_the_same():
    tally = count_bottlenecks(flow(4, deals=90), FLOW, as_of=day(DAYS))
    sums = FlowSums(tally.total.deals.values(), tuple("abcd"), day(DAYS / 2), day(DAYS))
    groups = sums.grouped(7, seed=1)

    assert (len(sums), len(groups), len(sums.grouped(90, seed=1))) == (90, 7, 90)
    assert groups.total().values == pytest.approx(sums.total().values)
    assert groups.total({0: 1}) == sums.grouped(7, seed=1).total({0: 1}) != sums.grouped(7, seed=2).total({0: 1})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start": "W"}, "'W' is none of pipeline 'golden'"),
        ({"rank_by": "speed"}, "no criterion of bottlenecks 'speed'"),
        ({"cycle": "lost"}, "no cycle 'lost'"),
        ({"resamples": 0}, "not 0 times"),
    ],
)
def test_what_there_is_not_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure_bottlenecks(golden(), PIPELINE, **wrong)


def numbers(report):
    return {key: value for key, value in report.detail().items() if key != "left_out"}


@settings(max_examples=15)
@given(row_lists(), st.randoms(), st.lists(st.integers(0, 1), min_size=5, max_size=5))
def test_neither_the_order_nor_the_parts_nor_later_rows_change_it(rows, random, split):
    asked = {"as_of": day(13), "by": "owner_id"}
    shuffled = random.sample(rows, len(rows))
    parts = [
        count_bottlenecks(
            make_history(one for one in shuffled if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(2)
    ]
    later = [row("Q", 40, id=id, kind=RowKind.RESTORED) for id in "abcde"]
    whole = count_bottlenecks(make_history([*rows, *later]), PIPELINE, **asked)

    one, other = (numbers(finish_bottlenecks(tally, resamples=3)) for tally in (combine(*parts), whole))
    assert json.loads(json.dumps(one)) == json.loads(json.dumps(other))


@settings(max_examples=15)
@given(st.integers(2, 9), st.lists(st.integers(1, 1000), min_size=12, max_size=12))
def test_scaling_amounts_changes_no_score(factor, amounts):
    worth = dict(zip(sorted({one.opportunity_id for one in golden_rows()}), amounts, strict=True))

    def scores(times):
        rows = [attrs.evolve(one, amount=Money(times * worth[one.opportunity_id], "EUR")) for one in golden_rows()]
        report = measure_bottlenecks(make_history(rows), PIPELINE, as_of=day(100), resamples=2)
        return [one.scores[criterion].value for one in report.rows for criterion in BottleneckCriterion]

    assert scores(factor) == pytest.approx(scores(1))
