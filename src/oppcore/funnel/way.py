"""The ways of a deal through the steps: how far they lead, and when they reach each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import final

from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["Way"]

Path = Sequence[tuple[str | None, datetime]]
_FREE = frozenset(CountingRule) - {CountingRule.ORDERED, CountingRule.STRICT}
"""The rules that ask for no order."""


@final
class Way:
    """A counting made ready for the paths of many deals."""

    def __init__(self, counting: Counting, pipeline: Pipeline) -> None:
        *stages, _ = counting.steps
        self._counting = counting
        self._first = stages[0] if stages else None
        self._positions: dict[str | None, int] = {name: position for position, name in enumerate(stages)}
        self._positions[None] = len(stages)
        self._excluded = frozenset(counting.exclude)
        implied = {name: level for name, level in _levels(pipeline, stages).items() if name not in self._excluded}
        self._levels = {**implied, **self._positions}
        self._sold = frozenset(stage.key for stage in pipeline.stages if stage.kind.outcome is Outcome.WON)
        self._strict = counting.count is CountingRule.STRICT
        whole = counting.window is None and not counting.exclude and not self._strict
        self._every = counting.entry is EntryRule.ANY and not whole  # a later way of a whole path is part of it

    def reached(self, path: Path, outcome: Outcome) -> int:
        """Give the steps in which a deal is counted as bits, the first step as bit 0."""
        rule = self._counting.count
        if rule is CountingRule.BACKFILLED_UNLESS_LOST:
            gone = outcome in (Outcome.LOST, Outcome.ABANDONED)
            rule = CountingRule.TOUCHED if gone else CountingRule.BACKFILLED
        mask = 0
        positions = self._levels if rule is CountingRule.BACKFILLED else self._positions
        for part in self._parts(path, positions, every=self._every):
            match rule:
                case CountingRule.TOUCHED:
                    mask |= self._touched(part)
                case CountingRule.UNORDERED:
                    mask |= (1 << self._touched(part).bit_count()) - 1
                case CountingRule.BACKFILLED:
                    mask |= (2 << max(self._levels.get(stage, -1) for stage, _ in part)) - 1
                case _:
                    mask |= (1 << len(tuple(self._reach(part)))) - 1
        return mask

    @property
    def needs_no_instants(self) -> bool:
        """Whether the order in which stages were entered says it all."""
        return self._counting.window is None and not self._strict  # strict asks which entries are one event

    def instants(self, path: Path) -> Iterator[tuple[datetime, ...]]:
        """Give, for each way there is, the instants at which its steps were reached one after the other."""
        for part in self._parts(path, self._positions, every=self._counting.entry is EntryRule.ANY):
            yield tuple(self._reach(part))

    def _parts(self, path: Path, positions: Mapping[str | None, int], *, every: bool) -> Iterator[Path]:
        free = self._counting.count in _FREE
        anywhere = self._counting.count is CountingRule.UNORDERED
        begun = False
        for index, (stage, at) in enumerate(path):
            if stage == self._first or (free and (anywhere or not begun) and stage in positions):
                begun = True
                yield self._part(path, index, at)
                if not every:
                    return

    def _part(self, path: Path, index: int, began_at: datetime) -> Path:
        rest = path[index:] if index else path
        if self._counting.window is None and not self._excluded:
            return rest
        return tuple(takewhile(lambda entry: self._goes_on(entry, began_at), rest))

    def _goes_on(self, entry: tuple[str | None, datetime], began_at: datetime) -> bool:
        stage, at = entry
        window = self._counting.window
        return stage not in self._excluded and (window is None or at - began_at <= window)

    def _touched(self, part: Path) -> int:
        mask = 0
        for stage, _ in part:
            position = self._positions.get(stage)
            if position is not None:
                mask |= 1 << position
        return mask

    def _reach(self, part: Path) -> Iterator[datetime]:
        """Give the instants at which the steps were reached in order, each as soon as possible."""
        reached = 0
        for index, (stage, at) in enumerate(part):
            position = self._positions.get(stage)
            if position == reached:
                reached += 1
                yield at
            elif self._strict and position != reached - 1 and not self._wins(part, index):
                return  # the same stage again, where a deal is reopened in it, is no other stage

    def _wins(self, part: Path, index: int) -> bool:
        """Whether a stage is entered by being won: entry and outcome are one event."""
        stage, at = part[index]
        return stage in self._sold and (None, at) in part[index + 1 : index + 2]


def _levels(pipeline: Pipeline, stages: Sequence[str]) -> dict[str | None, int]:
    """Give the last step that standing in an open stage implies, where there is one."""
    ranks = {stage.key: rank for rank, stage in enumerate(pipeline.open_stages)}
    found: dict[str | None, int] = {}
    for name, rank in ranks.items():
        implied = list(takewhile(rank.__gt__, (ranks[step] for step in stages)))
        if implied:
            found[name] = len(implied) - 1
    return found
