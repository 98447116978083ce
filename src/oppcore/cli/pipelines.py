"""`oppcore check`, `schema` and `infer`: what is wrong with a pipeline, what is one, and which does a history show?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from oppcore.cli.printing import busy, complain, print_table, say
from oppcore.cli.reading import Reading, load_pipeline_file, reading_options
from oppcore.errors import InvalidPipeline
from oppcore.pipeline import Pipeline, dump_pipeline, write_pipeline
from oppcore.pipeline.schema import pipeline_schema
from oppcore.proof import Finding, Severity
from oppcore.proof import check as find_findings
from oppcore.table import Table

__all__ = ["check", "infer", "schema"]


@click.command()
@click.argument("pipeline", metavar="PIPELINE")
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("--format", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.pass_context
def check(context: click.Context, pipeline: str, strict: bool, format: str) -> None:
    """Say what the pipeline in the file PIPELINE is, and everything that is wrong with it or doubtful.

    Exits with 1 where there are errors: faults that keep it from being read, stages nobody can reach or leave, gates
    nobody can pass.
    """
    try:
        found = load_pipeline_file(pipeline)
    except InvalidPipeline as error:
        if format == "json":
            faults = [Finding(Severity.ERROR, problem).detail() for problem in error.problems]
            say(_json({"pipeline": None, "problems": faults}))
        else:
            complain(f"{pipeline}: {error}")
        context.exit(1)
    with busy("checking"):
        findings = find_findings(found)
    if format == "json":
        say(_json({"pipeline": write_pipeline(found), "problems": [finding.detail() for finding in findings]}))
    else:
        print_table(_describe(found, findings))
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in failing for finding in findings):
        context.exit(1)


@click.command()
def schema() -> None:
    """Write the JSON Schema of pipeline documents, for editors that help while one is written."""
    say(_json(pipeline_schema()))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _count(findings: Sequence[Finding]) -> str:
    numbers = [(sum(finding.severity is one for finding in findings), one) for one in Severity]
    counted = ", ".join(f"{number} {one}{'s' * (number > 1)}" for number, one in numbers if number)
    return counted if numbers[0][0] else "; ".join(["no faults", counted]).removesuffix("; ")


def _describe(pipeline: Pipeline, findings: Sequence[Finding]) -> Table:
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
    notes += [f"{finding.severity}: {finding}" for finding in findings]
    return Table(
        columns=["stage", "kind", "probability", "to enter", "to leave", "roles"],
        rows=rows,
        title=f"Pipeline {pipeline.key}, revision {pipeline.revision}: {_count(findings)}",
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
