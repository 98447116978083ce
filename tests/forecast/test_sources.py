from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.forecast import ProbabilitySource, weigh_forecast
from oppcore.history import make_history
from oppcore.money import Money, minor_units
from tests.history.examples import PIPELINE, row, row_lists

MARCH = date(2024, 3, 10)


def eur(amount):
    return Money(amount, "EUR")


def deal(stage, id, amount, **said):
    return row(stage, id=id, amount=eur(amount), expected_close_on=MARCH, **said)


def weigh(*rows, **settings):
    return weigh_forecast(make_history(rows), PIPELINE, **{"timezone": "UTC", **settings})


def test_the_first_source_that_knows_a_deal_weighs_it():
    model = ProbabilitySource.by_deal("model", {"a": 0.25, "b": 0.25})
    rows = deal("P", "a", 100, probability=Decimal("0.9")), deal("P", "b", 100), deal("P", "c", 100)

    assert {deal.opportunity_id: deal.source for deal in weigh(*rows, probability=("own", model, "stage")).deals} == {
        "a": "own",
        "b": "model",
        "c": "stage",
    }
    assert weigh(*rows, probability=(model, "own", "stage")).sources == {"model": 2, "own": 0, "stage": 1}


def test_what_no_source_knows_is_listed_and_not_guessed():
    model = ProbabilitySource.by_stage("history", {"P": Decimal("0.1")})
    forecast = weigh(deal("P", "a", 100), deal("Q", "b", 100), probability=[model])

    assert [(deal.opportunity_id, deal.weighted) for deal in forecast.deals] == [("a", eur("10.00"))]
    assert [(one.code, one.params["ids"]) for one in forecast.left_out] == [("probability.missing", ("b",))]
    assert "1 open deals weighed: 1 by history" in str(forecast)


def test_a_source_is_any_function_of_a_standing_with_a_name():
    early = ProbabilitySource("early", lambda standing: 0.5 if standing.owner_id == "ann" else None)

    assert weigh(deal("N", "a", 10, owner_id="ann"), probability=[early]).rows[0].weighted_open == eur(5)


def test_floats_are_taken_as_they_are_and_rounded_once():
    third = ProbabilitySource("third", lambda _: 1 / 3)
    (found,) = weigh(*(deal("P", id, "0.01") for id in "abc"), probability=[third]).rows

    assert found.weighted_open == eur("0.01")


@pytest.mark.parametrize("wrong", [-0.1, 1.5, Decimal(40), float("nan")])
def test_a_number_outside_0_and_1_is_no_probability(wrong):
    with pytest.raises(ValueError, match="percent: a probability lies between 0 and 1"):
        weigh(deal("P", "a", 10), probability=[ProbabilitySource("percent", lambda _: wrong)])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["onw"], "there is no source of probabilities 'onw'; did you mean 'own'"),
        (["own", "own"], "two sources of probabilities are called 'own'"),
        ([ProbabilitySource("stage", lambda _: 1)], "'stage' is the name of a source that there is"),
        ([], "no source of probabilities is given"),
    ],
)
def test_sources_that_make_no_sense_are_refused(asked, said):
    with pytest.raises(ValueError, match=said):
        weigh(probability=asked)


def test_one_source_may_be_named_alone():
    assert weigh(deal("P", "a", 10, probability=Decimal(1)), probability="stage").sources == {"stage": 1}


AMOUNTS = {"a": (100, "0.5"), "b": (50, "0.6"), "c": (30, "0.2"), "d": (20, "0.9"), "e": (80, "0.35")}


def test_mean_and_variance_are_those_of_all_outcomes_added_up():
    forecast = weigh(*(deal("P", id, amount, probability=Decimal(p)) for id, (amount, p) in AMOUNTS.items()))
    mean = second = Fraction(0)
    for wins in product([0, 1], repeat=len(AMOUNTS)):
        chance, brought = Fraction(1), 0
        for won, (amount, p) in zip(wins, AMOUNTS.values(), strict=True):
            chance *= Fraction(p) if won else 1 - Fraction(p)
            brought += won * amount
        mean += chance * brought
        second += chance * brought**2

    (found,) = forecast.rows
    assert (found.weighted_open.amount, found.variance) == (mean, second - mean**2) == (132, 4736)
    assert found.deviation == eur("68.82")


def test_what_is_won_is_sure():
    (found,) = weigh(row("W", id="a", amount=eur(7))).rows

    assert (found.variance, found.deviation) == (0, eur(0))


def test_totals_are_those_of_all_months_per_currency():
    forecast = weigh(
        row("W", id="a", amount=eur(7)),
        deal("P", "b", 5),
        row("P", id="c", amount=eur(4)),
        row("P", id="d", amount=Money("8", "USD")),
    )

    assert [(one.currency, one.expected.amount, one.count) for one in forecast.totals] == [
        ("EUR", Decimal("11.50"), 3),
        ("USD", Decimal("4.00"), 1),
    ]


def test_every_deal_is_explained_with_its_source():
    forecast = weigh(deal("P", "b", 100, probability=Decimal("0.7")), row("W", id="a", amount=eur(1)))
    explanation = forecast.explain()

    assert [(one["opportunity_id"], one["probability"], one["source"]) for one in explanation.as_records()] == [
        ("a", 1.0, "outcome"),
        ("b", 0.7, "own"),
    ]
    assert explanation.detail()["deals"][1]["weighted"] == "70.00"
    assert explanation.notes[0] == (
        "in all 71.00 EUR expected: 1.00 EUR won, and 70.00 EUR weighted of 100.00 EUR open"
        " (standard deviation 45.83 EUR)"
    )
    assert "2024-03  EUR       b        100  70.0%        own" in str(explanation)


def test_a_templates_examples_are_called_that_beside_the_deals_too():
    forecast = weigh_forecast(
        make_history([deal("P", "a", 100)]), attrs.evolve(PIPELINE, numbers="example"), timezone="UTC"
    )

    assert "a template's examples" in str(forecast.explain())
    assert "a template's examples" in forecast.explain().detail()["notes"][-1]


@given(row_lists(), st.floats(0, 1))
def test_deals_and_rows_say_the_same(rows, probability):
    sources = ["own", ProbabilitySource("model", lambda _: probability)]
    forecast = weigh_forecast(make_history(rows), PIPELINE, timezone="UTC", probability=sources)

    for found in forecast.rows:
        deals = [
            deal for deal in forecast.deals if (deal.period, deal.amount.currency) == (found.period, found.currency)
        ]
        exact = sum(Fraction(deal.product) for deal in deals)
        assert len(deals) == found.count
        assert abs(Fraction(found.expected.amount) - exact) <= Fraction(1, 10 ** minor_units(found.currency))
        assert found.variance >= 0
