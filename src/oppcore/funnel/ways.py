"""The ways of deals through a process: from stage to stage, and whether the process knows such a hop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import final

import attrs

from oppcore.history import Ending, Standing, Trail, Visit
from oppcore.pipeline import Pipeline, StageKind
from oppcore.pipeline.edges import find_edge, legal_outcomes
from oppcore.records import Outcome, State

__all__ = ["Hop", "Variant", "Ways", "find_ways"]

_Key = tuple[str | None, str, Outcome | None]
_GIVEN_UP = {Ending.LOST: Outcome.LOST, Ending.ABANDONED: Outcome.ABANDONED}


@final
@attrs.frozen
class Hop:
    """From one stage to the next: `source` None is the start of a deal, `target` None its end, with its `outcome`.

    `distance` is how many open stages on the target is: 1 for the next one, below zero for an earlier one, 0 where not
    both are open or they are the same. `allowed` says whether the pipeline knows the move and allows it to somebody.
    `ranks` are the places of the two among the stages.
    """

    source: str | None
    target: str | None
    outcome: Outcome | None = None
    distance: int = 0
    allowed: bool = True
    ranks: tuple[int, int] = attrs.field(default=(0, 0), eq=False, repr=False)

    @property
    def end(self) -> str:
        """The target, or in its place how the deal ended."""
        return self.target if self.target is not None else f"({self.outcome})"


@final
@attrs.frozen
class Variant:
    """One way through the process: the stages in the order in which they were entered, and the outcome."""

    stages: tuple[str, ...]
    outcome: Outcome

    @property
    def revisits(self) -> int:
        """The number of visits to a stage beyond the first."""
        return len(self.stages) - len(set(self.stages))

    def __str__(self) -> str:
        return f"{' → '.join(self.stages)} ({self.outcome})"


def find_ways(pipeline: Pipeline) -> Ways:
    """Give what there is to know of the stages of a pipeline; made once for many deals."""
    opens = {stage.key: place for place, stage in enumerate(pipeline.open_stages)}
    return Ways(pipeline, opens)


@final
@attrs.frozen
class Ways:
    """The stages of a pipeline, with the places of the open ones, and the hops judged so far."""

    pipeline: Pipeline
    opens: Mapping[str, int]
    _known: dict[_Key, Hop] = attrs.field(factory=dict[_Key, Hop], init=False, eq=False)

    def hops(self, trail: Trail, standing: Standing, as_of: datetime) -> Iterator[tuple[Hop, timedelta | None]]:
        """Give the hops of a deal, and how long each took from entering a stage on (None: at the start, and closed)."""
        before: Visit | None = None
        for visit in trail.visits:
            took = None if before is None else visit.entered_at - before.entered_at
            yield self._hop(before, visit), took
            before = visit
        if before is not None:
            ends_at = as_of if before.left_at is None else before.left_at
            took = ends_at - before.entered_at if before.stage in self.opens else None
            ranks = self.pipeline.rank(before.stage) + 1, len(self.pipeline.stages) + 1
            yield Hop(before.stage, None, standing.outcome, ranks=ranks), took

    def _hop(self, before: Visit | None, visit: Visit) -> Hop:
        source = None if before is None else before.stage
        given_up = None if before is None else self._given_up(before, visit)
        restored = before is not None and before.ended is Ending.REMOVED
        key = source, visit.stage, given_up
        if restored:
            return self._judge(source, visit.stage, given_up, allowed=True)
        if key not in self._known:
            allowed = self._allows(source, visit.stage, given_up)
            self._known[key] = self._judge(source, visit.stage, given_up, allowed=allowed)
        return self._known[key]

    def _given_up(self, before: Visit, visit: Visit) -> Outcome | None:
        """The outcome in which a deal stood in an open stage when it went on from there, where it was closed."""
        closed = _GIVEN_UP.get(before.ended)
        if closed is None or self.pipeline.stage(visit.stage).kind is StageKind.LOST:
            return None
        return closed if before.stage in self.opens else None

    def _judge(self, source: str | None, target: str, given_up: Outcome | None, *, allowed: bool) -> Hop:
        distance = 0
        if source is not None and given_up is None:
            here, there = self.opens.get(source), self.opens.get(target)
            distance = 0 if here is None or there is None else there - here
        ranks = -1 if source is None else self.pipeline.rank(source) + 1, self.pipeline.rank(target) + 1
        return Hop(source, target, None, distance, allowed, ranks)

    def _allows(self, source: str | None, target: str, given_up: Outcome | None) -> bool:
        """Whether some move between the two is known and allowed, where both stand as their kinds let them."""
        if source is None:
            return target in self.pipeline.entries
        outcomes = (given_up,) if given_up is not None else _usual(self.pipeline.stage(source).kind)
        reached = _usual(self.pipeline.stage(target).kind)
        edges = (
            find_edge(self.pipeline, State(source, one), State(target, other)) for one in outcomes for other in reached
        )
        return any(
            edge is not None and edge.drawn and not edge.skipped and all(policy.allowed for _, policy in edge.policies)
            for edge in edges
        )


def _usual(kind: StageKind) -> tuple[Outcome, ...]:
    """The outcomes with which a deal visits a stage of a kind."""
    return legal_outcomes(kind) if kind is StageKind.LOST else (kind.outcome,)
