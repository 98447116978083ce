"""`oppcore check` and `oppcore infer`: is this a pipeline, and which pipeline does this history show?"""

from __future__ import annotations

import json
from typing import Any

import click

from oppcore.cli.printing import complain, print_table, say
from oppcore.cli.reading import Reading, load_pipeline_file, reading_options
from oppcore.errors import InvalidPipeline
from oppcore.pipeline import Pipeline, dump_pipeline, write_pipeline
from oppcore.table import Table

__all__ = ["check", "infer"]


@click.command()
@click.argument("pipeline", metavar="PIPELINE")
@click.option("--format", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_context
def check(context: click.Context, pipeline: str, format: str) -> None:
    """Say what the pipeline in the file PIPELINE is, or everything that is wrong with it.

    Exits with 1 where there are faults.
    """
    try:
        found = load_pipeline_file(pipeline)
    except InvalidPipeline as error:
        if format == "json":
            say(_json({"pipeline": None, "problems": error.detail()["problems"]}))
        else:
            complain(f"{pipeline}: {error}")
        context.exit(1)
    if format == "json":
        say(_json({"pipeline": write_pipeline(found), "problems": []}))
    else:
        print_table(_describe(found))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _describe(pipeline: Pipeline) -> Table:
    rows = [
        [
            stage.key,
            str(stage.kind),
            None if stage.probability is None else f"{stage.probability:.0%}",
            len(stage.entry) + len(stage.stay) or None,
            len(stage.exit) or None,
            ", ".join(stage.roles) or None,
        ]
        for stage in pipeline.stages
    ]
    allowed = [str(direction) for direction, policy in pipeline.flow if policy.allowed]
    refused = [str(direction) for direction, policy in pipeline.flow if not policy.allowed]
    notes = [
        f"deals open in: {', '.join(pipeline.entries)}",
        f"moves allowed: {', '.join(allowed) or 'none'}; never: {', '.join(refused) or 'none'}",
    ]
    if pipeline.reasons:
        notes.append("reasons: " + ", ".join(f"{reason.key} ({reason.outcome})" for reason in pipeline.reasons))
    return Table(
        columns=["stage", "kind", "probability", "to enter", "to leave", "roles"],
        rows=rows,
        title=f"Pipeline {pipeline.key}, revision {pipeline.revision}: no faults",
        notes=tuple(notes),
    )


@click.command()
@click.option("--key", default="inferred", show_default=True, help="The key of the pipeline.")
@click.option("--format", type=click.Choice(["toml", "json"]), default="toml", show_default=True)
@reading_options
def infer(reading: Reading, key: str, format: str) -> None:
    """Write the pipeline that the history in CHANGES shows.

    The stages come in the order in which deals meet them; say with --won and --lost which of them mean what (or none).
    """
    pipeline = reading.infer(reading.read(), key)
    say(dump_pipeline(pipeline, format="json" if format == "json" else "toml").rstrip("\n"))
