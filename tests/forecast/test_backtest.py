"""The backtest: what it sees, how it scores, and when it recommends."""

import json
from datetime import date, timedelta
from decimal import Decimal
from math import log

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import METHODS, run_backtest, win_count_interval
from oppcore.history import RowKind, make_history
from oppcore.money import Money
from tests.forecast.worlds import LIKELY, PIPELINE, world
from tests.history.examples import PIPELINE as GOLDEN_PIPELINE
from tests.history.examples import day, golden, row, row_lists

DAY = timedelta(days=1)
HISTORY = world()
FAST = {name: METHODS[name] for name in ("base_rate", "pipeline", "recent_stage", "stage_history")}


def by_source(origin):
    """The truth, but for the time it takes."""
    return {deal.opportunity_id: LIKELY[deal.source] for deal in origin.deals}


def backtest(history=HISTORY, pipeline=PIPELINE, **settings):
    return run_backtest(history, pipeline, **{"horizon": 20 * DAY, "methods": FAST, **settings})


def small(*rows, **settings):
    """One origin at day 10, a horizon of 20 days."""
    return backtest(make_history(rows), GOLDEN_PIPELINE, start=day(10), end=day(30), **settings)


def constant(**said):
    return lambda _: said


def test_every_method_is_asked_at_every_origin_and_scored():
    found = run_backtest(world(deals=300), PIPELINE, horizon=20 * DAY)

    assert sorted(one.method for one in found.rows) == sorted(METHODS)
    assert len(found.trials) == 7
    assert found.trials[-1].until == world(deals=300).last_at
    assert {one.deals for one in found.rows} == {sum(len(trial.ids) for trial in found.trials)}
    assert all(one.brier is not None for one in found.rows)


def test_the_scores_are_those_of_the_definitions():
    found = backtest()
    for line in found.rows:
        said = found.judgements(line.method)
        surprises = [-log(max(1e-15, one.probability if one.won else 1 - one.probability)) for one in said]
        assert line.brier == pytest.approx(sum((one.probability - one.won) ** 2 for one in said) / len(said))
        assert line.log_loss == pytest.approx(sum(surprises) / len(said))
        if line.judged == line.deals:
            assert line.skill == pytest.approx(1 - line.brier / found.row("base_rate").brier)
        assert line.expected_wins == pytest.approx(sum(one.probability for one in said))
        assert line.actual_wins == sum(one.won for one in said)


def test_the_scores_are_those_of_the_calibration():
    found = backtest(methods={**FAST, "by_source": by_source})
    for line in found.rows:
        calibration = found.calibration(line.method)
        for name in ("brier", "log_loss", "slope"):
            assert getattr(line, name) == pytest.approx(getattr(calibration, name), rel=1e-6)


def test_the_table_is_sorted_by_the_score_that_was_asked_for():
    for score in ("brier", "log_loss"):
        rows = backtest(score=score).rows
        assert [one.skill for one in rows] == sorted((one.skill for one in rows), reverse=True)
        found = [getattr(one, score) for one in rows if one.judged == one.deals]
        assert found == sorted(found)
    with pytest.raises(ValueError, match="no score 'briar'; did you mean 'brier'"):
        backtest(score="briar")


def test_a_method_that_knows_more_is_recommended():
    found = backtest(methods={**FAST, "by_source": by_source})

    assert found.rows[0].method == found.recommended == "by_source"
    assert found.row("by_source").skill > 0.2
    assert "recommended: by_source, the best" in str(found)


def test_of_methods_that_cannot_be_told_apart_the_simplest_is_recommended():
    alike = {"by_source": by_source, "nearly": lambda origin: {id: p * 0.99 for id, p in by_source(origin).items()}}

    assert backtest(methods=alike).recommended == "by_source"
    assert backtest(methods=dict(reversed(alike.items()))).recommended == "nearly"


def test_the_naive_method_is_recommended_where_nothing_is_distinguishably_better():
    found = backtest(methods={"coin": lambda origin: {deal.opportunity_id: 0.5 for deal in origin.deals}})

    assert found.recommended == "base_rate"


