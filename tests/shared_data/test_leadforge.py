"""leadforge: 2,000 simulated leads, counts and money without tolerance."""

from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest

from oppcore.exchange import read_changes, read_table

STAGES = ["mql", "sal", "sql", "demo_scheduled", "demo_completed", "proposal_sent", "negotiation"]
MEANING = ("--won", "closed_won", "--lost", "closed_lost")


@pytest.fixture
def known(figures):
    return figures("leadforge_seed42")


@pytest.fixture
def reading(folder):
    file = folder / "leadforge_seed42" / "stage_history.csv"
    return (file, "--map", "opportunity_id=lead_id,stage=to_stage", "--timezone", "UTC")


@pytest.fixture
def joined(reading, folder):
    leads = folder / "leadforge_seed42" / "leads.csv"
    return (*reading, "--records", leads, "--record-map", "opportunity_id=lead_id,owner_id=owner", "--currency", "USD")


def test_rows(folder, known):
    table = read_table(folder / "leadforge_seed42" / "stage_history.csv")
    history = read_changes(table, columns={"opportunity_id": "lead_id", "stage": "to_stage"}, timezone="UTC")

    assert (len(history), len(history.rows)) == (known["leads"], known["history_rows"])
    assert dict(Counter(rows[-1].stage for _, rows in history)) == known["final_stage"]
    steps = Counter(f"{a.stage} -> {b.stage}" for _, rows in history for a, b in pairwise(rows))
    assert dict(steps) == known["transitions"]


def test_the_inferred_order_is_the_true_one(oppcore, reading):
    assert [stage["key"] for stage in oppcore("infer", *reading, *MEANING)["stages"]] == [
        *STAGES,
        "closed_won",
        "closed_lost",
    ]


def test_funnel(oppcore, reading, known):
    found = oppcore("funnel", *reading, *MEANING, "--count", "touched")
    counts = {step["name"]: step["count"] for step in found["steps"]}

    assert counts == {stage: known["reach"][stage] for stage in STAGES} | {"won": known["reach"]["closed_won"]}
    ordered = oppcore("funnel", *reading, *MEANING, "--count", "ordered")
    # One lead was won straight from sal.
    assert [step["count"] for step in ordered["steps"]] == [*(known["reach"][stage] for stage in STAGES), 400]


def test_funnel_by_source(oppcore, joined, known):
    found = oppcore("funnel", *joined, *MEANING, "--count", "touched", "--by", "source")

    assert {group["by"] for group in found["groups"]} == set(known["win_rate_by_source"])
    assert sum(group["steps"][-1]["count"] for group in found["groups"]) == known["reach"]["closed_won"]


def test_forecast(oppcore, joined, known):
    found = oppcore("forecast", *joined, *MEANING)

    assert sum(Decimal(row["won"]) for row in found["rows"]) == known["won_amount"]
    assert {row["currency"] for row in found["rows"]} == {"USD"}


def test_without_a_currency_it_stops_with_the_flag(oppcore, joined):
    assert "--currency CODE" in oppcore("forecast", *joined[:-2], *MEANING, code=2)


def test_without_a_time_zone_it_stops_with_the_flag(oppcore, reading):
    said = oppcore("funnel", *reading[:-2], *MEANING, code=2)

    assert "--timezone ZONE" in said
    assert "rows (13502)" in said


def test_snapshots_of_some_sundays(oppcore, reading, known):
    for day, expected in list(known["weekly_snapshot_counts_sundays"].items())[::5]:
        found = oppcore("snapshot", *reading, *MEANING, "--as-of", day)
        counts = {stage["name"]: stage["count"] for stage in found["stages"] if stage["count"]}
        counts |= {name: found[key] for name, key in (("closed_won", "won"), ("closed_lost", "lost")) if found[key]}

        assert counts == expected, day
