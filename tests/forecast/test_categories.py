from datetime import date
from decimal import Decimal
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.forecast import forecast_categories
from oppcore.forecast.category_figures import CATEGORIES
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money, sum_exactly
from oppcore.periods import read_period
from oppcore.pipeline import Pipeline, Stage
from oppcore.records import ForecastCategory
from tests.history.examples import PIPELINE, day, row, row_lists

MARCH, APRIL = date(2024, 3, 10), date(2024, 4, 10)
STAGED = Pipeline(
    key="staged",
    stages=[
        Stage(key="talk", kind="open"),
        Stage(key="offer", kind="open", forecast_category="best_case"),
        Stage(key="order", kind="open", forecast_category="commit"),
        Stage(key="parked", kind="open", forecast_category="omitted"),
        Stage(key="won", kind="won"),
        Stage(key="lost", kind="lost"),
    ],
)


def eur(amount):
    return Money(amount, "EUR")


def deal(stage, id, amount, **said):
    return row(stage, id=id, amount=eur(amount), **{"expected_close_on": MARCH, **said})


def categories(*rows, pipeline=STAGED, **settings):
    return forecast_categories(make_history(rows), pipeline, **{"timezone": "UTC", **settings})


def figures(forecast, period="2024-03"):
    return [
        (str(row.category), str(row.single.amount), str(row.cumulative.amount))
        for row in forecast.rows
        if row.period == period
    ]


def test_each_category_stands_by_itself_and_with_all_surer_ones():
    # The example in the help pages of Salesforce: closed 50, commit 100, best case 150, pipeline 200.
    forecast = categories(
        row("won", 61, id="a", amount=eur(50)),
        deal("order", "b", 100),
        deal("offer", "c", 150),
        deal("talk", "d", 200),
    )

    assert figures(forecast) == [
        ("closed", "50", "50"),
        ("commit", "100", "150"),
        ("most_likely", "0", "150"),
        ("best_case", "150", "300"),
        ("pipeline", "200", "450"),
    ]


def test_a_category_chosen_by_hand_beats_that_of_the_stage_and_is_told_apart():
    forecast = categories(
        deal("offer", "a", 10, forecast_category="commit"), deal("order", "b", 5), deal("talk", "c", 1)
    )
    commit = forecast.row("2024-03", "EUR", "commit")

    assert (commit.single, commit.count, commit.own, commit.own_count) == (eur(15), 2, eur(10), 1)
    assert {deal.opportunity_id: str(deal.category_source) for deal in forecast.deals} == {
        "a": "own",
        "b": "stage",
        "c": "nobody",
    }
    assert "3 open deals: 1 in a category chosen by hand, 1 in that of their stage, 1 in pipeline because" in str(
        forecast
    )


def test_omitted_deals_are_in_no_category_and_listed():
    forecast = categories(deal("parked", "a", 10), deal("order", "b", 5, forecast_category="omitted"))

    assert forecast.rows == ()
    assert [(one.code, one.params["ids"]) for one in forecast.left_out] == [("category.omitted", ("a", "b"))]


def test_an_open_deal_is_not_closed_whatever_is_said():
    forecast = categories(deal("order", "a", 10, forecast_category="closed"), row("order", id="b"))

    assert forecast.rows == ()
    assert [(one.code, one.params["ids"]) for one in forecast.left_out] == [
        ("amount.missing", ("b",)),
        ("category.closed", ("a",)),
    ]
    assert str(forecast.left_out[1]) == "opportunity a: in the category closed, but not won; deals in all: 1"


def test_deals_need_no_probability_for_their_category():
    assert categories(deal("order", "a", 10)).left_out == ()


def test_months_and_currencies_are_kept_apart_and_what_has_no_month_comes_last():
    forecast = categories(
        deal("order", "a", 1),
        deal("order", "b", 2, expected_close_on=APRIL),
        row("order", id="c", amount=Money("3", "USD"), expected_close_on=MARCH),
        row("order", id="d", amount=eur(4)),
    )

    assert list(dict.fromkeys((row.period, row.currency) for row in forecast.rows)) == [
        ("2024-03", "EUR"),
        ("2024-03", "USD"),
        ("2024-04", "EUR"),
        (None, "EUR"),
    ]


def test_a_row_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(LookupError, match="no deal of this forecast counts in 2024-03 and EUR"):
        categories().row("2024-03", "EUR", "commit")


def test_the_deals_of_a_figure_are_those_that_add_up_to_it():
    forecast = categories(
        deal("won", "a", 50), deal("order", "b", 100), deal("offer", "c", 150), deal("talk", "d", 200)
    )
    march, first = read_period("2024-03"), read_period("2024-Q1")

    def ids(*arguments, **settings):
        return "".join(deal.opportunity_id for deal in forecast.find_deals(*arguments, **settings))

    assert ids("commit", method="single") == "b"
    assert ids("commit") == "ab"
    assert ids("commit", period=march) == "b"
    assert ids("pipeline") == "bcd"
    assert ids("best_case", period=first) == "abc"


