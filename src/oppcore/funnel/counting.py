"""Counting the deals that reached each step: additive, so that parts may be counted apart and combined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Self, final

import attrs

from oppcore.errors import Problem
from oppcore.history import COLUMNS, History, fold_history
from oppcore.pipeline import Pipeline, StageKind
from oppcore.records import Outcome
from oppcore.spelling import suggest

__all__ = ["WON", "CountingRule", "StepCounts", "Tally", "combine", "count_steps"]

WON = "won"
"""The name of the last step: the outcome, not a stage."""


class CountingRule(StrEnum):
    """What it takes to be counted in a step.

    `touched`: to have stood in it at some time. `ordered`: to have stood in every step up to it, one after the other;
    other stages may lie between.
    """

    TOUCHED = "touched"
    ORDERED = "ordered"


Path = Sequence[tuple[str | None, datetime]]
Positions = Mapping[str | None, int]
"""The position of each step by what reaches it: a stage key, or None for being won."""


def _touched(path: Path, positions: Positions) -> int:
    mask = 0
    for stage, _ in path:
        position = positions.get(stage)
        if position is not None:
            mask |= 1 << position
    return mask


def _ordered(path: Path, positions: Positions) -> int:
    reached = 0
    for stage, _ in path:
        if positions.get(stage) == reached:
            reached += 1
    return (1 << reached) - 1


_RULES: Mapping[CountingRule, Callable[[Path, Positions], int]] = {
    CountingRule.TOUCHED: _touched,
    CountingRule.ORDERED: _ordered,
}
"""How each rule finds the steps in which a deal is counted, as bits: the first step is bit 0."""


@final
@attrs.frozen
class StepCounts:
    """How many deals there are, how many reached each step, and how many of those also the step before and the first.

    `no_longer_won` counts the deals of the last step that are not won any more. `members` holds the steps of each deal
    as bits, None where only counts are known. Counts of unlike deals add up with `+`.
    """

    deals: int
    reached: tuple[int, ...]
    with_previous: tuple[int, ...]
    with_first: tuple[int, ...]
    no_longer_won: int = 0
    members: Mapping[str, int] | None = attrs.field(default=None, hash=False, repr=False)

    @classmethod
    def of(cls, masks: Mapping[str, int], steps: int, no_longer_won: int) -> Self:
        """Count the deals of a group from the steps of each."""
        by_mask: dict[int, int] = {}
        for mask in masks.values():
            by_mask[mask] = by_mask.get(mask, 0) + 1

        def count(bits: int) -> int:
            return sum(number for mask, number in by_mask.items() if mask & bits == bits)

        reached = tuple(count(1 << position) for position in range(steps))
        with_previous = tuple(count(1 << position | 1 << max(0, position - 1)) for position in range(steps))
        with_first = tuple(count(1 << position | 1) for position in range(steps))
        return cls(len(masks), reached, with_previous, with_first, no_longer_won, masks)

    def __add__(self, other: StepCounts) -> StepCounts:
        members = None
        if self.members is not None and other.members is not None:
            members = {**self.members, **other.members}
            if len(members) < len(self.members) + len(other.members):
                twice = min(set(self.members) & set(other.members))
                message = f"opportunity {twice!r} is in both parts: the rows of one opportunity stay together"
                raise ValueError(message)
        return StepCounts(
            self.deals + other.deals,
            _added(self.reached, other.reached),
            _added(self.with_previous, other.with_previous),
            _added(self.with_first, other.with_first),
            self.no_longer_won + other.no_longer_won,
            members,
        )


@final
@attrs.frozen(kw_only=True)
class Tally:
    """The counts of a funnel before any division, by group (one group, None, where nothing is grouped)."""

    count: CountingRule
    steps: tuple[str, ...]
    by: str | None
    as_of: datetime | None
    known_on: datetime | None
    groups: Mapping[str | None, StepCounts] = attrs.field(hash=False)
    left_out: tuple[Problem, ...] = ()

    @property
    def total(self) -> StepCounts:
        """The counts of all groups together."""
        zeros = (0,) * len(self.steps)
        return sum(self.groups.values(), StepCounts(0, zeros, zeros, zeros, 0, {}))


def count_steps(
    history: History,
    pipeline: Pipeline,
    *,
    count: CountingRule | str,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    steps: Iterable[str] | None = None,
    lenient: bool = False,
) -> Tally:
    """Give the counts that `measure_funnel` divides; those of several parts of a history combine to those of the whole.

    The settings are those of `measure_funnel`; parts need the same `as_of`.
    """
    rule = CountingRule(count)
    names, positions = _find_steps(pipeline, steps)
    if by is not None:
        _check_column(by, history)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    reach = _RULES[rule]
    last = 1 << (len(names) - 1)
    masks: dict[str | None, dict[str, int]] = {}
    no_longer_won: dict[str | None, int] = {}
    for trail in past.trails:
        standing = trail.standing
        if standing is None:
            continue
        group = None if by is None else standing.column(by)
        mask = reach(trail.path, positions)
        masks.setdefault(group, {})[trail.opportunity_id] = mask
        if mask & last and standing.outcome is not Outcome.WON:
            no_longer_won[group] = no_longer_won.get(group, 0) + 1
    return Tally(
        count=rule,
        steps=names,
        by=by,
        as_of=past.as_of,
        known_on=past.known_on,
        groups={group: StepCounts.of(found, len(names), no_longer_won.get(group, 0)) for group, found in masks.items()},
        left_out=past.left_out,
    )


def combine(one: Tally, other: Tally) -> Tally:
    """Give the counts of two parts of a history together.

    Raises `ValueError` where they were not counted alike, or where an opportunity is in both.
    """
    for name in ("count", "steps", "by", "as_of", "known_on"):
        if getattr(one, name) != getattr(other, name):
            message = f"these counts differ in {name}: {getattr(one, name)} and {getattr(other, name)}"
            raise ValueError(message)
    groups = dict(one.groups)
    for group, counts in other.groups.items():
        groups[group] = groups[group] + counts if group in groups else counts
    return attrs.evolve(one, groups=groups, left_out=one.left_out + other.left_out)


def _added(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(left + right for left, right in zip(one, other, strict=True))


def _find_steps(pipeline: Pipeline, steps: Iterable[str] | None) -> tuple[tuple[str, ...], Positions]:
    """Give the names of the steps, and the position of each by the stage (None: the outcome won) that reaches it."""
    known = [stage.key for stage in pipeline.open_stages]
    if isinstance(steps, str):
        message = f"a list of steps is wanted, not the text {steps!r}"
        raise TypeError(message)
    wanted = known if steps is None else list(steps)
    closing = {WON, *(stage.key for stage in pipeline.stages_of(StageKind.WON))} - set(known)
    if wanted and wanted[-1] in closing:
        wanted = wanted[:-1]
    for name in wanted:
        if name in closing:
            message = f"step {name!r} stands for being won, which can only be the last step"
            raise ValueError(message)
        if name not in known:
            nearest = suggest(name, known)
            hint = f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(known)}"
            message = f"step {name!r} is no open stage of pipeline {pipeline.key!r}; {hint}"
            raise ValueError(message)
    if len(set(wanted)) < len(wanted):
        message = f"a step comes twice: {', '.join(wanted)}"
        raise ValueError(message)
    positions: dict[str | None, int] = {name: position for position, name in enumerate(wanted)}
    positions[None] = len(wanted)
    return (*wanted, WON), positions


def _check_column(by: str, history: History) -> None:
    if by in COLUMNS or by in (further := history.columns):
        return
    known = [*COLUMNS, *further]
    nearest = suggest(by, known)
    hint = f"did you mean {nearest!r}? " if nearest else ""
    message = f"there is no column {by!r} to group by; {hint}there are: {', '.join(known)}"
    raise ValueError(message)
