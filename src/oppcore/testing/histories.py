"""Strategies for histories: what can really happen to a deal, decided by the engine itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from oppcore.engine import Change, adopt, amend, evolve, move, open_opportunity, options, unmet, unmet_opening
from oppcore.errors import Problem
from oppcore.pipeline import Direction, Pipeline
from oppcore.records import Actor, Opportunity, Outcome, State
from oppcore.testing.opportunities import delays, opportunities, values_of
from oppcore.testing.values import ROLES, actors, field_values, moments

__all__ = ["histories"]

_EVERYBODY = Actor("+".join(["ann", *sorted(ROLES)]), ROLES)


def _reason(pipeline: Pipeline, source: State, target: State) -> str | None:
    """Give a reason where a closing needs one; staying closed keeps the one there was."""
    reasons = pipeline.reasons_for(target.outcome)
    return reasons[0] if reasons and target.outcome not in (Outcome.OPEN, source.outcome) else None


def _begin(draw: DrawFn, pipeline: Pipeline, id: str) -> tuple[Change, ...]:
    """Open a deal where the gate lets it in, and adopt one where it does not."""
    at = draw(moments())
    stage = draw(st.sampled_from(pipeline.entries))
    values = draw(values_of(pipeline))
    if not unmet_opening(pipeline, id, values, at=at, actor=_EVERYBODY, stage=stage):
        return open_opportunity(
            pipeline, id, values, at=at, actor=_EVERYBODY, stage=stage, recorded_at=at + draw(delays())
        )
    image = draw(opportunities(pipeline))
    at = image.progress.changed_at
    return adopt(pipeline, image, at=at, recorded_at=at + draw(delays()))


def _remedies(draw: DrawFn, pipeline: Pipeline, problems: Iterable[Problem]) -> dict[str, Any]:
    """Give values that mend what some problems say, where they speak of one field; a choice is mended in every way."""
    found: dict[str, Any] = {}
    for problem in problems:
        found |= _remedies(draw, pipeline, problem.parts)
        field, need = pipeline.field(problem.path), problem.params.get("need")
        if field is not None and field.derived_from:
            continue
        if field is not None and problem.code == "field.missing":
            found[field.name] = draw(field_values(field))
        elif field is not None and need is not None:
            found[field.name] = need[0] if isinstance(need, tuple) else need
    return found


def _try_move(
    draw: DrawFn, pipeline: Pipeline, record: Opportunity, at: datetime, actor: Actor, recorded_at: datetime | None
) -> tuple[Change, ...]:
    """Move to a state that nothing forbids, if need be after filling in what is asked for; else nothing happens."""
    here = record.progress.state
    choices = options(pipeline, record, at=at, actor=actor)
    directions = sorted({direction for option in choices for direction in option.directions}, key=list(Direction).index)
    aim = draw(st.sampled_from(directions)) if directions else None
    for option in sorted(choices, key=lambda option: aim not in option.directions):
        amending = _remedies(draw, pipeline, option.problems)
        reason = _reason(pipeline, here, option.target)
        stage, outcome = option.target.stage, option.target.outcome
        if not unmet(pipeline, record, stage, outcome=outcome, at=at, actor=actor, reason=reason, amending=amending):
            return move(
                pipeline,
                record,
                stage,
                outcome=outcome,
                at=at,
                actor=actor,
                reason=reason,
                amending=amending,
                recorded_at=recorded_at,
            )
    return ()


@st.composite
def histories(draw: DrawFn, pipeline: Pipeline, *, id: str = "deal", max_steps: int = 6) -> tuple[Change, ...]:
    """Generate the changes of one record, from the first on: opened or adopted, amended, moved, closed, reopened.

    Every change was decided by the engine, so a history is legal; several may happen in one instant, and some are
    recorded late. A step may come to nothing, and a move may bring the amendment with it that its gate asks for.
    """
    changes = _begin(draw, pipeline, id)
    record = evolve(None, *changes)
    new: tuple[Change, ...]
    for _ in range(draw(st.integers(0, max_steps))):
        at = record.progress.changed_at + draw(delays())
        late = draw(st.none() | delays())
        recorded_at = None if late is None else max(at, record.progress.recorded_at) + late
        actor = draw(st.just(_EVERYBODY) | actors())
        if draw(st.sampled_from(["move", "move", "amend"])) == "move":
            new = _try_move(draw, pipeline, record, at, actor, recorded_at)
        else:
            values = draw(values_of(pipeline, max_size=3))
            new = amend(pipeline, record, values, at=at, actor=actor, recorded_at=recorded_at)
        changes += new
        record = evolve(record, *new)
    return changes
