import decimal
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import UnreadableChanges
from oppcore.forecast import weigh_forecast
from oppcore.history import RowKind, make_history, rows_of, take_snapshot
from oppcore.money import Money, minor_units
from oppcore.pipeline import load_pipeline
from oppcore.records import CustomFields, Estimate, Opportunity, Origin, Progress, Team, Timing
from tests.engine.deals import Deal
from tests.history.examples import PIPELINE, day, row, row_lists

LIVED = load_pipeline("""
key = "p"
currency = "EUR"
flow = { transfer = {} }
permissions = { remove = {}, restore = {}, merge = {}, correct = {} }
stages = [
    { key = "a", kind = "open", probability = 0.2 },
    { key = "b", kind = "open", probability = 0.5 },
    { key = "w", kind = "won" },
]
""")
ELSEWHERE = load_pipeline('key = "q"\nstages = [{ key = "x", kind = "open" }]\nflow.transfer = {}')
MARCH, APRIL = date(2024, 3, 10), date(2024, 4, 10)


def eur(amount):
    return Money(amount, "EUR")


def weigh(*rows, **settings):
    return weigh_forecast(make_history(rows), PIPELINE, **{"timezone": "UTC", **settings})


def lines(forecast):
    return [
        (row.period, str(row.won.amount), str(row.open.amount), str(row.weighted_open.amount), row.count)
        for row in forecast.rows
    ]


def test_open_deals_are_weighted_in_the_month_they_are_expected_to_close():
    forecast = weigh(
        row("Q", id="a", amount=eur("100"), expected_close_on=MARCH),
        row("P", id="b", amount=eur("100"), expected_close_on=MARCH),
        row("P", id="c", amount=eur("10"), expected_close_on=APRIL),
    )

    assert lines(forecast) == [("2024-03", "0", "200", "70.00", 2), ("2024-04", "0", "10", "5.00", 1)]


def test_a_deals_own_probability_beats_that_of_its_stage():
    forecast = weigh(
        row("P", id="a", amount=eur("100"), probability=Decimal("0.99"), expected_close_on=MARCH),
        row("P", id="b", amount=eur("200"), probability=Decimal("0"), expected_close_on=MARCH),
    )

    assert lines(forecast) == [("2024-03", "0", "300", "99.00", 2)]
    assert forecast.sources == {"own": 2, "stage": 0}


def test_won_deals_count_in_full_in_the_month_they_closed_in_the_zone():
    won = row("W", 30, id="a", amount=eur("7"), expected_close_on=APRIL)

    assert lines(weigh(won)) == [("2024-01", "7", "0", "0", 1)]
    assert weigh(won, timezone="America/New_York").rows[0].period == "2024-01"
    assert weigh(row("W", 31, id="a", amount=eur("7")), timezone="America/New_York").rows[0].period == "2024-01"


def test_won_and_expected_stand_side_by_side_and_add_up():
    (found,) = weigh(
        row("W", id="a", amount=eur("7")), row("P", id="b", amount=eur("5"), expected_close_on=date(2024, 1, 20))
    ).rows

    assert (found.won, found.weighted_open, found.expected) == (eur("7"), eur("2.50"), eur("9.50"))


def test_months_of_won_deals_need_a_zone():
    with pytest.raises(ValueError, match="time zone"):
        weigh(row("W", amount=eur("7")), timezone=None)


def test_an_open_deal_without_a_day_has_a_row_of_its_own_at_the_end():
    forecast = weigh(row("P", id="a", amount=eur("4")), row("P", id="b", amount=eur("2"), expected_close_on=MARCH))

    assert [row.period for row in forecast.rows] == ["2024-03", None]


def test_currencies_do_not_mix():
    forecast = weigh(row("P", id="a", amount=eur("5")), row("P", id="b", amount=Money("5", "JPY")))

    assert [(row.currency, str(row.weighted_open.amount)) for row in forecast.rows] == [("EUR", "2.50"), ("JPY", "2")]


def test_sums_are_rounded_once_not_deal_by_deal():
    # Each deal is worth a quarter of a cent; three of them make one.
    quarter = Decimal("0.3333333333333333333333333333")
    forecast = weigh(*(row("P", id=id, amount=eur("0.01"), probability=quarter) for id in "abc"))

    assert forecast.rows[0].weighted_open == eur("0.01")


def test_lost_and_abandoned_deals_bring_nothing_and_are_not_listed():
    forecast = weigh(row("L", id="a", amount=eur("5")), row("P", id="b", outcome="abandoned"))

    assert (forecast.rows, forecast.left_out) == ((), ())


