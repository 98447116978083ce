"""What holds for every history."""

from datetime import date, timedelta
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import Cohort, CountingRule, combine, count_steps, finish_funnel, measure_funnel
from oppcore.history import make_history, take_snapshot
from oppcore.periods import Period
from tests.history.examples import PIPELINE, day, golden, row, row_lists

rules = st.sampled_from(CountingRule)
columns = st.sampled_from([None, "owner_id", "currency"])
in_named_steps = st.sampled_from([rule for rule in CountingRule if rule is not CountingRule.UNORDERED])


periods = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(
    lambda days: Period(day(days[0]).date(), day(sum(days)).date())
)
limits = st.fixed_dictionaries(
    {},
    optional={
        "window": st.integers(1, 10).map(lambda days: timedelta(days=days)),
        "entry": st.sampled_from(["any", "first"]),
        "exclude": st.sampled_from([["L"], ["X", "L"]]),
        "steps": st.sampled_from([["Q", "N"], ["N", "Q"]]),
        "cohort": st.builds(Cohort, periods, st.sampled_from([None, "P", "won", "L"])),
    },
)


def without_left_out(funnel):
    return {key: value for key, value in funnel.detail().items() if key != "left_out"}


@settings(max_examples=40)
@given(row_lists(), limits)
def test_each_rule_counts_no_less_than_the_stricter_one_and_falls_where_it_should(rows, limits):
    strict, ordered, touched, unless_lost, backfilled = (
        measure_funnel(make_history(rows), PIPELINE, count=rule, timezone="UTC", **limits)
        for rule in ("strict", "ordered", "touched", "backfilled_unless_lost", "backfilled")
    )

    # Where a stage between is no step, a window of `backfilled` may begin there, before that of `touched`.
    chain = (strict, ordered, touched) if "steps" in limits else (strict, ordered, touched, unless_lost, backfilled)
    for fewer, more in pairwise(chain):
        assert all(set(fewer.ids(step.name)) <= set(more.ids(step.name)) for step in fewer.steps)
    for funnel in (strict, ordered, backfilled):
        counts = [step.count for step in funnel.steps]
        assert counts == sorted(counts, reverse=True)


@settings(max_examples=40)
@given(row_lists(), limits)
def test_so_many_steps_in_any_order_hold_no_less_than_in_order_and_without_limits_all_that_was_touched(rows, limits):
    history = make_history(rows)
    unordered, ordered, touched = (
        measure_funnel(history, PIPELINE, count=rule, timezone="UTC", **limits)
        for rule in ("unordered", "ordered", "touched")
    )

    counts = [step.count for step in unordered.steps]
    assert counts == sorted(counts, reverse=True)
    for any_order, in_order in zip(unordered.steps, ordered.steps, strict=True):
        assert set(ordered.ids(in_order.name)) <= set(unordered.ids(any_order.name))
    if not {"window", "exclude"} & set(limits):
        assert sum(counts) == sum(step.count for step in touched.steps)


@settings(max_examples=30)
@given(row_lists(), rules, limits, st.integers(1, 9))
def test_a_longer_window_and_more_entries_lose_no_deal(rows, rule, limits, days):
    def members(**wider):
        funnel = measure_funnel(make_history(rows), PIPELINE, count=rule, timezone="UTC", **{**limits, **wider})
        return [set(funnel.ids(step.name)) for step in funnel.steps]

    shorter, longer, endless = (members(window=window) for window in (timedelta(days), timedelta(days + 1), None))
    assert all(one <= two <= three for one, two, three in zip(shorter, longer, endless, strict=True))
    first, every = (members(entry=entry) for entry in ("first", "any"))
    assert all(one <= two for one, two in zip(first, every, strict=True))


@settings(max_examples=30)
@given(row_lists(), rules, st.sampled_from([None, "Q", "won"]))
def test_cohorts_of_periods_that_follow_one_another_add_up(rows, rule, entered):
    bounds = [date(2023, 12, 1), date(2024, 1, 4), date(2024, 1, 9), date(2024, 3, 1)]

    def measure(*days):
        cohort = Cohort(Period(*days), entered)
        return measure_funnel(make_history(rows), PIPELINE, count=rule, cohort=cohort, timezone="UTC")

    whole, parts = measure(bounds[0], bounds[-1]), [measure(*days) for days in pairwise(bounds)]

    assert [step.count for step in whole.steps] == [
        sum(part.steps[index].count for part in parts) for index in range(len(whole.steps))
    ]


@settings(max_examples=40)
@given(row_lists(), rules)
def test_a_cumulative_ratio_is_the_product_of_the_steps(rows, rule):
    steps = measure_funnel(make_history(rows), PIPELINE, count=rule).steps

    product = 1
    for step in steps[1:]:
        if step.step.value is None or step.cumulative.value is None:
            break
        product *= step.step.value
        assert step.cumulative.value == product


@settings(max_examples=40)
@given(row_lists(), rules)
def test_a_ratio_is_a_share_exactly_where_its_deals_are_nested(rows, rule):
    funnel = measure_funnel(make_history(rows), PIPELINE, count=rule)
    before = set(take_snapshot(make_history(rows), PIPELINE).ids())

    for step in funnel.steps:
        ids = set(funnel.ids(step.name))
        assert len(ids) == step.count
        assert step.step.nested == (ids <= before)
        assert step.cumulative.nested == (ids <= set(funnel.ids(funnel.steps[0].name)))
        assert rule in ("touched", "backfilled_unless_lost") or step.step.nested
        before = ids


@settings(max_examples=40)
@given(row_lists(), rules, limits, st.randoms())
def test_the_order_of_the_rows_changes_no_funnel(rows, rule, limits, random):
    shuffled = random.sample(rows, len(rows))

    one, other = (
        measure_funnel(make_history(found), PIPELINE, count=rule, timezone="UTC", **limits).detail()
        for found in (rows, shuffled)
    )
    assert one == other


@settings(max_examples=40)
@given(row_lists(), rules, st.integers(0, 13))
def test_rows_after_a_day_change_no_funnel_of_it(rows, rule, on):
    earlier = [row for row in rows if row.at <= day(on)]

    one, other = (
        measure_funnel(make_history(found), PIPELINE, count=rule, as_of=day(on)).detail() for found in (rows, earlier)
    )
    assert one == other


@settings(max_examples=40)
@given(row_lists(), rules, columns, limits, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_parts_counted_apart_combine_to_the_whole(rows, rule, by, limits, split):
    counting = {"count": rule, "by": by, "as_of": day(20), "timezone": "UTC", **limits}
    parts = [
        count_steps(
            make_history(row for row in rows if split["abcde".index(row.opportunity_id)] == part), PIPELINE, **counting
        )
        for part in range(3)
    ]

    combined = finish_funnel(reduce(combine, parts))
    whole = finish_funnel(count_steps(make_history(rows), PIPELINE, **counting))

    assert without_left_out(combined) == without_left_out(whole)
    assert all(set(combined.ids(step.name)) == set(whole.ids(step.name)) for step in whole.steps)


@settings(max_examples=40)
@given(row_lists(), rules, st.sampled_from(["first", "last", "P"]))
def test_groups_add_up_to_the_whole(rows, rule, attribution):
    funnel = measure_funnel(make_history(rows), PIPELINE, count=rule, by="owner_id", attribution=attribution)

    assert sum(group.deals for group in funnel.groups) == funnel.deals
    for index, step in enumerate(funnel.steps):
        assert sum(group.steps[index].count for group in funnel.groups) == step.count


@settings(max_examples=40)
@given(row_lists(), in_named_steps)
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
