"""Sales velocity: the usual example, what it telescopes to, and drivers that add up to the change."""

import json
from datetime import date
from fractions import Fraction
from math import log

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import combine_buckets, count_velocity, finish_velocity, measure_velocity
from oppcore.history import RowKind, make_history
from oppcore.money import Money
from oppcore.periods import Period, read_period
from tests.history.examples import PIPELINE, day, row, row_lists

QUARTER = read_period("2024-Q2")
START, END = Period(date(2024, 1, 1), date(2024, 1, 8)), Period(date(2024, 1, 8), date(2024, 1, 20))
choices = st.sampled_from(["open", "worked", "closed"]), st.sampled_from(["won", "all"])


def measure(rows, **settings):
    asked = {"period": QUARTER, "timezone": "UTC", "deals": "closed", **settings}
    return measure_velocity(make_history(rows), PIPELINE, **asked)


def deal(id, amount, took, end="W", since=0, **said):
    rows = [row("Q", since, id=id, amount=Money(amount, "EUR"), **said)]
    return [*rows, row(end, since + took, id=id)] if end else rows


def textbook():
    closed = [deal(f"won{n}", 20_000 + n % 2 * 10_000, 90, since=10) for n in range(10)]
    lost = [deal(f"lost{n}", 9, 95, "L") for n in range(30)]
    still = [deal(f"open{n}", 100, None, None, since=150) for n in range(40)]
    return [one for some in (*closed, *lost, *still) for one in some]


def test_forty_deals_of_25_000_at_a_quarter_in_90_days_bring_2777_78_a_day():
    found = measure(textbook(), deals="open").row("EUR")

    assert (found.now.deals, found.now.average_value, found.now.win_rate, found.now.cycle_days) == (
        40,
        25_000,
        Fraction(1, 4),
        90,
    )
    assert found.velocity == Money("2777.78", "EUR")
    assert found.now.velocity == Fraction(25_000, 9)


@pytest.mark.parametrize(
    ("deals", "value", "number", "mean"),
    [
        ("open", "won", 40, 25_000),
        ("open", "all", 40, 100),
        ("closed", "won", 40, 25_000),
        ("closed", "all", 40, Fraction(250_000 + 30 * 9, 40)),
        ("worked", "won", 80, 25_000),
    ],
)
def test_which_deals_and_whose_value_is_said(deals, value, number, mean):
    velocity = measure(textbook(), deals=deals, value=value)

    assert (velocity.row("EUR").now.deals, velocity.row("EUR").now.average_value) == (number, mean)
    assert velocity.terms.policy == f"{deals} deals x mean amount of {value} deals x win rate / cycle days"
    assert len(velocity.ids("won")) == 10


def test_only_what_closed_in_the_period_counts_as_closed_in_it():
    rows = [*deal("a", 10, 50), *deal("b", 20, 100), *deal("c", 30, 400), *deal("d", 5, 95, "L")]
    found = measure(rows, deals="worked").row("EUR").now

    assert (found.deals, found.won, found.lost, found.cycle_days, found.average_value) == (3, 1, 1, 100, 20)


def test_a_period_is_seen_as_it_was_at_its_end():
    rows = [*deal("a", 10, 100), *deal("b", 20, 95)]
    later = [row("L", 200, id="a"), row(None, 201, id="b", amount=Money(99, "EUR"))]

    assert measure([*rows, *later]).detail() == measure(rows).detail()
    assert measure(rows, as_of=day(97)).row("EUR").now.won == 1


def test_net_of_closed_time_the_cycle_is_shorter():
    rows = [row("Q", 0, amount=Money(10, "EUR")), row("L", 40), row("Q", 70), row("W", 100)]

    assert [measure(rows, span=span).row("EUR").now.cycle_days for span in ("gross", "net")] == [100, 70]


def test_where_nothing_was_won_or_it_took_no_time_there_is_no_velocity():
    assert measure(deal("a", 10, 95, "L")).row("EUR").velocity is None
    assert measure([row("W", 95, amount=Money(1, "EUR"))]).row("EUR").velocity is None
    assert measure([]).rows == ()


def test_currencies_are_kept_apart_and_deals_without_an_amount_are_listed():
    rows = [*deal("a", 10, 95), row("Q", 5, id="b", amount=Money(700, "JPY")), row("W", 95, id="b")]
    velocity = measure([*rows, row("Q", 5, id="c"), row("W", 95, id="c")])

    assert [(one.currency, one.velocity) for one in velocity.rows] == [
        ("EUR", Money("0.11", "EUR")),
        ("JPY", Money("8", "JPY")),
    ]
    assert [(one.code, one.params["ids"]) for one in velocity.left_out] == [("amount.missing", ("c",))]
    with pytest.raises(KeyError):
        velocity.row("USD")


