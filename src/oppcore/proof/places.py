"""The criteria of a pipeline and where they stand, those included that are no rule of a move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oppcore.criteria import AllOf, Criterion, Exists
from oppcore.criteria.combinators import leaves_of, parts_of
from oppcore.pipeline import Pipeline, Rule
from oppcore.pipeline.rules import entry_rules, exit_rules, gate_rules

__all__ = ["action_rules", "all_leaves", "conditions_of", "criteria_of", "nodes_of", "transition_rules"]


def transition_rules(pipeline: Pipeline) -> Iterator[Rule]:
    """Give the criteria of the transitions."""
    for transition in pipeline.transitions:
        yield from gate_rules(f"transitions.{transition.key}.gate", transition.gate)


def action_rules(pipeline: Pipeline) -> Iterator[Rule]:
    """Give the criteria of the actions."""
    for action in pipeline.actions:
        yield from gate_rules(f"actions.{action.key}.gate", action.gate)


def conditions_of(pipeline: Pipeline) -> Iterator[Rule]:
    """Give the criteria that say whether a step of an approval is wanted."""
    for approval in pipeline.approvals:
        for step in approval.steps:
            if step.when is not None:
                yield Rule(f"approvals.{approval.key}.steps.{step.key}.when", step.when)


def criteria_of(pipeline: Pipeline) -> Iterator[tuple[str, Criterion]]:
    """Give every criterion of a pipeline that is no part of another, and where it stands."""
    for stage in pipeline.stages:
        for rule in (*entry_rules(stage), *exit_rules(stage)):
            yield rule.id, rule.criterion
    for rule in (*transition_rules(pipeline), *action_rules(pipeline), *conditions_of(pipeline)):
        yield rule.id, rule.criterion


def all_leaves(criterion: Criterion) -> Iterator[Any]:
    """Give the leaves of a criterion, also those that an `exists` asks of its items."""
    for leaf in leaves_of(criterion):
        yield leaf
        if isinstance(leaf, Exists):
            yield from all_leaves(AllOf(()) if leaf.where is None else leaf.where)


def nodes_of(criterion: Criterion) -> Iterator[Criterion]:
    """Give a criterion and all that it is made of, also what an `exists` asks of its items."""
    yield criterion
    for part in parts_of(criterion):
        yield from nodes_of(part)
    if isinstance(criterion, Exists) and criterion.where is not None:
        yield from nodes_of(criterion.where)
