"""What a call of the engine exercises: its rules are asked once more, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import unwrap
from typing import Any, TypeAlias

from oppcore import engine
from oppcore.criteria import Situation
from oppcore.engine import Change, Converted, Moved, Opened, Requested, Signed, evolve
from oppcore.engine.amending import find_value_problems, make_amendment
from oppcore.engine.judging import find_stay_rules
from oppcore.engine.moving import find_way
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline, Rule, StageKind, rules_of
from oppcore.pipeline.edges import Edge, find_edge, open_edge
from oppcore.pipeline.rules import DRAWN, OPENS_IN, flow_rule, roles_rule, skip_rule
from oppcore.records import Actor, Outcome, Record, State, Verdict
from oppcore.testing import assertions
from oppcore.testing.rules.cases import (
    RuleCase,
    RuleKind,
    action_rules,
    comes_from_elsewhere,
    edge_case,
    override_name,
    reason_rule,
    step_rule,
    step_rules,
)
from oppcore.testing.scenarios.scenario import Given

__all__ = ["Act", "find_act", "observe_change"]

Arguments: TypeAlias = Mapping[str, Any]
Act: TypeAlias = Callable[[Pipeline, Arguments], Iterator[RuleCase]]
"""Gives what a call with these arguments exercises."""


def find_act(function: Callable[..., Any]) -> Act:
    """Give what tells of a function of the engine. Raises `TypeError` for one that asks no rules."""
    act = _ACTS.get(unwrap(function))
    if act is None:
        known = ", ".join(sorted(one.__name__ for one in _ACTS))
        message = f"{getattr(function, '__name__', function)!s} asks no rules; these do: {known}"
        raise TypeError(message)
    return act


def _situation(pipeline: Pipeline, record: Record, arguments: Arguments) -> Situation:
    return Situation(
        record=record,
        at=arguments["at"],
        actor=arguments.get("actor"),
        facts=arguments.get("facts") or {},
        personal=pipeline.personal,
    )


def _amended(pipeline: Pipeline, record: Record, values: Mapping[str, Any], arguments: Arguments) -> Record | None:
    """Give the record with other values; None where it takes none, or not these."""
    recorded_at = arguments.get("recorded_at")
    if (
        find_pipeline_problems(pipeline, record)
        or find_order_problems(record.progress, at=arguments["at"], recorded_at=recorded_at)
        or find_value_problems(pipeline, record, values)
    ):
        return None
    at, actor = arguments["at"], arguments.get("actor")
    return evolve(record, *make_amendment(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at))


def _answers(rules: Iterable[Rule], situation: Situation) -> Iterator[RuleCase]:
    words = {True: "true", False: "false", None: "unknown"}
    for rule in rules:
        yield RuleCase(RuleKind.CRITERION, rule.id, words[rule.criterion.judge(situation)])


def _roles(place: str, roles: tuple[str, ...], actor: Actor | None) -> Iterator[RuleCase]:
    if roles:
        admitted = actor is not None and not actor.roles.isdisjoint(roles)
        yield RuleCase(RuleKind.ROLE, roles_rule(place), "admitted" if admitted else "refused")


def _taken(edge: Edge) -> Iterator[RuleCase]:
    yield edge_case(edge)
    if comes_from_elsewhere(edge):
        yield RuleCase(RuleKind.STAGE, f"stages.{edge.target.stage}", "entered")
    if edge.source is not None and edge.source.stage != edge.target.stage:
        yield RuleCase(RuleKind.STAGE, f"stages.{edge.source.stage}", "left")
    for direction, policy in edge.policies:
        if policy.allowed:
            yield RuleCase(RuleKind.POLICY, flow_rule(direction), "allowed")


def _of_edge(edge: Edge, situation: Situation, problems: tuple[Problem, ...]) -> Iterator[RuleCase]:
    refused = [flow_rule(direction) for direction, policy in edge.policies if not policy.allowed]
    refused += [skip_rule(stage) for stage in edge.skipped]
    refused += [DRAWN] * (not edge.drawn)
    refused += [reason_rule(edge.target.outcome)] * any(problem.code == "reason.missing" for problem in problems)
    yield from (RuleCase(RuleKind.POLICY, rule, "refused") for rule in refused)
    for direction, policy in edge.policies:
        yield from _roles(flow_rule(direction), policy.roles, situation.actor)
    for place, roles in edge.roles:
        yield from _roles(place, roles, situation.actor)
    yield from _answers(edge.gate, situation)
    if not problems:
        yield from _taken(edge)


def _waived(pipeline: Pipeline, arguments: Arguments, ask: Callable[..., tuple[Problem, ...]]) -> Iterator[RuleCase]:
    """Say which rights to waive rules an override that was granted has used."""
    override, actor = arguments.get("override"), arguments.get("actor")
    if override is None or actor is None or ask(**arguments):
        return
    kinds = rules_of(pipeline)
    bent = {problem.rule for problem in ask(**{**arguments, "override": None})}.intersection(override.rules)
    for number, policy in enumerate(pipeline.overrides):
        if not actor.roles.isdisjoint(policy.roles):
            used = {kinds[rule] for rule in bent}.intersection(policy.waives)
            yield from (RuleCase(RuleKind.OVERRIDE, override_name(number, kind), "used") for kind in used)


def _of_move(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    record: Record = arguments["record"]
    after = _amended(pipeline, record, arguments["amending"] or {}, arguments)
    if after is None:
        return
    edge = find_way(pipeline, record.progress, arguments["to"], arguments["outcome"])
    if isinstance(edge, Edge):
        asked = {name: value for name, value in arguments.items() if name != "codes"}
        yield from _of_edge(edge, _situation(pipeline, after, arguments), engine.unmet(**asked))
        yield from _waived(pipeline, asked, engine.unmet)


def _of_opening(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    place = arguments["stage"] or pipeline.entries[0]
    if place not in pipeline:
        return
    if place not in pipeline.entries and pipeline.stage(place).kind is StageKind.OPEN:
        yield RuleCase(RuleKind.POLICY, OPENS_IN, "refused")
    try:
        given = Given(stage=place, outcome=Outcome.OPEN, values=arguments["values"] or {})
        record = given.make(pipeline, at=arguments["at"])
    except (TypeError, ValueError):
        return  # the record refuses a value, and no rule is asked
    situation = _situation(pipeline, record, arguments)
    yield from _of_edge(open_edge(pipeline, place), situation, engine.unmet_opening(**arguments))
    yield from _waived(pipeline, arguments, engine.unmet_opening)


def _of_amendment(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    record: Record = arguments["record"]
    after = _amended(pipeline, record, arguments["values"], arguments)
    if after is not None:
        yield from _answers(find_stay_rules(pipeline, record), _situation(pipeline, after, arguments))
        yield from _waived(pipeline, arguments, engine.unmet_amendment)


def _of_action(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    record, action = arguments["record"], pipeline.action(arguments["action"])
    if action is None or find_pipeline_problems(pipeline, record):
        return
    situation = _situation(pipeline, record, arguments)
    yield from _roles(f"actions.{action.key}", action.roles, situation.actor)
    yield from _answers(action_rules(pipeline, action.key), situation)
    if not engine.unmet_action(**arguments):
        yield RuleCase(RuleKind.ACTION, f"actions.{action.key}", "done")


def _of_request(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    record, approval = arguments["record"], pipeline.approval(arguments["subject"])
    if approval is None or find_pipeline_problems(pipeline, record):
        return
    situation = _situation(pipeline, record, arguments)
    yield from _roles(f"approvals.{approval.key}", approval.roles, situation.actor)
    yield from _answers(step_rules(pipeline, approval.key), situation)
    if not engine.unmet_request(**arguments):
        yield RuleCase(RuleKind.APPROVAL, f"approvals.{approval.key}", "requested")


def _of_signature(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    if not engine.unmet_signature(**arguments):
        yield from observe_change(pipeline, engine.sign(**arguments)[0])
        yield from _waived(pipeline, arguments, engine.unmet_signature)


def _of_conversion(pipeline: Pipeline, arguments: Arguments) -> Iterator[RuleCase]:
    lead, places = arguments["lead"], pipeline.stages_of(StageKind.WON)
    if len(places) != 1 or find_pipeline_problems(pipeline, lead):
        return
    edge = find_edge(pipeline, lead.progress.state, State(places[0].key, Outcome.WON))
    if edge is not None:
        yield from _of_edge(edge, _situation(pipeline, lead, arguments), engine.unmet_conversion(**arguments))


_BY_ACT: Mapping[Act, tuple[Callable[..., Any], ...]] = {
    _of_move: (engine.move, engine.unmet, assertions.assert_allowed, assertions.assert_refused),
    _of_opening: (engine.open_opportunity, engine.open_lead, engine.unmet_opening),
    _of_amendment: (engine.amend, engine.unmet_amendment),
    _of_action: (engine.require_action, engine.unmet_action),
    _of_request: (engine.request_approval, engine.unmet_request),
    _of_signature: (engine.sign, engine.unmet_signature),
    _of_conversion: (engine.convert, engine.unmet_conversion),
}
_ACTS: Mapping[Callable[..., Any], Act] = {function: act for act, some in _BY_ACT.items() for function in some}


def observe_change(pipeline: Pipeline, change: Change) -> Iterator[RuleCase]:
    """Give what a change says to have been exercised: its move, and the rules it was decided by, all but the waived."""
    match change:
        case Opened():
            yield from _of_change(open_edge(pipeline, change.record.progress.stage), change)
        case Moved(source=source, target=target) | Converted(source=source, target=target):
            if (edge := find_edge(pipeline, source, target)) is not None:
                yield from _of_change(edge, change)
        case Requested(round=round_):
            yield RuleCase(RuleKind.APPROVAL, f"approvals.{round_.subject}", "requested")
        case Signed(signature=signature):
            if signature.verdict is Verdict.APPROVE and signature.step is not None:
                yield RuleCase(RuleKind.APPROVAL, step_rule(change.subject, signature.step), "signed")
        case _:
            pass


def _of_change(edge: Edge, change: Change) -> Iterator[RuleCase]:
    yield from _taken(edge)
    waiver = change.stamp.waiver
    asked = set(change.stamp.rules).difference(() if waiver is None else (one.rule for one in waiver.waived))
    yield from (RuleCase(RuleKind.CRITERION, rule.id, "true") for rule in edge.gate if rule.id in asked)
    yield from (RuleCase(RuleKind.ROLE, rule, "admitted") for rule in asked if rule.endswith(".roles"))
