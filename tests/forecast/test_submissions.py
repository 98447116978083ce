from datetime import date, timedelta
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from oppcore.errors import CurrencyMismatch
from oppcore.forecast import (
    explain_change,
    forecast_categories,
    judge_submissions,
    measure_bias,
    submit_forecast,
)
from oppcore.forecast.submissions.submissions import SubmissionCause
from oppcore.history import make_history
from oppcore.money import Money, sum_exactly
from oppcore.periods import read_period
from tests.history.examples import PIPELINE, day, row

MARCH, Q1 = read_period("2024-03"), read_period("2024-Q1")


def eur(amount):
    return Money(amount, "EUR")


def commit(id, amount, on=0, **said):
    said = {"forecast_category": "commit", "expected_close_on": date(2024, 3, 20), "owner_id": "ann", **said}
    return row("P", on, id=id, amount=eur(amount), **said)


def categories(rows, as_of=None):
    return forecast_categories(make_history(rows), PIPELINE, timezone="UTC", as_of=as_of)


def submit(rows, amount=None, *, as_of=None, author="ann", period=MARCH, **settings):
    money = None if amount is None else eur(amount)
    return submit_forecast(
        categories(rows, as_of), author=author, period=period, amount=money, currency="EUR", **settings
    )


ROWS = [commit("a", 100), commit("b", 50, owner_id="bob"), commit("c", 30, forecast_category="best_case")]


def test_a_submission_keeps_what_was_said_and_the_deals_as_they_stood():
    said = submit(ROWS, 120, note="b is shaky")

    assert (said.amount, said.base, said.override) == (eur(120), eur(150), eur(-30))
    assert said.as_of == day(0)
    assert {deal.opportunity_id: str(deal.category) for deal in said.deals} == {
        "a": "commit",
        "b": "commit",
        "c": "best_case",
    }
    assert said.detail()["override"] == "-30"
    assert said.detail()["deals"][0]["amount"] == "100"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        said.amount = eur(1)


def test_without_an_amount_the_deals_are_what_is_said():
    assert submit(ROWS).amount == eur(150)
    assert submit(ROWS, category="best_case").amount == eur(180)
    assert submit(ROWS, category="best_case", method="single").amount == eur(30)
    assert submit(ROWS, owners=["bob"]).amount == eur(50)
    assert submit(ROWS, period=read_period("2024-04")).amount == eur(0)


def test_a_submission_says_of_what_currency_and_instant_it_is():
    with pytest.raises(ValueError, match="an amount, or the currency"):
        submit_forecast(categories(ROWS), author="ann", period=MARCH)
    with pytest.raises(ValueError, match="of no instant"):
        submit([], 5)
    with pytest.raises(CurrencyMismatch):
        attrs.evolve(submit(ROWS), amount=Money(1, "USD"))


def test_the_change_between_two_submissions_is_told_by_cause_and_adds_up():
    later = [
        commit("a", 110, 5),  # a larger amount
        commit("b", 50, 5, owner_id="bob", expected_close_on=date(2024, 4, 9)),  # out of the period
        commit("c", 30, 5),  # into the category
        commit("d", 7, 5),  # new
        commit("e", 9),
        commit("e", 9, 5, forecast_category="pipeline"),
    ]
    before = submit([*ROWS, *later[4:5]], 170)
    after = submit([*ROWS, *later], 150)
    change = explain_change(before, after)

    assert {str(cause): int(money.amount) for cause, money in change.causes.items()} == {
        "entered": 7,
        "left": -50,
        "upgraded": 30,
        "downgraded": -9,
        "amount": 10,
        "judgement": -8,
    }
    assert change.ids[SubmissionCause.DOWNGRADED] == ("e",)
    assert change.change == eur(-20)
    assert [line["amount"] for line in change.detail()["causes"]] == ["7", "-50", "30", "-9", "10", "-8"]
    assert str(change).splitlines()[3:5] == ["before         170      –", "entered          7      1"]
    assert sum(line["amount"] for line in change.as_records()) == -20
    assert change._repr_html_().startswith("<table>")


def test_submissions_of_other_lines_or_in_another_order_are_not_compared():
    early, late = submit(ROWS), submit([*ROWS, commit("z", 1, 5)])

    with pytest.raises(ValueError, match="of one line"):
        explain_change(early, attrs.evolve(late, author="bob"))
    with pytest.raises(ValueError, match="an earlier and a later"):
        explain_change(late, early)


amounts = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.integers(-50, 500), st.sampled_from(["commit", "best_case", "pipeline"]), st.booleans()),
)


@given(amounts, amounts, st.integers(0, 900), st.integers(0, 900))
def test_causes_always_add_up_to_the_change(first, second, one, other):
    def rows(deals, on):
        return [
            commit(
                id,
                amount,
                on,
                forecast_category=category,
                expected_close_on=date(2024, 3, 20) if inside else date(2024, 4, 20),
            )
            for id, (amount, category, inside) in deals.items()
        ]

    told = [commit("zz", 0), *rows(first, 0)]
    change = explain_change(submit(told, one), submit([*told, commit("zz", 0, 5), *rows(second, 5)], other))

    assert sum_exactly(money.amount for money in change.causes.values()) == change.change.amount == other - one


WON = [*ROWS, row("W", 70, id="a"), row("W", 75, id="b", amount=eur(60)), row("Q", 120, id="z")]


def judge(submissions, rows=WON, **settings):
    return judge_submissions(submissions, make_history(rows), PIPELINE, timezone="UTC", **settings)


