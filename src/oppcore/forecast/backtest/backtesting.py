"""Backtesting: every method asked at every origin, and held against what came of the deals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta, tzinfo

from oppcore.errors import Problem
from oppcore.forecast.backtest.backtest import Backtest
from oppcore.forecast.backtest.league import Score, compare_methods, rank_methods, recommend
from oppcore.forecast.backtest.methods import METHODS, NAIVE, Method
from oppcore.forecast.backtest.origin import make_origins
from oppcore.forecast.backtest.trial import Trial, try_methods
from oppcore.funnel.listing import list_ids
from oppcore.history import History, fold_history
from oppcore.pipeline import Pipeline
from oppcore.spelling import choose

__all__ = ["run_backtest"]


def run_backtest(
    history: History,
    pipeline: Pipeline,
    *,
    horizon: timedelta,
    step: timedelta | None = None,
    start: date | None = None,
    end: date | None = None,
    timezone: str | tzinfo | None = None,
    methods: Mapping[str, Method] = METHODS,
    score: Score | str = Score.BRIER,
    alpha: float = 0.05,
    min_judged: float = 0.8,
    min_origins: int = 6,
    min_closed: int = 30,
    min_won: int = 10,
    lenient: bool = False,
) -> Backtest:
    """Give how good each method would have been at foretelling which open deals are won within the horizon.

    At each origin (see `plan_origins`) a method sees only what had happened and had been recorded by then; what came of
    the deals is told by the whole history. `methods` come simplest first; `base_rate` is always among them. The best of
    those that judged at least `min_judged` of the deals is recommended, or rather the simplest that is not
    distinguishably worse than it: p below `alpha` by `compare_losses`, corrected for all comparisons. With fewer than
    `min_origins` origins with deals, or fewer than `min_closed` of these deals closed and `min_won` won within their
    horizons, none is.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`; `ValueError` for settings
    that make no sense and for a method that gives what is no probability of an open deal.
    """
    ranked = choose(Score, score, "score")
    for name, share in (("alpha", alpha), ("min_judged", min_judged)):
        if not 0 <= share <= 1:
            message = f"{name} lies between 0 and 1, not {share}"
            raise ValueError(message)
    past = fold_history(history, pipeline, lenient=lenient)
    tried = {NAIVE: METHODS[NAIVE], **methods}
    settled = history.corrected()
    origins = make_origins(history, pipeline, horizon=horizon, step=step, start=start, end=end, timezone=timezone)
    trials = tuple(try_methods(origin, settled, tried) for origin in origins)
    rows = rank_methods(trials, tuple(tried), ranked)
    enough = [row.method for row in rows if row.judged and row.judged >= min_judged * row.deals]
    able = [method for method in tried if method in enough]
    best = enough[0] if enough else None
    comparisons = () if best is None else compare_methods(trials, able, best, ranked)
    insufficient = tuple(_insufficient(trials, min_origins, min_closed, min_won, able=bool(able)))
    return Backtest(
        horizon=horizon,
        score=ranked,
        alpha=alpha,
        trials=trials,
        rows=rows,
        best=best,
        comparisons=comparisons,
        recommended=None if insufficient or best is None else recommend(able, comparisons, best, alpha=alpha),
        insufficient=insufficient,
        numbers=pipeline.numbers,
        left_out=past.left_out + tuple(_left_out(trials)),
    )


def _insufficient(
    trials: Sequence[Trial], min_origins: int, min_closed: int, min_won: int, *, able: bool
) -> Iterator[Problem]:
    closed = {id for trial in trials for id, yes in zip(trial.ids, trial.closed, strict=True) if yes}
    won = {id for trial in trials for id, yes in zip(trial.ids, trial.won, strict=True) if yes}
    for code, have, need in (
        ("backtest.origins", sum(bool(trial.ids) for trial in trials), min_origins),
        ("backtest.closed", len(closed), min_closed),
        ("backtest.won", len(won), min_won),
    ):
        if have < need:
            yield Problem(code, "", {"have": have, "need": need})
    if not able:
        yield Problem("backtest.judged", "", {})


def _left_out(trials: Sequence[Trial]) -> Iterator[Problem]:
    """Say which deals have no fate, and, where there are amounts, which have none."""
    any_amount = any(amount is not None for trial in trials for amount in trial.amounts)
    worthless = (
        id
        for trial in trials
        for id, amount in zip(trial.ids, trial.amounts, strict=True)
        if amount is None and any_amount
    )
    for code, ids in (
        ("amount.missing", worthless),
        ("backtest.gone", (id for trial in trials for id in trial.gone)),
        ("backtest.recorded_late", (id for trial in trials for id in trial.recorded_late)),
    ):
        if found := tuple(sorted(set(ids))):
            yield list_ids(code, found)
