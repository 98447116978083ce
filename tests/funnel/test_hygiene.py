"""Which open deals are badly kept."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import combine_buckets, count_hygiene, measure_hygiene
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money
from tests.funnel.test_movement import UTC, said
from tests.history.examples import PIPELINE, day, row_lists

FEW = settings(max_examples=50)
NEXT = {"further": {"next_step": "call"}}

LOG = [
    said("fine", (1, 2), 10, (3, 1), "Q", probability=Decimal("0.3"), owner_id="ann", **NEXT),
    said("late", (1, 2), 20, (2, 9), "Q", owner_id="bob", **NEXT),
    said("bare", (1, 2), stage="N", owner_id="bob"),
    said("nothing", (1, 2), 0, (3, 1), "N", owner_id="bob", **NEXT),
    said("sure", (1, 2), 40, (3, 1), "Q", probability=Decimal(1), owner_id="ann", **NEXT),
    said("too low", (1, 2), 50, (3, 1), "N", probability=Decimal("0.4"), owner_id="ann", **NEXT),
    said("too high", (1, 2), 60, (3, 1), "Q", probability=Decimal("0.6"), owner_id="ann", **NEXT),
    said("told late", (1, 2), 70, (3, 1), "Q", recorded_at=datetime(2024, 1, 9, tzinfo=UTC), owner_id="ann", **NEXT),
    said("lost", (1, 2), stage="L"),
]


def measure(rows=LOG, **asked):
    return measure_hygiene(make_history(rows), PIPELINE, **{"timezone": "UTC", "as_of": date(2024, 2, 10), **asked})


def test_each_check_finds_its_deals():
    hygiene = measure(
        required=["next_step"], late_stages=["N"], own={"huge": lambda deal: deal.amount == Money(70, "EUR")}
    )

    assert {check: hygiene.ids(check) for check in hygiene.checks} == {
        "overdue": ("late",),
        "no_close_date": ("bare",),
        "no_amount": ("bare",),
        "zero_amount": ("nothing",),
        "probability_mismatch": ("sure", "too high", "too low"),
        "backdated": ("told late",),
        "late_without_amount": ("bare", "nothing"),
        "missing_next_step": ("bare",),
        "huge": ("told late",),
    }
    assert (hygiene.open.count, hygiene.failing.count) == (8, 7)
    assert hygiene.share("probability_mismatch").value == Fraction(3, 8)
    assert hygiene.bucket("probability_mismatch").amounts == {"EUR": Money(150, "EUR")}
    with pytest.raises(KeyError):
        hygiene.ids("large")


def test_a_deal_is_overdue_when_its_day_is_over():
    assert measure(as_of=date(2024, 2, 9)).ids("overdue") == ()


def test_what_is_tolerated_is_not_backdated():
    assert measure(tolerance=timedelta(days=7)).ids("backdated") == ()
    assert measure(known_on=date(2024, 1, 8)).open.count == 7


def test_hygiene_by_owner_shows_itself():
    hygiene = measure(by="owner_id")

    assert {owner: group.open.count for owner, group in hygiene.groups.items()} == {"ann": 5, "bob": 3}
    assert "6 of 8 open deals fail" not in str(hygiene)
    assert "7 of 8 open deals fail some check" in str(hygiene)
    assert hygiene._repr_html_().startswith("<table>")
    assert hygiene.detail()["checks"][0]["share"]["numerator"] == 1
    assert hygiene.as_records()[0] == {
        "owner_id": "ann",
        "check": "overdue",
        "count": 0,
        "share": 0.0,
        "currency": None,
        "amount": None,
    }


def test_bad_questions_are_refused():
    for problem, asked in (
        ("a check 'overdue' already", {"own": {"overdue": lambda _: True}}),
        ("'W' is no open stage of pipeline 'golden'; there are: Q, P, N", {"late_stages": ["W"]}),
        ("no column 'nextstep'", {"required": ["nextstep"]}),
        ("depends on the time zone", {"timezone": None}),
    ):
        with pytest.raises(ValueError, match=problem):
            measure(**asked)


@given(row_lists())
@FEW
def test_failing_are_those_that_fail_any_check_and_all_are_open(rows):
    hygiene = measure(rows, as_of=day(20))

    snapshot = take_snapshot(make_history(rows), PIPELINE, as_of=day(20))
    assert hygiene.open.ids == tuple(sorted(snapshot.ids(outcome="open")))
    assert set(hygiene.failing.ids) == {id for check in hygiene.checks for id in hygiene.ids(check)}
    assert hygiene.bucket("no_amount").count == sum(stage.without_amount for stage in snapshot.stages)


@given(row_lists(), st.lists(st.integers(0, 2), min_size=5, max_size=5))
@FEW
def test_parts_counted_apart_combine_to_the_whole(rows, split):
    asked = {"as_of": day(20), "by": "owner_id", "timezone": "UTC", "late_stages": ["P"]}
    parts = [
        count_hygiene(
            make_history(one for one in rows if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(3)
    ]

    combined, whole = reduce(combine_buckets, parts), count_hygiene(make_history(rows), PIPELINE, **asked)
    for name in ("terms", "buckets", "groups", "missing"):
        assert getattr(combined, name) == getattr(whole, name)
