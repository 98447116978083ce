"""What became of the deals that were to close in a period, and every push."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import SlippageKind, combine_buckets, count_slippage, measure_slippage
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money
from oppcore.periods import Period, read_period
from oppcore.stats import wilson
from tests.funnel.test_movement import said
from tests.history.examples import PIPELINE, row_lists

MARCH = read_period("2024-03")
FEW = settings(max_examples=40)
PARTS = ("won", "lost", "abandoned", "removed", "pushed_out", "pulled_out", "undated", "due", "overdue")

LOG = [
    said("won", (1, 2), 10, (3, 9), "Q", owner_id="ann"),
    said("won", (3, 8), stage="W"),
    said("lost", (1, 2), 20, (3, 9), "Q", owner_id="ann"),
    said("lost", (3, 8), stage="L"),
    said("gone", (1, 2), 30, (3, 9), "Q", owner_id="ann"),
    said("gone", (3, 8), kind="removed"),
    said("pushed twice", (1, 2), 40, (3, 9), "Q", owner_id="ann"),
    said("pushed twice", (3, 8), 45, (3, 30)),
    said("pushed twice", (3, 28), close=(4, 15)),
    said("pulled", (1, 2), 50, (3, 9), "Q", owner_id="bob"),
    said("pulled", (3, 8), close=(2, 28)),
    said("overdue", (1, 2), 60, (3, 9), "Q", owner_id="bob"),
    said("undated", (1, 2), 70, (3, 31), "Q", owner_id="bob"),
    said("undated", (3, 8), cleared=("expected_close_on",)),
    said("later", (1, 2), 80, (4, 1), "Q", owner_id="bob"),
    said("later", (3, 8), close=(4, 11)),
    said("never dated", (1, 2), 90, stage="Q", owner_id="bob"),
    said("won, and dated by that", (3, 2), 90, (9, 9), "Q", owner_id="bob"),
    said("won, and dated by that", (3, 8), stage="W", close=(12, 31)),
    said("before", (1, 2), 1, (2, 1), "Q", owner_id="bob"),
    said("before", (2, 29), close=(3, 5)),
]


def measure(rows=LOG, **asked):
    return measure_slippage(make_history(rows), PIPELINE, **{"period": MARCH, "timezone": "UTC", **asked})


def test_a_log_counted_by_hand():
    slippage = measure()

    assert {kind: slippage.ids(kind) for kind in SlippageKind if slippage.ids(kind)} == {
        "cohort": ("before", "gone", "lost", "overdue", "pulled", "pushed twice", "undated", "won"),
        "won": ("won",),
        "lost": ("lost",),
        "removed": ("gone",),
        "pushed_out": ("pushed twice",),
        "pulled_out": ("pulled",),
        "undated": ("undated",),
        "overdue": ("before", "overdue"),
        "push": ("later", "pushed twice"),
        "pull_in": ("pulled",),
    }
    assert slippage.cohort.amounts == {"EUR": Money(281, "EUR")}
    assert slippage.push_rate.value == Fraction(5, 8)
    assert (slippage.push_rate.low, slippage.push_rate.high) == wilson(5, 8)
    assert slippage.share("pushed_out").value == Fraction(1, 8)
    assert [(problem.code, problem.params["ids"]) for problem in slippage.left_out] == [
        ("deals.removed", "gone"),
        ("close_date.missing", ("never dated",)),
    ]


def test_every_push_counts_not_only_the_first():
    slippage = measure()

    assert slippage.pushes_by_deal == {"pushed twice": 2, "later": 1}
    assert [one.duration.days for one in slippage.pushes.contributions] == [10, 21, 16]
    assert slippage.pushes.amounts == {"EUR": Money(80 + 45 + 45, "EUR")}
    assert slippage.pull_ins.duration == timedelta(days=-10)
    assert slippage.slip_days == 10 + 21 + 16 - 10


def test_in_the_middle_of_a_period_deals_are_due_or_overdue():
    slippage = measure(as_of=date(2024, 3, 8))

    assert slippage.ids("due") == ("overdue", "pushed twice")
    assert slippage.ids("overdue") == ("before",)
    assert measure(as_of=date(2024, 3, 9)).ids("overdue") == ("before", "overdue")


def test_a_period_begins_at_midnight_in_its_zone():
    # Pushed at 23:30 UTC of February 29: in Berlin that is March already.
    rows = [
        said("a", (1, 2), 1, (3, 9), "Q"),
        said("b", (1, 2), 1, (3, 9), "Q"),
    ]
    rows += [
        said("a", (2, 29, 23, 30), close=(4, 1)),
    ]

    assert measure(rows, timezone="UTC").cohort.ids == ("b",)
    assert measure(rows, timezone="Europe/Berlin").cohort.ids == ("a", "b")
    assert measure(rows, timezone="Europe/Berlin").ids("pushed_out") == ("a",)


def test_groups_and_scope():
    grouped = measure(by="owner_id")

    assert {owner: group.cohort.count for owner, group in grouped.groups.items()} == {"ann": 4, "bob": 4}
    assert grouped.groups["bob"].tally.buckets == measure(scope={"owner_id": ["bob"]}).tally.buckets
    assert {record["owner_id"] for record in grouped.as_records()} == {"ann", "bob"}


def test_slippage_shows_itself():
    slippage = measure()

    assert "push rate 62.5%" in str(slippage)
    assert slippage._repr_html_().startswith("<table>")
    detail = slippage.detail()
    assert (detail["measure"], detail["slip_days"], detail["periods"]) == (
        "slippage",
        37,
        [{"start": "2024-03-01", "end": "2024-04-01"}],
    )
    assert slippage.as_records()[0] == {
        "kind": "cohort",
        "count": 8,
        "share": 1.0,
        "days": None,
        "currency": "EUR",
        "amount": 281,
    }


def test_bad_questions_are_refused():
    with pytest.raises(ValueError, match="asked within it"):
        measure(as_of=date(2024, 4, 1))
    with pytest.raises(ValueError, match="depends on the time zone"):
        measure(timezone=None)
    with pytest.raises(ValueError, match="no share of the cohort"):
        measure().share("push")


periods = st.sampled_from([read_period("2024-01"), read_period("2024-01-05..2024-01-09"), read_period("2024-Q1")])


@given(row_lists(), periods)
def test_the_cohort_falls_apart_into_what_became_of_it(rows, period):
    slippage = measure(rows, period=period)

    parts = reduce(lambda one, other: one + other, (slippage.bucket(kind) for kind in PARTS))
    assert parts == slippage.cohort
    before = take_snapshot(
        make_history(rows),
        PIPELINE,
        as_of=datetime(period.start.year, period.start.month, period.start.day, tzinfo=UTC) - timedelta(microseconds=1),
    )
    expected = [
        one.opportunity_id for one in before.standings if one.outcome == "open" and one.expected_close_on is not None
    ]
    dates = {one.opportunity_id: one.expected_close_on for one in before.standings}
    assert slippage.cohort.ids == tuple(sorted(id for id in expected if dates[id] in period))


@given(row_lists(), st.integers(2, 12))
@FEW
def test_pushes_add_up_over_periods_that_follow_one_another(rows, cut):
    first, second = Period(date(2024, 1, 1), date(2024, 1, cut)), Period(date(2024, 1, cut), date(2024, 1, 31))
    whole = measure(rows, period=Period(date(2024, 1, 1), date(2024, 1, 31)))

    # What is removed later is in no count, so only deals that are there to the end are compared.
    there = set(take_snapshot(make_history(rows), PIPELINE).ids())
    parts = [measure(rows, period=period) for period in (first, second)]
    for kind in ("push", "pull_in"):
        moved = [one for part in parts for one in part.bucket(kind).contributions if one.opportunity_id in there]
        assert sorted(moved, key=lambda one: one.opportunity_id) == list(whole.bucket(kind).contributions)


@given(row_lists(), periods, st.lists(st.integers(0, 2), min_size=5, max_size=5))
@FEW
def test_parts_counted_apart_combine_to_the_whole(rows, period, split):
    asked = {"period": period, "timezone": "UTC", "by": "owner_id"}
    parts = [
        count_slippage(
            make_history(one for one in rows if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(3)
    ]

    combined, whole = reduce(combine_buckets, parts), count_slippage(make_history(rows), PIPELINE, **asked)
    for name in ("terms", "buckets", "groups", "missing"):
        assert getattr(combined, name) == getattr(whole, name)
