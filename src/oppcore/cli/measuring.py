"""`oppcore measures` and `oppcore measure`: every measure by its name."""

from __future__ import annotations

import json
from typing import Any

import click

from oppcore.cli.measures import counting, measuring_command
from oppcore.cli.printing import FORMATS, print_result, print_table, say
from oppcore.cli.reading import PipelineChoice, Reading
from oppcore.cli.settings import GIVEN, describe, read_settings
from oppcore.measures import MEASURES, Measure, find_measure
from oppcore.table import Table

__all__ = ["ask", "measure", "measures", "setting_option"]

setting_option = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of the measure; repeatable."
)


def _settings(one: Measure) -> dict[str, str]:
    said = {name: describe(hint) for name, hint in one.settings.items() if name not in GIVEN}
    return {name: text for name, text in said.items() if text}


@click.command()
@click.argument("name", required=False)
@click.option("--format", type=click.Choice(FORMATS[:2]), default="table", show_default=True)
def measures(name: str | None, format: str) -> None:
    """Show what can be measured; of the measure NAME, its settings."""
    chosen = MEASURES if name is None else (_find(name),)
    if format == "json":
        found = [
            {"name": one.name, "answers": one.answers, "settings": _settings(one), "needs": list(_needs(one))}
            for one in chosen
        ]
        say(json.dumps(found, ensure_ascii=False, indent=2))
    elif name is None:
        print_table(Table(columns=["measure", "answers"], rows=[[one.name, one.answers] for one in chosen]))
    else:
        rows = [[key, "yes" if key in _needs(chosen[0]) else "", text] for key, text in _settings(chosen[0]).items()]
        print_table(Table(columns=["setting", "needed", "written as"], rows=rows, title=chosen[0].answers))


def _needs(one: Measure) -> tuple[str, ...]:
    return tuple(name for name in one.needs if name not in GIVEN)


def _find(name: str) -> Measure:
    try:
        return find_measure(name)
    except LookupError as error:
        raise click.UsageError(error.args[0]) from None


@measuring_command
@setting_option
def measure(
    name: str,
    reading: Reading,
    choice: PipelineChoice,
    as_of: str | None,
    known_on: str | None,
    format: str,
    settings: tuple[str, ...],
) -> None:
    """Measure CHANGES by the measure NAME; `oppcore measures` lists them, `oppcore measures NAME` their settings."""
    print_result(ask(_find(name), reading, choice, as_of=as_of, known_on=known_on, settings=settings), format)


measure.params.insert(0, click.Argument(["name"], metavar="NAME"))


def ask(
    one: Measure,
    reading: Reading,
    choice: PipelineChoice,
    *,
    as_of: str | None,
    known_on: str | None,
    settings: tuple[str, ...],
) -> Any:
    """Give the result of a measure by its settings as they are written at the command line."""
    name, hints = one.name, one.settings
    given: dict[str, Any] = read_settings(settings, hints, reading)
    if missing := [need for need in _needs(one) if need not in given]:
        wanted = ", ".join(f"--set {need}=… ({describe(hints[need])})" for need in missing)
        raise click.UsageError(f"{name} needs {wanted}")
    common: dict[str, Any] = {
        "as_of": reading.when(as_of, "--as-of"),
        "known_on": reading.when(known_on, "--known-on"),
        "timezone": reading.zone(),
        "lenient": reading.lenient,
    }
    if "as_of" not in hints and as_of is not None:
        raise click.UsageError(f"{name} has no --as-of: it takes {', '.join(_settings(one))}")
    if reading.timezone is None and "timezone" in one.needs:
        raise click.UsageError(f"{name} counts by days: say whose days with --timezone ZONE, e.g. UTC")
    history, pipeline = reading.read_with(choice)
    with counting():
        return one.of(history, pipeline, **{key: value for key, value in common.items() if key in hints}, **given)