def test_deals_that_cannot_be_forecast_are_listed_with_the_reason():
    forecast = weigh(
        row("P", id="no amount"),
        row("N", id="no probability", amount=eur("5")),
        row("P", id="omitted", amount=eur("5"), forecast_category="omitted"),
        row("W", id="won for nothing"),
        row("N", id="neither"),
    )

    assert forecast.rows == ()
    assert [(problem.code, problem.params["ids"]) for problem in forecast.left_out] == [
        ("amount.missing", ("no amount", "won for nothing", "neither")),
        ("category.omitted", ("omitted",)),
        ("probability.missing", ("no probability", "neither")),
    ]
    assert str(forecast.left_out[2]) == (
        "opportunities no probability, neither: no probability, and none for the stage 'N'; deals in all: 2"
    )


def test_removed_deals_are_not_forecast():
    assert weigh(row("P", amount=eur("5")), row(None, 1, kind=RowKind.REMOVED)).rows == ()


def test_it_is_as_of_a_day():
    rows = [row("P", 0, amount=eur("100")), row("W", 9)]

    assert lines(weigh(*rows, as_of=day(5))) == [(None, "0", "100", "50.00", 1)]
    assert lines(weigh(*rows)) == [("2024-01", "100", "0", "0", 1)]


def test_it_is_plain_for_json_and_shows_everywhere():
    forecast = weigh(row("P", amount=eur("1E+3"), expected_close_on=MARCH), row("P", 1, id="b", amount=eur("5")))

    found = forecast.detail()

    assert found["rows"][0] == {
        "period": "2024-03",
        "currency": "EUR",
        "won": "0",
        "open": "1000",
        "weighted_open": "500.00",
        "expected": "500.00",
        "deviation": "500.00",
        "count": 1,
        "sources": {"stage": 1},
    }
    assert found["measure"] == "forecast"
    assert found["probabilities"] == {"own": 0, "stage": 2}
    assert str(forecast).splitlines() == [
        "Forecast as of 2024-01-02T00:00:00+00:00",
        "period   currency  won   open  weighted open  expected  deals",
        "───────  ────────  ───  ─────  ─────────────  ────────  ─────",
        "2024-03  EUR         0  1,000         500.00    500.00      1",
        "–        EUR         0      5           2.50      2.50      1",
        "2 open deals weighed: 0 by a probability of their own, 2 by that of their stage",
    ]
    assert forecast._repr_html_().startswith("<table>")
    assert forecast.as_records()[0]["expected"] == Decimal("500.00")


def record(stage="P", id="o", *, outcome="open", changed=0, pipeline="golden", closed=None, **fields):
    progress = Progress(
        pipeline=pipeline,
        stage=stage,
        outcome=outcome,
        version=1,
        opened_at=day(0),
        entered_at=day(0),
        changed_at=day(changed),
        recorded_at=day(changed),
        closed_at=closed,
    )
    return Opportunity(id=id, progress=progress, **fields)


def test_live_records_are_forecast_as_a_history_is():
    records = [
        record(
            id="a",
            amount=eur("100"),
            timing=Timing(expected_close_on=MARCH),
            estimate=Estimate(probability=Decimal("0.7")),
            origin=Origin(source="fair"),
            team=Team(owner_id="ann"),
            fields=CustomFields({"region": "north"}),
        ),
        record("W", "b", outcome="won", amount=eur("5"), closed=day(3), changed=3),
        record("W", "c", outcome="won", amount=eur("5"), changed=3),
    ]

    forecast = weigh_forecast(records, PIPELINE, timezone="UTC")

    assert lines(forecast) == [
        ("2024-01", "5", "0", "0", 1),
        ("2024-03", "0", "100", "70.00", 1),
        (None, "5", "0", "0", 1),
    ]
    assert forecast.as_of == day(3)


def test_records_of_another_pipeline_or_changed_later_are_listed():
    records = [record(id="a", pipeline="other"), record(id="b", changed=9), record(id="c", amount=eur("4"))]

    forecast = weigh_forecast(records, PIPELINE, as_of=day(5))

    assert [(problem.code, problem.path) for problem in forecast.left_out] == [
        ("deal.elsewhere", "opportunity a"),
        ("deal.newer", "opportunity b"),
    ]
    assert len(forecast.rows) == 1


def lived(id, **values):
    """A deal worth 100 that is expected to close in March."""
    return Deal(LIVED, id=id, amount=eur("100"), expected_close_on=MARCH, **values)


def forecasts(*deals):
    """The forecast from the records, and the one from their history."""
    rows = [row for deal in deals for row in rows_of(deal.changes)]
    return [
        weigh_forecast(source, LIVED, timezone="UTC")
        for source in ([deal.record for deal in deals], make_history(rows))
    ]


def test_removed_records_are_not_forecast_and_listed():
    removed, absorbed, kept = lived("a"), lived("b"), lived("c")
    removed.remove()
    kept.merge(absorbed, {"amount": eur("150")})

    from_records, from_history = forecasts(removed, absorbed, kept)
    assert lines(from_records) == lines(from_history) == [("2024-03", "0", "150", "30.00", 1)]
    assert from_records.left_out == from_history.left_out
    assert [(one.code, one.params["ids"]) for one in from_records.left_out] == [
        ("deals.removed", "a"),
        ("deals.merged", "b"),
    ]


