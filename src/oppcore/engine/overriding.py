"""When rules must bend: an override waives the rules it names, and the change keeps who did it and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import final

import attrs

from oppcore.engine.changes import Waived, Waiver
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline, Waivable, rules_of
from oppcore.records import Actor
from oppcore.records.checks import check_text, texts, to_texts
from oppcore.spelling import suggest

__all__ = ["Override", "Settled", "settle"]


def _reason(_instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    check_text(value, attribute.name)


@final
@attrs.frozen
class Override:
    """The wish that some rules be waived, and why.

    `rules` are the names that the problems of a refusal carry (`problem.rule`): these and no others are waived.
    """

    reason: str = attrs.field(validator=_reason)
    rules: tuple[str, ...] = attrs.field(converter=to_texts, validator=texts)


@final
@attrs.frozen
class Settled:
    """What still stands in the way, and what was waived."""

    problems: tuple[Problem, ...]
    waiver: Waiver | None = None


def settle(pipeline: Pipeline, problems: Iterable[Problem], override: Override | None, actor: Actor | None) -> Settled:
    """Take away the problems that an override waives, and add what is wrong with the override itself."""
    if override is None:
        return Settled(tuple(dict.fromkeys(problems)))  # two rules may want the same
    found = tuple(problems)
    wrong = tuple(_find_faults(pipeline, override, actor))
    if wrong:
        return Settled((*dict.fromkeys(found), *wrong))
    waived = [problem for problem in found if problem.rule in override.rules]  # what has no rule cannot be named
    left = tuple(dict.fromkeys(problem for problem in found if problem.rule not in override.rules))
    if left or not waived:
        return Settled(left)
    kept = dict.fromkeys(Waived(problem.rule, problem.code, problem.path) for problem in waived)
    return Settled((), Waiver(override.reason, tuple(kept)))


def _find_faults(pipeline: Pipeline, override: Override, actor: Actor | None) -> Iterator[Problem]:
    if not override.reason.strip():
        yield Problem("override.reason", "override")
    known = rules_of(pipeline)
    for rule in dict.fromkeys(override.rules):
        if rule not in known:
            yield Problem("override.unknown", "override", {"have": rule, "suggestion": suggest(rule, known)})
        elif not _may_waive(pipeline, known[rule], actor):
            roles = {role for policy in pipeline.overrides if known[rule] in policy.waives for role in policy.roles}
            params = {"rule": rule, "kind": known[rule], "need": sorted(roles), "have": actor and actor.id}
            yield Problem("override.forbidden" if roles else "override.never", "override", params)


def _may_waive(pipeline: Pipeline, kind: Waivable, actor: Actor | None) -> bool:
    return actor is not None and any(
        kind in policy.waives and not actor.roles.isdisjoint(policy.roles) for policy in pipeline.overrides
    )
