"""Backtests of the shared sets: what is known of them, and where a method has to beat another."""

from datetime import timedelta

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.forecast import METHODS, run_backtest
from tests.shared_data.conftest import FOLDER
from tests.shared_data.test_measures import LEADFORGE, PROCESSLOG


def backtest(history, pipeline, names, **settings):
    return run_backtest(history, pipeline, methods={name: METHODS[name] for name in names}, **settings)


@pytest.fixture(scope="module")
def leadforge():
    table = read_table(FOLDER / "leadforge_seed42" / "stage_history.csv")
    columns = {"opportunity_id": "lead_id", "stage": "to_stage"}
    history = read_changes(table, columns=columns, timezone="UTC", pipeline=LEADFORGE)
    return backtest(
        history,
        LEADFORGE,
        ("recent_stage", "stage_history", "closing"),
        horizon=timedelta(days=14),
        step=timedelta(days=7),
    )


def test_survival_beats_the_win_rate_of_the_stage_at_every_origin(leadforge):
    for trial in leadforge.trials:
        pairs = list(trial.judged("closing", "stage_history"))
        survival, win_rate = (sum((pair[place] - pair[0]) ** 2 for pair in pairs) / len(pairs) for place in (1, 2))

        assert survival < win_rate


def test_win_rates_promise_many_times_the_wins_of_a_fortnight(leadforge):
    assert leadforge.row("stage_history").wins.bias > 7
    assert abs(leadforge.row("closing").wins.bias) < 0.3
    assert "stage_history" not in {leadforge.best, leadforge.recommended}


def test_where_deals_end_within_the_horizon_the_win_rate_of_the_stage_is_good_enough():
    columns = {"opportunity_id": "case:concept:name", "stage": "concept:name", "at": "time:timestamp"}
    history = read_changes(read_table(FOLDER / "processlog_seed1" / "events.csv"), columns=columns, pipeline=PROCESSLOG)
    found = backtest(
        history, PROCESSLOG, ("stage_history", "closing"), horizon=timedelta(days=30), step=timedelta(days=15)
    )

    assert found.recommended == "stage_history"
    assert found.row("stage_history").skill > 0.15
