"""How deals flow through the open stages: what each adds to the sums that bottlenecks are found in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import final

import attrs

from oppcore.funnel.stays import DAY
from oppcore.funnel.tally import add_members
from oppcore.history import Ending, Standing, Trail
from oppcore.money import Money, sum_exactly
from oppcore.records import Outcome

__all__ = ["ENDS", "DealFlow", "FlowCounts", "FlowStay", "FlowSums", "FlowTotals", "find_flow"]

ENDS = (str(Outcome.WON), str(Outcome.LOST), str(Outcome.ABANDONED))
"""The outcomes in which deals leave the open stages for good."""


_FIGURES = (
    *("days", "left", "money_days", "money_left"),
    *("arrived", "departed", "window_days", "arrived_days", "present"),
)


@final
@attrs.frozen
class FlowStay:
    """A visit to an open stage, and where the deal went from there: a stage or an outcome.

    `next` is None where it is still there, or was taken out.
    """

    stage: str
    entered_at: datetime
    left_at: datetime | None
    next: str | None


@final
@attrs.frozen
class DealFlow:
    """The visits of one deal to open stages, in order, and what it is worth."""

    stays: tuple[FlowStay, ...]
    amount: Money | None


@final
@attrs.frozen
class FlowCounts:
    """The flow of each deal by id; those of unlike deals add up with `+`."""

    deals: Mapping[str, DealFlow] | None = attrs.field(hash=False)

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals that went from a stage to any of these stages or outcomes; `open`: nowhere yet."""
        return tuple(
            key
            for key, flow in (self.deals or {}).items()
            if any(stay.stage == name and (stay.next or Outcome.OPEN) in kinds for stay in flow.stays)
        )

    def __add__(self, other: FlowCounts) -> FlowCounts:
        return FlowCounts(add_members(self.deals, other.deals))


def find_flow(trail: Trail, standing: Standing, stages: Sequence[str]) -> DealFlow:
    """Give the flow of a deal through some stages."""
    stays: list[FlowStay] = []
    for place, visit in enumerate(trail.visits):
        if visit.stage not in stages:
            continue
        there: str | None = str(visit.ended) if visit.ended in ENDS else None
        if visit.ended in (Ending.ADVANCED, Ending.JUMPED, Ending.REVERTED):
            following = trail.visits[place + 1].stage
            there = following if following in stages else None
        stays.append(FlowStay(visit.stage, visit.entered_at, visit.left_at, there))
    return DealFlow(tuple(stays), standing.amount)


@final
@attrs.frozen
class FlowTotals:
    """What deals add up to per stage, in the order of `_FIGURES`; then how many went from each stage to each place.

    `days` were spent in a stage, by visits of which `left` went somewhere. So many came (`arrived`) and went
    (`departed`) within the window, spent `window_days` there in it, and those that came then spent `arrived_days` in
    all; `present` ones were there when it began. `money_days` and `money_left` are days and ends weighted by the amount
    of the deal over the mean amount in its currency.
    """

    stages: tuple[str, ...]
    values: tuple[float, ...]

    def figure(self, name: str, stage: str) -> float:
        """Give the sum of a figure of a stage."""
        return self.values[_FIGURES.index(name) * len(self.stages) + self.stages.index(stage)]

    def moves(self, stage: str) -> dict[str, float]:
        """Give how many went from a stage to each stage and outcome."""
        places = (*self.stages, *ENDS)
        first = len(_FIGURES) * len(self.stages) + self.stages.index(stage) * len(places)
        return dict(zip(places, self.values[first : first + len(places)], strict=True))


@final
class FlowSums:
    """Deals as what each adds to the totals, made once, so that many samples of them can be added up."""

    def __init__(self, deals: Iterable[DealFlow], stages: tuple[str, ...], since: datetime, until: datetime) -> None:
        self._stages = stages
        found = tuple(deals)
        means = _mean_amounts(found)
        self._parts = [tuple(_merged(self._add(flow, means, since, until)).items()) for flow in found]
        self._size = len(stages) * (len(_FIGURES) + len(stages) + len(ENDS))

    def total(self, weights: Mapping[int, int] | None = None) -> FlowTotals:
        """Give the totals of all deals, or of those at some positions, each so often."""
        values = [0.0] * self._size
        chosen = weights or dict.fromkeys(range(len(self._parts)), 1)
        for place, weight in chosen.items():
            for index, value in self._parts[place]:
                values[index] += weight * value
        return FlowTotals(self._stages, tuple(values))

    def grouped(self, most: int, seed: int) -> FlowSums:
        """Give the same totals of at most so many parts: deals dealt at random into groups of the same size."""
        if len(self) <= most:
            return self
        order = list(range(len(self)))
        Random(seed).shuffle(order)
        found = copy(self)
        found._parts = [
            tuple(_merged(part for place in order[first::most] for part in self._parts[place]).items())
            for first in range(most)
        ]
        return found

    def __len__(self) -> int:
        return len(self._parts)

    def _add(
        self, flow: DealFlow, means: Mapping[str, Decimal], since: datetime, until: datetime
    ) -> Iterator[tuple[int, float]]:
        places = (*self._stages, *ENDS)
        worth = 0.0 if flow.amount is None else _share(flow.amount, means)
        for stay in flow.stays:
            here, end = self._stages.index(stay.stage), stay.left_at or until
            days = (end - stay.entered_at) / DAY
            arrived = stay.entered_at > since
            figures = {
                "days": days,
                "left": stay.next is not None,
                "money_days": worth * days,
                "money_left": worth * (stay.next is not None),
                "arrived": arrived,
                "departed": stay.left_at is not None and stay.left_at > since,
                "window_days": max(0.0, (end - max(stay.entered_at, since)) / DAY),
                "arrived_days": arrived * days,
                "present": not arrived and end > since,
            }
            for place, name in enumerate(_FIGURES):
                yield place * len(self._stages) + here, float(figures[name])
            if stay.next is not None:
                first = len(_FIGURES) * len(self._stages) + here * len(places)
                yield first + places.index(stay.next), 1.0


def _merged(parts: Iterable[tuple[int, float]]) -> dict[int, float]:
    found: dict[int, float] = {}
    for index, value in parts:
        if value:
            found[index] = found.get(index, 0.0) + value
    return found


def _mean_amounts(deals: Iterable[DealFlow]) -> dict[str, Decimal]:
    sums: dict[str, list[Decimal]] = {}
    for flow in deals:
        if flow.amount is not None:
            sums.setdefault(flow.amount.currency, []).append(flow.amount.amount)
    return {currency: sum_exactly(amounts) / len(amounts) for currency, amounts in sums.items()}


def _share(amount: Money, means: Mapping[str, Decimal]) -> float:
    mean = means[amount.currency]
    return max(0.0, float(amount.amount / mean)) if mean > 0 else 0.0
