"""`oppcore backtest`: a change table in, a league table of the ways of forecasting out."""

from __future__ import annotations

import click

from oppcore.cli.measures import counting
from oppcore.cli.printing import FORMATS, print_result
from oppcore.cli.reading import PipelineChoice, Reading, listed, pipeline_option, reading_options
from oppcore.cli.settings import read_time
from oppcore.forecast import METHODS, Method, Score, run_backtest
from oppcore.spelling import hint

__all__ = ["backtest"]


@click.command()
@reading_options
@pipeline_option
@click.option("--horizon", metavar="TIME", default="30d", show_default=True, help="How far a forecast looks ahead.")
@click.option("--step", metavar="TIME", help="The time from one origin to the next. Default: the horizon.")
@click.option("--start", metavar="T", help="The first origin. Default: after a third of the time of the history.")
@click.option("--end", metavar="T", help="When the last horizon is over at the latest. Default: the last change.")
@click.option("--method", "names", multiple=True, metavar="NAME,…", help="Only these methods, the simplest first.")
@click.option(
    "--score",
    type=click.Choice([str(score) for score in Score]),
    default=str(Score.BRIER),
    show_default=True,
    help="What the methods are ranked by.",
)
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
def backtest(
    reading: Reading,
    choice: PipelineChoice,
    horizon: str,
    step: str | None,
    start: str | None,
    end: str | None,
    names: tuple[str, ...],
    score: str,
    format: str,
) -> None:
    """Show how good each way of forecasting would have been on CHANGES, and recommend one.

    At each origin a method says how likely each open deal is to be won within the horizon, knowing only what had been
    recorded by then. Where there is too little history, insufficient_history is said instead of a recommendation.
    """
    methods = _methods(listed(names))
    ahead, between = read_time(horizon, "--horizon"), None if step is None else read_time(step, "--step")
    history, pipeline = reading.read_with(choice)
    with counting():
        result = run_backtest(
            history,
            pipeline,
            horizon=ahead,
            step=between,
            start=reading.when(start, "--start"),
            end=reading.when(end, "--end"),
            timezone=reading.zone(),
            methods=methods,
            score=score,
            lenient=reading.lenient,
        )
    print_result(result, format)


def _methods(names: tuple[str, ...] | None) -> dict[str, Method]:
    if names is None:
        return dict(METHODS)
    for name in names:
        if name not in METHODS:
            raise click.UsageError(f"there is no method {name!r}; {hint(name, tuple(METHODS))}")
    return {name: METHODS[name] for name in names}
