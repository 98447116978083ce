"""What happened next: how the visits to each stage ended, and how many of them in a loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.tally import Tally
from oppcore.history import Ending, History, Trail
from oppcore.pipeline import Pipeline
from oppcore.stats import Ratio, make_ratio

__all__ = ["DropOff", "VisitCounting", "count_visits", "finish_drop_off", "measure_drop_off"]

_LEFT = tuple(str(ending) for ending in Ending if ending is not Ending.OPEN)


@final
@attrs.frozen
class VisitCounting:
    """The stages to which visits are counted."""

    stages: tuple[str, ...]


@final
@attrs.frozen(kw_only=True)
class DropOff:
    """The visits to a stage by how they ended. All of them but those that are still `open` have been left.

    `went_on` (advanced, jumped or won) and `dropped` (lost or abandoned) are shares of those that have been left; the
    rest of them went back, or the deal was taken out.
    """

    name: str
    entered: int
    ended: Mapping[Ending, int] = attrs.field(hash=False)
    went_on: Ratio
    dropped: Ratio

    @property
    def left(self) -> int:
        """The number of visits that are over."""
        return self.entered - self.ended[Ending.OPEN]

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        ended = {str(ending): number for ending, number in self.ended.items()}
        return {"name": self.name, "entered": self.entered, **ended, "went_on": self.went_on, "dropped": self.dropped}


def measure_drop_off(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[DropOff]:
    """Give how the visits to each open stage ended: advanced, jumped, reverted, won, lost, abandoned, removed, or open.

    Every visit is in one of these, so they add up to those that entered; a deal that comes back visits again. Visits
    that are still open are in no rate: what will become of them is not known. The settings are those of
    `measure_funnel`.
    """
    tally = count_visits(
        history,
        pipeline,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_drop_off(tally, confidence=confidence)


def count_visits(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[VisitCounting, CellCounts]:
    """Give the visits to each open stage by how they ended: what `measure_drop_off` divides."""
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
    stages = tuple(stage.key for stage in pipeline.open_stages)
    groups = {
        group: CellCounts.of({trail.opportunity_id: _cells(trail, stages) for trail, _ in deals})
        for group, deals in sample.groups.items()
    }
    return Tally(definition=VisitCounting(stages), basis=sample.basis, none=CellCounts.of({}), groups=groups)


def finish_drop_off(tally: Tally[VisitCounting, CellCounts], *, confidence: float | Decimal = 0.95) -> Report[DropOff]:
    """Give the drop-off of counts."""
    level = float(confidence)

    def lines(counts: CellCounts) -> Iterator[DropOff]:
        for name in tally.definition.stages:
            left = counts.number(name, *_LEFT)
            yield DropOff(
                name=name,
                entered=counts.number(name, *Ending),
                ended={ending: counts.number(name, ending) for ending in Ending},
                went_on=make_ratio(
                    counts.number(name, Ending.ADVANCED, Ending.JUMPED, Ending.WON), left, confidence=level
                ),
                dropped=make_ratio(counts.number(name, Ending.LOST, Ending.ABANDONED), left, confidence=level),
            )

    definition = "visits to each stage by how they ended; rates are of those that are over"
    return make_report("drop_off", definition, tally, lines, confidence=level)


def _cells(trail: Trail, stages: Iterable[str]) -> Mapping[Cell, int]:
    found: dict[Cell, int] = {}
    for visit in trail.visits:
        if visit.stage in stages:
            cell = visit.stage, str(visit.ended)
            found[cell] = found.get(cell, 0) + 1
    return found