def test_errors_are_what_was_said_less_what_came_and_judgement_is_worth_what_it_brings_nearer():
    (found,) = judge([submit(ROWS, 155)]).rows

    assert (found.actual, found.error, found.error_of_deals, found.value_added) == (eur(160), eur(-5), eur(-10), eur(5))
    assert (found.accuracy, found.accuracy_by_forecast) == (Fraction(155, 160), Fraction(150, 155))
    assert found.won_ids == ("a", "b")
    assert found.lead == timedelta(days=91)


def test_who_judges_for_the_worse_adds_less_than_nothing():
    report = judge([submit(ROWS, 155), submit(ROWS, 190, author="bob")])

    assert report.value_added() == {"EUR": eur(-15)}
    assert (report.value_added("ann"), report.value_added("bob")) == ({"EUR": eur(5)}, {"EUR": eur(-20)})


def test_what_came_is_that_of_the_owners_of_the_submission():
    assert judge([submit(ROWS, 55, owners=["bob"])]).rows[0].actual == eur(60)


def test_a_period_that_is_not_over_is_not_judged():
    report = judge([submit(ROWS, 155)], as_of=date(2024, 3, 30))

    assert report.rows == ()
    assert [(one.code, one.path) for one in report.left_out] == [
        ("period.running", "submission of ann for 2024-03-01..2024-04-01")
    ]
    assert len(judge([submit(ROWS, 155)], as_of=date(2024, 3, 31)).rows) == 1


def test_submissions_of_one_line_follow_one_another():
    first, second = submit(ROWS, 100), submit([*ROWS, commit("z", 1, 5)], 130)

    assert [row.change for row in judge([second, first]).rows] == [None, eur(30)]


def test_where_nothing_came_there_is_no_accuracy():
    (found,) = judge([submit(ROWS, 0)], [*ROWS, row("Q", 120, id="z")]).rows

    assert (found.accuracy, found.accuracy_by_forecast, found.actual) == (None, None, eur(0))


def test_won_deals_that_are_in_no_figure_are_listed():
    rows = [*WON, row("W", 72, id="u", amount=Money(1, "USD")), row("W", 72, id="v")]

    assert [(one.code, one.params["ids"]) for one in judge([submit(ROWS, 5)], rows).left_out] == [
        ("amount.missing", ("v",)),
        ("currency.other", ("u",)),
    ]


def test_the_report_is_plain_for_json_and_shows_everywhere():
    report = judge([submit(ROWS, 155)])

    assert report.detail()["rows"][0] == {
        "author": "ann",
        "period": "2024-03-01..2024-04-01",
        "category": "commit",
        "as_of": "2024-01-01T00:00:00+00:00",
        "lead_days": 91.0,
        "currency": "EUR",
        "submitted": "155",
        "base": "150",
        "actual": "160",
        "error": "-5",
        "error_of_deals": "-10",
        "value_added": "5",
        "change": None,
        "accuracy": 155 / 160,
        "accuracy_by_forecast": 150 / 155,
        "won_ids": ["a", "b"],
    }
    assert "value added in all: 5.00 EUR" in str(report)
    assert report._repr_html_().startswith("<table>")


def judged(said, came, author="ann", number=1):
    """A submission for a month of its own, and what came."""
    period = read_period(f"2023-{number:02}")
    (found,) = judge([submit(ROWS, said)]).rows
    return attrs.evolve(
        found, submission=attrs.evolve(found.submission, author=author, period=period), actual=eur(came)
    )


PAIRS = [(120, 100), (90, 80), (200, 150), (110, 105), (75, 60)]


def test_a_bias_is_that_of_the_mean_logarithm_with_students_interval():
    from math import exp, log

    report = measure_bias([judged(said, came, number=n) for n, (said, came) in enumerate(PAIRS, 1)], confidence=0.9)
    logs = [log(said / came) for said, came in PAIRS]
    interval = ttest_1samp(logs, 0).confidence_interval(0.9)
    (found,) = report.rows

    assert found.factor == pytest.approx(exp(sum(logs) / len(logs)), rel=1e-12)
    assert (found.low, found.high) == pytest.approx((exp(interval.low), exp(interval.high)), rel=1e-9)
    assert found.verdict == "optimistic"


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([(100, 120)], "too_few"),
        ([(100, 120), (130, 100)], "undecided"),
        ([(50, 100), (52, 100), (49, 100)], "cautious"),
    ],
)
def test_a_bias_is_called_so_only_where_chance_would_not_do(pairs, verdict):
    (found,) = measure_bias([judged(said, came, number=n) for n, (said, came) in enumerate(pairs, 1)]).rows

    assert found.verdict == verdict


def test_of_several_submissions_for_a_period_the_last_counts():
    early, late = submit(ROWS, 500), submit([*ROWS, commit("z", 1, 5)], 160)
    (found,) = measure_bias(judge([early, late]).rows).rows

    assert (found.count, found.factor) == (1, 1)


def test_where_nothing_came_there_is_no_ratio_and_that_is_said():
    report = measure_bias([judged(10, 0), judged(12, 10, "bob")])

    assert [row.author for row in report.rows] == ["bob"]
    assert (
        str(report.left_out[0])
        == "submission of ann for 2023-01-01..2023-02-01: no ratio of 10.00 EUR said to 0.00 EUR won"
    )
    assert report.detail()["rows"][0]["verdict"] == "too_few"
    assert "bob           1  1.20         –         too few" in str(report)
    assert report._repr_html_().startswith("<table>")
