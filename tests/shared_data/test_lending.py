"""Lending: 58,822 events of 10,000 cases, gzip, side steps that are no step of the funnel."""

import json
from itertools import pairwise

import pytest

from oppcore.exchange import read_changes, read_table

COLUMNS = {"opportunity_id": "case:concept:name", "stage": "concept:name", "at": "time:timestamp", "seq": "_seq"}
STEPS = [
    "Request Appointment",
    "Set Appointment",
    "Hand In Credit Appliaction",
    "Verify Borrowers Information",
    "Submit File to Underwriter",
]
MEANING = ("--won", "Sign Loan Agreement", "--lost", "Loan Denied,Application Rejected,Appointment Denied")


@pytest.fixture
def known(figures):
    return figures("lending_simulated")


@pytest.fixture
def reading(folder):
    file = folder / "lending_simulated" / "lending_sim.csv.gz"
    return (file, "--map", ",".join(f"{ours}={theirs}" for ours, theirs in COLUMNS.items()))


def test_rows(reading, known):
    history = read_changes(read_table(reading[0]), columns=COLUMNS)

    assert (len(history), len(history.rows)) == (known["cases"], known["events"])
    assert [history.first_at.isoformat(" ")[:19], history.last_at.isoformat(" ")[:19]] == known["time_range"]
    assert history.columns == ("case:CreditScore", "resource")


def test_funnel(oppcore, reading, tmp_path, known):
    pipeline = tmp_path / "lending.json"
    pipeline.write_text(json.dumps(oppcore("infer", *reading, *MEANING)))
    by = {
        count: oppcore("funnel", *reading, "--pipeline", pipeline, "--steps", ",".join(STEPS), "--count", count)[
            "steps"
        ]
        for count in ("touched", "ordered")
    }
    reach, shares = known["stages_reach"], known["stages_conversion_to_next"]
    order = [*STEPS, "Sign Loan Agreement"]

    assert [step["count"] for step in by["touched"]] == [reach[step] for step in order]
    # Cases with a skipped examination are signed without having been submitted.
    signed_in_order = reach["Sign Loan Agreement"] - known["events_by_activity"]["skipped_examination"]
    assert [step["count"] for step in by["ordered"]] == [*(reach[step] for step in STEPS), signed_in_order]
    for step, (before, after) in zip(by["ordered"][1:], pairwise(order), strict=True):
        assert step["step"]["value"] == pytest.approx(shares[f"{before} -> {after}"], rel=1e-5)


def test_snapshot_at_the_end(oppcore, reading, known):
    found = oppcore("snapshot", *reading, *MEANING)

    assert (found["open"], found["won"]) == (0, known["outcomes"]["Sign Loan Agreement"])
    assert found["won"] + found["lost"] == known["cases"]


def test_steps_that_leave_stages_unplaced_are_refused(oppcore, reading):
    assert "Make Visit to Assess Colatteral" in oppcore(
        "funnel", *reading, *MEANING, "--steps", ",".join(STEPS), code=2
    )
