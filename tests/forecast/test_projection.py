"""From a history to a revenue distribution: which deals are in it, with which odds, and what is said of the others."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest

from oppcore.forecast import CloseRange, forecast_revenue, project_revenue, weigh_forecast
from oppcore.history import make_history
from oppcore.money import Money
from oppcore.periods import Period, read_period
from oppcore.records import ForecastCategory
from tests.forecast.books import eur, prospect
from tests.history.examples import PIPELINE, day, row

MARCH, APRIL = date(2024, 3, 10), date(2024, 4, 10)


def project(*rows, **settings):
    settings = {"timezone": "UTC", "period": read_period("2024-03"), **settings}
    return project_revenue(make_history(rows), PIPELINE, **settings)


def deal(stage, id, amount, on=0, close=MARCH, **said):
    return row(stage, on, id=id, amount=None if amount is None else eur(amount), expected_close_on=close, **said)


def reasons(found):
    return {problem.code: problem.params["ids"] for problem in found.left_out}


def test_what_was_won_in_the_period_is_certain_and_open_deals_of_it_are_chances():
    found = project(
        deal("Q", "a", 100), deal("P", "b", 10), deal("P", "later", 7, close=APRIL),
        deal("W", "won", 40, on=65), deal("W", "before", 30, on=20), deal("L", "lost", 50),
    )  # fmt: skip

    assert (found.count, found.won, found.mean) == (2, eur(40), eur(65))
    assert found.probability_at_least(eur(140)) == Fraction(1, 5)
    assert found.left_out == ()
    assert (
        found.as_records()
        == forecast_revenue([prospect(100, 0.2, id="a"), prospect(10, 0.5, id="b")], won=eur(40)).as_records()
    )


def test_the_mean_is_what_the_weighted_forecast_expects():
    rows = [deal("Q", "a", "100.01"), deal("P", "b", "33.33"), deal("W", "c", 5, on=65)]
    (month,) = weigh_forecast(make_history(rows), PIPELINE, timezone="UTC").rows

    assert project(*rows).mean == month.expected


def test_deals_that_lack_something_are_listed_with_every_reason():
    found = project(
        deal("Q", "amount", None), deal("Q", "day", 1, close=None), deal("N", "odds", 1),
        deal("N", "both", None, close=None), deal("Q", "below", -1),
        deal("Q", "off", 1, forecast_category=ForecastCategory.OMITTED), deal("W", "won", None, on=65), currency="EUR",
    )  # fmt: skip

    assert found.count == 0
    assert reasons(found) == {
        "amount.missing": ("amount", "both", "won"),
        "close_date.missing": ("both", "day"),
        "probability.missing": ("both", "odds"),
        "amount.negative": ("below",),
        "category.omitted": ("off",),
    }
    assert "no probability, and none for the stage 'N'" in str(found)


def test_other_currencies_are_listed():
    dollars = {"amount": Money(1, "USD"), "expected_close_on": MARCH}
    rows = [deal("Q", "a", 100), row("Q", id="open", **dollars), row("W", 65, id="won", **dollars)]
    found = project(*rows, quota=eur(100))

    assert found.currency == "EUR"
    assert sorted(id for problem in found.left_out for id in problem.params["ids"]) == ["open", "won"]
    with pytest.raises(ValueError, match="there are EUR, USD"):
        project(*rows, quota=eur(100), currency="USD")
    with pytest.raises(ValueError, match="in one currency"):
        project(*rows)


def test_amounts_may_come_out_lower_or_higher():
    found = project(deal("Q", "a", 100, probability=Decimal(1)), amount_lower=0.3, amount_higher=0.5)

    assert found.mean.amount == pytest.approx(Decimal("106.67"))
    assert eur(70) < found.q10 < found.q90 < eur(150)


def test_close_dates_may_move_into_the_period_and_out_of_it():
    may_move = {"close_earlier": timedelta(days=10), "close_later": timedelta(days=30)}
    found = project(deal("P", "a", 100), deal("P", "b", 100, close=date(2024, 2, 20)), **may_move)
    march = Period(date(2024, 3, 1), date(2024, 4, 1))
    one, two = (
        CloseRange(earliest=close - timedelta(days=10), likely=close, latest=close + timedelta(days=30)).chance_in(
            march
        )
        for close in (MARCH, date(2024, 2, 20))
    )

    assert found.probability_at_least(eur(1)) == 1 - (1 - one / 2) * (1 - two / 2)


def test_days_that_have_passed_bring_nothing_any_more():
    rows = [deal("P", "a", 100), deal("P", "gone", 100, close=date(2024, 1, 2)), row("L", 75, id="clock")]
    found = project(*rows, close_later=timedelta(days=10))
    close = CloseRange(earliest=MARCH, likely=MARCH, latest=date(2024, 3, 20))
    left = close.chance_in(Period(date(2024, 3, 16), date(2024, 3, 21)))

    assert day(75).date() == date(2024, 3, 16)
    assert left > 0
    assert found.probability_at_least(eur(100)) == Fraction(1, 2)
    assert reasons(found) == {"close_date.passed": ("gone",)}


def test_chances_of_another_method_stand_for_odds_and_dates():
    found = project(deal("N", "a", 100, close=None), deal("P", "b", 10, close=APRIL), chances={"a": 0.25})

    assert found.probability_at_least(eur(100)) == Fraction(1, 4)
    assert reasons(found) == {"chance.missing": ("b",)}
    assert "by the chance given" in str(found)


def test_a_scope_narrows_it_down_to_those_of_whom_the_quota_is():
    rows = [deal("P", "a", 100, owner_id="ann"), deal("P", "b", 10, owner_id="bob")]
    found = project(*rows, scope={"owner_id": ["ann"]}, quota=eur(100), dependence=0.2)

    assert (found.count, found.quota_probability) == (1, pytest.approx(0.5))
    assert "only owner_id: ann" in str(found)
    assert found.detail()["scope"] == {"owner_id": ["ann"]}


def test_what_is_recorded_later_changes_nothing():
    rows = [deal("P", "a", 100), deal("Q", "b", 10), row("W", 70, id="a")]

    assert project(*rows, as_of=day(60)).detail() == project(*rows[:2], as_of=day(60)).detail()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"amount_lower": 1.5}, "amount_lower is a share of the amount: at least 0 and at most 1, not 1.5"),
        ({"amount_higher": float("inf")}, "amount_higher is a share of the amount: at least 0, not inf"),
        ({"close_later": timedelta(hours=5)}, "close_later is a number of whole days"),
        ({"close_earlier": timedelta(days=-1)}, "close_earlier is a number of whole days"),
        ({"chances": {"a": 2}}, "between 0 and 1, not 2"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        project(deal("Q", "a", 100), **settings)


def test_a_templates_example_probabilities_are_called_that_where_they_were_used():
    examples = attrs.evolve(PIPELINE, numbers="example")
    settings = {"timezone": "UTC", "period": read_period("2024-03"), "currency": "EUR"}
    by_stage = make_history([deal("Q", "a", 100)])
    by_itself = make_history([deal("Q", "a", 100, probability=Decimal("0.4"))])

    found = project_revenue(by_stage, examples, **settings)
    assert found.detail()["numbers"] == "example"
    assert "template's examples" in str(found)
    for others in (
        project_revenue(by_stage, PIPELINE, **settings),
        project_revenue(by_itself, examples, **settings),
        project_revenue(by_stage, examples, chances={"a": 0.3}, **settings),
    ):
        assert others.detail()["numbers"] == "own"
        assert "template's examples" not in str(others)
