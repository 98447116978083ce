from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import attrs
import pytest
from hypothesis import given

from oppcore.errors import CurrencyMismatch
from oppcore.forecast import Quota, find_over_assignment, measure_attainment
from oppcore.funnel import measure_coverage
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money
from oppcore.periods import read_period
from oppcore.records import Opportunity, Progress, Team, Timing
from tests.history.examples import PIPELINE, day, row, row_lists

JANUARY = read_period("2024-01")
QUARTER = read_period("2024-Q1")


def eur(amount):
    return Money(amount, "EUR")


def quota(amount, period=JANUARY, **scope):
    return Quota(amount=eur(amount), period=period, scope=scope)


def won(id, amount, on=5, **said):
    return row("W", on, id=id, amount=eur(amount), **said)


def opened(id, amount, **said):
    return row("P", id=id, amount=eur(amount), **{"expected_close_on": date(2024, 1, 20), **said})


def measure(rows, quotas, **settings):
    return measure_attainment(make_history(rows), PIPELINE, quotas=quotas, **{"timezone": "UTC", **settings})


def test_attainment_gap_pace_and_coverage_are_what_their_words_say():
    rows = [won("a", 200), opened("b", 425), opened("c", 100, forecast_category="commit")]
    (found,) = measure(rows, [quota(400)], as_of=date(2024, 1, 15)).rows

    assert (found.won, found.open, found.commit, found.gap) == (eur(200), eur(525), eur(100), eur(200))
    assert (found.attainment.value, found.elapsed) == (Fraction(1, 2), Fraction(15, 31))
    assert found.pace == Fraction(31, 30)
    assert (found.gross_coverage, found.coverage) == (Fraction(525, 400), Fraction(525, 200))
    assert found.on_track is False
    assert (found.won_ids, found.open_ids) == (("a",), ("b", "c"))


def test_a_quota_of_nothing_has_no_attainment():
    (found,) = measure([won("a", 5)], [quota(0)]).rows

    assert (found.attainment.value, found.pace, found.gross_coverage, found.coverage, found.on_track) == (None,) * 5
    assert found.gap == eur(-5)


def test_nothing_has_to_be_covered_once_the_quota_is_met():
    (found,) = measure([won("a", 400), opened("b", 1)], [quota(400)]).rows

    assert (found.coverage, found.gross_coverage, found.on_track) == (None, Fraction(1, 400), True)


def test_commit_counts_towards_being_on_track():
    rows = [won("a", 300), opened("b", 100, forecast_category="commit")]

    assert measure(rows, [quota(400)]).rows[0].on_track is True
    assert measure(rows, [quota(401)]).rows[0].on_track is False


@pytest.mark.parametrize(
    ("as_of", "elapsed"),
    [
        (date(2023, 12, 31), Fraction(0)),
        (date(2024, 1, 1), Fraction(1, 31)),
        (datetime(2024, 1, 1, 23, 59, tzinfo=UTC), Fraction(0)),
        (date(2024, 1, 31), Fraction(1)),
        (date(2024, 6, 1), Fraction(1)),
        (date.max, Fraction(1)),
    ],
)
def test_a_day_has_passed_when_it_has_ended(as_of, elapsed):
    (found,) = measure([row("Q", -100, id="a")], [quota(1)], as_of=as_of).rows

    assert found.elapsed == elapsed
    assert found.pace == (None if not elapsed else 0)


def test_only_working_days_count_where_they_are_given():
    working = [date(2024, 1, 1) + timedelta(days=n) for n in range(60) if (n % 7) < 5]
    (found,) = measure([won("a", 10)], [quota(23)], as_of=date(2024, 1, 10), working_days=working).rows

    assert (found.elapsed, found.pace) == (Fraction(8, 23), Fraction(10, 8))
    with pytest.raises(ValueError, match=r"none of the working days lies in the period 2024-01-01..2024-02-01"):
        measure([won("a", 10)], [quota(23)], working_days=[date(2025, 1, 1)])


def test_a_quota_is_of_any_dimension_and_a_deal_counts_towards_each_that_it_is_in():
    rows = [
        won("a", 1, owner_id="ann", further={"region": "north"}),
        won("b", 2, owner_id="ann", further={"region": "south"}),
        won("c", 4, owner_id="bob", further={"region": "north"}),
        won("d", 8, on=40, owner_id="bob"),
        row("W", 5, id="e", amount=Money(16, "USD"), owner_id="bob"),
    ]
    quotas = [
        quota(9, owner_id="ann"),
        quota(9, region="north"),
        quota(9, owner_id="ann", region="north"),
        quota(9, QUARTER, owner_id="bob"),
        quota(9),
        Quota(amount=Money(9, "USD"), period=JANUARY),
    ]
    report = measure(rows, quotas)

    assert [int(found.won.amount) for found in report.rows] == [3, 5, 1, 12, 7, 16]
    assert [(one.code, one.params["need"], one.params["ids"]) for one in report.left_out] == [
        ("currency.other", "EUR", ("e",)),
        ("currency.other", "USD", ("a", "b", "c")),
    ]


def test_deals_that_lack_what_a_quota_asks_for_are_listed_once():
    rows = [row("W", 5, id="a"), row("P", id="b", amount=eur(1)), row("L", id="c")]
    report = measure(rows, [quota(9), quota(8)])

    assert [(one.code, one.params["ids"]) for one in report.left_out] == [
        ("amount.missing", ("a",)),
        ("close_date.missing", ("b",)),
    ]


