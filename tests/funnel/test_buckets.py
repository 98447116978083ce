"""Buckets, also those of which only counts are known."""

from datetime import date, timedelta
from functools import partial

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import (
    Bucket,
    Contribution,
    count_coverage,
    count_creation,
    count_hygiene,
    count_losses,
    count_movement,
    count_slippage,
    count_transitions,
    finish_coverage,
    finish_creation,
    finish_hygiene,
    finish_losses,
    finish_movement,
    finish_slippage,
    finish_transitions,
)
from oppcore.history import make_history
from oppcore.money import Money
from oppcore.periods import Period, read_period
from tests.history.examples import PIPELINE, day, row, row_lists

FEW = settings(max_examples=10)
JANUARY = read_period("2024-01")
AS_OF = day(9)
MEASURES = {
    "movement": (
        count_movement,
        {"policy": "book_deltas", "since": day(3), "until": AS_OF, "by": "owner_id"},
        finish_movement,
    ),
    "slippage": (count_slippage, {"period": JANUARY, "as_of": AS_OF, "by": "owner_id"}, finish_slippage),
    "creation": (count_creation, {"periods": [JANUARY], "as_of": AS_OF, "by": "owner_id"}, finish_creation),
    "coverage": (
        count_coverage,
        {"period": JANUARY, "as_of": AS_OF},
        partial(finish_coverage, quota=Money(9, "EUR")),
    ),
    "coverage learnt from the past": (
        count_coverage,
        {
            "period": Period(date(2024, 1, 9), date(2024, 1, 13)),
            "past": [Period(date(2024, 1, 3), date(2024, 1, 7)), Period(date(2024, 1, 5), date(2024, 1, 9))],
            "as_of": AS_OF,
        },
        partial(finish_coverage, quota=Money(9, "EUR")),
    ),
    "losses": (count_losses, {"as_of": AS_OF, "by": "owner_id"}, finish_losses),
    "transitions": (count_transitions, {"as_of": AS_OF, "by": "owner_id"}, finish_transitions),
    "hygiene": (count_hygiene, {"as_of": AS_OF, "by": "owner_id"}, finish_hygiene),
}
"""How each measure counts, what it is asked, and how it finishes."""


def count(name, rows, **further):
    counting, asked, _ = MEASURES[name]
    return counting(make_history(rows), PIPELINE, timezone="UTC", **asked, **further)


def same(one, other):
    """Whether two tallies count alike; what they were asked may differ in what was known."""
    return (one.buckets, one.groups, one.missing) == (other.buckets, other.groups, other.missing)


def counts_only(tally):
    """The tally as an engine would give it that counts, and does not say which deals."""

    def strip(buckets):
        return {heading: attrs.evolve(bucket, contributions=None) for heading, bucket in buckets.items()}

    return attrs.evolve(
        tally,
        buckets=strip(tally.buckets),
        groups={group: strip(found) for group, found in tally.groups.items()},
        missing=strip(tally.missing),
    )


@pytest.mark.parametrize("name", MEASURES)
@given(rows=row_lists())
@FEW
def test_a_measure_needs_counts_only(name, rows):
    finish, tally = MEASURES[name][2], count(name, rows)

    whole, bare = finish(tally), finish(counts_only(tally))
    assert bare.as_records() == whole.as_records()
    one, other = ({**found.detail(), "left_out": ()} for found in (whole, bare))
    assert one == other
    assert [problem.params.get("count") for problem in bare.left_out] == [
        problem.params.get("count") for problem in whole.left_out
    ]
    assert str(bare)


@pytest.mark.parametrize("name", MEASURES)
@given(rows=row_lists())
@FEW
def test_what_happens_later_changes_no_measure(name, rows):
    earlier = [one for one in rows if one.at <= AS_OF]

    assert same(count(name, rows), count(name, earlier))


@pytest.mark.parametrize("name", MEASURES)
@given(rows=row_lists(), on=st.integers(0, 15))
@FEW
def test_what_becomes_known_later_changes_no_measure_of_what_was_known(name, rows, on):
    known = [one for one in rows if one.known_at <= day(on)]

    assert same(count(name, rows, known_on=day(on)), count(name, known))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(-9, 9), st.none() | st.integers(0, 9))))
def test_a_bucket_counts_what_is_put_in_whatever_the_order(found):
    contributions = [
        Contribution(
            id,
            None if amount is None else Money(amount, "EUR"),
            None if days is None else timedelta(days=days),
        )
        for id, amount, days in found
    ]
    bucket = Bucket.of(contributions)

    assert bucket.count == len(found)
    assert bucket.ids == tuple(sorted({id for id, _, _ in found}))
    assert bucket.deals == len(bucket.ids)
    assert bucket.timed == sum(days is not None for _, _, days in found)
    assert attrs.evolve(Bucket.of(reversed(contributions)), contributions=()) == attrs.evolve(bucket, contributions=())


def test_which_deals_there_are_is_not_known_of_counts():
    with pytest.raises(ValueError, match="only their number was counted"):
        _ = Bucket(count=3, deals=3, contributions=None).ids


def test_only_some_of_many_deals_are_named():
    rows = [row("Q", 0, id=f"d{number}") for number in range(7)]
    (problem,) = finish_creation(
        count_creation(make_history(rows), PIPELINE, periods=[JANUARY], timezone="UTC")
    ).left_out

    assert str(problem) == "opportunities d0, d1, d2, d3, d4 and 2 more: no amount; deals in all: 7"
