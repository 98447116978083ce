"""What there is to exercise in a pipeline: every rule, and each way it can decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import final

import attrs

from oppcore.criteria import AnyOf, Criterion, Impossible, Not, Witness, find_counterexample, find_witness
from oppcore.pipeline import Pipeline, Rule
from oppcore.pipeline.edges import Edge, find_edges, legal_outcomes, open_edge
from oppcore.pipeline.rules import (
    DRAWN,
    OPENS_IN,
    entry_rules,
    exit_rules,
    flow_rule,
    gate_rules,
    roles_rule,
    skip_rule,
)
from oppcore.records import Outcome, State

__all__ = [
    "RuleCase",
    "RuleKind",
    "action_rules",
    "comes_from_elsewhere",
    "edge_case",
    "find_cases",
    "is_possible",
    "override_name",
    "reason_rule",
    "step_rule",
    "step_rules",
]

_BUDGET = 2_000


class RuleKind(StrEnum):
    """What kind of thing was exercised: the groups of the table."""

    STAGE = "stage"
    EDGE = "edge"
    POLICY = "policy"
    ROLE = "role"
    CRITERION = "criterion"
    APPROVAL = "approval"
    ACTION = "action"
    OVERRIDE = "override"


@final
@attrs.frozen
class RuleCase:
    """One way in which one rule can decide: `stages.offer.entry[0]` `false`. `rule` is the name that refusals carry."""

    kind: RuleKind = attrs.field(converter=RuleKind)
    rule: str
    case: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.case}"


def find_cases(pipeline: Pipeline) -> tuple[RuleCase, ...]:
    """Give everything there is to exercise in a pipeline, as far as it can come about at all.

    That is: each stage entered and left; each direction (or pair) taken from each state; each allowed or refused; each
    list of roles admitting and refusing; each criterion true, false and unknown, where the solver does not rule that
    out (for a criterion of the host's own, true and false); each approval asked for, each of its steps signed; each
    action done; each override used.
    """
    return tuple(dict.fromkeys(_cases(pipeline)))


def _cases(pipeline: Pipeline) -> Iterator[RuleCase]:
    edges = tuple(_all_edges(pipeline))
    possible = [edge for edge in edges if is_possible(edge)]
    for stage in pipeline.stages:
        if any(edge.target.stage == stage.key and comes_from_elsewhere(edge) for edge in possible):
            yield RuleCase(RuleKind.STAGE, f"stages.{stage.key}", "entered")
        if any(edge.source is not None and edge.source.stage == stage.key != edge.target.stage for edge in possible):
            yield RuleCase(RuleKind.STAGE, f"stages.{stage.key}", "left")
    for edge in possible:
        yield edge_case(edge)
    yield from _policy_cases(pipeline, edges)
    for place, roles in _role_places(pipeline, edges):
        if roles:
            yield RuleCase(RuleKind.ROLE, roles_rule(place), "admitted")
            yield RuleCase(RuleKind.ROLE, roles_rule(place), "refused")
    for rule in dict.fromkeys(_gate_rules(pipeline, edges)):
        for answer in _reachable(pipeline, rule.criterion):
            yield RuleCase(RuleKind.CRITERION, rule.id, answer)
    for approval in pipeline.approvals:
        yield RuleCase(RuleKind.APPROVAL, f"approvals.{approval.key}", "requested")
        for step in approval.steps:
            yield RuleCase(RuleKind.APPROVAL, step_rule(approval.key, step.key), "signed")
    for action in pipeline.actions:
        yield RuleCase(RuleKind.ACTION, f"actions.{action.key}", "done")
    for number, policy in enumerate(pipeline.overrides):
        for kind in policy.waives:
            yield RuleCase(RuleKind.OVERRIDE, override_name(number, kind), "used")


def comes_from_elsewhere(edge: Edge) -> bool:
    """Say whether an edge enters its stage, rather than staying in it."""
    return edge.source is None or edge.source.stage != edge.target.stage


def _all_edges(pipeline: Pipeline) -> Iterator[Edge]:
    for key in pipeline.entries:
        yield open_edge(pipeline, key)
    for stage in pipeline.stages:
        for outcome in legal_outcomes(stage.kind):
            yield from find_edges(pipeline, State(stage.key, outcome))


def is_possible(edge: Edge) -> bool:
    """Say whether a move can be made at all without waiving a rule, given the right roles, reason and values."""
    return edge.drawn and not edge.closed and not edge.skipped and all(policy.allowed for _, policy in edge.policies)


def edge_case(edge: Edge) -> RuleCase:
    """Give the case of a move: from where, in which directions. Moves that are alike in this count as one."""
    return RuleCase(RuleKind.EDGE, str(edge.source or "new"), " and ".join(edge.directions))


def _policy_cases(pipeline: Pipeline, edges: tuple[Edge, ...]) -> Iterator[RuleCase]:
    drawn = [edge for edge in edges if edge.drawn and not edge.closed]
    for direction, policy in dict.fromkeys(pair for edge in drawn for pair in edge.policies):
        case = "allowed" if policy.allowed else "refused"
        taken = any(is_possible(edge) and direction in edge.directions for edge in drawn)
        if not policy.allowed or taken:
            yield RuleCase(RuleKind.POLICY, flow_rule(direction), case)
    for edge in drawn:
        for stage in edge.skipped:
            yield RuleCase(RuleKind.POLICY, skip_rule(stage), "refused")
    if len([stage for stage in pipeline.open_stages if not stage.archived]) > len(pipeline.entries):
        yield RuleCase(RuleKind.POLICY, OPENS_IN, "refused")
    if any(not edge.drawn for edge in edges):
        yield RuleCase(RuleKind.POLICY, DRAWN, "refused")
    for outcome in Outcome:
        if any(edge.reasons and edge.target.outcome is outcome for edge in drawn):
            yield RuleCase(RuleKind.POLICY, reason_rule(outcome), "refused")


def reason_rule(outcome: Outcome) -> str:
    """Give what the rule is called here that a closing needs a reason."""
    return f"reasons.{outcome}"


def step_rule(subject: str, step: str) -> str:
    """Give the name of a step of an approval, as changes carry it."""
    return f"approvals.{subject}.steps.{step}"


def override_name(number: int, kind: str) -> str:
    """Give what the right to waive one kind of rules is called."""
    return f"overrides[{number}].{kind}"


def action_rules(pipeline: Pipeline, key: str) -> tuple[Rule, ...]:
    """Give the gate of an action."""
    action = pipeline.action(key)
    return () if action is None else gate_rules(f"actions.{key}.gate", action.gate)


def step_rules(pipeline: Pipeline, subject: str) -> tuple[Rule, ...]:
    """Give the conditions on which steps of an approval are asked for."""
    approval = pipeline.approval(subject)
    steps = () if approval is None else approval.steps
    return tuple(Rule(f"{step_rule(subject, step.key)}.when", step.when) for step in steps if step.when is not None)


def _role_places(pipeline: Pipeline, edges: tuple[Edge, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for edge in edges:
        if is_possible(edge):
            yield from ((flow_rule(direction), policy.roles) for direction, policy in edge.policies)
            yield from edge.roles
    for action in pipeline.actions:
        yield f"actions.{action.key}", action.roles
    for approval in pipeline.approvals:
        yield f"approvals.{approval.key}", approval.roles


def _gate_rules(pipeline: Pipeline, edges: Iterable[Edge]) -> Iterator[Rule]:
    asked = {rule for edge in edges if is_possible(edge) for rule in edge.gate}
    for stage in pipeline.stages:
        yield from (rule for rule in (*entry_rules(stage), *exit_rules(stage)) if rule in asked)
    for transition in pipeline.transitions:
        place = f"transitions.{transition.key}.gate"
        yield from (rule for rule in gate_rules(place, transition.gate) if rule in asked)
    for action in pipeline.actions:
        yield from action_rules(pipeline, action.key)
    for approval in pipeline.approvals:
        yield from step_rules(pipeline, approval.key)


def _reachable(pipeline: Pipeline, criterion: Criterion) -> Iterator[str]:
    """Give the answers a criterion can have; unknown only where a situation was found in which it is."""
    fields = pipeline.known_fields
    if not isinstance(find_witness([criterion], fields=fields, budget=_BUDGET), Impossible):
        yield "true"
    if not isinstance(find_witness([Not(criterion)], fields=fields, budget=_BUDGET), Impossible):
        yield "false"
    either = AnyOf([criterion, Not(criterion)])  # not true exactly where the criterion is unknown
    if isinstance(find_counterexample([], either, fields=fields, budget=_BUDGET), Witness):
        yield "unknown"
