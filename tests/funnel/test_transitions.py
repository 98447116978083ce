"""From which stage deals went to which: the golden log against pm4py, and what holds for every history."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from functools import reduce

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import combine_buckets, count_transitions, finish_transitions, measure_transitions
from oppcore.history import RowKind, make_history, take_snapshot
from oppcore.periods import read_period
from oppcore.pipeline.flow import FORBIDDEN, Flow, Policy
from tests.history.examples import PIPELINE, day, golden, row, row_lists

FEW = settings(max_examples=50)


def measure(*rows, pipeline=PIPELINE, **asked):
    return measure_transitions(make_history(rows), pipeline, **asked)


def test_the_golden_log_counts_as_pm4py_does():
    matrix = measure_transitions(golden(), PIPELINE, as_of=day(100))

    moves = {hop.source + hop.target: bucket.count for hop, bucket in matrix.hops if hop.source and hop.target}
    assert moves == {"QP": 7, "QN": 1, "QL": 2, "PN": 6, "PL": 2, "NW": 4, "NL": 1, "NP": 1, "LQ": 1}
    assert (matrix.count(None, "Q"), matrix.count(None, "P")) == (11, 1)
    ends = {(hop.source, str(hop.outcome)): bucket.count for hop, bucket in matrix.hops if hop.target is None}
    assert ends == {("Q", "open"): 2, ("P", "open"): 1, ("N", "open"): 1, ("W", "won"): 4, ("L", "lost"): 4}
    durations = [one.duration.days for _, bucket in matrix.variants for one in bucket.contributions]
    assert sorted(durations) == [0, 0, 0, 10, 20, 25, 35, 35, 35, 40, 68, 75]


def test_the_golden_log_has_ten_variants():
    matrix = measure_transitions(golden(), PIPELINE, as_of=day(100))

    assert len(matrix.variants) == 10
    assert [("".join(variant.stages), bucket.ids) for variant, bucket in matrix.variants[:3]] == [
        ("Q", ("o07", "o12")),
        ("QL", ("o03", "o11")),
        ("PNL", ("o09",)),
    ]
    assert matrix.deals == 12


def test_rework_backward_moves_and_skips_of_the_golden_log():
    matrix = measure_transitions(golden(), PIPELINE, as_of=day(100))

    # o05 went back from N to P; o08 was reopened. o04 went from Q to N.
    assert (matrix.rework.value, matrix.revisits) == (Fraction(2, 12), 4)
    assert (matrix.backward.value, matrix.skips.value) == (Fraction(1, 15), Fraction(1, 15))
    assert matrix.ids("N", "P") == ("o05",)


def test_times_go_from_entering_to_entering():
    matrix = measure_transitions(golden(), PIPELINE, as_of=day(100))

    # Q to P took 10, 5, 8, 25, 7, 7 and 15 days.
    assert matrix.mean_time("Q", "P") == timedelta(days=77) / 7
    assert matrix.mean_time("Q", None) == timedelta(days=70 + 10) / 2
    assert matrix.mean_time("P", "Q") is None


def test_hops_the_pipeline_does_not_know_are_breaches():
    # The flow allows no reopening, o09 came in at P, and o04 left out P, which may not be skipped.
    matrix = measure_transitions(golden(), PIPELINE, as_of=day(100))
    found = {(hop.source, hop.target): bucket.ids for hop, bucket in matrix.breaches}
    assert found == {(None, "P"): ("o09",), ("L", "Q"): ("o08",), ("Q", "N"): ("o04",)}
    assert matrix.conformance.value == Fraction(34, 37)

    lax = attrs.evolve(PIPELINE, opens_in=("Q", "P"), flow=Flow(reopen=Policy(), revert=FORBIDDEN))
    found = {(hop.source, hop.target) for hop, _ in measure_transitions(golden(), lax, as_of=day(100)).breaches}
    assert ("N", "P") in found
    assert found.isdisjoint({(None, "P"), ("L", "Q")})


def test_what_was_lost_where_it_stood_and_goes_on_was_reopened():
    rows = [row("Q", 0), row("Q", 1, outcome="lost"), row("P", 2, outcome="open")]
    matrix = measure(*rows)
    assert [(hop.source, hop.target) for hop, _ in matrix.breaches] == [("Q", "P")]
    assert matrix.backward.denominator == 0

    lax = attrs.evolve(PIPELINE, flow=Flow(reopen=Policy()))
    assert measure(*rows, pipeline=lax).breaches == ()


def test_a_restored_deal_comes_back_without_a_breach():
    matrix = measure(row("Q", 0), row(None, 1, kind=RowKind.REMOVED), row(None, 2, kind=RowKind.RESTORED), row("P", 3))

    assert matrix.count("Q", "Q") == 1
    assert matrix.breaches == ()


def test_only_deals_created_in_a_period():
    matrix = measure_transitions(golden(), PIPELINE, period=read_period("2024-02"), timezone="UTC")

    assert matrix.ids(None, "P") == ("o09",)
    assert matrix.deals == 1
    with pytest.raises(ValueError, match="depends on the time zone"):
        measure_transitions(golden(), PIPELINE, period=read_period("2024-02"))


def test_a_matrix_shows_itself():
    matrix = measure(
        row("Q", 0, owner_id="ann"),
        row("P", 1),
        *(row(stage, 0, id=f"{a}{b}", owner_id="bob") for stage in "Q" for a in "abc" for b in "abcd"),
        by="owner_id",
    )

    assert "(start)" in str(matrix)
    assert "12 deals: Q (open)" in str(matrix)
    assert matrix._repr_html_().startswith("<table>")
    assert matrix.detail()["groups"][1]["deals"] == 12
    assert matrix.as_records()[1] == {
        "owner_id": "ann",
        "source": "Q",
        "target": "P",
        "outcome": None,
        "count": 1,
        "deals": 1,
        "mean_days": 1.0,
        "allowed": True,
    }


@given(row_lists())
def test_as_many_hops_lead_into_a_stage_as_out_of_it(rows):
    matrix = measure(*rows)

    into, out = Counter(), Counter()
    for hop, bucket in matrix.hops:
        into[hop.target] += bucket.count
        out[hop.source] += bucket.count
    assert into == out
    assert into[None] == matrix.deals == len(take_snapshot(make_history(rows), PIPELINE))
    assert matrix.deals == sum(bucket.deals for _, bucket in matrix.variants)
    hops = sum(len(variant.stages) * bucket.count for variant, bucket in matrix.variants)
    assert hops == sum(bucket.count for hop, bucket in matrix.hops if hop.target is not None)


@given(row_lists())
@FEW
def test_the_times_of_a_deal_add_up_to_its_life(rows):
    matrix = measure(*rows)
    inner = sum((bucket.duration for hop, bucket in matrix.hops if hop.target), timedelta())

    assert inner == sum((bucket.duration for _, bucket in matrix.variants), timedelta())
    taken = [one.duration for _, bucket in matrix.hops for one in bucket.contributions]
    assert all(took >= timedelta(0) for took in taken if took is not None)


@given(row_lists(), st.lists(st.integers(0, 2), min_size=5, max_size=5))
@FEW
def test_parts_counted_apart_combine_to_the_whole(rows, split):
    asked = {"as_of": date(2024, 2, 1), "timezone": "UTC", "by": "owner_id"}
    parts = [
        count_transitions(
            make_history(one for one in rows if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(3)
    ]

    combined, whole = reduce(combine_buckets, parts), count_transitions(make_history(rows), PIPELINE, **asked)
    for name in ("terms", "buckets", "groups", "missing"):
        assert getattr(combined, name) == getattr(whole, name)
    one, other = finish_transitions(combined).detail(), finish_transitions(whole).detail()
    assert {**one, "left_out": ()} == {**other, "left_out": ()}