def test_records_and_history_agree_whatever_was_done_to_the_deals():
    restored, corrected, moved, won = lived("a"), lived("b"), lived("c"), lived("d")
    restored.remove()
    restored.after().restore()
    corrected.after().amend({"amount": eur("900"), "probability": Decimal("0.9")})
    corrected.after().correct(2, None)
    moved.after().transfer(ELSEWHERE, "x", amending={"amount": eur("7")})
    moved.after().transfer(LIVED, "b", amending={"amount": eur("8")})
    won.after().move("b")
    won.after().move("w")
    assert won.after().correct(3, won.now - timedelta(days=2)) == []

    from_records, from_history = forecasts(restored, corrected, moved, won)
    assert from_records.rows == from_history.rows
    assert lines(from_records)[0] == ("2024-03", "0", "208", "44.00", 3)


def test_records_in_impossible_states_stop_it_unless_lenient():
    records = [record("p", "a"), record("P", "b", outcome="won")]

    with pytest.raises(UnreadableChanges) as caught:
        weigh_forecast(records, PIPELINE)

    assert [problem.code for problem in caught.value.problems] == ["stage.unknown", "stage.outcome"]
    assert len(weigh_forecast(records, PIPELINE, lenient=True).left_out) == 2


def test_records_know_nothing_of_what_was_known():
    with pytest.raises(ValueError, match="needs a history"):
        weigh_forecast([record()], PIPELINE, known_on=day(1))


def test_no_records_make_an_empty_forecast():
    forecast = weigh_forecast([], PIPELINE)

    assert (forecast.as_of, forecast.rows) == (None, ())
    assert "the beginning" in str(forecast)


@given(row_lists())
def test_every_row_balances_and_is_the_exact_sum_rounded_once(rows):
    history = make_history(rows)
    forecast = weigh_forecast(history, PIPELINE, timezone="UTC")
    gone = ("deals.removed", "deals.merged")
    listed = {id for one in forecast.left_out if one.code not in gone for id in one.params.get("ids", ())}

    exact = Fraction(0)
    for standing in take_snapshot(history, PIPELINE).standings:
        if standing.opportunity_id not in listed and standing.outcome == "open" and standing.amount.currency == "EUR":
            probability = standing.probability
            if probability is None:
                probability = PIPELINE.stage(standing.state.stage).probability
            exact += Fraction(standing.amount.amount) * Fraction(probability)

    weighted = [row for row in forecast.rows if row.currency == "EUR"]
    cent = Fraction(1, 10 ** minor_units("EUR"))
    assert abs(sum(Fraction(row.weighted_open.amount) for row in weighted) - exact) <= cent / 2 * max(1, len(weighted))
    assert all(row.expected == row.won + row.weighted_open for row in forecast.rows)


@given(row_lists())
def test_every_deal_is_in_a_row_or_listed_or_closed_without_winning(rows):
    history = make_history(rows)
    forecast, snapshot = weigh_forecast(history, PIPELINE, timezone="UTC"), take_snapshot(history, PIPELINE)
    gone = ("deals.removed", "deals.merged")
    listed = {id for one in forecast.left_out if one.code not in gone for id in one.params.get("ids", ())}

    assert sum(row.count for row in forecast.rows) + len(listed) == snapshot.open + snapshot.won


@given(row_lists(), st.randoms(), st.integers(1, 8))
def test_neither_the_order_of_the_rows_nor_the_hosts_decimals_change_it(rows, random, prec):
    expected = weigh_forecast(make_history(rows), PIPELINE, timezone="UTC").as_records()

    with decimal.localcontext(decimal.Context(prec=prec)):
        shuffled = make_history(random.sample(rows, len(rows)))
        assert weigh_forecast(shuffled, PIPELINE, timezone="UTC").as_records() == expected


def test_the_day_of_a_closing_is_the_hosts():
    # Half past eleven in the evening of the thirty-first, in New York.
    late = datetime(2024, 2, 1, 4, 30, tzinfo=UTC)
    records = [record("W", "a", outcome="won", amount=eur("5"), closed=late, changed=40)]

    assert weigh_forecast(records, PIPELINE, timezone="America/New_York").rows[0].period == "2024-01"
    assert weigh_forecast(records, PIPELINE, timezone="UTC").rows[0].period == "2024-02"


def test_probabilities_that_are_a_templates_examples_are_said_to_be():
    examples = attrs.evolve(PIPELINE, numbers="example")
    own = {"probability": Decimal("0.9")}
    rows = [row("P", id="a", amount=eur("100"), expected_close_on=MARCH)]
    ours = [row("P", id="a", amount=eur("100"), expected_close_on=MARCH, **own)]

    for told, pipeline, said in ((rows, examples, True), (rows, PIPELINE, False), (ours, examples, False)):
        forecast = weigh_forecast(make_history(told), pipeline, timezone="UTC")
        assert ("a template's examples" in str(forecast)) == said
        assert forecast.detail()["numbers"] == str(pipeline.numbers)
