"""Which deals will be won in time: against published curves, and the truth of simulated deals."""

import json
from datetime import timedelta
from decimal import Decimal
from math import exp, sqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import estimate_closing
from oppcore.history import make_history, take_snapshot
from oppcore.money import Money
from oppcore.records import Outcome
from oppcore.stats import count_events, estimate_incidence
from tests.history.examples import PIPELINE, day, golden, row, row_lists

NOW = 100
ENDS = {1: "W", 2: "L"}
TIES = [1, 2, 2, 2, 3, 3, 4, 5, 5, 6], [1, 1, 2, 0, 2, 1, 0, 1, 2, 0]
CHECKED = [1, 2, 3, 4, 5, 6], [0, 1, 1, 2, 2, 0]


def lived(durations, causes, stage="Q"):
    """Rows of deals that closed (1: won, 2: lost) after so many days, or are open for so many (0)."""
    for number, (days, cause) in enumerate(zip(durations, causes, strict=True)):
        start = NOW - days if cause == 0 else 0
        yield row(stage, start, id=f"d{number}")
        if cause:
            yield row(ENDS[cause], days, id=f"d{number}")


def estimate(rows, days, **settings):
    asked = {"as_of": day(NOW), "min_deals": 1, **settings}
    return estimate_closing(make_history(rows), PIPELINE, within=timedelta(days=days), **asked)


def chance(durations, causes, days, age=0, **settings):
    """The chance of a deal of this age."""
    rows = [*lived(durations, causes), row("Q", NOW - age, id="new")]
    return estimate(rows, days, **settings).row("new").win


@pytest.mark.parametrize("clock", ["stage", "creation"])
@pytest.mark.parametrize(("days", "expected"), [(1, 0.1), (2, 0.2), (3, 0.316667), (5, 0.472222)])
def test_ties_are_exact(days, expected, clock):
    assert chance(*TIES, days, clock=clock).value == pytest.approx(expected, abs=5e-7)


def test_the_interval_is_that_of_the_curves_checked_with_other_tools():
    durations, causes = CHECKED[0], [{2: 1, 1: 2, 0: 0}[cause] for cause in CHECKED[1]]
    found = chance(durations, causes, 4)

    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.00836904, 0.58185303), abs=5e-9)
    found = chance(durations, causes, 5)
    assert (found.value, found.low, found.high) == pytest.approx((0.4, 0.05197575, 0.75281579), abs=5e-9)


@given(
    st.lists(st.tuples(st.integers(1, 30), st.sampled_from([0, 1, 2])), min_size=1, max_size=25),
    st.integers(0, 20),
    st.integers(1, 20),
)
def test_the_chance_at_an_age_is_what_the_curves_gain_over_those_still_there(deals, age, days):
    durations, causes = zip(*deals, strict=True)
    found = chance(durations, causes, days, age).value
    ended = [{0: None, 1: "won", 2: "lost"}[cause] for cause in causes]
    curves = estimate_incidence(count_events([*durations, age], [*ended, None]))

    if found is None or "won" not in curves.incidence:
        assert not found
        return
    gained = [curves.incidence_at("won", time) for time in (age, age + days)]
    there = 1 - sum(curves.incidence_at(cause, age) for cause in curves.incidence)
    assert found == pytest.approx((gained[1] - gained[0]) / there, abs=1e-9)


def test_a_deal_is_compared_with_those_that_stayed_longer_in_its_stage_wherever_they_won():
    rows = []
    for number in range(10):  # ten days in Q, then to P; half of them are won there five days later
        rows += [row("Q", 0, id=f"slow{number}"), row("P", 10, id=f"slow{number}")]
        rows.append(row("W" if number % 2 else "L", 15, id=f"slow{number}"))
        rows += [row("Q", 0, id=f"quick{number}"), row("W", 2, id=f"quick{number}")]
    rows += [row("Q", NOW - 5, id="old"), row("Q", NOW, id="new"), row("P", NOW, id="late")]
    found = estimate(rows, 10)

    assert (found.row("old").seen, found.row("old").win.value) == (10, pytest.approx(0.5))
    assert (found.row("new").seen, found.row("new").win.value) == (21, pytest.approx(10 / 21))
    assert estimate(rows, 15).row("new").win.value == pytest.approx(10 / 21 + 11 / 21 / 2)
    assert estimate(rows, 4).row("old").win.value == 0
    assert estimate(rows, 5).row("late").win.value == pytest.approx(0.5)


def test_where_too_few_were_there_or_were_watched_nothing_is_said():
    rows = [*lived([30] * 5, [1] * 5), row("Q", NOW - 1, id="new"), row("Q", NOW - 40, id="old")]
    found = estimate(rows, 20, min_deals=3)

    assert found.row("new").win.value == 0
    assert found.row("old").win.value is None
    assert [(problem.code, problem.params["ids"]) for problem in found.left_out] == [
        ("history.thin", ("old",)),
        ("amount.missing", ("new",)),
    ]
    assert estimate(rows, 39, min_deals=3).row("new").win.value == pytest.approx(5 / 6)
    assert estimate(rows, 60, min_deals=3).row("new").win.value is None  # one is still open, and only 40 days old
    brief = estimate(rows, 100, min_deals=5)
    assert (brief.row("new").seen, brief.row("new").watched, brief.row("new").win.value) == (6, 0, None)
    assert [problem.code for problem in brief.left_out] == ["history.thin", "history.brief"]