def test_figures_are_given_by_owner_for_the_roll_up():
    forecast = categories(
        deal("won", "a", 50, owner_id="ann"),
        deal("order", "b", 100, owner_id="ann"),
        deal("order", "c", 1, owner_id="bob"),
        deal("order", "d", 2),
        row("order", id="e", amount=Money("3", "USD"), owner_id="bob"),
    )

    assert forecast.amounts_by_owner("commit", currency="EUR") == {"ann": eur(150), "bob": eur(1), None: eur(2)}
    assert forecast.amounts_by_owner("commit", currency="EUR", method="single")["ann"] == eur(100)


def test_it_is_plain_for_json_and_shows_everywhere():
    forecast = categories(deal("order", "a", "1E+2"))

    assert forecast.detail()["rows"][1] == {
        "period": "2024-03",
        "currency": "EUR",
        "category": "commit",
        "single": "100",
        "cumulative": "100",
        "count": 1,
        "own": "0",
        "own_count": 0,
    }
    assert forecast.detail()["categories"] == {"outcome": 0, "own": 0, "stage": 1, "nobody": 0}
    assert str(forecast).splitlines()[:4] == [
        "Category forecast as of 2024-01-01T00:00:00+00:00",
        "period   currency  category     single  cumulative  deals  by hand",
        "───────  ────────  ───────────  ──────  ──────────  ─────  ───────",
        "2024-03  EUR       closed            0           0      0        0",
    ]
    assert forecast._repr_html_().startswith("<table>")
    assert len(forecast.as_records()) == 5


def test_every_deal_is_explained():
    forecast = categories(deal("offer", "a", 10, forecast_category="commit"))
    explanation = forecast.explain()

    assert explanation.detail()["deals"][0] | {"closes_on": None} == {
        "opportunity_id": "a",
        "stage": "offer",
        "outcome": "open",
        "owner_id": None,
        "closes_on": None,
        "period": "2024-03",
        "currency": "EUR",
        "amount": "10",
        "category": "commit",
        "category_source": "own",
        "probability": None,
        "source": None,
        "weighted": None,
    }
    assert "commit    own" in str(explanation)
    assert explanation.notes[0] == (
        "in all closed 0.00 EUR, commit 10.00 EUR, most likely 0.00 EUR, best case 0.00 EUR, pipeline 0.00 EUR"
    )
    assert explanation._repr_html_().startswith("<table>")


categories_said = st.sampled_from([None, *CATEGORIES])


@given(row_lists(), st.lists(categories_said, min_size=15, max_size=15))
def test_single_figures_are_the_steps_between_cumulative_ones(rows, said):
    rows = [attrs.evolve(row, forecast_category=one) for row, one in zip(rows, said, strict=False)]
    forecast = forecast_categories(make_history(rows), PIPELINE, timezone="UTC")

    for start in range(0, len(forecast.rows), len(CATEGORIES)):
        five = forecast.rows[start : start + len(CATEGORIES)]
        assert [row.category for row in five] == list(CATEGORIES)
        for before, after in pairwise(five[:-1]):
            assert after.cumulative - before.cumulative == after.single
        assert five[-1].cumulative - five[-1].single == five[-2].cumulative - five[0].cumulative
        for line in five:
            found = [
                deal
                for deal in forecast.find_deals(line.category)
                if (deal.period, deal.amount.currency) == (line.period, line.currency)
            ]
            assert line.cumulative.amount == sum_exactly(deal.amount.amount for deal in found)


@given(row_lists())
def test_with_amounts_that_are_not_negative_surer_means_less(rows):
    forecast = forecast_categories(make_history(rows), PIPELINE, timezone="UTC")
    if all(deal.amount.amount >= 0 for deal in forecast.deals):
        for before, after in pairwise(forecast.rows):
            if (before.period, before.currency) == (after.period, after.currency):
                assert before.cumulative <= after.cumulative or after.category is ForecastCategory.PIPELINE


@given(row_lists())
def test_every_open_or_won_deal_is_in_one_category_or_listed(rows):
    history = make_history(rows)
    forecast, snapshot = forecast_categories(history, PIPELINE, timezone="UTC"), take_snapshot(history, PIPELINE)
    listed = {
        id
        for one in forecast.left_out
        if one.code in ("amount.missing", "category.omitted", "category.closed")
        for id in one.params["ids"]
    }

    assert sum(row.count for row in forecast.rows) + len(listed) == snapshot.open + snapshot.won
    assert sum(row.count for row in forecast.rows) == len(forecast.deals)


def test_it_is_as_of_a_day():
    rows = [row("order", 0, id="a", amount=eur(5), expected_close_on=MARCH), row("won", 70, id="a")]

    assert figures(categories(*rows, as_of=day(5)))[1] == ("commit", "5", "5")
    assert figures(categories(*rows))[0] == ("closed", "5", "5")
    assert Decimal(5) == categories(*rows).rows[0].single.amount


def test_no_probability_is_used_nor_told():
    pipeline = attrs.evolve(PIPELINE, numbers="example")
    forecast = categories(row("P", id="a", amount=eur(5), probability=Decimal("0.9")), pipeline=pipeline)

    assert [(deal.probability, deal.source) for deal in forecast.deals] == [(None, None)]
