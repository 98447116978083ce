"""Turning a lead into an opportunity: the one way into the won state of a lead pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oppcore.criteria import Situation
from oppcore.engine.changes import Converted, Opened
from oppcore.engine.judging import find_edge_problems
from oppcore.engine.opening import open_opportunity, unmet_opening
from oppcore.engine.stamping import find_order_problems, find_pipeline_problems, next_stamp
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.pipeline import Pipeline, StageKind
from oppcore.pipeline.edges import Edge, find_edge
from oppcore.records import Actor, Lead, Outcome, RecordKind, State, get_field, is_present
from oppcore.records.progress import HOLD_FIELDS

__all__ = ["convert", "unmet_conversion"]

_LEFT = frozenset({"answers", *HOLD_FIELDS})
"""The fields that stay with the lead."""


def _find_edge(pipeline: Pipeline, lead: Lead) -> Edge | Problem:
    places = pipeline.stages_of(StageKind.WON)
    if len(places) != 1:
        known = [stage.key for stage in places]
        return Problem("stage.ambiguous", "to", {"outcome": Outcome.WON, "known": known})
    target = State(places[0].key, Outcome.WON)
    edge = find_edge(pipeline, lead.progress.state, target)
    return edge or Problem("move.no_way", "to", {"source": lead.progress.state, "target": target})


def unmet_conversion(
    pipeline: Pipeline,
    lead: Lead,
    *,
    into: Pipeline,
    opportunity_id: str,
    values: Mapping[str, Any] | None = None,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Problem, ...]:
    """Give every reason why the same call of `convert` would be refused: of the lead's gate and of the deal's."""
    first = [*find_pipeline_problems(pipeline, lead), *find_order_problems(lead.progress, at=at)]
    if into.kind is not RecordKind.OPPORTUNITY:
        first.append(Problem("pipeline.kind", "into", {"have": RecordKind.OPPORTUNITY, "need": into.kind}))
    if first:
        return tuple(first)
    edge = _find_edge(pipeline, lead)
    if isinstance(edge, Problem):
        return (edge,)
    situation = Situation(record=lead, at=at, actor=actor, facts=facts or {}, personal=pipeline.personal)
    opening = unmet_opening(
        into, opportunity_id, _carried(pipeline, lead, into, values), at=at, actor=actor, facts=facts
    )
    return (*find_edge_problems(edge, situation), *opening)


def _carried(pipeline: Pipeline, lead: Lead, into: Pipeline, values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Give the fields of the deal: what both kinds of record have is taken from the lead, unless `values` says else.

    Not so the answers to checklists and a hold: they belong to the process they were given in.
    """
    both = [name for name in pipeline.field_names if name not in _LEFT and into.field(name) == pipeline.field(name)]
    carried = {name: value for name in both if is_present(value := get_field(lead, name))}
    return {**carried, "lead_id": lead.id, **(values or {})}


def convert(
    pipeline: Pipeline,
    lead: Lead,
    *,
    into: Pipeline,
    opportunity_id: str,
    values: Mapping[str, Any] | None = None,
    at: datetime,
    actor: Actor | None = None,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Converted, Opened]:
    """Win a lead: give its `Converted` and the `Opened` of the deal it becomes, which belong in one commit.

    Every field that both pipelines have (source, owner, needs, budget …) is carried over, except answers and a hold;
    `values` adds to it and goes before it.

    Raises `MoveRefused` with all of `unmet_conversion`.
    """
    problems = unmet_conversion(
        pipeline, lead, into=into, opportunity_id=opportunity_id, values=values, at=at, actor=actor, facts=facts
    )
    edge = None if problems else _find_edge(pipeline, lead)
    if problems or not isinstance(edge, Edge):
        raise MoveRefused(lead.id, Wish("wish.convert", {"id": opportunity_id}), problems)
    carried = _carried(pipeline, lead, into, values)
    [opened] = open_opportunity(into, opportunity_id, carried, at=at, actor=actor, facts=facts)
    converted = Converted(
        stamp=next_stamp(pipeline, lead.id, lead.progress, at=at, recorded_at=None, actor=actor, rules=edge.rules),
        source=lead.progress.state,
        target=edge.target,
        opportunity_id=opportunity_id,
    )
    return converted, opened
