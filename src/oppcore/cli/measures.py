"""`oppcore funnel` and `oppcore snapshot`: a change table in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import click

from oppcore.cli.printing import FORMATS, busy, print_result
from oppcore.cli.reading import PipelineChoice, Reading, listed, pipeline_option, reading_options
from oppcore.cli.settings import read_time
from oppcore.errors import OppcoreError
from oppcore.funnel import Cohort, CountingRule, EntryRule, measure_funnel
from oppcore.funnel.sample import LAST
from oppcore.history import take_snapshot
from oppcore.periods import read_period

__all__ = ["counting", "funnel", "measuring_command", "snapshot"]

_OPTIONS = (
    click.option("--as-of", metavar="T", help="An instant, or a date: the end of that day. Default: the last change."),
    click.option("--known-on", metavar="T", help="Leave out what was recorded later."),
    click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True),
)


def measuring_command(command: Callable[..., Any]) -> click.Command:
    """Make a command of a function of `reading`, `choice`, `as_of`, `known_on`, `format` and its own options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.command()(reading_options(pipeline_option(command)))


@contextmanager
def counting() -> Generator[None, None, None]:
    """Show that it goes on; a setting the measure does not take is wrong usage."""
    try:
        with busy("counting"):
            yield
    except OppcoreError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@measuring_command
@click.option(
    "--count",
    type=click.Choice([str(rule) for rule in CountingRule]),
    default=str(CountingRule.ORDERED),
    show_default=True,
    help="What it takes to be counted in a step.",
)
@click.option("--window", metavar="TIME", help="Count what happened within this time of the first step: 30d, 12h, 90m.")
@click.option(
    "--entry",
    type=click.Choice([str(rule) for rule in EntryRule]),
    default=str(EntryRule.ANY),
    show_default=True,
    help="Which entries into the first step may begin a way through the steps.",
)
@click.option("--exclude", multiple=True, metavar="STAGE,…", help="Stages that end a way through the steps.")
@click.option("--cohort", metavar="PERIOD", help="Only deals created in 2026, 2026-Q1, 2026-03 or START..END.")
@click.option("--entered", metavar="STAGE", help="With --cohort: deals that first entered this stage then, or won.")
@click.option("--by", metavar="COLUMN", help="One funnel for each value of this column.")
@click.option(
    "--attribution",
    metavar="WHICH",
    default=LAST,
    show_default=True,
    help="With --by: the value said last, the first, or the one that held when this step was entered.",
)
def funnel(
    reading: Reading,
    choice: PipelineChoice,
    as_of: str | None,
    known_on: str | None,
    format: str,
    count: str,
    window: str | None,
    entry: str,
    exclude: tuple[str, ...],
    cohort: str | None,
    entered: str | None,
    by: str | None,
    attribution: str,
) -> None:
    """Show how many deals of CHANGES reached each step.

    With --pipeline or --template, --steps picks the steps to be counted.
    """
    history, pipeline = reading.read_with(choice, money=by == "currency", picks=True)
    with counting():
        result = measure_funnel(
            history,
            pipeline,
            count=count,
            as_of=reading.when(as_of, "--as-of"),
            known_on=reading.when(known_on, "--known-on"),
            timezone=reading.zone(),
            by=by,
            attribution=attribution,
            steps=reading.picked_steps(),
            window=None if window is None else read_time(window, "--window"),
            entry=entry,
            exclude=listed(exclude) or (),
            cohort=_cohort(cohort, entered, reading),
            lenient=reading.lenient,
        )
    print_result(result, format)


def _cohort(period: str | None, entered: str | None, reading: Reading) -> Cohort | None:
    if period is None:
        if entered is not None:
            raise click.UsageError("--entered says which stage a --cohort entered: say when with --cohort PERIOD")
        return None
    if reading.timezone is None:
        raise click.UsageError("a cohort is made of days: say whose days with --timezone ZONE, e.g. UTC")
    return Cohort(read_period(period), entered)


@measuring_command
def snapshot(reading: Reading, choice: PipelineChoice, as_of: str | None, known_on: str | None, format: str) -> None:
    """Show where the deals of CHANGES stood at an instant, and what they were worth."""
    history, pipeline = reading.read_with(choice)
    with counting():
        result = take_snapshot(
            history,
            pipeline,
            as_of=reading.when(as_of, "--as-of"),
            known_on=reading.when(known_on, "--known-on"),
            timezone=reading.zone(),
            lenient=reading.lenient,
        )
    print_result(result, format)
