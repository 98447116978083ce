"""`oppcore funnel`, `oppcore snapshot` and `oppcore forecast`: a change table in, numbers out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import click

from oppcore.cli.printing import FORMATS, busy, print_result
from oppcore.cli.reading import PipelineChoice, Reading, pipeline_option, reading_options
from oppcore.errors import OppcoreError
from oppcore.forecast import weigh_forecast
from oppcore.funnel import CountingRule, measure_funnel
from oppcore.history import take_snapshot

__all__ = ["forecast", "funnel", "snapshot"]

_OPTIONS = (
    click.option("--as-of", metavar="T", help="An instant, or a date: the end of that day. Default: the last change."),
    click.option("--known-on", metavar="T", help="Leave out what was recorded later."),
    click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True),
)


def _measure(command: Callable[..., Any]) -> click.Command:
    """Make a command of a function of `reading`, `choice`, `as_of`, `known_on`, `format` and its own options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.command()(reading_options(pipeline_option(command)))


@contextmanager
def _counting() -> Generator[None, None, None]:
    """Show that it goes on; a setting the measure does not take is wrong usage."""
    try:
        with busy("counting"):
            yield
    except OppcoreError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@_measure
@click.option(
    "--count",
    type=click.Choice([str(rule) for rule in CountingRule]),
    default=str(CountingRule.ORDERED),
    show_default=True,
    help="What it takes to be counted in a step.",
)
@click.option("--by", metavar="COLUMN", help="One funnel for each value of this column.")
def funnel(
    reading: Reading,
    choice: PipelineChoice,
    as_of: str | None,
    known_on: str | None,
    format: str,
    count: str,
    by: str | None,
) -> None:
    """Show how many deals of CHANGES reached each step.

    With --pipeline or --template, --steps picks the steps to be counted.
    """
    history, pipeline = reading.read_with(choice, money=by == "currency", picks=True)
    with _counting():
        result = measure_funnel(
            history,
            pipeline,
            count=count,
            as_of=reading.when(as_of, "--as-of"),
            known_on=reading.when(known_on, "--known-on"),
            timezone=reading.zone(),
            by=by,
            steps=reading.picked_steps(),
            lenient=reading.lenient,
        )
    print_result(result, format)


@_measure
def snapshot(reading: Reading, choice: PipelineChoice, as_of: str | None, known_on: str | None, format: str) -> None:
    """Show where the deals of CHANGES stood at an instant, and what they were worth."""
    history, pipeline = reading.read_with(choice)
    with _counting():
        result = take_snapshot(
            history,
            pipeline,
            as_of=reading.when(as_of, "--as-of"),
            known_on=reading.when(known_on, "--known-on"),
            timezone=reading.zone(),
            lenient=reading.lenient,
        )
    print_result(result, format)


@_measure
def forecast(reading: Reading, choice: PipelineChoice, as_of: str | None, known_on: str | None, format: str) -> None:
    """Show what the deals of CHANGES have brought and may bring, per month and currency.

    Open deals weigh in with the probability of their stage, or their own where they have one. Months are those of
    --timezone.
    """
    if reading.timezone is None:
        raise click.UsageError("a forecast counts by month: say whose months with --timezone ZONE, e.g. UTC")
    history, pipeline = reading.read_with(choice)
    with _counting():
        result = weigh_forecast(
            history,
            pipeline,
            as_of=reading.when(as_of, "--as-of"),
            known_on=reading.when(known_on, "--known-on"),
            timezone=reading.zone(),
            lenient=reading.lenient,
        )
    print_result(result, format)
