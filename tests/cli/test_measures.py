"""Numbers from files: the figures, the formats, the ways to say what the file does not."""

import csv
import gzip
import io
import json
from datetime import date, timedelta

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.funnel import Cohort, measure_funnel
from oppcore.periods import Period
from oppcore.pipeline import load_pipeline

TABLE = """opportunity_id,stage,at,amount,source
1,new,2024-01-01,10,web
1,offer,2024-01-05,10,web
1,sold,2024-01-09,10,web
2,new,2024-01-02,20,fair
2,gone,2024-01-07,20,fair
3,new,2024-01-03,,
"""
MEANING = ("--won", "sold", "--lost", "gone", "--timezone", "UTC", "--currency", "EUR")


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text(TABLE)
    return file


def test_the_command_says_what_the_library_says(oppcore, changes, pipeline):
    with open(pipeline) as file:
        definition = load_pipeline(file.read())
    expected = measure_funnel(read_changes(read_table(changes)), definition, count="touched", by="source")
    ran = oppcore("funnel", changes, "--pipeline", pipeline, "--count", "touched", "--by", "source", "--format", "json")

    assert json.loads(ran.out) == expected.detail()
    assert ran.err == ""


def test_funnel_as_json_keeps_the_contract(oppcore, table):
    found = json.loads(oppcore("funnel", table, *MEANING, "--format", "json").out)

    assert (found["measure"], found["count"], found["as_of"]) == ("funnel", "ordered", "2024-01-09T00:00:00+00:00")
    assert [(step["name"], step["count"]) for step in found["steps"]] == [("new", 3), ("offer", 1), ("won", 1)]
    step = found["steps"][1]["step"]
    assert (step["numerator"], step["denominator"]) == (1, 3)
    assert step["low"] < step["value"] < step["high"]
    assert {"cumulative", "left_out"} <= {*found, *found["steps"][0]}


def test_groups(oppcore, table):
    found = json.loads(oppcore("funnel", table, *MEANING, "--by", "source", "--format", "json").out)

    assert {group["by"]: group["steps"][-1]["count"] for group in found["groups"]} == {"fair": 0, "web": 1, None: 0}


def test_windows_cohorts_and_what_ends_a_way_are_those_of_the_library(oppcore, changes, pipeline):
    with open(pipeline) as file:
        definition = load_pipeline(file.read())
    expected = measure_funnel(
        read_changes(read_table(changes)),
        definition,
        count="strict",
        window=timedelta(days=40),
        entry="first",
        exclude=["closed_lost"],
        cohort=Cohort(Period(date(2024, 1, 1), date(2024, 4, 1)), "sql"),
        by="source",
        attribution="first",
        timezone="UTC",
    )
    ran = oppcore(
        *("funnel", changes, "--pipeline", pipeline, "--count", "strict", "--window", "40d", "--entry", "first"),
        *("--exclude", "closed_lost", "--cohort", "2024-Q1", "--entered", "sql", "--timezone", "UTC"),
        *("--by", "source", "--attribution", "first", "--format", "json"),
    )

    assert json.loads(ran.out) == expected.detail()
    assert expected.deals > 0


def test_snapshot_as_of_a_day(oppcore, table):
    found = json.loads(oppcore("snapshot", table, *MEANING, "--as-of", "2024-01-05", "--format", "json").out)

    assert found["as_of"] == "2024-01-05T23:59:59.999999+00:00"
    assert {stage["name"]: (stage["count"], stage["amount"]) for stage in found["stages"]} == {
        "new": (2, {"EUR": "20"}),
        "offer": (1, {"EUR": "10"}),
    }
    assert (found["open"], found["won"], found["lost"], found["abandoned"]) == (3, 0, 0, 0)


def test_forecast(oppcore, table):
    found = json.loads(oppcore("forecast", table, *MEANING, "--format", "json").out)

    assert {"period", "currency", "won", "weighted_open", "expected", "count"} <= set(found["rows"][0])
    assert (found["rows"][0]["period"], found["rows"][0]["won"]) == ("2024-01", "10")
    assert found["left_out"]


def test_csv_is_the_records(oppcore, table):
    rows = list(csv.DictReader(io.StringIO(oppcore("funnel", table, *MEANING, "--format", "csv").out)))

    assert [(row["step"], row["count"]) for row in rows] == [("new", "3"), ("offer", "1"), ("won", "1")]


def test_tables_say_when_how_and_out_of_how_many(oppcore, table):
    printed = oppcore("funnel", table, *MEANING).out

    assert "as of 2024-01-09" in printed
    assert "ordered" in printed
    assert "3 deals exist" in printed


def test_records_and_maps(oppcore, tmp_path):
    (tmp_path / "h.csv").write_text("lead;to_stage;when\n1;new;2024-01-01\n")
    (tmp_path / "r.csv").write_bytes(gzip.compress('id|"Amount, EUR"|src\n1|5|web\n'.encode("utf-16")))
    ran = oppcore(
        *("snapshot", tmp_path / "h.csv", "--map", "opportunity_id=lead, stage=to_stage", "--map", "at=when"),
        *("--records", tmp_path / "r.csv", "--record-map", "opportunity_id=id,amount=Amount, EUR,source=src"),
        *("--timezone", "UTC", "--currency", "EUR", "--won", "none", "--lost", "none", "--format", "json"),
    )

    assert json.loads(ran.out)["stages"][0]["amount"] == {"EUR": "5"}


