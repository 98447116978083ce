"""Every measure at the command line: its settings are read by their types, and what is wrong is said."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.funnel import (
    Cohort,
    measure_ageing,
    measure_bottlenecks,
    measure_creation,
    measure_cycle,
    measure_dwell,
    measure_movement,
    measure_time_to_convert,
    measure_velocity,
    measure_win_rates,
)
from oppcore.measures import MEASURES
from oppcore.periods import read_period
from oppcore.pipeline import load_pipeline

TABLE = """opportunity_id,stage,at,amount,owner_id,expected_close_on
1,new,2024-01-01,10,ann,2024-03-01
1,offer,2024-01-05,12,ann,2024-03-01
1,sold,2024-01-09,12,ann,2024-03-01
2,new,2024-01-02,20,bo,2024-02-01
2,gone,2024-01-07,20,bo,2024-02-01
3,new,2024-02-03,30,bo,2024-02-20
"""
SHOP = """
key = "shop"
currency = "EUR"
stages = [
    { key = "new", kind = "open" },
    { key = "offer", kind = "open" },
    { key = "sold", kind = "won" },
    { key = "gone", kind = "lost" },
]
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "changes.csv").write_text(TABLE)
    (tmp_path / "shop.toml").write_text(SHOP)
    return tmp_path / "changes.csv", "--pipeline", tmp_path / "shop.toml", "--timezone", "UTC"


@pytest.fixture
def read(files):
    return read_changes(read_table(files[0]), timezone="UTC", currency="EUR"), load_pipeline(SHOP)


def sets(**settings):
    return [part for name, text in settings.items() for part in ("--set", f"{name}={text}")]


def test_leads_are_read_from_a_second_file(oppcore, tmp_path):
    (tmp_path / "deals.csv").write_text("opportunity_id,stage,at,lead_id\no1,new,2024-01-03,l1\no1,won,2024-01-09,l1\n")
    (tmp_path / "leads.csv").write_text(
        "opportunity_id,stage,at,source\nl1,in,2024-01-01,web\nl2,in,2024-01-02,web\nl3,in,2024-01-02,\n"
    )
    leads = tmp_path / "leads.csv"
    given = ("--won", "won", "--lost", "none", "--timezone", "UTC", "--set", f"leads={leads}", "--format", "json")
    found = json.loads(oppcore("measure", "lead_sources", tmp_path / "deals.csv", *given).out)

    assert [(row["source"], row["leads"], row["won"]["value"]) for row in found["rows"]] == [
        ("web", 2, 0.5),
        (None, 1, 0),
    ]


def test_the_list_names_every_measure(oppcore):
    assert [line.split()[0] for line in oppcore("measures").out.splitlines()[2:]] == [one.name for one in MEASURES]
    found = json.loads(oppcore("measures", "--format", "json").out)
    assert {one["name"]: one["needs"] for one in found}["movement"] == ["policy", "since"]


def test_a_measure_says_how_its_settings_are_written(oppcore):
    lines = oppcore("measures", "win_rates").out.splitlines()

    assert lines[0] == "Which share of the deals that closed was won?"
    assert any("outcome" in line and "final, first_close, each_close" in line for line in lines)
    assert any("cohort" in line and "PERIOD, or PERIOD@STAGE" in line for line in lines)


def test_settings_are_read_by_their_types(oppcore, files, read):
    options = sets(policy="book_deltas", since="2024-01-03", until="2024-02-10T00:00Z", window="2024-Q1", by="owner_id")
    ran = oppcore("measure", "movement", *files, *options, *sets(scope="owner_id=ann|bo"), "--format", "json")
    expected = measure_movement(
        *read,
        policy="book_deltas",
        since=date(2024, 1, 3),
        until=datetime(2024, 2, 10, tzinfo=UTC),
        window=read_period("2024-Q1"),
        by="owner_id",
        scope={"owner_id": ("ann", "bo")},
        timezone="UTC",
    )
    assert json.loads(ran.out) == json.loads(json.dumps(expected.detail()))


