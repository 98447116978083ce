"""How good the probabilities of `fit_bayes` are next to stage frequencies, a weighted pipeline and gradient boosting.

Deals are put in the order in which they were opened. What is learnt is learnt from the earlier half; the later half is
scored at every `STEP` days at which a deal was open, and held against what came of it: won in the end (deals that are
closed), and won within 30 days (moments that had them). The weighted pipeline has evenly rising stage probabilities, as
CRMs come with; scikit-learn gets the same fields at the same moments.

Usage: pip install scikit-learn; python bench/scores.py [folder with the shared data sets]
"""

import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from oppcore.exchange import read_changes, read_table
from oppcore.forecast import fit_bayes, measure_calibration
from oppcore.forecast.scoring.moments import find_stays
from oppcore.funnel import measure_stage_win_rates
from oppcore.history import History, Standing, fold_history, infer_pipeline, make_history
from oppcore.pipeline import Pipeline

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
DAY = timedelta(days=1)
WITHIN = 30 * DAY
Judge = Callable[[Standing, datetime], float]
Case = tuple[Standing, datetime, bool]


def leadforge() -> tuple[History, Pipeline, float]:
    folder = FOLDER / "leadforge_seed42"
    history = read_changes(
        read_table(folder / "stage_history.csv"),
        columns={"opportunity_id": "lead_id", "stage": "to_stage"},
        records=read_table(folder / "leads.csv"),
        record_columns={"opportunity_id": "lead_id", "owner_id": "owner"},
        timezone="UTC",
        currency="USD",
    )
    return history, infer_pipeline(history, won=["closed_won"], lost=["closed_lost"]), 3.0


def processlog() -> tuple[History, Pipeline, float]:
    columns = {"opportunity_id": "case:concept:name", "stage": "concept:name", "at": "time:timestamp"}
    columns["owner_id"] = "org:resource"
    history = read_changes(read_table(FOLDER / "processlog_seed1" / "events.csv"), columns=columns)
    return history, infer_pipeline(history, won=["closed_won"], lost=["closed_lost", "archived"]), 0.25


def halves(history: History) -> tuple[History, History]:
    ids = sorted((rows[0].at, id) for id, rows in history)
    early = {id for _, id in ids[: len(ids) // 2]}
    parts = (
        [row for row in history.rows if row.opportunity_id in early],
        [row for row in history.rows if row.opportunity_id not in early],
    )
    return make_history(parts[0]), make_history(parts[1])


def cases(history: History, pipeline: Pipeline, step: float, within: timedelta | None) -> Iterator[Case]:
    """Give how each deal stood at every step, and what came of it."""
    past = fold_history(history, pipeline)
    trails = {trail.opportunity_id: trail for trail in past.trails}
    for deal in find_stays(history, past, pipeline):
        for standing, start, end in deal:
            trail = trails[standing.opportunity_id]
            steps = (start - standing.opened_at) // (step * DAY) + 1
            while (at := standing.opened_at + (steps - 0.5) * step * DAY) < end:
                steps += 1
                if at < start:
                    continue
                if within is None and trail.standing is not None and trail.standing.closed_at is not None:
                    yield standing, at, trail.standing.outcome == "won"
                elif within is not None and at + within <= past.as_of:
                    yield standing, at, any(c.outcome == "won" and at < c.at <= at + within for c in trail.closings)


def bayes(history: History, pipeline: Pipeline, within: timedelta | None, _step: float) -> Judge:
    model = fit_bayes(history, pipeline, within=within)
    return lambda standing, at: model.score(standing, at=at).probability or 0.0


def frequencies(history: History, pipeline: Pipeline, _within: timedelta | None, _step: float) -> Judge:
    """The share won of the closed deals that were in the stage."""
    rates = measure_stage_win_rates(history, pipeline)
    shares = {row.name: float(row.rate.value or 0) for row in rates.rows}
    return lambda standing, _: shares.get(standing.state.stage, 0.0)


def moments(history: History, pipeline: Pipeline, within: timedelta | None, step: float) -> Judge:
    """The share of the moments in the stage that were followed by winning (in time): what a stage can say at best."""
    found: dict[str, list[bool]] = {}
    for standing, _, won in cases(history, pipeline, step, within):
        found.setdefault(standing.state.stage, []).append(won)
    shares = {stage: sum(won) / len(won) for stage, won in found.items()}
    return lambda standing, _: shares.get(standing.state.stage, 0.0)


def weighted(_history: History, pipeline: Pipeline, _within: timedelta | None, _step: float) -> Judge:
    stages = [stage.key for stage in pipeline.open_stages]
    return lambda standing, _: (stages.index(standing.state.stage) + 1) / (len(stages) + 1)


def boosting(history: History, pipeline: Pipeline, within: timedelta | None, step: float) -> Judge:
    try:
        import numpy as np
        from sklearn.ensemble import GradientBoostingClassifier
    except ImportError:
        raise SystemExit("this compares with scikit-learn: pip install scikit-learn") from None
    stages = [stage.key for stage in pipeline.open_stages]
    known = list(cases(history, pipeline, step, within))
    owners = sorted({str(standing.owner_id) for standing, *_ in known})
    sources = sorted({str(standing.source) for standing, *_ in known})

    def row(standing: Standing, at: datetime) -> list[float]:
        return [
            stages.index(standing.state.stage),
            (at - standing.entered_at) / DAY,
            -1.0 if standing.amount is None else float(standing.amount.amount),
            *(str(standing.owner_id) == owner for owner in owners),
            *(str(standing.source) == source for source in sources),
        ]

    model = GradientBoostingClassifier(random_state=0, n_estimators=60, max_depth=3, learning_rate=0.05, subsample=0.5)
    model.fit(np.array([row(standing, at) for standing, at, _ in known]), [won for *_, won in known])
    return lambda standing, at: float(model.predict_proba(np.array([row(standing, at)]))[0, 1])


def main() -> None:
    judges = {
        "bayes": bayes,
        "stage frequencies": frequencies,
        "moments in the stage": moments,
        "weighted pipeline": weighted,
        "boosting": boosting,
    }
    for name, load in (("leadforge_seed42", leadforge), ("processlog_seed1", processlog)):
        history, pipeline, step = load()
        early, late = halves(history)
        for within in (None, WITHIN):
            held = list(cases(late, pipeline, step, within))
            print(f"\n{name}, won {'in the end' if within is None else 'within 30 days'}: {len(held):,} moments")
            print(f"{'':22}{'log loss':>10}{'Brier':>10}{'slope':>8}{'AUC':>8}{'seconds':>9}")
            for judge, make in judges.items():
                start = perf_counter()
                score = make(early, pipeline, within, step)
                taken = perf_counter() - start
                found = measure_calibration(
                    [score(standing, at) for standing, at, _ in held], [won for *_, won in held], clip=1e-3
                )
                slope = float("nan") if found.slope is None else found.slope
                print(f"{judge:22}{found.log_loss:10.4f}{found.brier:10.4f}{slope:8.2f}{found.auc:8.3f}{taken:9.2f}")


if __name__ == "__main__":
    main()
