"""What is declared beside moves and gates: defaults that fall, words nobody uses, labels that are not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from oppcore.criteria import Answered, Approved, Role
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline, Stage, Waivable, rules_of
from oppcore.proof.findings import Finding, Severity
from oppcore.proof.places import all_leaves, criteria_of
from oppcore.records import ForecastCategory, Outcome
from oppcore.spelling import suggest

__all__ = ["find_in_declarations", "named_roles"]

_SURENESS = (
    ForecastCategory.PIPELINE,
    ForecastCategory.BEST_CASE,
    ForecastCategory.MOST_LIKELY,
    ForecastCategory.COMMIT,
)
_MOST_NAMED = 5


def find_in_declarations(pipeline: Pipeline) -> Iterator[Finding]:
    """Find what is doubtful in what a pipeline declares."""
    yield from _falling(pipeline)
    yield from _days(pipeline)
    yield from _reasons(pipeline)
    yield from _labels(pipeline)
    yield from _items(pipeline)
    yield from _approvals(pipeline)
    yield from _overrides(pipeline)
    yield from _roles(pipeline)


def _falling(pipeline: Pipeline) -> Iterator[Finding]:
    """Find open stages whose defaults say less than those of an earlier stage."""
    likeliest: Stage | None = None
    surest: Stage | None = None
    for stage in pipeline.open_stages:
        if stage.archived:
            continue
        path = f"stages.{stage.key}"
        if (have := stage.probability) is not None:
            if likeliest is not None and likeliest.probability is not None and have < likeliest.probability:
                params: dict[str, Any] = {"have": have, "need": likeliest.probability, "stage": likeliest.key}
                problem = Problem("stage.probability_falls", f"{path}.probability", params)
                yield Finding(Severity.WARNING, problem)
            else:
                likeliest = stage
        if (category := stage.forecast_category) in _SURENESS:
            if surest is not None and _sureness(category) < _sureness(surest.forecast_category):
                params = {"have": category, "need": surest.forecast_category, "stage": surest.key}
                yield Finding(Severity.WARNING, Problem("stage.category_falls", f"{path}.forecast_category", params))
            else:
                surest = stage


def _sureness(category: ForecastCategory | None) -> int:
    return _SURENESS.index(category) if category in _SURENESS else -1


def _days(pipeline: Pipeline) -> Iterator[Finding]:
    for stage in pipeline.stages:
        have, need = stage.expected_days, stage.maximum_days
        if have is not None and need is not None and have > need:
            problem = Problem("stage.days", f"stages.{stage.key}.expected_days", {"have": have, "need": need})
            yield Finding(Severity.WARNING, problem)


def _reasons(pipeline: Pipeline) -> Iterator[Finding]:
    if pipeline.flow.lose.allowed and not pipeline.reasons_for(Outcome.LOST):
        yield Finding(Severity.NOTE, Problem("reason.none", "reasons", {"outcome": Outcome.LOST}))


def _labelled(pipeline: Pipeline) -> Iterator[tuple[str, Iterable[tuple[str, str]], bool]]:
    """Give every place of labels, the labels there, and whether there must be some in a pipeline that has labels."""
    yield "labels", pipeline.labels, True
    for stage in pipeline.stages:
        place = f"stages.{stage.key}"
        yield f"{place}.labels", stage.labels, True
        yield f"{place}.guidance", stage.guidance, False
        for item in stage.checklist:
            yield f"{place}.checklist.{item.key}.labels", item.labels, True
    for name in ("fields", "reasons", "actions", "approvals"):
        for part in getattr(pipeline, name):
            yield f"{name}.{part.key}.labels", part.labels, True
    for approval in pipeline.approvals:
        for step in approval.steps:
            yield f"approvals.{approval.key}.steps.{step.key}.labels", step.labels, True
    for transition in pipeline.transitions:
        yield f"transitions.{transition.key}.labels", transition.labels, False


def _labels(pipeline: Pipeline) -> Iterator[Finding]:
    places = [(path, dict(labels), is_wanted) for path, labels, is_wanted in _labelled(pipeline)]
    for language in sorted({language for _, labels, _ in places for language in labels}):
        lacking = [path for path, labels, is_wanted in places if (labels or is_wanted) and language not in labels]
        if lacking:
            named = lacking[:_MOST_NAMED] + ["…"] * (len(lacking) > _MOST_NAMED)
            params = {"language": language, "count": len(lacking), "parts": named}
            yield Finding(Severity.WARNING, Problem("label.missing", "labels", params))


def _items(pipeline: Pipeline) -> Iterator[Finding]:
    known = sorted({item.key for stage in pipeline.stages for item in stage.checklist})
    for path, criterion in criteria_of(pipeline):
        for leaf in all_leaves(criterion):
            for key in leaf.items if isinstance(leaf, Answered) else ():
                if key not in known:
                    params = {"key": key, "suggestion": suggest(key, known)}
                    yield Finding(Severity.WARNING, Problem("answers.no_item", path, params))


def _approvals(pipeline: Pipeline) -> Iterator[Finding]:
    leaves = (leaf for _, criterion in criteria_of(pipeline) for leaf in all_leaves(criterion))
    asked = {leaf.subject for leaf in leaves if isinstance(leaf, Approved)}
    for approval in pipeline.approvals:
        path = f"approvals.{approval.key}"
        if approval.key not in asked:
            yield Finding(Severity.WARNING, Problem("approval.unused", path, {"subject": approval.key}))
        if not approval.covers:
            yield Finding(Severity.NOTE, Problem("approval.no_covers", f"{path}.covers", {"subject": approval.key}))


def _kinds(pipeline: Pipeline) -> set[Waivable]:
    """Give the kinds of rules that can refuse anything."""
    kinds = set(rules_of(pipeline).values()) - {Waivable.ROLES}
    asking = [policy.roles for _, policy in pipeline.flow]
    asking += [stage.roles for stage in pipeline.stages]
    asking += [drawn.roles for drawn in pipeline.transitions]
    return kinds | {Waivable.ROLES} if any(asking) else kinds


def _overrides(pipeline: Pipeline) -> Iterator[Finding]:
    kinds = _kinds(pipeline)
    for index, policy in enumerate(pipeline.overrides):
        if kinds.isdisjoint(policy.waives):
            problem = Problem("override.idle", f"overrides[{index}].waives", {"kinds": policy.waives})
            yield Finding(Severity.WARNING, problem)


def named_roles(pipeline: Pipeline) -> Iterator[tuple[str, Iterable[str]]]:
    """Give the roles that a pipeline names, and where."""
    for direction, policy in pipeline.flow:
        yield f"flow.{direction}.roles", policy.roles
    for act in ("correct", "remove", "restore", "merge"):
        yield f"permissions.{act}.roles", getattr(pipeline.permissions, act).roles
    for name in ("stages", "transitions", "actions", "approvals"):
        for part in getattr(pipeline, name):
            yield f"{name}.{part.key}.roles", part.roles
    for approval in pipeline.approvals:
        for step in approval.steps:
            yield f"approvals.{approval.key}.steps.{step.key}.roles", step.roles
    for index, override in enumerate(pipeline.overrides):
        yield f"overrides[{index}].roles", override.roles
    for path, criterion in criteria_of(pipeline):
        for leaf in all_leaves(criterion):
            if isinstance(leaf, Role):
                yield path, leaf.roles


def _letters(word: str) -> str:
    return "".join(letter for letter in word if not letter.isdigit())


def _roles(pipeline: Pipeline) -> Iterator[Finding]:
    """Find roles that are named once and written nearly as others are, numbers aside."""
    places: dict[str, list[str]] = {}
    for path, roles in named_roles(pipeline):
        for role in roles:
            places.setdefault(role, []).append(path)
    for role, paths in places.items():
        others = [other for other in places if len(places[other]) > 1 and _letters(other) != _letters(role)]
        if len(paths) == 1 and (near := get_close_matches(role, others, n=1, cutoff=0.9)):
            params = {"key": role, "suggestion": near[0]}
            yield Finding(Severity.WARNING, Problem("role.similar", paths[0], params))