def test_a_reopened_deal_is_as_old_as_its_reopening():
    rows = [*lived([3] * 4, [1] * 4), row("Q", 0, id="o"), row("L", 50, id="o"), row("Q", NOW - 2, id="o")]

    for clock in ("stage", "creation"):
        found = estimate(rows, 5, clock=clock).row("o")
        assert (found.age, found.win.value) == (timedelta(days=2), 0.8)


def test_the_expected_number_and_amounts_are_sums_over_the_deals():
    rows = [
        *lived([2, 2, 2, 9], [1, 2, 2, 2]),
        row("Q", NOW, id="a", amount=Money("100", "EUR")),
        row("Q", NOW, id="b", amount=Money("60.05", "EUR")),
        row("Q", NOW, id="c", amount=Money("10", "JPY")),
        row("Q", NOW, id="d"),
        row("P", NOW, id="e", amount=Money("1", "EUR")),
    ]
    found = estimate(rows, 5)

    assert found.probabilities == {"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}
    assert found.expected_count == 1
    spread = 1.959963984540054 * sqrt(4 * 0.25 * 0.75)
    assert found.interval == pytest.approx((max(0, 1 - spread), 1 + spread))
    assert found.open_amounts == {"EUR": Money("160.05", "EUR"), "JPY": Money("10", "JPY")}
    assert found.expected_amounts == {"EUR": Money("40.01", "EUR"), "JPY": Money("2", "JPY")}


def test_of_many_ages_each_is_judged_by_the_next_lower_one():
    rows = [*lived(range(1, 61), [1] * 60), *(row("Q", NOW - age, id=f"a{age}") for age in range(40))]
    found = [estimate(rows, 10).row(f"a{age}") for age in range(40)]

    assert len({one.from_age for one in found}) == 16
    assert all(timedelta(0) <= one.age - one.from_age <= timedelta(days=2) for one in found)


def test_what_happens_later_changes_nothing():
    rows = list(lived(*TIES))

    assert estimate([*rows, row("W", NOW + 1, id="d3")], 5).rows == estimate(rows, 5).rows


def test_deals_that_are_won_and_lost_at_steady_rates_are_foretold():
    random, won, lost, rows, open_ones = Random(3), 0.02, 0.04, [], {}
    for number in range(1500):
        start, stay = random.uniform(0, NOW), random.expovariate(won + lost)
        rows.append(row("Q", start, id=f"d{number}"))
        if start + stay <= NOW:
            rows.append(row("W" if random.random() < won / (won + lost) else "L", start + stay, id=f"d{number}"))
        else:
            open_ones[f"d{number}"] = NOW - start
    truth = won / (won + lost) * (1 - exp(-(won + lost) * 20))
    found = estimate(rows, 20, min_deals=30).probabilities

    assert len(found) > 0.8 * len(open_ones)
    assert sum(found.values()) / len(found) == pytest.approx(truth, abs=0.05)


@settings(max_examples=30)
@given(row_lists(), st.integers(1, 12), st.sampled_from(["stage", "creation"]))
def test_every_open_deal_has_a_row_and_probabilities_are_probabilities(rows, days, clock):
    history = make_history(rows)
    found = estimate_closing(history, PIPELINE, within=timedelta(days=days), min_deals=1, clock=clock)
    standings = take_snapshot(history, PIPELINE).standings

    assert [row.opportunity_id for row in found.rows] == [
        deal.opportunity_id for deal in standings if deal.outcome is Outcome.OPEN
    ]
    assert all(0 <= chance <= 1 for chance in found.probabilities.values())
    assert json.loads(json.dumps(found.detail()))["expected"]["of"] == len(found.probabilities)


def test_it_shows_everywhere():
    found = estimate_closing(golden(), PIPELINE, within=timedelta(days=30), as_of=day(100), min_deals=1)

    assert "Wins within 30 days" in str(found)
    assert "expected to be won" in str(found)
    assert found._repr_html_().startswith("<table>")
    assert found.as_records()[0]["amount"] is None
    assert "of the deals that were open for as long" in str(estimate([row("Q", 0)], 5, clock="creation"))
    priced = estimate([*lived(*TIES), row("Q", NOW, amount=Money("5.50", "EUR"))], 5)
    assert (priced.detail()["rows"][-1]["amount"], priced.as_records()[-1]["amount"]) == ("5.50", Decimal("5.50"))
    assert "worth 2.60 EUR of 5.50 EUR" in str(priced)


def test_a_time_of_nothing_and_an_unknown_deal_are_refused():
    with pytest.raises(ValueError, match="longer than nothing"):
        estimate([], 0)
    with pytest.raises(ValueError, match="no clock 'stages'; did you mean 'stage'"):
        estimate([], 1, clock="stages")
    with pytest.raises(KeyError):
        estimate([row("W")], 1).row("o")
