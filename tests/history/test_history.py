from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import Problem
from oppcore.history import make_history
from tests.history.examples import day, golden, row, row_lists


def test_rows_are_grouped_by_opportunity_in_happened_order():
    history = make_history([row("P", 2, id="b"), row("Q", 1, id="a"), row("Q", 1, id="b")])

    assert [(key, [row.stage for row in rows]) for key, rows in history] == [("b", ["Q", "P"]), ("a", ["Q"])]
    assert len(history) == 2
    assert "a" in history
    assert "c" not in history


def test_rows_of_one_instant_follow_seq_then_number_then_the_order_given():
    rows = [
        row("4th", seq=Decimal("2"), number=1),
        row("3rd", seq=Decimal("1.5"), number=9),
        row("1st", number=2),
        row("2nd", number=3),
        row("5th", seq=Decimal("2"), number=1),
    ]

    assert [row.stage for row in make_history(rows).of("o")] == ["1st", "2nd", "3rd", "4th", "5th"]


def test_it_knows_its_first_and_last_instants():
    assert (golden().first_at, golden().last_at) == (day(0), day(95))
    assert (make_history([]).first_at, make_history([]).last_at) == (None, None)


def test_it_knows_its_further_columns():
    assert make_history([row("Q", further={"b": "1"}), row("P", further={"a": "2"})]).columns == ("a", "b")


def test_what_was_known_on_a_day_holds_what_was_recorded_up_to_it():
    history = make_history(
        [row("Q", 1), row("P", 2, recorded_at=day(5)), row("Q", 3, id="late", recorded_at=day(9))],
        left_out=[Problem("row.unreadable")],
    )

    assert [row.stage for row in history.known_on(day(4)).rows] == ["Q"]
    assert [row.stage for row in history.known_on(day(5)).rows] == ["Q", "P"]
    assert history.known_on(day(5)).left_out == history.left_out
    assert len(history.known_on(day(9))) == 2


def test_there_are_no_rows_of_an_unknown_opportunity():
    with pytest.raises(KeyError):
        golden().of("nobody")


def test_it_says_what_it_holds():
    assert repr(golden()) == (
        "<History: 12 opportunities, 37 rows, 2024-01-01T00:00:00+00:00 to 2024-04-05T00:00:00+00:00, 0 left out>"
    )


@given(row_lists(), st.randoms())
def test_the_order_in_which_numbered_rows_come_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))

    assert make_history(shuffled) == make_history(rows)
