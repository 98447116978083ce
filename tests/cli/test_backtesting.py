"""`oppcore backtest` at the command line."""

import csv
import json

import pytest

from oppcore.forecast import METHODS


@pytest.fixture
def reading(changes, pipeline):
    return changes, "--pipeline", pipeline, "--timezone", "UTC"


def test_it_prints_a_league_table_and_recommends_a_method(oppcore, reading):
    lines = oppcore("backtest", *reading, "--horizon", "7d").out.splitlines()

    assert lines[0].startswith("Backtest: deals won within 7 days, foretold at 10 origins from 2024-02-14 to")
    assert {line.split()[0] for line in lines[3 : 3 + len(METHODS)]} == set(METHODS)
    assert lines[4 + len(METHODS)].startswith("recommended: ")


def test_too_little_history_is_said_instead(oppcore, reading):
    found = json.loads(oppcore("backtest", *reading, "--format", "json").out)

    assert found["recommended"] is None
    assert [one["code"] for one in found["insufficient_history"]] == ["backtest.origins"]
    assert "insufficient_history: too few origins" in oppcore("backtest", *reading).out


def test_origins_methods_and_score_can_be_chosen(oppcore, reading):
    settings = ("--horizon", "7d", "--step", "14d", "--start", "2024-02-01", "--end", "2024-04-01")
    found = json.loads(
        oppcore("backtest", *reading, *settings, "--method", "pipeline", "--score", "log_loss", "--format", "json").out
    )

    assert [one["at"][:10] for one in found["origins"]] == ["2024-02-01", "2024-02-15", "2024-02-29", "2024-03-14"]
    assert {row["method"] for row in found["rows"]} == {"base_rate", "pipeline"}
    assert found["score"] == "log_loss"


def test_rows_come_as_csv(oppcore, reading):
    rows = list(csv.DictReader(oppcore("backtest", *reading, "--horizon", "7d", "--format", "csv").out.splitlines()))

    assert {row["method"] for row in rows} == set(METHODS)
    assert all(float(row["brier"]) >= 0 and row["USD_actual"] for row in rows)


def test_wrong_settings_are_wrong_usage(oppcore, reading):
    said = oppcore("backtest", *reading, "--method", "pipelin", code=2).err
    assert "there is no method 'pipelin'; did you mean 'pipeline'?" in said
    assert "longer than nothing" in oppcore("backtest", *reading, "--horizon", "0d", code=2).err
    assert "--horizon takes a number of days" in oppcore("backtest", *reading, "--horizon", "soon", code=2).err
