"""Win scores on deals nobody here has made up: learnt from the earlier half, held against the later."""

import pytest

from oppcore.exchange import read_changes, read_table
from oppcore.forecast import fit_bayes, measure_calibration
from oppcore.forecast.scoring.moments import find_moments, find_stays
from oppcore.funnel import measure_stage_win_rates
from oppcore.history import fold_history, infer_pipeline, make_history


@pytest.fixture
def leadforge(folder):
    history = read_changes(
        read_table(folder / "leadforge_seed42" / "stage_history.csv"),
        columns={"opportunity_id": "lead_id", "stage": "to_stage"},
        records=read_table(folder / "leadforge_seed42" / "leads.csv"),
        record_columns={"opportunity_id": "lead_id", "owner_id": "owner"},
        timezone="UTC",
        currency="USD",
    )
    return history, infer_pipeline(history, won=["closed_won"], lost=["closed_lost"])


@pytest.fixture
def processlog(folder):
    columns = {"opportunity_id": "case:concept:name", "stage": "concept:name", "at": "time:timestamp"}
    table = read_table(folder / "processlog_seed1" / "events.csv")
    history = read_changes(table, columns={**columns, "owner_id": "org:resource"})
    return history, infer_pipeline(history, won=["closed_won"], lost=["closed_lost", "archived"])


@pytest.mark.parametrize("name", ["leadforge", "processlog"])
def test_scores_beat_a_weighted_pipeline_and_are_no_worse_than_stage_frequencies(name, request):
    history, pipeline = request.getfixturevalue(name)
    ids = [id for _, id in sorted((rows[0].at, id) for id, rows in history)]
    early = set(ids[: len(ids) // 2])
    learnt_from = make_history(row for row in history.rows if row.opportunity_id in early)
    model = fit_bayes(learnt_from, pipeline)
    rates = {row.name: float(row.rate.value) for row in measure_stage_win_rates(learnt_from, pipeline).rows}
    late = make_history(row for row in history.rows if row.opportunity_id not in early)
    past = fold_history(late, pipeline)
    # A moment for each stay of a deal, in its middle.
    stays = [[stay] for deal in find_stays(late, past, pipeline) for stay in deal]
    known = {moment.opportunity_id: moment.won for moment in find_moments(stays, past, model.reader)}
    held = [
        (standing, start + (end - start) / 2) for ((standing, start, end),) in stays if standing.opportunity_id in known
    ]
    stages = [stage.key for stage in pipeline.open_stages]
    said = {
        "score": [model.score(standing, at=at).probability for standing, at in held],
        "frequency": [rates[standing.state.stage] for standing, _ in held],
        "weighted": [(stages.index(standing.state.stage) + 1) / (len(stages) + 1) for standing, _ in held],
    }
    outcomes = [known[standing.opportunity_id] for standing, _ in held]
    for figure in ("log_loss", "brier"):
        found = {way: measure_calibration(some, outcomes).figures()[figure] for way, some in said.items()}
        assert found["score"] < 0.97 * found["weighted"]
        assert found["score"] < 1.01 * found["frequency"]
