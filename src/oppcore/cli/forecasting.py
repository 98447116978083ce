"""`oppcore forecast`: what a history has brought and may bring, by the method that is asked for."""

from __future__ import annotations

from enum import StrEnum

import click

from oppcore.cli.measures import counting, measuring_command
from oppcore.cli.measuring import ask, setting_option
from oppcore.cli.printing import print_result
from oppcore.cli.reading import PipelineChoice, Reading, listed
from oppcore.forecast import (
    CategoryForecast,
    Forecast,
    ProbabilitySource,
    estimate_stage_probabilities,
    forecast_categories,
    weigh_forecast,
)
from oppcore.forecast.sources import ASKED
from oppcore.measures import find_measure

__all__ = ["Method", "forecast"]

_HISTORY = "history"


class Method(StrEnum):
    """How a forecast is made; but for the first two, by the measure of that name."""

    WEIGHTED = "weighted"
    CATEGORY = "category"
    REVENUE = "revenue"
    CLOSING = "closing"
    NEW_WINS = "new_wins"
    RUN_RATE = "run_rate"


_MONTHLY = (Method.WEIGHTED, Method.CATEGORY)


@measuring_command
@click.option(
    "--method",
    type=click.Choice([str(method) for method in Method]),
    default=str(Method.WEIGHTED),
    show_default=True,
    help=(
        "Amounts times probabilities; the amounts of each category; the range of a period; which open deals will be won"
        " in time; wins of deals to come; how a period goes on."
    ),
)
@setting_option
@click.option(
    "--probability",
    "asked",
    multiple=True,
    metavar="SOURCE,…",
    help="With weighted: whose probability is asked first: own, stage, history (of closed deals). Default: own,stage.",
)
@click.option("--explain", is_flag=True, help="List the deals behind the forecast, and who says what of each.")
def forecast(
    reading: Reading,
    choice: PipelineChoice,
    as_of: str | None,
    known_on: str | None,
    format: str,
    method: str,
    settings: tuple[str, ...],
    asked: tuple[str, ...],
    explain: bool,
) -> None:
    """Show what the deals of CHANGES have brought and may bring, per month and currency.

    Open deals weigh in with their own probability where they have one, else with that of their stage; by category they
    count with all they are worth. Months are those of --timezone. The other methods take settings, as `oppcore measure`
    does (`oppcore measures METHOD` lists them): --method revenue --set period=2026-Q3.
    """
    if method not in _MONTHLY:
        if asked or explain:
            raise click.UsageError(f"--probability and --explain are for {' and '.join(_MONTHLY)}, not for {method}")
        found = ask(find_measure(method), reading, choice, as_of=as_of, known_on=known_on, settings=settings)
        print_result(found, format)
        return
    if settings:
        raise click.UsageError(f"--set is for the other methods; {method} has no settings")
    if reading.timezone is None:
        raise click.UsageError("a forecast counts by month: say whose months with --timezone ZONE, e.g. UTC")
    sources = listed(asked)
    if sources is not None and method != Method.WEIGHTED:
        raise click.UsageError(f"--probability is for --method weighted; {method} uses no probability")
    history, pipeline = reading.read_with(choice)
    when, known = reading.when(as_of, "--as-of"), reading.when(known_on, "--known-on")
    with counting():
        if method == Method.WEIGHTED:
            asking: list[ProbabilitySource | str] = [*(sources or ASKED)]
            if _HISTORY in asking:
                learnt = estimate_stage_probabilities(
                    history, pipeline, as_of=when, known_on=known, timezone=reading.zone(), lenient=reading.lenient
                )
                asking = [ProbabilitySource(_HISTORY, learnt) if one == _HISTORY else one for one in asking]
            result: Forecast | CategoryForecast = weigh_forecast(
                history,
                pipeline,
                probability=asking,
                as_of=when,
                known_on=known,
                timezone=reading.zone(),
                lenient=reading.lenient,
            )
        else:
            result = forecast_categories(
                history, pipeline, as_of=when, known_on=known, timezone=reading.zone(), lenient=reading.lenient
            )
    print_result(result.explain() if explain else result, format)
