from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import Lever, Supposition, lose_biggest, weigh_forecast, what_if
from oppcore.history import make_history
from oppcore.money import Money, sum_exactly
from oppcore.periods import read_period
from tests.history.examples import PIPELINE, amounts, probabilities, row, row_lists

MARCH, APRIL = date(2024, 3, 10), date(2024, 4, 10)


def eur(amount):
    return Money(amount, "EUR")


def deal(id, amount, **said):
    return row("P", id=id, amount=eur(amount), **{"expected_close_on": MARCH, **said})


def weigh(*rows, **settings):
    return weigh_forecast(make_history(rows), PIPELINE, timezone="UTC", **settings)


FORECAST = weigh(deal("a", 100), deal("b", 60), deal("c", 40, expected_close_on=APRIL), row("W", id="w", amount=eur(5)))


def effects(result):
    return [(one.period, one.opportunity_id, str(one.lever), one.amount) for one in result.effects]


def test_losing_a_deal_takes_away_what_it_was_expected_to_bring():
    result = what_if(FORECAST, lose_biggest(FORECAST, currency="EUR"))

    assert effects(result) == [("2024-03", "a", "lost", eur(-50))]
    assert [(row.period, row.expected) for row in result.after.rows] == [
        ("2024-01", eur(5)),
        ("2024-03", eur(30)),
        ("2024-04", eur(20)),
    ]
    assert result.difference("2024-03", "EUR") == eur(-50)


def test_the_biggest_deals_are_those_of_a_period_and_currency():
    def ids(**settings):
        return [one.opportunity_id for one in lose_biggest(FORECAST, **{"currency": "EUR", **settings})]

    assert ids(count=2) == ["a", "b"]
    assert ids(period=read_period("2024-04")) == ["c"]
    assert ids(currency="USD") == []


def test_amounts_probabilities_and_dates_have_their_effect_each():
    suppositions = [
        Supposition(opportunity_id="a", amount=eur(80)),
        Supposition(opportunity_id="b", probability=Decimal("0.9")),
        Supposition(opportunity_id="c", closes_on=MARCH),
    ]
    result = what_if(FORECAST, suppositions)

    assert effects(result) == [
        ("2024-03", "a", "amount", eur(-10)),
        ("2024-03", "b", "probability", eur(24)),
        ("2024-03", "c", "close_date", eur(20)),
        ("2024-04", "c", "close_date", eur(-20)),
    ]
    assert result.by_lever[Lever.CLOSE_DATE, "EUR"] == eur(0)
    assert result.after.sources == {"own": 0, "stage": 2, "supposed": 1}


def test_levers_of_one_deal_share_what_they_do_together():
    # Amount alone: +50; probability alone: +30; both: +110. Each has half of the 30 that only both together bring.
    both = Supposition(opportunity_id="a", amount=eur(200), probability=Decimal("0.8"))

    assert effects(what_if(FORECAST, [both])) == [
        ("2024-03", "a", "amount", eur(65)),
        ("2024-03", "a", "probability", eur(45)),
    ]


def test_effects_that_are_no_round_cents_still_add_up():
    forecast = weigh(*(deal(id, "0.01", probability=Decimal("0.5")) for id in "abc"))
    result = what_if(forecast, [Supposition(opportunity_id=id, probability=Decimal("0.9")) for id in "abc"])

    assert result.difference("2024-03", "EUR") == eur("0.01")
    assert sorted(str(one.amount.amount) for one in result.effects) == ["0", "0", "0.01"]


@pytest.mark.parametrize(
    ("suppositions", "said"),
    [
        ([Supposition(opportunity_id="w", lost=True)], "'w' is no open deal of the forecast"),
        ([Supposition(opportunity_id="aa", lost=True)], "did you mean 'a'"),
        ([Supposition(opportunity_id="a", lost=True)] * 2, "two things are supposed of 'a'"),
        ([Supposition(opportunity_id="a", amount=Money(1, "USD"))], "the amount of 'a' is in EUR, not in USD"),
    ],
)
def test_suppositions_that_make_no_sense_are_refused(suppositions, said):
    with pytest.raises(ValueError, match=said):
        what_if(FORECAST, suppositions)


