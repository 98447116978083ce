"""`oppcore score`: the library's scores, in every format."""

import csv
import io
import json
from datetime import timedelta

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.forecast import score_deals
from oppcore.pipeline import load_pipeline


@pytest.fixture
def known(changes, pipeline):
    with open(pipeline) as file:
        return read_changes(read_table(changes)), load_pipeline(file.read())


def test_the_command_says_what_the_library_says(oppcore, changes, pipeline, known):
    expected = score_deals(*known, fields=("stage", "source"), within=timedelta(days=30), half_life=timedelta(days=90))
    ran = oppcore(
        "score",
        changes,
        "--pipeline",
        pipeline,
        "--fields",
        "stage,source",
        "--within",
        "30d",
        "--half-life",
        "90d",
        "--format",
        "json",
    )

    assert json.loads(ran.out) == expected.detail()
    assert expected.rows
    assert all(row.probability for row in expected.rows)


def test_each_deal_is_a_line_of_csv_and_of_the_table(oppcore, changes, pipeline, known):
    expected = score_deals(*known)
    lines = list(csv.DictReader(io.StringIO(oppcore("score", changes, "--pipeline", pipeline, "--format", "csv").out)))
    table = oppcore("score", changes, "--pipeline", pipeline).out

    assert [line["opportunity_id"] for line in lines] == [row.opportunity_id for row in expected.rows]
    assert [float(line["probability"]) for line in lines] == [row.probability for row in expected.rows]
    assert f"learnt from {expected.deals:,} deals, of which {expected.won:,} were won" in table


def test_too_little_history_is_said_in_words(oppcore, tmp_path):
    file = tmp_path / "changes.csv"
    file.write_text("opportunity_id,stage,at\na,new,2026-01-01T00:00Z\nb,sold,2026-01-02T00:00Z\n")
    ran = oppcore("score", file, "--won", "sold", "--lost", "none")

    assert "too little history: 0 of 0 deals were won; it takes 10 of either kind" in ran.out


def test_a_field_or_time_that_there_is_not_is_wrong_usage(oppcore, changes, pipeline):
    ran = oppcore("score", changes, "--pipeline", pipeline, "--fields", "sorce", code=2)
    assert "there is no field 'sorce'; did you mean 'source'" in ran.err
    ran = oppcore("score", changes, "--pipeline", pipeline, "--within", "soon", code=2)
    assert "--within takes a number of days, hours or minutes" in ran.err
