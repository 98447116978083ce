"""What holds for every history."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.funnel import combine, count_steps, finish_funnel, measure_funnel
from oppcore.history import make_history, take_snapshot
from tests.history.examples import PIPELINE, day, golden, row, row_lists

rules = st.sampled_from(["touched", "ordered"])
columns = st.sampled_from([None, "owner_id", "currency"])


def without_left_out(funnel):
    return {key: value for key, value in funnel.detail().items() if key != "left_out"}


@given(row_lists())
def test_ordered_counts_never_rise_and_never_exceed_touched(rows):
    ordered, touched = (
        [step.count for step in measure_funnel(make_history(rows), PIPELINE, count=rule).steps]
        for rule in ("ordered", "touched")
    )

    assert ordered == sorted(ordered, reverse=True)
    assert all(one <= other for one, other in zip(ordered, touched, strict=True))


@given(row_lists(), rules)
def test_a_cumulative_ratio_is_the_product_of_the_steps(rows, rule):
    steps = measure_funnel(make_history(rows), PIPELINE, count=rule).steps

    product = 1
    for step in steps[1:]:
        if step.step.value is None or step.cumulative.value is None:
            break
        product *= step.step.value
        assert step.cumulative.value == product


@given(row_lists(), rules)
def test_a_ratio_is_a_share_exactly_where_its_deals_are_nested(rows, rule):
    funnel = measure_funnel(make_history(rows), PIPELINE, count=rule)
    before = set(take_snapshot(make_history(rows), PIPELINE).ids())

    for step in funnel.steps:
        ids = set(funnel.ids(step.name))
        assert len(ids) == step.count
        assert step.step.nested == (ids <= before)
        assert step.cumulative.nested == (ids <= set(funnel.ids("Q")))
        assert rule == "touched" or step.step.nested
        before = ids


@given(row_lists(), rules, st.randoms())
def test_the_order_of_the_rows_changes_no_funnel(rows, rule, random):
    shuffled = random.sample(rows, len(rows))

    one, other = (measure_funnel(make_history(found), PIPELINE, count=rule).detail() for found in (rows, shuffled))
    assert one == other


@given(row_lists(), rules, st.integers(0, 13))
def test_rows_after_a_day_change_no_funnel_of_it(rows, rule, on):
    earlier = [row for row in rows if row.at <= day(on)]

    one, other = (
        measure_funnel(make_history(found), PIPELINE, count=rule, as_of=day(on)).detail() for found in (rows, earlier)
    )
    assert one == other


@given(row_lists(), rules, columns, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_parts_counted_apart_combine_to_the_whole(rows, rule, by, split):
    settings = {"count": rule, "by": by, "as_of": day(20)}
    parts = [
        count_steps(
            make_history(row for row in rows if split["abcde".index(row.opportunity_id)] == part), PIPELINE, **settings
        )
        for part in range(3)
    ]

    combined = finish_funnel(reduce(combine, parts))
    whole = finish_funnel(count_steps(make_history(rows), PIPELINE, **settings))

    assert without_left_out(combined) == without_left_out(whole)
    assert set(combined.ids("won")) == set(whole.ids("won"))


@given(row_lists(), rules)
def test_groups_add_up_to_the_whole(rows, rule):
    funnel = measure_funnel(make_history(rows), PIPELINE, count=rule, by="owner_id")

    assert sum(group.deals for group in funnel.groups) == funnel.deals
    for index, step in enumerate(funnel.steps):
        assert sum(group.steps[index].count for group in funnel.groups) == step.count


@given(row_lists(), rules)
def test_who_is_won_now_was_won_or_is_counted_as_no_longer_won(rows, rule):
    history = make_history(rows)
    funnel, snapshot = measure_funnel(history, PIPELINE, count=rule), take_snapshot(history, PIPELINE)

    still = set(funnel.ids("won")) & set(snapshot.ids(outcome="won"))
    assert funnel.step("won").count - funnel.no_longer_won == len(still)


def test_one_opportunity_cannot_be_in_two_parts():
    tally = count_steps(golden(), PIPELINE, count="touched")

    with pytest.raises(ValueError, match="'o01' is in both parts"):
        combine(tally, tally)


def test_counts_made_differently_do_not_combine():
    one, other = (count_steps(make_history([row("Q")]), PIPELINE, count=rule) for rule in ("touched", "ordered"))

    with pytest.raises(ValueError, match="differ in count: touched and ordered"):
        combine(one, other)
