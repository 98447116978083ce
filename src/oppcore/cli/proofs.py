"""`oppcore prove`: does the pipeline guarantee what it claims?"""

from __future__ import annotations

import json
from typing import Any

import click

from oppcore.cli.printing import complain, say
from oppcore.cli.reading import load_pipeline_file
from oppcore.criteria import Undecided
from oppcore.errors import InvalidPipeline, Problem
from oppcore.messages import find_languages
from oppcore.pipeline import Claim, Pipeline
from oppcore.proof import Allowance, Answer, Proved, Refuted, prove_claims

__all__ = ["find_obstacle", "prove"]

_OBSTACLES = {
    "budget": "undecided.budget",
    "locks": "undecided.locks",
    "clocks": "undecided.clocks",
    "approvals": "undecided.approvals",
    "record": "undecided.record",
    "corrections": "undecided.corrections",
}


@click.command()
@click.argument("pipeline", metavar="PIPELINE")
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--language", type=click.Choice(find_languages()), default="en", show_default=True)
@click.option(
    "--allowing",
    type=click.Choice([str(one) for one in Allowance]),
    multiple=True,
    help="What may happen to deals beside their moves; repeatable.",
)
@click.option("--allow-undecided", is_flag=True, help="Exit with 0 where nothing worse than undecided comes out.")
@click.pass_context
def prove(
    context: click.Context, pipeline: str, format: str, language: str, allowing: tuple[str, ...], allow_undecided: bool
) -> None:
    """Prove each claim of the pipeline in the file PIPELINE, or tell a story in which it fails.

    Exits with 1 where a claim is refuted or left undecided.
    """
    try:
        found = load_pipeline_file(pipeline)
    except InvalidPipeline as error:
        raise click.ClickException(f"{pipeline}: {error}") from None
    answers = tuple(zip(found.claims, prove_claims(found, allowing=allowing), strict=True))
    if format == "json":
        say(json.dumps(_detail(found, answers, language), ensure_ascii=False, indent=2))
    elif answers:
        say("\n\n".join(_told(found, claim, answer, language) for claim, answer in answers))
    else:
        complain(f"{pipeline}: {Problem('claims.none').text(language)}")
    fine = (Proved, Undecided) if allow_undecided else Proved
    if not all(isinstance(answer, fine) for _, answer in answers):
        context.exit(1)


def _label(claim: Claim, language: str) -> str:
    return dict(claim.labels).get(language, claim.key)


def _verdict(claim: Claim, answer: Answer, language: str) -> Problem:
    name = {"claim": _label(claim, language)}
    match answer:
        case Proved():
            return Problem("claim.proved", "", name)
        case Refuted():
            return Problem("claim.refuted", "", name)
        case Undecided():
            return Problem("claim.undecided", "", name, (find_obstacle(answer),))


def find_obstacle(answer: Undecided) -> Problem:
    """Say what stands in the way of an answer."""
    if answer.what in _OBSTACLES:
        return Problem(_OBSTACLES[answer.what], "", {"budget": answer.budget})
    return Problem("undecided.other", "", {"what": answer.what})


def _told(pipeline: Pipeline, claim: Claim, answer: Answer, language: str) -> str:
    names = pipeline.names(language)
    lines = [_verdict(claim, answer, language).text(language)]
    match answer:
        case Proved(assumptions):
            lines += [f"- {one.text(language, names=names)}" for one in assumptions]
        case Refuted(story):
            lines.append(story.tell(language, names=names))
        case Undecided():
            pass
    return "\n".join(lines).replace("\n", "\n  ")


def _detail(pipeline: Pipeline, answers: tuple[tuple[Claim, Answer], ...], language: str) -> dict[str, Any]:
    names = pipeline.names(language)

    def plain(problem: Problem) -> dict[str, Any]:
        return {**problem.detail(), "message": problem.text(language, names=names)}

    return {
        "pipeline": pipeline.key,
        "revision": pipeline.revision,
        "claims": [
            {
                "key": claim.key,
                "label": _label(claim, language),
                "answer": type(answer).__name__.lower(),
                "assumptions": [plain(one) for one in answer.assumptions] if isinstance(answer, Proved) else [],
                "story": [plain(one) for one in answer.story.lines] if isinstance(answer, Refuted) else [],
                "undecided": plain(find_obstacle(answer)) if isinstance(answer, Undecided) else None,
            }
            for claim, answer in answers
        ],
    }
