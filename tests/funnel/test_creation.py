"""The deals created in each period, and the coverage of a quota."""

from datetime import UTC, date, datetime
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import combine_buckets, count_coverage, count_creation, measure_coverage, measure_creation
from oppcore.history import Row, make_history, take_snapshot
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


PAST = [read_period("2023-Q3"), read_period("2023-Q4")]


def at(id, year, month, day, amount, close_on, stage="Q", currency="EUR"):
    return Row(
        opportunity_id=id,
        stage=stage,
        at=datetime(year, month, day, tzinfo=UTC),
        amount=Money(amount, currency),
        expected_close_on=date(*close_on),
    )


EARLIER = [
    at("p1", 2023, 7, 1, 60, (2023, 9, 1)),  # open on day 20 of Q3 and won for 50
    at("p1", 2023, 8, 9, 50, (2023, 9, 1), "W"),
    at("p2", 2023, 7, 1, 40, (2023, 9, 20)),  # open on day 20, lost
    at("p2", 2023, 8, 9, 40, (2023, 9, 20), "L"),
    at("p3", 2023, 7, 25, 90, (2023, 9, 1)),  # came later in the quarter: not open on its day 20
    at("p3", 2023, 8, 9, 90, (2023, 9, 1), "W"),
    at("p4", 2023, 10, 2, 80, (2023, 12, 1)),  # open on day 20 of Q4, put off, won in the next quarter
    at("p4", 2024, 1, 5, 80, (2024, 1, 5), "W"),
    at("p5", 2023, 10, 2, 20, (2024, 2, 1)),  # expected in the next quarter
    at("p6", 2023, 10, 2, 20, (2023, 12, 5)),
    at("p6", 2023, 12, 5, 25, (2023, 12, 5), "W"),
]


def test_the_required_coverage_is_what_was_open_on_the_same_day_over_what_was_won_of_it():
    coverage = cover(EARLIER, 200, past=PAST, as_of=date(2024, 1, 20))

    assert coverage.ids("past_open") == ("p1", "p2", "p4", "p6")
    assert coverage.ids("past_won") == ("p1", "p6")
    assert coverage.required == Fraction(60 + 40 + 80 + 20, 50 + 25)
    assert (coverage.remaining, coverage.enough) == (Fraction(20, 120), False)
    assert "2.67x" in str(coverage)


def test_a_deal_put_off_over_several_periods_was_open_in_each():
    rows = [at("a", 2023, 7, 1, 10, (2023, 9, 1)), at("a", 2023, 10, 1, 10, (2023, 11, 1))]
    coverage = cover(rows, past=PAST, as_of=date(2024, 1, 20))

    assert (coverage.past_open_amount, coverage.past_won_amount) == (Money(20, "EUR"), Money(0, "EUR"))
    assert (coverage.required, coverage.enough) == (None, None)


def test_without_earlier_periods_nothing_is_required_and_a_met_quota_is_enough():
    assert (cover().required, cover().enough, cover(quota=12).enough) == (None, None, True)


@pytest.mark.parametrize(
    ("past", "message"),
    [("2024-Q1", "is not over"), ("2023-11", "has no day 31: take periods of one length")],
)
def test_a_past_period_that_tells_nothing_is_refused(past, message):
    with pytest.raises(ValueError, match=message):
        cover(EARLIER, period=read_period("2024-01"), past=[read_period(past)], as_of=date(2024, 1, 31))


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