def test_too_little_history_is_said_and_nothing_is_recommended():
    found = backtest(golden(), GOLDEN_PIPELINE, horizon=30 * DAY)

    assert found.recommended is None
    assert [(one.code, one.params) for one in found.insufficient] == [
        ("backtest.origins", {"have": 2, "need": 6}),
        ("backtest.closed", {"have": 5, "need": 30}),
        ("backtest.won", {"have": 4, "need": 10}),
    ]
    assert "insufficient_history: too few origins with open deals: 2, needed are 6" in str(found)
    assert found.row("base_rate").brier is not None


def test_an_empty_history_is_insufficient_too():
    found = backtest(make_history([]))

    assert {one.brier for one in found.rows} == {None}
    assert [one.code for one in found.insufficient] == [
        "backtest.origins",
        "backtest.closed",
        "backtest.won",
        "backtest.judged",
    ]
    assert str(found)


def test_a_method_that_judges_too_few_deals_is_never_recommended():
    def timid(origin):
        return {deal.opportunity_id: float(fates[deal.opportunity_id]) for deal in origin.deals[:1]}

    fates = {one.opportunity_id: one.won for one in backtest().judgements("base_rate")}
    found = backtest(methods={"timid": timid, "by_source": by_source})

    assert found.rows[0].method == "timid"
    assert found.recommended == found.best == "by_source"
    assert "recommended: by_source, the best" in str(found)
    assert "timid" not in {one.method for one in found.comparisons}
    assert found.row("timid").judged_share < 0.1


def test_skill_is_measured_on_the_deals_that_both_judged():
    rows = [row("Q", 0, id="a"), row("Q", 0, id="b"), row("W", 20, id="a"), row("L", 20, id="b")]
    said = {"base_rate": constant(a=0.5, b=0.9), "one": constant(a=0.75)}
    found = small(*rows, methods=said)

    assert found.row("one").judged == 1
    assert found.row("one").skill == pytest.approx(1 - 0.25**2 / 0.5**2)


def test_revenue_is_what_was_expected_against_what_came_per_currency():
    rows = [
        row("Q", 0, id="a", amount=Money("100", "EUR")),
        row("Q", 0, id="b", amount=Money("10", "EUR")),
        row("Q", 0, id="c", amount=Money("7", "JPY")),
        row("W", 20, id="a", amount=Money("80", "EUR")),
        row("L", 20, id="b"),
    ]
    found = small(*rows, methods={"some": constant(a=0.5, b=0.1, c=0.5)}).row("some")
    euro, yen = found.revenue

    assert (euro.expected, euro.actual) == (Money("51.00", "EUR"), Money("80", "EUR"))
    assert (yen.expected, yen.actual) == (Money("4", "JPY"), Money("0", "JPY"))
    assert euro.accuracy.bias == pytest.approx(-29 / 80)
    assert yen.accuracy.wape is None


def test_coverage_counts_the_origins_whose_wins_lay_in_the_range():
    found = backtest(methods={"by_source": by_source, "sure": lambda origin: dict.fromkeys(by_source(origin), 1.0)})
    by_origin = [([one.probability for one in trial.judgements("by_source")], sum(trial.won)) for trial in found.trials]
    inside = sum(low <= won <= high for said, won in by_origin for low, high in [win_count_interval(said)])

    assert (found.row("by_source").coverage.numerator, found.row("by_source").coverage.denominator) == (inside, 7)
    assert found.row("sure").coverage.numerator == 0


def test_deals_without_an_amount_are_counted_but_not_priced():
    rows = [row("Q", 0, id="a", amount=Money("100", "EUR")), row("Q", 0, id="b")]
    found = small(*rows, methods={"some": constant(a=0.5, b=0.5)})

    assert (found.row("some").judged, found.row("some").revenue[0].expected) == (2, Money("50.00", "EUR"))
    assert [(one.code, one.params["ids"]) for one in found.left_out] == [("amount.missing", ("b",))]
    assert small(row("Q", 0), methods={}).left_out == ()


