"""processlog: 500 deals with fall-backs and reopenings, offsets across a clock change."""

from collections import Counter
from itertools import pairwise

import pytest

from oppcore.exchange import read_changes, read_table

STAGES = ["prospecting", "qualification", "proposal", "negotiation"]
COLUMNS = {
    "opportunity_id": "case:concept:name",
    "stage": "concept:name",
    "at": "time:timestamp",
    "owner_id": "org:resource",
}
MEANING = ("--won", "closed_won", "--lost", "closed_lost,archived")


@pytest.fixture
def known(figures):
    return figures("processlog_seed1")


@pytest.fixture
def file(folder):
    return folder / "processlog_seed1" / "events.csv"


@pytest.fixture
def reading(file):
    return (file, "--map", ",".join(f"{ours}={theirs}" for ours, theirs in COLUMNS.items()))


def test_rows(file, known):
    history = read_changes(read_table(file), columns=COLUMNS)
    steps = Counter(f"{a.stage} -> {b.stage}" for _, rows in history for a, b in pairwise(rows))

    assert (len(history), len(history.rows)) == (known["cases"], known["events"])
    assert dict(Counter(row.stage for row in history.rows)) == known["entries"]
    assert dict(steps) == known["transitions"]
    assert history.columns == ("lifecycle:transition",)


def test_the_inferred_order_is_the_true_one(oppcore, reading):
    found = oppcore("infer", *reading, *MEANING)

    assert [stage["key"] for stage in found["stages"] if stage["kind"] == "open"] == STAGES


def test_the_question_lists_where_deals_end(oppcore, reading):
    said = oppcore("infer", *reading, code=2)

    assert "archived (408 of 408 deals end there), closed_won (92 of 92 deals end there)" in said


@pytest.mark.parametrize("count", ["touched", "ordered"])
def test_funnel(oppcore, reading, known, count):
    found = oppcore("funnel", *reading, *MEANING, "--count", count)
    expected = [*(known["reach"][stage] for stage in STAGES), known["reach"]["closed_won"]]

    assert [step["count"] for step in found["steps"]] == expected
    assert found["steps"][-1]["cumulative"]["value"] == pytest.approx(known["won_share"], rel=1e-5)


def test_snapshots(oppcore, reading, known):
    for instant, expected in known["as_of_stage"].items():
        found = oppcore("snapshot", *reading, *MEANING, "--as-of", instant)

        assert {s["name"]: s["count"] for s in found["stages"] if s["count"]} == {
            stage: expected[stage] for stage in STAGES if stage in expected
        }
        assert found["won"] == expected["closed_won"]
        assert found["lost"] == expected.get("closed_lost", 0) + expected["archived"]
