"""Drop-off, win rates and times: counted by hand, against others' numbers, and as laws."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import partial, reduce
from statistics import quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import (
    Bin,
    Cohort,
    OutcomeRule,
    combine,
    count_ageing,
    count_closings,
    count_cycles,
    count_dwell,
    count_mature_visits,
    count_stage_outcomes,
    count_times,
    count_visits,
    finish_ageing,
    finish_cycle,
    finish_drop_off,
    finish_dwell,
    finish_mature_conversion,
    finish_stage_win_rates,
    finish_time_to_convert,
    finish_win_rates,
    measure_drop_off,
    measure_funnel,
    measure_mature_conversion,
    measure_stage_win_rates,
    measure_time_to_convert,
    measure_win_rates,
)
from oppcore.history import Ending, Row, RowKind, fold_history, make_history, take_snapshot
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline, Stage
from oppcore.stats import wilson
from tests.history.examples import PIPELINE, day, golden, row, row_lists

outcomes = st.sampled_from(OutcomeRule)


def euros(amount):
    return Money(amount, "EUR")


# drop-off


def test_the_golden_visits_ended_as_by_hand():
    report = measure_drop_off(golden(), PIPELINE, as_of=day(100))

    assert [(row.name, row.entered, row.left) for row in report.rows] == [("Q", 12, 10), ("P", 9, 8), ("N", 7, 6)]
    assert {row.name: {str(kind): number for kind, number in row.ended.items() if number} for row in report.rows} == {
        "Q": {"advanced": 7, "jumped": 1, "lost": 2, "open": 2},
        "P": {"advanced": 6, "lost": 2, "open": 1},
        "N": {"won": 4, "lost": 1, "reverted": 1, "open": 1},
    }
    assert [row.went_on.value for row in report.rows] == [Fraction(8, 10), Fraction(6, 8), Fraction(4, 6)]
    assert (report.row("N").dropped.value, report.row("N").dropped.low) == (Fraction(1, 6), wilson(1, 6)[0])


def test_it_can_be_asked_whose_visits_ended_so():
    report = measure_drop_off(golden(), PIPELINE, as_of=day(100))

    assert report.ids("P", "lost") == ("o02", "o08")
    assert report.ids("N", *Ending) == ("o01", "o04", "o05", "o08", "o09", "o10")
    with pytest.raises(KeyError):
        report.row("W")


def test_a_visit_ended_by_a_removal_is_neither_going_on_nor_dropping():
    rows = [row("Q", 0), row(None, 1, kind=RowKind.REMOVED), row("P", 2, kind=RowKind.RESTORED)]
    found = measure_drop_off(make_history(rows), PIPELINE).row("Q")

    assert (found.ended[Ending.REMOVED], found.went_on.value, found.dropped.value) == (1, 0, 0)


def test_where_nothing_is_over_there_is_no_rate():
    report = measure_drop_off(make_history([row("Q")]), PIPELINE)

    assert [(row.entered, row.went_on.value, row.dropped.value) for row in report.rows] == [(1, None, None)] + [
        (0, None, None)
    ] * 2
    assert measure_drop_off(make_history([]), PIPELINE).as_of is None


@settings(max_examples=25)
@given(row_lists())
def test_every_visit_of_a_deal_that_exists_is_in_one_ending(rows):
    trails = [trail for trail in fold_history(make_history(rows), PIPELINE).trails if trail.standing]
    visits = Counter((visit.stage, visit.ended) for trail in trails for visit in trail.visits)

    for line in measure_drop_off(make_history(rows), PIPELINE).rows:
        assert line.entered == sum(line.ended.values())
        assert all(number == visits[line.name, ended] for ended, number in line.ended.items())


# win rates


def test_the_golden_stage_win_rates_are_those_by_hand():
    report = measure_stage_win_rates(golden(), PIPELINE, as_of=day(100))

    assert [(row.name, row.won, row.lost, row.open) for row in report.rows] == [
        ("Q", 4, 3, 4),
        ("P", 3, 2, 2),
        ("N", 4, 1, 1),
    ]
    assert [row.rate.value for row in report.rows] == [Fraction(4, 7), Fraction(3, 5), Fraction(4, 5)]
    assert [row.at_least.value for row in report.rows] == [Fraction(4, 11), Fraction(3, 7), Fraction(4, 6)]
    assert [row.at_most.value for row in report.rows] == [Fraction(8, 11), Fraction(5, 7), Fraction(5, 6)]
    assert (report.row("Q").rate.low, report.row("Q").at_least.low) == (wilson(4, 7)[0], None)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("final", {"Q": (4, 3), "P": (3, 2), "N": (4, 1)}),
        ("first_close", {"Q": (3, 4), "P": (2, 2), "N": (3, 1)}),
        ("each_close", {"Q": (4, 4), "P": (3, 2), "N": (4, 1)}),
    ],
)
def test_a_deal_that_was_reopened_counts_by_the_rule_of_outcomes(rule, expected):
    # o08 was lost in P on day 40, and won on day 90 by way of Q, P and N.
    report = measure_stage_win_rates(golden(), PIPELINE, outcome=rule, as_of=day(100))

    expected = {name: (won, lost + (rule != "final" and name == "P")) for name, (won, lost) in expected.items()}
    assert {row.name: (row.won, row.lost) for row in report.rows} == expected


@pytest.mark.parametrize(("rule", "won", "of"), [("final", 4, 8), ("first_close", 3, 8), ("each_close", 4, 9)])
def test_the_golden_win_rate_depends_on_the_rule_of_outcomes(rule, won, of):
    report = measure_win_rates(golden(), PIPELINE, outcome=rule, as_of=day(100))

    rate = report.row("count").rate
    assert (rate.numerator, rate.denominator, rate.low) == (won, of, wilson(won, of)[0])
    assert rule in report.definition


def sold():
    return make_history(
        [
            row("Q", 0, id="a", amount=euros(100)),
            row("W", 10, id="a"),
            row("Q", 0, id="b", amount=euros(300)),
            row("L", 40, id="b"),
            row("W", 41, id="c", amount=Money(7, "JPY")),
            row("L", 41, id="d"),
            row("Q", 5, id="e", expected_close_on=date(2024, 1, 20)),
            row("Q", 5, id="f", expected_close_on=date(2024, 2, 12)),
            row("Q", 6, id="g", outcome="abandoned"),
        ]
    )


def rates(report):
    return {(row.name, row.currency): str(row.rate.value) for row in report.rows}


def test_win_rates_by_count_by_value_and_with_overdue_deals_are_told_apart():
    report = measure_win_rates(sold(), PIPELINE, as_of=day(42))

    assert rates(report) == {
        ("count", None): "1/2",
        ("with_overdue", None): "2/5",
        ("value", "EUR"): "1/4",
        ("value", "JPY"): "1",
    }
    assert report.aside == {"won": 2, "lost": 2, "abandoned": 1, "open": 2, "overdue": 1, "without_amount": 1}
    assert (report.ids("count", "overdue"), report.ids("count", "without_amount")) == (("e",), ("d",))


def test_a_deal_is_overdue_only_after_the_day_itself():
    def overdue(number):
        return measure_win_rates(sold(), PIPELINE, as_of=day(number)).aside["overdue"]

    assert [overdue(number) for number in (19.9, 20, 42.9, 43)] == [0, 1, 1, 2]


@pytest.mark.parametrize(("rule", "overdue"), [("final", 1), ("first_close", 0), ("each_close", 1)])
def test_a_deal_whose_first_closing_counts_is_not_overdue_as_well(rule, overdue):
    rows = [row("Q", 0, expected_close_on=date(2024, 1, 3)), row("L", 4), row("Q", 9)]
    aside = measure_win_rates(make_history(rows), PIPELINE, outcome=rule).aside

    assert (aside["overdue"], aside["lost"]) == (overdue, int(rule != "final"))


def test_win_rates_can_be_of_a_period_or_of_a_cohort_and_not_of_both():
    january, february = Period(date(2024, 1, 1), date(2024, 2, 1)), Period(date(2024, 2, 1), date(2024, 3, 1))

    def measure(**of):
        return rates(measure_win_rates(sold(), PIPELINE, timezone="UTC", as_of=day(60), **of))

    assert measure(closed=january) == {("count", None): "1", ("with_overdue", None): "1/2", ("value", "EUR"): "1"}
    assert measure(closed=february)["count", None] == "1/3"
    assert measure(cohort=Cohort(january)) == {
        ("count", None): "1/2",
        ("with_overdue", None): "1/4",
        ("value", "EUR"): "1/4",
    }
    with pytest.raises(ValueError, match="not of both"):
        measure(closed=january, cohort=Cohort(january))
    with pytest.raises(ValueError, match="time zone"):
        measure_win_rates(sold(), PIPELINE, closed=january)


def test_an_unknown_rule_of_outcomes_is_refused():
    with pytest.raises(ValueError, match="no outcome rule 'last'; there are: final, first_close, each_close"):
        measure_win_rates(golden(), PIPELINE, outcome="last")


def test_where_nothing_closed_there_is_no_win_rate():
    report = measure_win_rates(make_history([row("Q")]), PIPELINE)

    assert [(row.name, row.rate.value, row.rate.low) for row in report.rows] == [
        ("count", None, None),
        ("with_overdue", None, None),
    ]
    assert measure_stage_win_rates(make_history([row("Q")]), PIPELINE).row("Q").rate.value is None


@settings(max_examples=25)
@given(row_lists())
def test_by_the_final_outcome_deals_are_won_and_lost_as_in_the_snapshot(rows):
    history = make_history(rows)
    snapshot, report = take_snapshot(history, PIPELINE), measure_win_rates(history, PIPELINE)

    assert {kind: report.aside[kind] for kind in ("won", "lost", "abandoned", "open")} == {
        "won": snapshot.won,
        "lost": snapshot.lost,
        "abandoned": snapshot.abandoned,
        "open": snapshot.open,
    }
    for line in report.rows:
        if line.name == "value":
            assert line.rate.numerator == snapshot.amounts["won"].get(line.currency, Money(0, line.currency))


@settings(max_examples=25)
@given(row_lists(), outcomes)
def test_the_rate_of_a_stage_lies_within_its_bounds(rows, rule):
    for line in measure_stage_win_rates(make_history(rows), PIPELINE, outcome=rule).rows:
        if line.rate.value is not None:
            assert line.at_least.value <= line.rate.value <= line.at_most.value
        assert line.open or line.at_least.value == line.at_most.value


@settings(max_examples=25)
@given(row_lists(), outcomes)
def test_each_closing_is_counted_once_by_each_close(rows, rule):
    trails = [trail for trail in fold_history(make_history(rows), PIPELINE).trails if trail.standing]
    closings = [closing for trail in trails for closing in trail.closings]
    aside = measure_win_rates(make_history(rows), PIPELINE, outcome=rule).aside

    if rule is OutcomeRule.EACH_CLOSE:
        assert aside["won"] + aside["lost"] + aside["abandoned"] == len(closings)
    else:
        assert aside["won"] + aside["lost"] + aside["abandoned"] + aside["open"] == len(trails)


# time to convert


def timed(steps, journeys):
    """A history and pipeline of journeys: per deal, the step and the hour of each entry."""
    pipeline = Pipeline(
        key="timed", stages=[*(Stage(key=key, kind="open") for key in steps), Stage(key="w", kind="won")]
    )
    start = datetime(2024, 1, 1, tzinfo=UTC)
    rows = [
        Row(opportunity_id=name, stage=stage, at=start + timedelta(hours=hour))
        for name, entries in journeys.items()
        for stage, hour in entries
    ]
    return make_history(rows), pipeline


def hours(number):
    return timedelta(hours=number)


def test_times_are_those_of_posthog():
    # conversion_time_cases.py: three people, sign up, play, buy.
    history, pipeline = timed(
        "spb",
        {
            "1": [("s", 12), ("p", 13), ("b", 15)],
            "2": [("s", 38), ("p", 40)],
            "3": [("s", 38), ("p", 40), ("b", 41)],
        },
    )
    report = measure_time_to_convert(history, pipeline, count="ordered")

    played, bought = report.row("s to p"), report.row("p to b")
    assert (played.converted, played.mean, played.median) == (3, timedelta(seconds=6000), hours(2))
    assert (bought.converted, bought.open, bought.mean, bought.median) == (2, 1, hours(1.5), hours(1.5))


def test_the_first_completion_counts_and_later_tries_do_not():
    tries = [("s", 1), ("p", 2), ("b", 3), ("s", 52), ("p", 53), ("s", 79), ("p", 82)]
    history, pipeline = timed("spb", {"1": tries})

    assert measure_time_to_convert(history, pipeline, count="ordered").row("s to p").mean == hours(1)


@pytest.mark.parametrize(("minutes", "n", "mean"), [(14 * 24 * 60, 2, 600), (5, 1, 300)])
def test_a_window_takes_out_what_took_longer(minutes, n, mean):
    journeys = {"1": [("s", 0), ("p", 5 / 60)], "2": [("s", 0)], "3": [("s", 0), ("p", 0.25)]}
    history, pipeline = timed("sp", journeys)
    found = measure_time_to_convert(history, pipeline, count="ordered", window=timedelta(minutes=minutes)).row("s to p")

    assert (found.converted, found.mean) == (n, timedelta(seconds=mean))


def test_the_histogram_is_that_of_posthog():
    journeys = {name: [("s", 0), ("p", seconds / 3600)] for name, seconds in {"a": 3600, "b": 2220, "c": 82800}.items()}
    history, pipeline = timed("sp", journeys)

    def bins(number=None):
        found = measure_time_to_convert(history, pipeline, count="ordered", bins=number).row("s to p")
        assert found.mean == timedelta(seconds=29540)
        return [(one.start // timedelta(seconds=1), one.count) for one in found.bins]

    assert bins() == [(2220, 2), (42510, 0), (82800, 1)]
    assert bins(7) == [(2220, 2), (13732, 0), (25244, 0), (36756, 0), (48268, 0), (59780, 0), (71292, 1)]


def test_equal_times_are_one_bin():
    history, pipeline = timed("sp", {name: [("s", 0), ("p", 1)] for name in "ab"})

    assert measure_time_to_convert(history, pipeline, count="ordered", bins=4).row("s to p").bins == (Bin(hours(1), 2),)


@pytest.mark.parametrize(("entry", "days"), [("any", 15), ("first", 55)])
def test_of_ways_that_arrive_together_the_one_that_began_last_counts_or_the_first(entry, days):
    # o08: Q15 P22 L40 Q55 P62 N70.
    history = make_history([row for row in golden().rows if row.opportunity_id == "o08"])
    report = measure_time_to_convert(history, PIPELINE, count="ordered", steps=["Q", "N"], entry=entry)

    assert report.row("Q to N").mean == timedelta(days=days)


def test_those_that_have_not_converted_are_counted_by_where_they_stand():
    found = measure_time_to_convert(golden(), PIPELINE, count="ordered", as_of=day(100)).row("Q to P")

    assert (found.converted, found.open, found.won, found.lost, found.abandoned) == (6, 2, 1, 2, 0)
    assert (found.mean, found.median, found.quantiles["p90"]) == (timedelta(days=70) / 6, timedelta(9), timedelta(20))


def test_where_none_converted_there_is_no_time():
    found = measure_time_to_convert(make_history([row("Q")]), PIPELINE, count="strict").row("Q to P")

    assert (found.converted, found.open, found.mean, found.median, found.bins) == (0, 1, None, None, ())
    assert found.quantiles == {"p90": None}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": "touched"}, "count by ordered or strict"),
        ({"count": "ordered", "quantiles": [1.5]}, "between 0 and 1"),
        ({"count": "ordered", "bins": 0}, "at least one bin"),
        ({"count": "ordered", "window": timedelta(0)}, "longer than nothing"),
    ],
)
def test_times_that_cannot_be_told_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure_time_to_convert(golden(), PIPELINE, **wrong)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=30), st.integers(1, 9))
def test_quantiles_are_those_of_the_standard_library_and_bins_hold_everything(seconds, bins):
    journeys = {str(number): [("s", 0), ("p", took / 3600)] for number, took in enumerate(seconds)}
    history, pipeline = timed("sp", journeys)
    shares = [0.25, 0.5, 0.75]
    found = measure_time_to_convert(history, pipeline, count="ordered", quantiles=shares, bins=bins).row("s to p")

    for span, expected in zip(found.quantiles.values(), quantiles(seconds, n=4, method="inclusive"), strict=True):
        assert span.total_seconds() == pytest.approx(expected, abs=1e-5)
    assert found.median == found.quantiles["p50"]
    assert sum(one.count for one in found.bins) == found.converted == len(seconds)


@settings(max_examples=25)
@given(row_lists(), st.sampled_from(["ordered", "strict"]))
def test_as_many_convert_as_the_funnel_counts(rows, rule):
    history = make_history(rows)
    funnel = measure_funnel(history, PIPELINE, count=rule)

    for line in measure_time_to_convert(history, PIPELINE, count=rule).rows:
        start, end = line.name.split(" to ")
        assert line.converted == funnel.step(end).count
        assert line.converted + line.open + line.won + line.lost + line.abandoned == funnel.step(start).count


# mature conversion


@pytest.mark.parametrize(
    ("name", "days", "went_on", "mature", "estimated", "dropped"),
    [
        ("Q", 15, 6, 11, 0.520833, 0.166667),
        ("Q", 30, 8, 11, 0.729167, 0.166667),
        ("P", 15, 5, 9, 0.555556, 0.111111),
        ("P", 30, 5, 8, 0.666667, 0.222222),
        ("N", 30, 4, 6, 0.666667, 0.166667),
    ],
)
def test_the_golden_visits_go_on_in_time_as_by_hand_and_as_other_tools_estimate(
    name, days, went_on, mature, estimated, dropped
):
    report = measure_mature_conversion(golden(), PIPELINE, within=timedelta(days), as_of=day(100))
    found = report.row(name)

    assert (found.went_on.numerator, found.went_on.denominator, found.mature) == (went_on, mature, mature)
    assert found.estimated_went_on.value == pytest.approx(estimated, abs=1e-6)
    assert found.estimated_dropped.value == pytest.approx(dropped, abs=1e-6)


def test_visits_that_have_not_had_the_time_are_in_no_share():
    report = measure_mature_conversion(golden(), PIPELINE, within=timedelta(days=15), as_of=day(100))

    assert (report.row("Q").too_young, report.ids("Q", "too_young")) == (1, ("o12",))
    assert "within 15 days" in report.definition


def test_beyond_what_was_seen_there_is_no_estimate():
    history = make_history([row("Q", 0, id="a"), row("Q", 0, id="b"), row("P", 4, id="b")])
    found = measure_mature_conversion(history, PIPELINE, within=timedelta(days=11), as_of=day(10)).row("Q")

    assert (found.mature, found.too_young, found.went_on.value) == (0, 2, None)
    assert (found.estimated_went_on.value, str(found.estimated_went_on)) == (None, "–")


def test_a_time_is_longer_than_nothing():
    with pytest.raises(ValueError, match="longer than nothing"):
        measure_mature_conversion(golden(), PIPELINE, within=timedelta(0))
    with pytest.raises(TypeError, match="within is a timedelta"):
        measure_mature_conversion(golden(), PIPELINE, within=30)


@settings(max_examples=25)
@given(row_lists(), st.integers(1, 8))
def test_where_every_visit_is_mature_the_estimate_is_the_share(rows, days):
    report = measure_mature_conversion(make_history(rows), PIPELINE, within=timedelta(days), as_of=day(40))
    visits = {line.name: line.entered for line in measure_drop_off(make_history(rows), PIPELINE, as_of=day(40)).rows}

    for line in report.rows:
        assert line.mature + line.too_young == visits[line.name]
        assert line.went_on.numerator + line.dropped.numerator <= line.mature
        if line.mature and not line.too_young:
            assert line.estimated_went_on.value == pytest.approx(float(line.went_on.value))
            assert line.estimated_dropped.value == pytest.approx(float(line.dropped.value))


# all of them

COUNTED = {
    "drop_off": (count_visits, finish_drop_off, {}),
    "stage_win_rates": (count_stage_outcomes, finish_stage_win_rates, {"outcome": "each_close"}),
    "win_rates": (count_closings, finish_win_rates, {"outcome": "each_close"}),
    "mature_conversion": (count_mature_visits, finish_mature_conversion, {"within": timedelta(days=4)}),
    "time_to_convert": (count_times, finish_time_to_convert, {"count": "ordered"}),
    "ageing": (count_ageing, partial(finish_ageing, minimum=2), {"benchmark": "won"}),
    "cycle": (count_cycles, finish_cycle, {"span": "net", "start": "Q"}),
    "dwell": (count_dwell, finish_dwell, {"unit": "deal", "since": day(1)}),
}


def without_left_out(report):
    return {key: value for key, value in report.detail().items() if key != "left_out"}


@settings(max_examples=25)
@pytest.mark.parametrize("measure", COUNTED)
@given(row_lists(), st.sampled_from([None, "owner_id"]), st.lists(st.integers(0, 1), min_size=5, max_size=5))
def test_parts_counted_apart_combine_to_the_whole(measure, rows, by, split):
    count, finish, how = COUNTED[measure]
    limits = {"by": by, "as_of": day(20), **how}
    parts = [
        count(make_history(row for row in rows if split["abcde".index(row.opportunity_id)] == part), PIPELINE, **limits)
        for part in range(2)
    ]

    whole = finish(count(make_history(rows), PIPELINE, **limits))
    assert without_left_out(finish(reduce(combine, parts))) == without_left_out(whole)


@settings(max_examples=25)
@pytest.mark.parametrize("measure", COUNTED)
@given(row_lists(), st.randoms(), st.integers(0, 13))
def test_neither_the_order_of_the_rows_nor_what_comes_later_changes_a_report(measure, rows, random, on):
    count, finish, how = COUNTED[measure]
    shuffled = [row for row in random.sample(rows, len(rows)) if row.at <= day(on)]

    one, other = (finish(count(make_history(some), PIPELINE, as_of=day(on), **how)) for some in (rows, shuffled))
    assert one.detail() == other.detail()


@pytest.mark.parametrize("measure", sorted(COUNTED.keys() - {"ageing"}))  # which has a line for each open deal
def test_a_report_shows_in_a_terminal_a_notebook_a_data_frame_and_as_json(measure):
    count, finish, how = COUNTED[measure]
    plain = finish(count(sold(), PIPELINE, **how))
    grouped = finish(count(sold(), PIPELINE, by="currency", attribution="first", **how))

    assert str(plain).startswith(f"{measure.replace('_', ' ').capitalize()} as of 2024-02-11")
    assert plain.definition in str(plain)
    assert grouped._repr_html_().startswith("<table>")
    assert grouped.table().columns[0] == "currency"
    assert "currency is the one of first" in str(grouped)
    assert {
        "measure": measure,
        "as_of": "2024-02-11T00:00:00+00:00",
        "known_on": None,
    }.items() <= plain.detail().items()
    assert {group["by"] for group in grouped.detail()["groups"]} == {"EUR", "JPY", None}
    assert len(plain.as_records()) == len(plain.rows)
    assert {record["currency"] for record in grouped.as_records()} == {"EUR", "JPY", None}


def test_counts_of_unlike_measures_do_not_combine():
    visits, closings = count_visits(golden(), PIPELINE), count_closings(golden(), PIPELINE)

    with pytest.raises(ValueError, match="unlike measures: VisitCounting and Closings"):
        combine(visits, closings)