def test_deals_without_a_fate_are_listed_and_judged_by_nobody():
    found = small(
        row("Q", 0, id="gone"),
        row(None, 15, id="gone", kind=RowKind.REMOVED),
        row("Q", 0, id="late"),
        row("W", 9, id="late", recorded_at=day(12)),
        row("Q", 0, id="there"),
    )

    assert [trial.ids for trial in found.trials] == [("there",)]
    assert {one.code: one.params["ids"] for one in found.left_out if one.code.startswith("backtest")} == {
        "backtest.gone": ("gone",),
        "backtest.recorded_late": ("late",),
    }


def test_what_is_no_probability_of_an_open_deal_is_refused():
    for said, why in (
        (constant(a=1.5), "gives opportunity 'a' 1.5, which is no probability"),
        (constant(a=float("nan")), "which is no probability"),
        (constant(b=0.5), "judges opportunity 'b', which was not open"),
    ):
        with pytest.raises(ValueError, match=why):
            small(row("Q", 0, id="a"), row("W", 0, id="b"), methods={"wrong": said})


def test_settings_that_are_no_shares_are_refused():
    with pytest.raises(ValueError, match="alpha lies between 0 and 1"):
        backtest(alpha=5)


@settings(max_examples=30)
@given(row_lists(), st.integers(2, 10), st.integers(1, 5))
def test_nothing_recorded_after_an_origin_changes_what_was_said_there(rows, at, horizon):
    known = [one for one in rows if one.known_at <= day(at)]
    settings = {"horizon": horizon * DAY, "start": day(at), "end": day(at + horizon), "lenient": True}
    full, then = (backtest(make_history(found), GOLDEN_PIPELINE, **settings) for found in (rows, known))

    if known:
        for method in FAST:
            later = {one.opportunity_id: one.probability for one in full.judgements(method)}
            before = {one.opportunity_id: one.probability for one in then.judgements(method)}
            assert later.items() <= before.items()


@settings(max_examples=30)
@given(row_lists(), st.randoms())
def test_the_order_of_the_rows_changes_nothing(rows, dice):
    given_rows = [one for one in rows if one.pipeline != "other"]
    mixed = list(given_rows)
    dice.shuffle(mixed)
    settings = {"horizon": 3 * DAY, "start": day(3), "end": day(12), "lenient": True}

    one, other = (backtest(make_history(found), GOLDEN_PIPELINE, **settings) for found in (given_rows, mixed))
    assert one.as_records() == other.as_records()


def test_it_is_plain_for_json_and_shows_everywhere():
    found = backtest(timezone="Europe/Berlin", start=date(2024, 3, 1), end=date(2024, 8, 20))
    plain = json.loads(json.dumps(found.detail(), allow_nan=False))

    assert plain["measure"] == "backtest"
    assert plain["horizon_days"] == 20
    assert [one["method"] for one in plain["rows"]] == [one.method for one in found.rows]
    assert plain["recommended"] == found.recommended
    assert found.as_records()[0]["EUR_expected"] == found.rows[0].revenue[0].expected.amount
    assert isinstance(found.as_records()[0]["EUR_expected"], Decimal)
    assert str(found).splitlines()[0].startswith("Backtest: deals won within 20 days, foretold at ")
    assert "<table>" in found._repr_html_()
    with pytest.raises(KeyError):
        found.row("nobody")


def test_the_same_history_gives_the_same_backtest():
    assert backtest().detail() == backtest(world()).detail()


def test_a_templates_example_probabilities_are_called_that_where_they_were_tried():
    examples = attrs.evolve(PIPELINE, numbers="example")
    found = backtest(pipeline=examples)

    assert found.detail()["numbers"] == "example"
    assert "template's examples" in str(found)
    assert "template's examples" not in str(backtest())
    assert "template's examples" not in str(backtest(pipeline=examples, methods={"base_rate": METHODS["base_rate"]}))
