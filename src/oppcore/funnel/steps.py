"""How many deals reached each step, before any division."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from typing import Self, final

import attrs

from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.tally import Tally, add_members
from oppcore.funnel.way import Way
from oppcore.history import History
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
    way = Way(counting, pipeline)
    size = len(counting.steps)
    last = 1 << (size - 1)
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


def _added(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(left + right for left, right in zip(one, other, strict=True))
