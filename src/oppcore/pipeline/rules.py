"""The rules of a pipeline by their names: what a refusal points at, a change was decided by, and an override waives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import final

import attrs

from oppcore.criteria import Approved, Criterion, Exists
from oppcore.criteria.combinators import leaves_of
from oppcore.pipeline.flow import Direction
from oppcore.pipeline.permissions import Waivable
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.stage import Stage

__all__ = [
    "DRAWN",
    "OPENS_IN",
    "Rule",
    "entry_rules",
    "exit_rules",
    "flow_rule",
    "gate_rules",
    "roles_rule",
    "rules_of",
    "skip_rule",
    "stay_rules",
]


@final
@attrs.frozen
class Rule:
    """A criterion of a gate, and its name: `stages.offer.entry[0]` is the first entry criterion of the stage offer."""

    id: str
    criterion: Criterion

    @property
    def kind(self) -> Waivable:
        """What kind of rule this is for overrides."""
        return Waivable.APPROVALS if _asks_for_approval(self.criterion) else Waivable.CRITERIA


def _asks_for_approval(criterion: Criterion) -> bool:
    return any(
        isinstance(leaf, Approved)
        or (isinstance(leaf, Exists) and leaf.where is not None and _asks_for_approval(leaf.where))
        for leaf in leaves_of(criterion)
    )


def gate_rules(place: str, criteria: Iterable[Criterion]) -> tuple[Rule, ...]:
    """Give the criteria of a gate with their names."""
    return tuple(Rule(f"{place}[{number}]", criterion) for number, criterion in enumerate(criteria))


def entry_rules(stage: Stage) -> tuple[Rule, ...]:
    """Give what must be true to enter a stage."""
    return (*gate_rules(f"stages.{stage.key}.entry", stage.entry), *stay_rules(stage))


def stay_rules(stage: Stage) -> tuple[Rule, ...]:
    """Give what must stay true in a stage."""
    return gate_rules(f"stages.{stage.key}.stay", stage.stay)


def exit_rules(stage: Stage) -> tuple[Rule, ...]:
    """Give what must be true to leave a stage forward."""
    return gate_rules(f"stages.{stage.key}.exit", stage.exit)


def flow_rule(direction: Direction) -> str:
    """Give the name of the rule that allows a direction or not."""
    return f"flow.{direction}"


def roles_rule(place: str) -> str:
    """Give the name of the rule that admits roles only."""
    return f"{place}.roles"


def skip_rule(stage: str) -> str:
    """Give the name of the rule that a stage may not be left out."""
    return f"stages.{stage}.may_be_skipped"


OPENS_IN = "opens_in"
"""The name of the rule that says in which open stages a record is opened."""
DRAWN = "transitions"
"""The name of the rule that only the transitions drawn are possible."""


def _all_rules(pipeline: Pipeline) -> Iterator[tuple[str, Waivable]]:
    for direction in Direction:
        yield flow_rule(direction), Waivable.FLOW
        yield roles_rule(flow_rule(direction)), Waivable.ROLES
    yield OPENS_IN, Waivable.FLOW
    yield DRAWN, Waivable.FLOW
    for stage in pipeline.stages:
        yield skip_rule(stage.key), Waivable.FLOW
        yield roles_rule(f"stages.{stage.key}"), Waivable.ROLES
        for rule in (*entry_rules(stage), *exit_rules(stage)):
            yield rule.id, rule.kind
    for transition in pipeline.transitions:
        place = f"transitions.{transition.key}"
        yield roles_rule(place), Waivable.ROLES
        for rule in gate_rules(f"{place}.gate", transition.gate):
            yield rule.id, rule.kind


def rules_of(pipeline: Pipeline) -> dict[str, Waivable]:
    """Give the names of all rules on moves and amendments, and what kind each is; that is what an override can name."""
    return dict(_all_rules(pipeline))
