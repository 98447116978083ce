"""The deals created in each period, and the coverage of a quota."""

from datetime import date
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import combine_buckets, count_coverage, count_creation, measure_coverage, measure_creation
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money, sum_by_currency
from oppcore.periods import Period, read_period
from tests.funnel.test_movement import said
from tests.history.examples import PIPELINE, row_lists

MONTHS = [read_period(f"2024-0{month}") for month in (1, 2, 3)]
FEW = settings(max_examples=40)

LOG = [
    said("a", (1, 2), 10, (3, 9), "Q", owner_id="ann"),
    said("a", (1, 20), 15),
    said("a", (1, 28), 12, stage="W"),
    said("b", (1, 31, 23, 30), 20, (3, 9), "Q", owner_id="bob"),
    said("b", (2, 20), 25),
    said("c", (2, 5), 40, (4, 9), "Q", owner_id="ann"),
    said("c", (3, 5), stage="L"),
    said("c", (3, 6), 99),
    said("d", (5, 5), None, (5, 9), "Q", owner_id="ann"),
    said("e", (2, 5), 7, stage="Q", owner_id="bob"),
    said("f", (2, 6), 7, stage="Q", owner_id="bob"),
    said("f", (2, 7), kind="removed"),
]


def euros(bucket):
    return {currency: int(money.amount) for currency, money in bucket.amounts.items()}.get("EUR")


def create(rows=LOG, **asked):
    return measure_creation(make_history(rows), PIPELINE, **{"periods": MONTHS, "timezone": "UTC", **asked})


def test_created_deals_count_for_what_they_were_then_are_now_and_were_at_closing():
    creation = create()

    assert [
        (row.period and str(row.period)[:7], row.created.ids, *map(euros, row.buckets.values()))
        for row in creation.rows
    ] == [
        ("2024-01", ("a", "b"), 30, 37, 12, 12),
        ("2024-02", ("c", "e"), 47, 106, 40, None),
        ("2024-03", (), None, None, None, None),
        (None, ("d",), None, None, None, None),
    ]
    assert creation.rows[0].turned.value == Fraction(1, 2)
    assert creation.rows[0].per_day == 2 / 31
    assert [problem.code for problem in creation.left_out] == ["deals.removed", "amount.missing"]
    assert creation.row(None).created.without_amount == 1


def test_the_month_of_a_creation_depends_on_the_zone():
    creation = create(timezone="Europe/Berlin")

    assert creation.row(MONTHS[1]).created.ids == ("b", "c", "e")


def test_creation_shows_itself():
    creation = create(by="owner_id")

    assert "2024-02-01..2024-03-01" in str(creation)
    assert "other" in str(creation)
    assert creation._repr_html_().startswith("<table>")
    assert creation.detail()["groups"][0]["by"] == "ann"
    assert creation.as_records()[0] == {
        "owner_id": "ann",
        "period": "2024-01-01..2024-02-01",
        "count": 1,
        "closed_within_count": 1,
        "turned": 1.0,
        "per_day": 1 / 31,
        "currency": "EUR",
        "created": 10,
        "now": 12,
        "closed": 12,
        "closed_within": 12,
    }
    with pytest.raises(KeyError):
        creation.row(read_period("2025"))


def test_periods_that_overlap_are_refused():
    with pytest.raises(ValueError, match="overlap"):
        create(periods=[read_period("2024"), read_period("2024-Q1")])


@given(row_lists(), st.integers(2, 12))
def test_the_periods_and_the_rest_add_up_to_all_deals(rows, cut):
    periods = [Period(date(2024, 1, 1), date(2024, 1, cut)), Period(date(2024, 1, cut), date(2024, 1, 14))]
    for asked in (periods, periods[:1]):
        creation = create(rows, periods=asked)

        snapshot = take_snapshot(make_history(rows), PIPELINE)
        ids = [id for row in creation.rows for id in row.created.ids]
        assert sorted(ids) == sorted(snapshot.ids())
        now = sum_by_currency(money for row in creation.rows for money in row.buckets["now"].amounts.values())
        there = sum_by_currency(money for amounts in snapshot.amounts.values() for money in amounts.values())
        assert now == there
        for row in creation.rows:
            assert set(row.buckets["closed_within"].ids) <= set(row.buckets["closed"].ids) <= set(row.created.ids)


QUARTER = read_period("2024-Q1")


def cover(rows=LOG, quota=200, currency="EUR", **asked):
    return measure_coverage(
        make_history(rows),
        PIPELINE,
        quota=Money(quota, currency),
        **{"period": QUARTER, "timezone": "UTC", **asked},
    )


def test_a_published_coverage():
    # 425k open for a quota of 200k (sheety-crm).
    rows = [said("a", (1, 2), 300_000, (3, 9), "Q"), said("b", (1, 2), 125_000, (3, 31), "Q")]
    coverage = cover(rows, 200_000)

    assert coverage.gross == coverage.remaining == Fraction(17, 8)
    assert "2.12x" in str(coverage)


def test_coverage_of_what_remains():
    coverage = cover()

    assert (coverage.open_amount, coverage.won_amount) == (Money(25, "EUR"), Money(12, "EUR"))
    assert (coverage.gross, coverage.remaining, coverage.met) == (Fraction(1, 8), Fraction(25, 188), False)
    assert coverage.to_go == Money(188, "EUR")
    assert (coverage.ids("open"), coverage.ids("won")) == (("b",), ("a",))
    assert [problem.code for problem in coverage.left_out] == ["deals.removed", "close_date.missing"]


@pytest.mark.parametrize("quota", [12, 11])
def test_a_quota_that_is_met_needs_no_coverage(quota):
    coverage = cover(quota=quota)

    assert coverage.met
    assert coverage.remaining is None
    assert coverage.as_records()[0]["remaining"] is None
    assert "met" in str(coverage)


def test_other_currencies_are_listed_not_converted():
    coverage = cover(currency="USD")

    assert (coverage.open_amount, coverage.won_amount) == (Money(0, "USD"), Money(0, "USD"))
    other = coverage.left_out[-1]
    assert (other.code, other.params["ids"], other.params["need"]) == ("currency.other", ("a", "b"), "USD")
    assert "in another currency than USD" in str(other)


def test_coverage_of_one_owner():
    assert cover(scope={"owner_id": ["bob"]}).won_amount == Money(0, "EUR")


def test_coverage_shows_itself():
    coverage = cover(as_of=date(2024, 1, 20))

    assert coverage._repr_html_().startswith("<table>")
    detail = coverage.detail()
    assert (detail["measure"], detail["quota"], detail["open"], detail["met"]) == ("coverage", "200", "15", False)


def test_a_quota_is_above_zero():
    with pytest.raises(ValueError, match="above zero"):
        cover(quota=0)


@given(row_lists(), st.lists(st.integers(0, 2), min_size=5, max_size=5))
@FEW
def test_parts_counted_apart_combine_to_the_whole(rows, split):
    histories = [
        make_history(one for one in rows if split["abcde".index(one.opportunity_id)] == part) for part in range(3)
    ]
    as_of = date(2024, 2, 1)
    for count, asked in (
        (count_creation, {"periods": MONTHS, "by": "owner_id"}),
        (count_coverage, {"period": QUARTER}),
    ):
        asked |= {"timezone": "UTC", "as_of": as_of}
        combined = reduce(combine_buckets, (count(history, PIPELINE, **asked) for history in histories))
        whole = count(make_history(rows), PIPELINE, **asked)
        for name in ("terms", "buckets", "groups", "missing"):
            assert getattr(combined, name) == getattr(whole, name)