def test_a_column_that_there_is_not_is_said():
    with pytest.raises(ValueError, match="there is no column 'ownr_id'; did you mean 'owner_id'"):
        measure([won("a", 1)], [quota(1, ownr_id="ann")])


def test_live_records_are_measured_as_a_history_is():
    progress = Progress(
        pipeline="golden",
        stage="P",
        version=1,
        opened_at=day(0),
        entered_at=day(0),
        changed_at=day(0),
        recorded_at=day(0),
    )
    record = Opportunity(
        id="a",
        progress=progress,
        amount=eur(5),
        team=Team(owner_id="ann"),
        timing=Timing(expected_close_on=date(2024, 1, 9)),
    )
    report = measure_attainment([record], PIPELINE, quotas=[quota(10, owner_id="ann")], timezone="UTC")

    assert report.rows[0].open == eur(5)
    assert measure_attainment([], PIPELINE, quotas=[quota(10, owner_id="ann")], timezone="UTC").rows[0].elapsed is None


def test_a_quota_is_prorated_by_days_and_rounded_once():
    assert quota(100).prorated(since=date(2024, 1, 22)).amount == eur("32.26")
    assert quota(100).prorated(since=date(2023, 1, 1)) == quota(100)
    with pytest.raises(ValueError, match="2024-02-01 is after the period of the quota"):
        quota(100).prorated(since=date(2024, 2, 1))


def test_quotas_are_money_and_not_below_zero():
    with pytest.raises(ValueError, match=r"a quota is not below zero, as -1\.00 EUR is"):
        quota(-1)
    with pytest.raises(TypeError, match=r"no quota at all is Money.zero\(currency\)"):
        Quota(amount=None, period=JANUARY)


def test_members_may_have_more_to_win_than_their_team():
    members = [quota(60, owner_id="ann"), quota(50, owner_id="bob")]

    assert find_over_assignment(quota(100), members) == Fraction(1, 10)
    assert find_over_assignment(quota(0), members) is None
    with pytest.raises(ValueError, match="unlike periods"):
        find_over_assignment(quota(100), [quota(1, QUARTER)])
    with pytest.raises(CurrencyMismatch):
        find_over_assignment(quota(100), [attrs.evolve(quota(1), amount=Money(1, "USD"))])


def test_it_is_plain_for_json_and_shows_everywhere():
    rows = [won("a", 200, owner_id="ann"), opened("b", 50, owner_id="ann")]
    report = measure(rows, [quota(400, owner_id="ann"), quota(0), quota(1)], as_of=date(2024, 1, 31))

    assert report.detail()["rows"][0] == {
        "scope": {"owner_id": "ann"},
        "period": "2024-01-01..2024-02-01",
        "currency": "EUR",
        "quota": "400",
        "won": "200",
        "gap": "200",
        "open": "50",
        "commit": "0",
        "attainment": 0.5,
        "elapsed": 1.0,
        "pace": 0.5,
        "gross_coverage": 0.125,
        "coverage": 0.25,
        "on_track": False,
        "won_ids": ["a"],
        "open_ids": ["b"],
    }
    assert str(report).splitlines()[3:6] == [
        "ann  2024-01-01..2024-02-01  400.00 EUR  200.00 EUR  50.0%     0.50    50.00 EUR  0.25x",
        "all  2024-01-01..2024-02-01    0.00 EUR  200.00 EUR  –         –       50.00 EUR  –",
        "all  2024-01-01..2024-02-01    1.00 EUR  200.00 EUR  20000.0%  200.00  50.00 EUR  met",
    ]
    assert report._repr_html_().startswith("<table>")
    assert report.as_records()[0]["owner_id"] == "ann"


@given(row_lists())
def test_it_agrees_with_coverage_on_every_history(rows):
    history = make_history(rows)
    covered = measure_coverage(history, PIPELINE, quota=eur(1000), period=QUARTER, timezone="UTC")
    (found,) = measure_attainment(history, PIPELINE, quotas=[quota(1000, QUARTER)], timezone="UTC").rows

    assert (found.won, found.open, found.gap) == (covered.won_amount, covered.open_amount, covered.to_go)
    assert (found.gross_coverage, found.coverage) == (covered.gross, covered.remaining)


@given(row_lists())
def test_the_quotas_of_all_owners_add_up_to_what_was_won(rows):
    history = make_history(rows)
    owners = sorted({one.owner_id or "" for one in take_snapshot(history, PIPELINE).standings} - {""})
    report = measure_attainment(
        history,
        PIPELINE,
        quotas=[quota(1, QUARTER), *(quota(1, QUARTER, owner_id=one) for one in owners)],
        timezone="UTC",
    )
    ids = {id for found in report.rows[1:] for id in found.won_ids}
    nobodys = [
        one.opportunity_id
        for one in take_snapshot(history, PIPELINE).standings
        if one.owner_id is None and one.opportunity_id in report.rows[0].won_ids
    ]

    assert ids | set(nobodys) == set(report.rows[0].won_ids)
    assert sum(len(found.won_ids) for found in report.rows[1:]) == len(ids)
