"""`oppcore score`: how likely each open deal is to be won, and why."""

from __future__ import annotations

import click

from oppcore.cli.measures import counting, measuring_command
from oppcore.cli.printing import print_result
from oppcore.cli.reading import PipelineChoice, Reading, listed
from oppcore.cli.settings import read_time
from oppcore.forecast import SCORED_FIELDS, score_deals

__all__ = ["score"]


@measuring_command
@click.option("--fields", multiple=True, metavar="FIELD,…", help=f"What is looked at; {', '.join(SCORED_FIELDS)}.")
@click.option(
    "--within", metavar="TIME", help="The probability of being won within this time: 30d. Default: in the end."
)
@click.option(
    "--half-life", metavar="TIME", help="What lies this far back counts half: 180d. Default: all counts alike."
)
def score(
    reading: Reading,
    choice: PipelineChoice,
    as_of: str | None,
    known_on: str | None,
    format: str,
    fields: tuple[str, ...],
    within: str | None,
    half_life: str | None,
) -> None:
    """Show how likely each open deal of CHANGES is to be won, and what speaks for and against it.

    It is learnt from what came of the deals of CHANGES up to --as-of, and was known by then.
    """
    history, pipeline = reading.read_with(choice)
    with counting():
        result = score_deals(
            history,
            pipeline,
            as_of=reading.when(as_of, "--as-of"),
            known_on=reading.when(known_on, "--known-on"),
            timezone=reading.zone(),
            fields=listed(fields) or SCORED_FIELDS,
            within=None if within is None else read_time(within, "--within"),
            half_life=None if half_life is None else read_time(half_life, "--half-life"),
            lenient=reading.lenient,
        )
    print_result(result, format)