def test_lists_times_shares_and_cohorts_are_read(oppcore, files, read):
    ran = oppcore("measure", "creation", *files, *sets(periods="2024-01, 2024-02"), "--format", "json")
    periods = [read_period("2024-01"), read_period("2024-02")]
    assert json.loads(ran.out) == json.loads(
        json.dumps(measure_creation(*read, periods=periods, timezone="UTC").detail())
    )

    options = sets(count="ordered", window="90d", quantiles="0.5,0.9", bins="2")
    ran = oppcore("measure", "time_to_convert", *files, *options, "--format", "json")
    expected = measure_time_to_convert(
        *read, count="ordered", window=timedelta(days=90), quantiles=(0.5, 0.9), bins=2, timezone="UTC"
    )
    assert json.loads(ran.out) == json.loads(json.dumps(expected.detail()))

    ran = oppcore("measure", "win_rates", *files, *sets(cohort="2024-01@offer"), "--format", "json")
    cohort = Cohort(read_period("2024-01"), "offer")
    expected = measure_win_rates(*read, cohort=cohort, timezone="UTC")
    assert json.loads(ran.out) == json.loads(json.dumps(expected.detail()))


@pytest.mark.parametrize(
    ("measure", "texts", "settings"),
    [
        (
            measure_dwell,
            {"unit": "deal", "stages": "new,offer", "since": "2024-01-02", "until": "10d", "quantiles": "0.25"},
            {
                "unit": "deal",
                "stages": ["new", "offer"],
                "since": date(2024, 1, 2),
                "until": timedelta(days=10),
                "quantiles": [0.25],
            },
        ),
        (measure_cycle, {"start": "offer", "span": "net"}, {"start": "offer", "span": "net"}),
        (
            measure_ageing,
            {"benchmark": "won", "share": "0.5", "minimum": "1"},
            {"benchmark": "won", "share": 0.5, "minimum": 1},
        ),
        (
            measure_velocity,
            {"period": "2024-02", "earlier": "2024-01", "deals": "worked", "value": "all"},
            {"period": read_period("2024-02"), "earlier": read_period("2024-01"), "deals": "worked", "value": "all"},
        ),
        (
            measure_bottlenecks,
            {"seed": "3", "resamples": "5", "rank_by": "loss", "cycle": "all"},
            {"seed": 3, "resamples": 5, "rank_by": "loss", "cycle": "all"},
        ),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_measures_of_time_take_their_settings(oppcore, files, read, measure, texts, settings):
    ran = oppcore("measure", measure.__name__.removeprefix("measure_"), *files, *sets(**texts), "--format", "json")

    assert json.loads(ran.out) == json.loads(json.dumps(measure(*read, timezone="UTC", **settings).detail()))


def test_money_is_read(oppcore, files):
    ran = oppcore("measure", "coverage", *files, "--set", "quota=100 EUR", *sets(period="2024-Q1"))

    assert "100.00 EUR" in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["measure", "funel"], "there is no measure 'funel'; did you mean 'funnel'?"),
        (["measure", "slippage"], "slippage needs --set period=… (2026, 2026-Q1, 2026-03 or START..END)"),
        (["measure", "drop_off", "--set", "x=1"], "takes NAME=VALUE with one of by, attribution, cohort, confidence"),
        (["measure", "drop_off", "--set", "by"], "takes NAME=VALUE with one of"),
        (["measure", "drop_off", "--set", "confidence=high"], "--set confidence takes a number, not 'high'"),
        (["measure", "drop_off", "--set", "by=a", "--set", "by=b"], "--set by is said twice"),
        (["measure", "drop_off", "--set", "by=colour"], "there is no column 'colour'; there are: actor_id"),
        (["measure", "mature_conversion", "--set", "within=soon"], "30d, 12h or 90m, not 'soon'"),
        (
            ["measure", "funnel", "--set", "count=most"],
            "takes touched, backfilled, backfilled_unless_lost, ordered, strict",
        ),
        (
            ["measure", "movement", "--as-of", "2024-01-01", *sets(policy="book_deltas", since="2024-01-01")],
            "no --as-of",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_helps(oppcore, files, words, said):
    ran = oppcore(*words[:2], *files, *words[2:], code=2)

    assert said in " ".join(ran.err.split())


def test_days_need_a_zone(oppcore, files):
    ran = oppcore("measure", "slippage", *files[:3], *sets(period="2024-Q1"), code=2)

    assert "say whose days with --timezone ZONE" in " ".join(ran.err.split())
