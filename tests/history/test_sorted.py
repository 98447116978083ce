"""Rows that come sorted by opportunity fold one opportunity at a time."""

import tracemalloc
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.history import fold_history, fold_sorted, make_history
from tests.history.examples import PIPELINE, day, golden, row, row_lists


@given(row_lists(), st.integers(0, 30), st.none() | st.integers(0, 30))
def test_the_trails_are_those_of_the_whole_history(rows, until, known):
    as_of, known_on = day(until), None if known is None else day(known)
    past = fold_history(make_history(rows), PIPELINE, as_of=as_of, known_on=known_on, lenient=True)
    together = sorted(rows, key=lambda one: one.opportunity_id)

    trails = list(fold_sorted(together, PIPELINE, as_of=as_of, known_on=known_on))

    assert trails == sorted(past.trails, key=lambda one: one.opportunity_id)


def test_a_date_ends_with_its_day_in_the_zone():
    trails = list(fold_sorted(golden().rows, PIPELINE, as_of=date(2024, 1, 4), timezone="UTC"))

    assert [trail.opportunity_id for trail in trails] == ["o01", "o02", "o03"]
    with pytest.raises(ValueError, match="time zone"):
        next(fold_sorted(golden().rows, PIPELINE, as_of=date(2024, 1, 4)))


def test_an_opportunity_that_comes_again_is_refused_and_not_counted_twice():
    rows = [row("Q", 1, id="a"), row("Q", 1, id="b"), row("P", 2, id="a")]

    with pytest.raises(ValueError, match="rows of opportunity 'a' are not together; sort them"):
        list(fold_sorted(rows, PIPELINE, as_of=day(9)))


def test_no_more_than_one_opportunity_is_held():
    def many(count):
        for number in range(count):
            for step, stage in enumerate("QPNW"):
                yield row(stage, step, id=f"{number:06}")

    def peak(count):
        tracemalloc.start()
        try:
            assert sum(1 for _ in fold_sorted(many(count), PIPELINE, as_of=day(9))) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(4_000) - peak(1_000) < 3_000 * 200  # its id, of each; its four rows alone are several times that