def test_it_shows_everywhere_with_its_drivers():
    rows = [*deal("a", 10, 10, owner_id="ann"), *deal("b", 30, 95, owner_id="ann"), *deal("c", 40, 100, owner_id="bo")]
    velocity = measure(rows, earlier=read_period("2024-Q1"), by="owner_id")

    assert "driven by" in str(velocity)
    assert velocity._repr_html_().startswith("<table>")
    drivers = velocity.row("EUR").drivers
    assert {name: driver.ratio for name, driver in drivers.items()} == {
        "deals": 2,
        "average_value": Fraction(7, 2),
        "win_rate": 1,
        "cycle_days": Fraction(20, 195),
    }
    detail = json.loads(json.dumps(velocity.detail()))
    assert detail["rows"][0]["now"]["velocity"] == "0.72"
    assert [group["by"] for group in detail["groups"]] == ["ann", "bo"]
    assert len(velocity.as_records()) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"deals": "all"}, "no choice of deals 'all'"),
        ({"value": "mean"}, "no choice of value 'mean'"),
        ({"earlier": QUARTER}, "ends before the other begins"),
        ({"timezone": None}, "time zone"),
        ({"by": "colour"}, "no column 'colour'"),
    ],
)
def test_what_there_is_not_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure([row("Q")], **wrong)


@settings(max_examples=40)
@given(row_lists(ids="abcdefgh"))
def test_of_closed_deals_it_is_the_amount_won_over_the_cycle(rows):
    for line in measure(rows, period=Period(date(2023, 12, 1), date(2024, 2, 1))).rows:
        if line.now.velocity is not None:
            assert line.now.velocity == Fraction(line.now.value_amount.amount) / line.now.cycle_days


@st.composite
def sales(draw):
    """Deals that were won and lost in each of two periods."""
    rows = []
    for since, last in ((0, 7), (8, 19)):
        for number in range(draw(st.integers(1, 4))):
            took = draw(st.integers(1, last - since - 1))
            id = f"{since}-{number}"
            rows += deal(id, draw(st.integers(1, 10**6)), took, draw(st.sampled_from("WWL")), since)
    return rows


@settings(max_examples=60)
@given(sales(), *choices)
def test_the_drivers_multiply_and_add_up_to_the_change(rows, deals, value):
    for line in measure(rows, period=END, earlier=START, deals=deals, value=value).rows:
        if not line.drivers:
            assert not (line.now.velocity and line.before.velocity)
            continue
        change = line.now.velocity / line.before.velocity
        product = Fraction(1)
        for driver in line.drivers.values():
            product *= driver.ratio
        assert product == change
        assert sum(driver.log for driver in line.drivers.values()) == pytest.approx(log(change), abs=1e-9)
        rounded = [Fraction(round(100 * speed), 100) for speed in (line.now.velocity, line.before.velocity)]
        assert sum(Fraction(driver.change.amount) for driver in line.drivers.values()) == rounded[0] - rounded[1]


@settings(max_examples=30)
@given(sales(), *choices, st.integers(2, 9))
def test_scaling_amounts_scales_the_velocity(rows, deals, value, factor):
    scaled = [one if one.amount is None else attrs.evolve(one, amount=one.amount * factor) for one in rows]
    one, other = (measure(some, period=END, deals=deals, value=value).row("EUR").now for some in (rows, scaled))

    assert other.velocity == (None if one.velocity is None else factor * one.velocity)


@settings(max_examples=25)
@given(row_lists(), st.randoms(), st.lists(st.integers(0, 1), min_size=5, max_size=5))
def test_neither_the_order_nor_the_parts_nor_later_rows_change_it(rows, random, split):
    asked = {"period": END, "earlier": START, "timezone": "UTC", "by": "owner_id"}
    shuffled = random.sample(rows, len(rows))
    parts = [
        count_velocity(
            make_history(one for one in shuffled if split["abcde".index(one.opportunity_id)] == part), PIPELINE, **asked
        )
        for part in range(2)
    ]
    later = [row("Q", 40, id=id, kind=RowKind.RESTORED) for id in "abcde"]

    def numbers(tally):
        found = finish_velocity(tally, deals="worked").detail()
        return {key: value for key, value in found.items() if key != "left_out"}

    assert numbers(combine_buckets(*parts)) == numbers(count_velocity(make_history([*rows, *later]), PIPELINE, **asked))
