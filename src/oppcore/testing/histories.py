"""Strategies for histories: what can really happen to a record, decided by the engine itself."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from oppcore.engine import Change, adopt, evolve, replay
from oppcore.pipeline import Direction, Pipeline
from oppcore.records import Lead, Opportunity, Record, RecordKind
from oppcore.testing.hints import Hints
from oppcore.testing.player import Player
from oppcore.testing.records import delays, records, values_of
from oppcore.testing.steps import Act, Step, acts_of, steps
from oppcore.testing.values import moments

__all__ = ["changes", "histories"]

_ALWAYS = (Step(act=Act.MOVE), *(Step(act=Act.MOVE, aim=one) for one in Direction), Step(act=Act.HOLD))


def _begin(draw: DrawFn, pipeline: Pipeline, player: Player, id: str) -> tuple[Change, ...]:
    """Open a record, or adopt one: always where the gate lets none in."""
    at = draw(moments())
    if draw(st.integers(0, 3)) < 3:
        stage, late = draw(st.sampled_from(pipeline.entries)), draw(delays())
        opened = player.open(id, draw(values_of(pipeline)), stage=stage, at=at, late=late)
        if opened:
            return tuple(deed.change for deed in opened)
    image = attrs.evolve(draw(records(pipeline)), id=id)
    at = image.progress.changed_at
    return adopt(pipeline, image, at=at, recorded_at=at + draw(delays()))


def _first(player: Player, some: Iterable[Step], record: Record, past: tuple[Change, ...]) -> tuple[Change, ...]:
    """Do the first of some steps that can be done."""
    for step in some:
        if deeds := player.play(step, record, past):
            return tuple(deed.change for deed in deeds)
    return ()


@st.composite
def changes(draw: DrawFn, pipeline: Pipeline, record: Record, *, past: Iterable[Change] = ()) -> tuple[Change, ...]:
    """Generate what may happen next to a record, decided by the engine: one change, or a few that belong together.

    A move may bring with it the amendments and approvals that its gate asks for. Corrections need the `past`: all
    changes of the record. Nothing comes out only where the pipeline lets nobody do anything.
    """
    before = tuple(past)
    acts = acts_of(pipeline, () if before else (Act.CORRECT,))
    return _first(Player(Hints(pipeline)), (draw(steps(pipeline, acts=acts)), *_ALWAYS), record, before)


@st.composite
def histories(draw: DrawFn, pipeline: Pipeline, *, id: str = "deal", max_steps: int = 6) -> tuple[Change, ...]:
    """Generate the changes of one record, from the first on: opened or adopted, amended, moved, closed, reopened.

    It may be put on hold, approved, corrected, removed and restored, as far as the pipeline has and allows that, and
    rules may be overridden.

    In a lead pipeline it is a lead, which may be converted: the opening of its deal is no change of the lead's own.
    Every change was decided by the engine, so a history is legal; several may happen in one instant, and some are
    recorded late. A step may come to nothing, and a move may bring the amendment with it that its gate asks for.
    """
    player = Player(Hints(pipeline))
    found = _begin(draw, pipeline, player, id)
    record: Record = replay(found, of=Lead if pipeline.kind is RecordKind.LEAD else Opportunity)
    some = steps(pipeline, acts=acts_of(pipeline))
    few, many = st.lists(some, max_size=max_steps), st.lists(some, min_size=max_steps // 2, max_size=max_steps)
    for step in draw(st.one_of(few, many, many)):
        new = _first(player, [step], record, found)
        found += new
        record = evolve(record, *new)
    return found
