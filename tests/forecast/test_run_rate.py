"""Run rates: by hand, and what must hold at the beginning and at the end of a period."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import Pace, estimate_run_rate
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money
from oppcore.periods import Period, read_period
from oppcore.records import Outcome
from tests.history.examples import PIPELINE, Row, row_lists

APRIL = read_period("2024-04")


def won(id, month, day, amount="100", currency="EUR", hour=0, **said):
    at = datetime(2024, month, day, hour, tzinfo=UTC)
    return [
        Row(opportunity_id=id, stage="N", at=datetime(2024, 1, 1, tzinfo=UTC), **said),
        Row(opportunity_id=id, stage="W", at=at, amount=Money(amount, currency) if amount else None),
    ]


def estimate(*deals, as_of=date(2024, 4, 10), period=APRIL, **settings):
    rows = [row for deal in deals for row in deal]
    return estimate_run_rate(
        make_history(rows), PIPELINE, **{"period": period, "timezone": "UTC", **settings}, as_of=as_of
    )


def test_what_was_won_is_divided_by_the_share_of_the_period_that_is_over():
    found = estimate(won("a", 4, 2), won("b", 4, 9, "50"), won("c", 3, 9), as_of=datetime(2024, 4, 11, tzinfo=UTC))
    euros = found.row("EUR")

    assert (found.elapsed, euros.won, euros.linear) == (Fraction(1, 3), Money("150", "EUR"), Money("450", "EUR"))
    assert (found.deals.won, found.deals.linear) == (2, 6)


def test_earlier_periods_say_how_much_is_usual_by_now():
    # By a third of the month: of February 100 in 400, of March 100 in 200; of January nothing in 100.
    deals = [won("j", 1, 30), won("f1", 2, 3), won("f2", 2, 28, "300"), won("m1", 3, 3), won("m2", 3, 30)]
    found = estimate(*deals, won("a", 4, 2, "150"), as_of=datetime(2024, 4, 11, tzinfo=UTC))
    euros = found.row("EUR")

    assert [str(one) for one in found.earlier] == [
        "2024-01-01..2024-02-01",
        "2024-02-01..2024-03-01",
        "2024-03-01..2024-04-01",
    ]
    assert euros.pace.shares == (0, Fraction(1, 4), Fraction(1, 2))
    assert euros.pace.share_at(found.elapsed) == Fraction(200, 700)
    assert (euros.seasonal, euros.low, euros.high) == (Money("525", "EUR"), Money("300", "EUR"), None)
    recent = estimate(*deals, won("a", 4, 2, "150"), past=2, as_of=datetime(2024, 4, 11, tzinfo=UTC)).row("EUR")
    assert (recent.seasonal, recent.low, recent.high) == (
        Money("450", "EUR"),
        Money("300", "EUR"),
        Money("600", "EUR"),
    )


def test_at_the_very_beginning_nothing_is_said():
    found = estimate(won("a", 3, 2), as_of=datetime(2024, 4, 1, tzinfo=UTC))

    assert (found.elapsed, found.row("EUR").linear, found.row("EUR").seasonal) == (0, None, None)
    assert (found.deals.won, found.deals.linear, found.deals.seasonal) == (0, None, None)
    assert estimate(won("a", 3, 2), as_of=date(2024, 3, 20)).elapsed == 0


@pytest.mark.parametrize("as_of", [datetime(2024, 5, 1, tzinfo=UTC), date(2024, 4, 30), date(2024, 6, 30)])
def test_at_the_end_of_the_period_it_is_what_was_won(as_of):
    found = estimate(won("f", 2, 3), won("m", 3, 30), won("a", 4, 2), won("b", 4, 30, "1"), won("c", 5, 1), as_of=as_of)
    euros = found.row("EUR")

    assert found.elapsed == 1
    assert {euros.won, euros.linear, euros.seasonal, euros.low, euros.high} == {Money("101", "EUR")}
    assert {found.deals.won, found.deals.linear, found.deals.seasonal} == {2}


places = st.fractions(0, 1)
wins = st.lists(st.tuples(places, st.fractions(0, 100)), max_size=6).map(tuple)


@settings(max_examples=30)
@given(wins, st.lists(wins, max_size=4).map(tuple), st.lists(places, min_size=2, max_size=5))
def test_the_usual_share_never_falls_and_ends_at_all(now, earlier, some):
    amount = sum((number for _, number in now), start=Fraction(0))
    end = Pace(won=amount, elapsed=Fraction(1), earlier=earlier)
    curve = [end.share_at(place) for place in sorted(some)]

    assert end.linear == amount
    if any(number for period in earlier for _, number in period):
        assert curve == sorted(curve)
        assert end.seasonal == end.low == end.high == amount
    else:
        assert {*curve, end.seasonal, end.low} == {None}


def test_periods_that_began_before_the_history_are_not_compared_with():
    found = estimate(won("a", 2, 9), past=4)

    assert len(found.earlier) == 3
    assert estimate(won("a", 2, 9), past=0).earlier == ()
    late = Row(
        opportunity_id="z", stage="N", at=datetime(2023, 1, 1, tzinfo=UTC), recorded_at=datetime(2024, 5, 1, tzinfo=UTC)
    )
    assert len(estimate(won("a", 2, 9), [late]).earlier) == 4
    assert len(estimate(won("a", 2, 9), [late], known_on=date(2024, 4, 10)).earlier) == 3


def test_days_are_those_of_the_zone():
    deal = won("a", 3, 31, hour=23)

    assert estimate(deal, timezone="UTC").deals.won == 0
    assert estimate(won("a", 3, 31, hour=23), timezone="Asia/Shanghai").deals.won == 1


WEEK = read_period("2024-04-08..2024-04-15")
WORKING = [date(2024, 4, day) for day in range(1, 31) if date(2024, 4, day).weekday() < 5]


@pytest.mark.parametrize(
    ("as_of", "elapsed"),
    [
        (date(2024, 4, 7), 0),
        (datetime(2024, 4, 9, 23, tzinfo=UTC), Fraction(1, 5)),
        (date(2024, 4, 9), Fraction(2, 5)),
        (date(2024, 4, 10), Fraction(3, 5)),
        (date(2024, 4, 13), 1),
        (date(2024, 4, 20), 1),
    ],
)
def test_where_working_days_are_given_only_these_count_each_when_it_is_over(as_of, elapsed):
    deals = [won("a", 4, 2), won("b", 4, 5), won("c", 4, 8)]
    found = estimate(*deals, as_of=as_of, period=WEEK, working_days=WORKING, past=1)

    assert found.elapsed == elapsed
    assert found.deals.share_at(Fraction(1, 5)) == 0
    assert found.deals.share_at(Fraction(2, 5)) == Fraction(1, 2)
    assert found.deals.linear == (1 / elapsed if elapsed else None)


def test_a_period_without_working_days_is_refused():
    with pytest.raises(ValueError, match="none of the working days lies in the period 2024-04-01"):
        estimate(won("a", 4, 2), working_days=[date(2024, 5, 1)], past=0)
    with pytest.raises(ValueError, match="working days are dates, not instants: 2024-04-01T00:00:00"):
        estimate(won("a", 4, 2), working_days=[datetime(2024, 4, 1, tzinfo=UTC)], past=0)


def test_deals_without_an_amount_are_counted_and_listed():
    found = estimate(won("a", 4, 2, None), won("b", 4, 3), won("c", 4, 3, "700", "JPY"))

    assert found.deals.won == 3
    assert [(problem.code, problem.params["ids"]) for problem in found.left_out] == [("amount.missing", ("a",))]
    assert [row.currency for row in found.rows] == ["EUR", "JPY"]
    with pytest.raises(KeyError):
        found.row("USD")


def test_a_scope_narrows_the_deals_down():
    deals = [won("a", 4, 2, owner_id="ann"), won("b", 4, 3, owner_id="bob")]

    assert estimate(*deals, scope={"owner_id": ["ann"]}).deals.won == 1


@settings(max_examples=25)
@given(row_lists())
def test_a_year_that_is_over_brought_what_was_won_in_it(rows):
    history, year = make_history(rows), read_period("2024")
    found = estimate_run_rate(history, PIPELINE, period=year, timezone="UTC", as_of=date(2025, 1, 1))
    snapshot = take_snapshot(history, PIPELINE)

    assert found.deals.won == found.deals.linear == snapshot.won
    for currency, total in snapshot.amounts[Outcome.WON].items():
        assert found.row(currency).pace.linear == Fraction(total.amount)


def test_it_shows_everywhere():
    found = estimate(won("a", 4, 2), won("m", 3, 2), won("m2", 3, 30))

    records = found.as_records()
    assert [record["currency"] for record in records] == [None, "EUR"]
    assert records[1]["linear"] == Decimal("300.00")
    detail = json.loads(json.dumps(found.detail()))
    assert detail["rows"][1]["linearity"][-1] == [1.0, 1.0]
    assert (detail["rows"][1]["usual_share"], detail["rows"][1]["seasonal"]) == (0.5, "200.00")
    assert "33.3% of the period are over; compared with 3 earlier periods" in str(found)
    assert "1 earlier period;" not in str(found)
    assert found._repr_html_().startswith("<table>")
    assert "earlier ones went on" in found.assumes
    assert estimate_run_rate(make_history([]), PIPELINE, period=APRIL, timezone="UTC").detail()["elapsed"] == 0


def test_fewer_than_no_earlier_periods_are_refused():
    with pytest.raises(ValueError, match="at least 0, not -1"):
        estimate(past=-1)


@pytest.mark.parametrize(
    ("period", "count", "expected"),
    [
        ("2026-01", 1, "2025-12"),
        ("2026-Q1", 5, "2024-Q4"),
        ("2026", 2, "2024"),
        ("2026-04", -1, "2026-05"),
        ("2026-01-12..2026-01-19", 2, "2025-12-29..2026-01-05"),
    ],
)
def test_the_period_before_is_as_many_months_or_days(period, count, expected):
    assert read_period(period).before(count) == read_period(expected)


@given(st.dates(date(1990, 1, 1), date(2060, 1, 1)), st.integers(1, 400), st.integers(1, 5))
def test_periods_before_one_another_have_no_gap(start, days, count):
    period = Period(start, date.fromordinal(start.toordinal() + days))

    assert period.before(count).end == period.before(count - 1).start
