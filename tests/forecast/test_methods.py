"""What each method says, held against counts made another way."""

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import METHODS, ForecastOrigin, recalibrate, view_history
from oppcore.funnel import measure_stage_win_rates
from oppcore.history import make_history, take_snapshot
from oppcore.records import Outcome
from tests.history.examples import PIPELINE, day, golden, row, row_lists

lists = row_lists().map(lambda rows: [attrs.evolve(one, recorded_at=None) for one in rows])


def origin_of(history, *, at, horizon=10):
    return ForecastOrigin(
        history=view_history(history, day(at)), pipeline=PIPELINE, at=day(at), until=day(at + horizon)
    )


def said(name, history, *, at, horizon=10):
    return METHODS[name](origin_of(history, at=at, horizon=horizon))


def counted(origin):
    """The pairs of stage and won, taken from snapshots one, two and more horizons before an origin."""

    def standings(at):
        seen = take_snapshot(origin.history, PIPELINE, as_of=at, lenient=True).standings
        return {one.opportunity_id: one for one in seen}

    existing = standings(origin.at)
    found = []
    for back in range(1, 20):
        then, later = standings(origin.at - back * origin.horizon), standings(origin.at - (back - 1) * origin.horizon)
        for id, one in then.items():
            if id in existing and one.outcome is Outcome.OPEN:
                found.append((one.state.stage, id in later and later[id].outcome is Outcome.WON))
    return found


@settings(max_examples=40)
@given(lists, st.integers(4, 14), st.integers(1, 4))
def test_the_base_rate_is_the_share_won_a_horizon_after_being_open(rows, at, horizon):
    origin = origin_of(make_history(rows), at=at, horizon=horizon)
    counts = counted(origin)
    share = sum(won for _, won in counts) / len(counts) if counts else None

    assert METHODS["base_rate"](origin) == {deal.opportunity_id: share for deal in origin.deals if share is not None}


@settings(max_examples=40)
@given(lists, st.integers(4, 14), st.integers(1, 4))
def test_the_recent_stage_is_the_same_share_of_the_deals_in_one_stage(rows, at, horizon):
    origin = origin_of(make_history(rows), at=at, horizon=horizon)
    by_stage = {}
    for stage, won in counted(origin):
        by_stage.setdefault(stage, []).append(won)

    assert METHODS["recent_stage"](origin) == {
        deal.opportunity_id: sum(by_stage[deal.state.stage]) / len(by_stage[deal.state.stage])
        for deal in origin.deals
        if deal.state.stage in by_stage
    }


@settings(max_examples=40)
@given(lists, st.integers(0, 14))
def test_the_stage_history_is_the_win_rate_of_the_stage(rows, at):
    origin = origin_of(make_history(rows), at=at)
    rates = measure_stage_win_rates(origin.history, PIPELINE, as_of=origin.at, lenient=True)

    assert METHODS["stage_history"](origin) == {
        deal.opportunity_id: float(rates.row(deal.state.stage).rate.value)
        for deal in origin.deals
        if rates.row(deal.state.stage).rate.value is not None
    }


def test_the_golden_deals_by_the_win_rates_of_their_stages():
    # On day 54 o01 and o04 are won, o02, o03 and (for now) o08 lost. Open are o05, o06, o09 in P, o07 in Q.
    # In Q were all five of the closed deals, in P o01, o02 and o08.
    assert said("stage_history", golden(), at=54) == {"o05": 1 / 3, "o06": 1 / 3, "o07": 2 / 5, "o09": 1 / 3}


def test_a_recalibrated_method_says_what_came_of_what_it_said_before():
    rows = [row("Q", 0, id=f"old{n}") for n in range(10)]
    rows += [row("W", 5, id=f"old{n}") for n in range(3)]
    rows += [row("P", 10, id="new"), row("W", 19, id="old5")]
    origin = origin_of(make_history(rows), at=10)

    # Three of the ten deals that were held to be won with 20 % were won in ten days. Platt counts a win as 4/5 then,
    # and what was no win as 1/9.
    found = recalibrate(METHODS["pipeline"], min_deals=10, horizons=1)(origin)
    assert found["old9"] == pytest.approx((3 * 4 / 5 + 7 / 9) / 10)
    assert found["new"] > found["old9"]
    assert recalibrate(METHODS["pipeline"], min_deals=11, horizons=1)(origin) == {}
    flat = recalibrate(METHODS["pipeline"], min_deals=10, horizons=1, fit=lambda *_: lambda _: 0.25)
    assert flat(origin) == dict.fromkeys(found, 0.25)


def test_the_pipeline_says_the_probability_of_the_stage_or_the_deals_own_and_is_silent_without_one():
    history = make_history(
        [
            row("Q", id="stage"),
            row("Q", id="own", probability=Decimal("0.9")),
            row("N", id="none"),
            row("W", id="won"),
        ]
    )

    assert said("pipeline", history, at=1) == {"stage": 0.2, "own": 0.9}


def test_without_a_past_nothing_is_said():
    fresh = make_history([row("Q", 9)])

    assert [said(name, fresh, at=10) for name in ("base_rate", "stage_history", "recent_stage")] == [{}, {}, {}]


@settings(max_examples=40)
@given(row_lists(), st.integers(0, 14), st.integers(1, 6))
def test_no_method_is_changed_by_what_is_recorded_later(rows, at, horizon):
    known = [one for one in rows if one.known_at <= day(at)]

    for method in METHODS.values():
        assert method(origin_of(make_history(rows), at=at, horizon=horizon)) == method(
            origin_of(make_history(known), at=at, horizon=horizon)
        )


@settings(max_examples=40)
@given(row_lists(), st.integers(0, 14))
def test_every_method_says_probabilities_of_open_deals(rows, at):
    origin = origin_of(make_history(rows), at=at, horizon=3)
    open_ids = {deal.opportunity_id for deal in origin.deals}

    assert origin.horizon == timedelta(days=3)
    for method in METHODS.values():
        found = method(origin)
        assert set(found) <= open_ids
        assert all(0 <= probability <= 1 for probability in found.values())
