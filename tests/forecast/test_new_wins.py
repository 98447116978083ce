"""Wins of deals that do not exist yet: against scipy, by hand, and where the truth is known."""

import json
from datetime import timedelta
from decimal import Decimal
from math import exp, sqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import estimate_new_wins
from oppcore.forecast.estimates.new_wins import _quantile
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money
from tests.history.examples import PIPELINE, day, row, row_lists


def estimate(rows, days, **settings):
    asked = {"min_deals": 1, **settings}
    return estimate_new_wins(make_history(rows), PIPELINE, within=timedelta(days=days), **asked)


def regular(amount="100"):
    """A deal a day for a hundred days; every other one is won ten days later, the others are lost."""
    for number in range(100):
        yield row("Q", number, id=f"d{number}", amount=Money(amount, "EUR"))
        if number <= 90:
            yield row("W" if number % 2 else "L", number + 10, id=f"d{number}")


def test_deals_a_day_times_the_days_that_are_left_to_win_them():
    found = estimate(regular(), 30, as_of=day(100), window=timedelta(days=50))

    # A deal created on day u of 30 has been won in 45 of 91 cases where at least ten days are left: u up to 20.
    assert (found.created, found.rate) == (49, 0.98)
    assert found.days == pytest.approx(20 * 45 / 91)
    assert found.expected == pytest.approx(0.98 * found.days)
    assert found.amounts["EUR"].amount == pytest.approx(Decimal(100 * found.expected), abs=Decimal("0.01"))


def test_deals_created_and_won_at_once_count():
    rows = [row("W", number, id=f"d{number}") for number in range(40)]

    assert estimate(rows, 10, as_of=day(40)).days == pytest.approx(10)


def test_where_nothing_was_won_nothing_is_expected():
    rows = [row(stage, on or number, id=f"{number}") for number in range(20) for stage, on in (("Q", 0), ("L", 30))]
    found = estimate(rows, 5)

    assert (found.expected, found.amounts, found.interval) == (0, {}, (0, 0))


def test_where_too_few_were_watched_for_long_enough_nothing_is_said():
    found = estimate(regular(), 95, as_of=day(100), min_deals=10)

    assert (found.expected, found.interval, found.amounts) == (None, None, {})
    assert [problem.code for problem in found.left_out] == ["history.brief"]
    assert estimate([], 10).expected is None


def test_a_history_shorter_than_the_window_is_taken_whole():
    found = estimate(regular(), 30, as_of=day(50))

    assert (found.window, found.created) == (timedelta(days=50), 51)


@pytest.mark.parametrize("probability", [0.025, 0.5, 0.975])
@pytest.mark.parametrize(("shape", "ratio"), [(0.5, 0.3), (12.5, 0.1), (400.5, 2.5)])
def test_the_interval_is_of_the_negative_binomial(probability, shape, ratio):
    from scipy.stats import nbinom

    assert _quantile(probability, shape, ratio) == nbinom.ppf(probability, shape, 1 / (1 + ratio))


def simulated(random, days, rate=4, won=0.03, lost=0.05):
    """Rows of deals that come in at a rate, with the day on which each was created and won, if it was."""
    on, number = random.expovariate(rate), 0
    while on < days:
        yield row("Q", on, id=f"d{number}"), on, None
        stay = random.expovariate(won + lost)
        is_won = random.random() < won / (won + lost)
        if on + stay < days:
            yield row("W" if is_won else "L", on + stay, id=f"d{number}"), on, on + stay if is_won else None
        on, number = on + random.expovariate(rate), number + 1


def test_simulated_deals_come_and_are_won_as_expected():
    random, held, rounds = Random(2), 0, 30
    errors = []
    for _ in range(rounds):
        lived = list(simulated(random, 150))
        found = estimate([row for row, on, _ in lived], 30, as_of=day(120), min_deals=10)
        actual = sum(on > 120 and won is not None for _, on, won in lived)
        held += found.interval[0] <= actual <= found.interval[1]
        errors.append(found.expected - actual)
    truth = 4 * 0.03 / 0.08 * (30 - (1 - exp(-0.08 * 30)) / 0.08)

    assert sum(errors) / rounds == pytest.approx(0, abs=4 * sqrt(1.5 * truth / rounds))
    assert held >= 25


@settings(max_examples=40)
@given(row_lists(), st.integers(1, 15), st.integers(1, 15))
def test_no_more_wins_are_expected_than_deals(rows, days, window):
    history = make_history(rows)
    found = estimate_new_wins(
        history, PIPELINE, within=timedelta(days=days), window=timedelta(days=window), min_deals=1
    )

    assert found.created <= len(take_snapshot(history, PIPELINE))
    if found.expected is not None:
        assert 0 <= found.expected <= found.rate * days + 1e-9
        assert 0 <= found.interval[0] <= found.interval[1]


def test_it_shows_everywhere():
    found = estimate(regular(), 30, as_of=day(100))

    assert json.loads(json.dumps(found.detail()))["amounts"]["EUR"] == format(found.amounts["EUR"].amount, "f")
    assert found.as_records()[0]["currency"] == "EUR"
    assert "Wins of new deals within 30 days" in str(found)
    assert found._repr_html_().startswith("<table>")
    assert "come in as in the window" in found.assumes


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 1, "window": timedelta(0)}])
def test_times_of_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="longer than nothing"):
        estimate([], **wrong)
