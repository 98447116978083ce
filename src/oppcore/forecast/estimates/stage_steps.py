"""The steps of deals from stage to stage and to their outcomes, and the time spent on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import final

from oppcore.history import Ending, Trail, Visit
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import find_edges
from oppcore.records import Outcome, State
from oppcore.stats import Probability

__all__ = ["ENDS", "WON", "StageSteps", "Steps", "find_allowed_steps", "find_known_stages"]

Steps = Mapping[str, Mapping[str, Probability]]
"""How often deals went from each stage to each other, or to an outcome."""

_DAY = timedelta(days=1)
WON = str(Outcome.WON)
ENDS: tuple[str, ...] = (WON, str(Outcome.LOST), str(Outcome.ABANDONED))
_END_OF: Mapping[Ending, str] = {
    Ending.WON: WON,
    Ending.LOST: str(Outcome.LOST),
    Ending.ABANDONED: str(Outcome.ABANDONED),
}


@final
class StageSteps:
    """How often visits to each open stage led to each other or to an outcome, and what time all of them took.

    Visits that are not over, and those that a removal ended, led nowhere, but took their time. With `follow_reopened`
    a deal that was lost or abandoned, and reopened, went on to where it was reopened.
    """

    def __init__(self, pipeline: Pipeline, *, follow_reopened: bool) -> None:
        self.steps: dict[str, dict[str, int]] = {stage.key: {} for stage in pipeline.open_stages}
        self.time: dict[str, timedelta] = dict.fromkeys(self.steps, timedelta(0))
        self._places: dict[str, str] = {
            stage.key: WON for stage in pipeline.stages if stage.kind.outcome is Outcome.WON
        }
        self._places |= {stage: stage for stage in self.steps}
        self._follow = follow_reopened

    def add(self, trail: Trail, as_of: datetime) -> None:
        """Count the visits of a deal."""
        for number, visit in enumerate(trail.visits):
            if visit.stage not in self.steps:
                continue
            self.time[visit.stage] += (visit.left_at or as_of) - visit.entered_at
            target = self._target(visit, trail.visits[number + 1 :])
            if target is not None:
                row = self.steps[visit.stage]
                row[target] = row.get(target, 0) + 1

    def left(self, stage: str) -> int:
        """Give the number of visits to a stage that are over."""
        return sum(self.steps[stage].values())

    def mean_days(self, stage: str) -> Fraction | None:
        """Give the time that all visits to a stage took, for each that is over, in days; None where none is."""
        left = self.left(stage)
        days = self.time[stage] // timedelta.resolution, left * (_DAY // timedelta.resolution)
        return Fraction(*days) if left else None

    def _target(self, visit: Visit, later: Sequence[Visit]) -> str | None:
        """Give where a visit led; None where it is not over, or the deal was removed."""
        if visit.ended in (Ending.OPEN, Ending.REMOVED):
            return None
        end = _END_OF.get(visit.ended)
        if end is None or (end != WON and self._follow):
            return next((self._places[one.stage] for one in later if one.stage in self._places), end)
        return end


def find_allowed_steps(pipeline: Pipeline, stage: str) -> Iterator[str]:
    """Give the stages and outcomes to which the pipeline lets deals go from a stage."""
    found: set[str] = set()
    for edge in find_edges(pipeline, State(stage, Outcome.OPEN)):
        if edge.drawn and not edge.skipped and not edge.closed and all(policy.allowed for _, policy in edge.policies):
            target = edge.target
            found.add(target.stage if target.outcome is Outcome.OPEN else str(target.outcome))
    yield from sorted(found - {stage})


def find_known_stages(counts: Steps) -> tuple[set[str], dict[str, set[str]]]:
    """Give the stages from which every way has been seen to an end, and for the others where it was not."""
    ahead = {stage: _reached(stage, counts) for stage in counts}
    stuck = {stage for stage, reached in ahead.items() if not reached & set(ENDS)}
    blocked = {stage: (reached | {stage}) & stuck for stage, reached in ahead.items()}
    return {stage for stage in counts if not blocked[stage]}, {stage: some for stage, some in blocked.items() if some}


def _reached(stage: str, counts: Steps) -> set[str]:
    found: set[str] = set()
    ahead = [stage]
    while ahead:
        new = counts.get(ahead.pop(), {}).keys() - found
        found |= new
        ahead += new
    return found
