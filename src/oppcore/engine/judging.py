"""What stands in the way: of an edge, of an act that needs permission, of a change that must leave something true."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from oppcore.criteria import Situation, find_unmet
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline, Policy, Rule
from oppcore.pipeline.edges import Edge
from oppcore.pipeline.rules import DRAWN, flow_rule, roles_rule, skip_rule, stay_rules
from oppcore.records import Actor, Outcome, Record

__all__ = [
    "find_edge_problems",
    "find_gate_problems",
    "find_policy_problems",
    "find_role_problems",
    "find_stay_problems",
    "find_stay_rules",
]


def find_role_problems(
    actor: Actor | None, roles: tuple[str, ...], what: str, *, parameter: str, rule: str = ""
) -> Iterator[Problem]:
    """Say that the actor has none of the roles, where there are any.

    `what` needs them; its `parameter` says what it is: a `direction`, an `act`, or the key of a `stage`, an `action` or
    a `subject`.
    """
    if roles and (actor is None or actor.roles.isdisjoint(roles)):
        params = {"need": roles, "have": actor and actor.id, parameter: what}
        yield Problem("role.needed", "actor", params, rule=rule)


def find_policy_problems(
    policy: Policy, act: str, actor: Actor | None, *, rule: str = "", place: str = ""
) -> Iterator[Problem]:
    """Say that a policy does not allow an act, or not to this actor."""
    if not policy.allowed:
        yield Problem("permission.forbidden", "actor", {"act": act, "pipeline": place}, rule=rule)
    named = roles_rule(rule) if rule else ""
    yield from find_role_problems(actor, policy.roles, act, parameter="act", rule=named)


def _reason_problem(edge: Edge, reason: str | None) -> Iterator[Problem]:
    if edge.target.outcome is Outcome.OPEN:
        if reason is not None:
            yield Problem("reason.unexpected", "reason", {"have": reason})
    elif edge.reasons and reason is None:
        if edge.source is not None and edge.source.outcome is edge.target.outcome:
            return  # closed as before: the reason given then is kept
        yield Problem("reason.missing", "reason", {"need": edge.reasons, "outcome": edge.target.outcome})
    elif edge.reasons and reason not in edge.reasons:
        params = {"have": reason, "need": edge.reasons, "outcome": edge.target.outcome}
        yield Problem("reason.unknown", "reason", params)


def find_edge_problems(edge: Edge, situation: Situation, reason: str | None = None) -> tuple[Problem, ...]:
    """Give every reason why an edge may not be taken in a situation: flow, roles, reason, gate."""
    hurdles = () if edge.is_free and reason is None else tuple(_find_hurdles(edge, situation, reason))
    return hurdles if edge.holds(situation) else (*hurdles, *find_gate_problems(edge.gate, situation))


def _find_hurdles(edge: Edge, situation: Situation, reason: str | None) -> Iterator[Problem]:
    """Give what stands in the way of an edge beside its gate."""
    for direction, policy in edge.policies:
        rule = flow_rule(direction)
        if not policy.allowed:
            params = {"direction": direction, "target": edge.target, "source": edge.source}
            yield Problem("flow.forbidden", "to", params, rule=rule)
        named = roles_rule(rule)
        yield from find_role_problems(situation.actor, policy.roles, direction, parameter="direction", rule=named)
    if edge.closed:
        yield Problem("stage.archived", "to", {"stage": edge.target.stage})
    if not edge.drawn:
        yield Problem("transition.missing", "to", {"source": edge.source, "target": edge.target}, rule=DRAWN)
    for stage in edge.skipped:
        yield Problem("stage.not_skippable", "to", {"stage": stage, "target": edge.target}, rule=skip_rule(stage))
    for place, roles in edge.roles:
        named, stage = roles_rule(place), edge.target.stage
        yield from find_role_problems(situation.actor, roles, stage, parameter="stage", rule=named)
    yield from _reason_problem(edge, reason)


def find_gate_problems(gate: Iterable[Rule], situation: Situation) -> Iterator[Problem]:
    """Give what is not true of a gate, each problem with the name of its rule."""
    for rule in gate:
        for problem in find_unmet(rule.criterion, situation):
            yield problem.said_by(rule.id)


def find_stay_rules(pipeline: Pipeline, record: Record) -> tuple[Rule, ...]:
    """Give what must stay true of a record where it stands; nothing once it is closed there."""
    progress = record.progress
    if progress.stage not in pipeline:
        return ()
    stage = pipeline.stage(progress.stage)
    return stay_rules(stage) if stage.stay and stage.kind.outcome is progress.outcome else ()


def find_stay_problems(pipeline: Pipeline, before: Record, after: Record, *, at: datetime) -> Iterator[Problem]:
    """Give what was true, must stay true while the record stands in its stage, and no longer would be."""
    for rule in find_stay_rules(pipeline, before):
        then, now = (Situation(record=one, at=at, personal=pipeline.personal) for one in (before, after))
        if rule.criterion.judge(then) is True:
            for problem in find_unmet(rule.criterion, now):
                params = {"stage": before.progress.stage}
                yield Problem("stay.broken", problem.path, params, (problem,), rule=rule.id)
