"""`oppcore templates` and `oppcore diagram`: pipelines to start from, and pipelines as pictures."""

from __future__ import annotations

import json

import click

from oppcore.cli.printing import print_table, say
from oppcore.cli.reading import PipelineChoice, load_template
from oppcore.pipeline import draw, template, template_keys, template_text, write_pipeline
from oppcore.table import Table

__all__ = ["diagram", "templates"]

_FORMAT = click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.command()
@click.argument("key", metavar="[KEY]", required=False)
@_FORMAT
def templates(key: str | None, format: str) -> None:
    """List the pipelines that come with oppcore, or print one as the document it is.

    oppcore templates full_cycle > pipeline.toml makes it yours: change what you like, its numbers first.
    """
    if key is not None:
        pipeline = load_template(key)
        if format == "json":
            say(json.dumps({"template": key, "pipeline": write_pipeline(pipeline)}, ensure_ascii=False, indent=2))
        else:
            say(template_text(key).rstrip("\n"))
        return
    known = [template(one) for one in template_keys()]
    if format == "json":
        found = [
            {
                "key": one.key,
                "kind": str(one.kind),
                "labels": dict(one.labels),
                "stages": [
                    {"key": stage.key, "kind": str(stage.kind), "labels": dict(stage.labels)} for stage in one.stages
                ],
            }
            for one in known
        ]
        say(json.dumps({"templates": found}, ensure_ascii=False, indent=2))
        return
    print_table(
        Table(
            columns=["template", "English", "中文", "stages"],
            rows=[[one.key, one.label("en"), one.label("zh"), len(one.stages)] for one in known],
            title="Templates",
            notes=("oppcore templates KEY prints one, oppcore diagram --template KEY draws it",),
        )
    )


@click.command()
@click.argument("pipeline", metavar="[PIPELINE]", required=False)
@click.option("--template", "template_key", metavar="KEY", help="Draw a template instead of a file.")
@click.option("--language", default="en", show_default=True, metavar="LANG", help="The language of labels and rules.")
@_FORMAT
def diagram(pipeline: str | None, template_key: str | None, language: str, format: str) -> None:
    """Draw the pipeline in the file PIPELINE as a Mermaid flowchart: stages, moves, gates and policies."""
    found = PipelineChoice(file=pipeline, template=template_key).load()
    if found is None:
        raise click.UsageError("name a pipeline file, or a template with --template KEY")
    try:
        drawn = draw(found, language=language)
    except LookupError as error:
        raise click.UsageError(str(error)) from None
    if format == "json":
        said = {"pipeline": found.key, "revision": found.revision, "language": language, "diagram": drawn}
        say(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        say(drawn.rstrip("\n"))