def test_standard_input(shell):
    ran = shell("funnel", "-", *MEANING, stdin=TABLE.encode())

    assert "won" in ran.out


def test_lenient_shows_what_was_left_out(oppcore, tmp_path):
    (tmp_path / "bad.csv").write_text(TABLE + "4,new,yesterday,,\n")
    stopped = oppcore("funnel", tmp_path / "bad.csv", *MEANING, code=2)
    went_on = oppcore("funnel", tmp_path / "bad.csv", *MEANING, "--lenient")

    assert "row 7" in stopped.err
    assert "'yesterday'" in stopped.err
    assert "left out:" in went_on.out
    assert "row 7" in went_on.out


def test_infer_writes_a_pipeline_that_funnel_takes(oppcore, table, tmp_path):
    written = oppcore("infer", table, *MEANING, "--key", "mine").out
    (tmp_path / "p.toml").write_text(written)
    with_file = oppcore("funnel", table, "--pipeline", tmp_path / "p.toml", *MEANING[4:]).out

    assert load_pipeline(written).key == "mine"
    assert with_file == oppcore("funnel", table, *MEANING).out
    assert load_pipeline(oppcore("infer", table, *MEANING, "--format", "json").out).key == "inferred"


def test_steps_pick_or_order(oppcore, table, changes, pipeline):
    picked = oppcore("funnel", changes, "--pipeline", pipeline, "--steps", "sql,negotiation", "--format", "json").out
    ordered = oppcore("infer", table, *MEANING, "--steps", "offer,new").out

    assert [step["name"] for step in json.loads(picked)["steps"]] == ["sql", "negotiation", "won"]
    assert [stage.key for stage in load_pipeline(ordered).open_stages] == ["offer", "new"]


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("revenue", ["--set", "period=2026-Q1", "--set", "currency=EUR"]),
        ("closing", ["--set", "within=30d"]),
        ("new_wins", ["--set", "within=30d"]),
        ("run_rate", ["--set", "period=2026-Q1"]),
    ],
)
def test_a_forecast_by_another_method_is_what_the_measure_of_its_name_says(oppcore, table, method, settings):
    asked = [table, *MEANING, *settings, "--format", "json"]

    found = oppcore("forecast", *asked, "--method", method).out
    assert json.loads(found) == json.loads(oppcore("measure", method, *asked).out)


def test_settings_go_with_the_methods_that_have_them(oppcore, table):
    weighted = oppcore("forecast", table, *MEANING, "--set", "within=30d", code=2).err
    assert "weighted has no settings" in weighted
    for option in (["--explain"], ["--probability", "own"]):
        closing = ["--method", "closing", "--set", "within=30d", *option]
        assert "not for closing" in oppcore("forecast", table, *MEANING, *closing, code=2).err
    assert "needs --set within" in oppcore("forecast", table, *MEANING, "--method", "closing", code=2).err


def test_a_forecast_by_category(oppcore, table):
    found = json.loads(oppcore("forecast", table, *MEANING, "--method", "category", "--format", "json").out)

    assert [(row["category"], row["single"], row["cumulative"]) for row in found["rows"][:2]] == [
        ("closed", "10", "10"),
        ("commit", "0", "10"),
    ]


def test_the_deals_behind_a_forecast(oppcore, table):
    asked = ("forecast", table, *MEANING, "--explain", "--format", "json")

    assert [deal["opportunity_id"] for deal in json.loads(oppcore(*asked).out)["deals"]] == ["1"]
    assert json.loads(oppcore(*asked, "--method", "category").out)["deals"][0]["category"] == "closed"


def test_sources_of_probabilities_are_asked_in_the_order_given(oppcore, table):
    asked = ("forecast", table, *MEANING, "--format", "json", "--probability")

    assert json.loads(oppcore(*asked, "stage").out)["probabilities"] == {"stage": 0}
    assert "did you mean 'stage'" in oppcore(*asked, "stgae", code=2).err
    assert "category uses no probability" in oppcore(*asked, "own", "--method", "category", code=2).err


def test_history_is_a_source_of_probabilities_where_it_is_long_enough(oppcore, changes, pipeline, table):
    asked = ("forecast", changes, "--pipeline", pipeline, "--timezone", "UTC", "--as-of", "2024-06-30")
    found = json.loads(oppcore(*asked, "--probability", "own,history", "--format", "json").out)
    stages = json.loads(oppcore("measure", "stage_probabilities", *asked[1:], "--format", "json").out)
    deals = json.loads(oppcore(*asked, "--probability", "history", "--explain", "--format", "json").out)["deals"]
    learnt = {row["stage"]: row["probability"] for row in stages["rows"]}

    assert found["probabilities"]["history"] > 0
    assert {deal["probability"] for deal in deals if deal["outcome"] == "open"} <= set(learnt.values())
    short = oppcore("forecast", table, *MEANING, "--probability", "history", "--format", "json")
    assert json.loads(short.out)["probabilities"] == {"history": 0}
