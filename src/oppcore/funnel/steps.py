"""How many deals reached each step, before any division."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from typing import Self, final

import attrs

from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.sample import LAST, Basis, find_sample
from oppcore.funnel.tally import Tally, add_members
from oppcore.funnel.way import Way
from oppcore.history import History, Trail, read_shapes
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["StepCounts", "count_steps"]


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
        by_mask = Counter(masks.values())

        def count(bits: int) -> int:
            return sum(number for mask, number in by_mask.items() if mask & bits == bits)

        reached = tuple(count(1 << position) for position in range(steps))
        with_previous = tuple(count(1 << position | 1 << max(0, position - 1)) for position in range(steps))
        with_first = tuple(count(1 << position | 1) for position in range(steps))
        return cls(len(masks), reached, with_previous, with_first, no_longer_won, masks)

    def __add__(self, other: StepCounts) -> StepCounts:
        return StepCounts(
            self.deals + other.deals,
            _added(self.reached, other.reached),
            _added(self.with_previous, other.with_previous),
            _added(self.with_first, other.with_first),
            self.no_longer_won + other.no_longer_won,
            add_members(self.members, other.members),
        )


def count_steps(
    history: History,
    pipeline: Pipeline,
    *,
    count: CountingRule | str,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    steps: Iterable[str] | None = None,
    window: timedelta | None = None,
    entry: EntryRule | str = EntryRule.ANY,
    exclude: Iterable[str] = (),
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[Counting, StepCounts]:
    """Give the counts that `measure_funnel` divides; those of several parts of a history combine to those of the whole.

    The settings are those of `measure_funnel`; parts need the same `as_of`.
    """
    counting = Counting.of(pipeline, count=count, steps=steps, window=window, entry=entry, exclude=exclude)
    way = Way(counting, pipeline)
    size = len(counting.steps)
    last = 1 << (size - 1)
    if by is None and cohort is None and attribution == LAST and way.needs_no_instants:
        return _count_shapes(
            history, counting, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient
        )
    sample = find_sample(
        history,
        pipeline,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
        by=by,
        attribution=attribution,
        cohort=cohort,
    )
    groups: dict[str | None, StepCounts] = {}
    for group, deals in sample.groups.items():
        masks: dict[str, int] = {}
        no_longer_won = 0
        for trail, standing in deals:
            mask = masks[trail.opportunity_id] = way.reached(trail.path, standing.outcome)
            if mask & last and standing.outcome is not Outcome.WON:
                no_longer_won += 1
        groups[group] = StepCounts.of(masks, size, no_longer_won)
    return Tally(definition=counting, basis=sample.basis, none=StepCounts.of({}, size, 0), groups=groups)


def _count_shapes(
    history: History,
    counting: Counting,
    pipeline: Pipeline,
    *,
    as_of: date | None,
    known_on: date | None,
    timezone: str | tzinfo | None,
    lenient: bool,
) -> Tally[Counting, StepCounts]:
    """Count what depends on the order of things only: once for each shape."""
    way, size = Way(counting, pipeline), len(counting.steps)
    last, over = 1 << (size - 1), 1 << size  # the last step, and no longer won: a bit more than there are steps

    def say(trail: Trail) -> int:
        outcome = Outcome.OPEN if trail.standing is None else trail.standing.outcome
        mask = way.reached(trail.path, outcome)
        return mask | over if mask & last and outcome is not Outcome.WON else mask

    found = read_shapes(history, pipeline, say, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    masks = found.values
    no_longer_won = sum(number for mask, number in Counter(masks.values()).items() if mask & over)
    if no_longer_won:
        masks = {id: mask & ~over for id, mask in masks.items()}
    basis = Basis(as_of=found.as_of, known_on=found.known_on, left_out=found.left_out)
    groups: dict[str | None, StepCounts] = {None: StepCounts.of(masks, size, no_longer_won)} if masks else {}
    return Tally(definition=counting, basis=basis, none=StepCounts.of({}, size, 0), groups=groups)


def _added(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(left + right for left, right in zip(one, other, strict=True))
