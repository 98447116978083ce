"""The sales cycle: the golden deals as by hand, and what holds for every history."""

from statistics import mean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import CycleSpan, measure_cycle, measure_win_rates
from oppcore.history import make_history
from oppcore.stats import count_events, estimate_survival
from tests.history.examples import PIPELINE, day, golden, row, row_lists

starts = st.sampled_from([None, "Q", "N"])


def measure(history=None, **settings):
    return measure_cycle(golden() if history is None else history, PIPELINE, **{"as_of": day(100), **settings})


@pytest.mark.parametrize(
    ("span", "won"),
    [("gross", [40, 35, 68, 75]), ("net", [40, 35, 68, 60])],  # o08 was lost for 15 of its 75 days
)
def test_the_golden_deals_were_won_and_lost_in_as_many_days_as_by_hand(span, won):
    report = measure(span=span)

    found = report.row("won")
    assert (found.deals, found.mean_days, found.median_days) == (4, mean(won), median(won))
    assert (report.row("lost").deals, report.row("lost").mean_days) == (4, 16.25)
    assert (report.row("closed").deals, report.row("closed").open) == (8, 4)
    assert report.ids("won", "won") == ("o01", "o04", "o05", "o08")


def test_open_deals_make_the_median_longer():
    closed = measure().row("closed")
    days = [40, 20, 10, 35, 68, 75, 35, 0, 80, 70, 40, 10]
    curve = estimate_survival(count_events(days, ["closed"] * 8 + [None] * 4))

    assert closed.median_days == 35
    assert closed.estimated_days.value == curve.median == 40
    assert measure().row("won").estimated_days.value is None


def test_a_cycle_can_start_with_a_stage():
    report = measure(start="N")

    assert report.row("won").mean_days == (15 + 15 + 45 + 20) / 4
    assert report.row("lost").mean_days == 20
    assert report.aside == {"without_start": 6}
    assert report.ids("closed", "without_start") == ("o02", "o03", "o06", "o07", "o11", "o12")


def test_the_time_between_a_loss_and_being_won_after_all_is_no_net_time():
    history = make_history([row("Q", 0), row("L", 10), row("W", 25)])

    assert [measure(history, span=span).row("won").mean_days for span in CycleSpan] == [25, 10]


def test_a_stage_entered_only_after_the_closing_starts_no_cycle():
    history = make_history([row("Q", 0, outcome="lost"), row("P", 5, outcome="lost")])

    assert measure(history, start="P").aside == {"without_start": 1}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start": "W"}, "a cycle starts in an open stage: 'W' is none of pipeline 'golden'"),
        ({"span": "grows"}, "no span of a cycle 'grows'; did you mean 'gross'"),
        ({"quantiles": [2]}, "between 0 and 1, not 2"),
    ],
)
def test_what_there_is_not_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure(**wrong)


@settings(max_examples=25)
@given(row_lists(), starts)
def test_every_deal_has_a_cycle_or_no_start_and_net_is_no_longer_than_gross(rows, start):
    history = make_history(rows)
    gross, net = (measure_cycle(history, PIPELINE, start=start, span=span) for span in CycleSpan)
    outcomes = measure_win_rates(history, PIPELINE).aside

    closed = gross.row("closed")
    assert closed.deals + closed.open + gross.aside["without_start"] == sum(
        outcomes[name] for name in ("won", "lost", "abandoned", "open")
    )
    for one, other in zip(gross.rows, net.rows, strict=True):
        assert one.deals == other.deals
        assert other.mean_days is None or 0 <= other.mean_days <= one.mean_days