def test_a_supposition_supposes_something():
    for wrong in ({}, {"lost": True, "amount": eur(1)}):
        with pytest.raises(ValueError, match="of a either something is supposed, or that it is lost"):
            Supposition(opportunity_id="a", **wrong)
    with pytest.raises(TypeError, match="closes_on is a date"):
        Supposition(opportunity_id="a", closes_on="2024-03-01")


def test_nothing_supposed_changes_nothing():
    result = what_if(FORECAST, [])

    assert (result.after, result.effects) == (FORECAST, ())


def test_it_is_plain_for_json_and_shows_everywhere():
    result = what_if(FORECAST, [Supposition(opportunity_id="c", closes_on=MARCH)])

    assert result.detail()["effects"][0] == {
        "period": "2024-03",
        "currency": "EUR",
        "opportunity_id": "c",
        "lever": "close_date",
        "amount": "20.00",
    }
    assert str(result).splitlines()[3:6] == [
        "2024-03  EUR       before            80.00",
        "2024-03  EUR       c: close date     20.00",
        "2024-03  EUR       after            100.00",
    ]
    assert result._repr_html_().startswith("<table>")
    assert result.as_records()[1]["amount"] == -20


def test_a_templates_examples_are_called_that_here_too():
    forecast = weigh_forecast(make_history([deal("a", 100)]), attrs.evolve(PIPELINE, numbers="example"), timezone="UTC")

    assert "a template's examples" in str(what_if(forecast, []))


@st.composite
def suppositions(draw, deals):
    """Something of some of the open deals."""
    found = []
    for deal in deals:
        what = draw(st.integers(0, 8))
        if what == 8:
            found.append(Supposition(opportunity_id=deal.opportunity_id, lost=True))
        elif what:
            amount = draw(amounts).amount if what & 1 else None
            found.append(
                Supposition(
                    opportunity_id=deal.opportunity_id,
                    amount=None if amount is None else Money(amount, deal.amount.currency),
                    probability=draw(probabilities) if what & 2 else None,
                    closes_on=draw(st.dates(date(2024, 1, 1), date(2024, 6, 30))) if what & 4 else None,
                )
            )
    return found


@settings(max_examples=50)
@given(row_lists(), st.data())
def test_effects_add_up_to_the_difference_in_every_month(rows, data):
    forecast = weigh(*rows)
    opened = [deal for deal in forecast.deals if deal.outcome == "open"]
    result = what_if(forecast, data.draw(suppositions(opened)))

    cells = {(row.period, row.currency) for row in (*result.before.rows, *result.after.rows)}
    for period, currency in cells:
        found = [one.amount.amount for one in result.effects if (one.period, one.currency) == (period, currency)]
        assert sum_exactly(found) == result.difference(period, currency).amount


@given(st.integers(1, 999), st.integers(1, 999), probabilities, probabilities, st.booleans())
def test_effects_are_the_means_over_all_orders_of_pulling_the_levers(old, new, p, q, moved):
    forecast = weigh(deal("a", old, probability=p))
    one = Supposition(opportunity_id="a", amount=eur(new), probability=q, closes_on=APRIL if moved else MARCH)
    gains = dict.fromkeys(Lever, Fraction(0))
    orders = list(permutations(one.levers))
    for order in orders:
        state = {"amount": old, "probability": p, "month": "2024-03"}
        worth = Fraction(state["amount"]) * Fraction(p)
        for lever in order:
            match lever:
                case Lever.AMOUNT:
                    state["amount"] = new
                case Lever.PROBABILITY:
                    state["probability"] = q
                case _:
                    state["month"] = "2024-04" if moved else "2024-03"
            now = Fraction(state["amount"]) * Fraction(state["probability"]) * (state["month"] == "2024-03")
            gains[lever] += (now - worth) / len(orders)
            worth = now

    for effect in what_if(forecast, [one]).effects:
        if effect.period == "2024-03":
            assert abs(Fraction(effect.amount.amount) - gains[effect.lever]) <= Fraction(2, 100)
