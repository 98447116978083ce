"""The share of the deals that visited a stage which were won, and what it can still become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.outcomes import OutcomeRule, resolve
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.tally import Tally
from oppcore.history import History, Standing, Trail
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import Ratio, make_ratio

__all__ = [
    "StageOutcomes",
    "StageWinRate",
    "count_stage_outcomes",
    "finish_stage_win_rates",
    "measure_stage_win_rates",
]


@final
@attrs.frozen
class StageOutcomes:
    """The stages whose deals are counted by outcome, and which outcome counts."""

    stages: tuple[str, ...]
    outcome: OutcomeRule


@final
@attrs.frozen(kw_only=True)
class StageWinRate:
    """The deals that visited a stage, by outcome. Abandoned ones are in no rate.

    `rate` is won over won and lost. `at_least` and `at_most` are what it becomes if all deals that are open are lost,
    and if all of them are won: bounds that hold whatever happens, and no intervals.
    """

    name: str
    won: int
    lost: int
    abandoned: int
    open: int
    rate: Ratio
    at_least: Ratio
    at_most: Ratio

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name."""
        return attrs.asdict(self, recurse=False)


def measure_stage_win_rates(
    history: History,
    pipeline: Pipeline,
    *,
    outcome: OutcomeRule | str = OutcomeRule.FINAL,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Report[StageWinRate]:
    """Give the share won of the deals that visited each open stage, with the bounds that the open ones leave.

    A deal counts once per stage, however often it was there; by the rules of closings, once per closing, for the
    stages it had entered by then. The settings are those of `measure_funnel`.

    Source: Manski (1989), Anatomy of the selection problem, Journal of Human Resources 24, 343-360, for the bounds.
    """
    tally = count_stage_outcomes(
        history,
        pipeline,
        outcome=outcome,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_stage_win_rates(tally, confidence=confidence)


def count_stage_outcomes(
    history: History,
    pipeline: Pipeline,
    *,
    outcome: OutcomeRule | str = OutcomeRule.FINAL,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[StageOutcomes, CellCounts]:
    """Give the deals that visited each open stage by outcome: what `measure_stage_win_rates` divides."""
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
    definition = StageOutcomes(tuple(stage.key for stage in pipeline.open_stages), OutcomeRule(outcome))
    groups = {
        group: CellCounts.of({trail.opportunity_id: _cells(trail, standing, definition) for trail, standing in deals})
        for group, deals in sample.groups.items()
    }
    return Tally(definition=definition, basis=sample.basis, none=CellCounts.of({}), groups=groups)


def finish_stage_win_rates(
    tally: Tally[StageOutcomes, CellCounts], *, confidence: float | Decimal = 0.95
) -> Report[StageWinRate]:
    """Give the win rates of counts."""

    def lines(counts: CellCounts) -> Iterator[StageWinRate]:
        for name in tally.definition.stages:
            won, lost, abandoned, still = (
                counts.number(name, outcome) for outcome in (Outcome.WON, Outcome.LOST, Outcome.ABANDONED, Outcome.OPEN)
            )
            yield StageWinRate(
                name=name,
                won=won,
                lost=lost,
                abandoned=abandoned,
                open=still,
                rate=make_ratio(won, won + lost, confidence=float(confidence)),
                at_least=Ratio(won, won + lost + still, None, None),
                at_most=Ratio(won + still, won + lost + still, None, None),
            )

    definition = f"won / (won + lost) of the deals that visited the stage, {tally.definition.outcome} outcome"
    return make_report("stage_win_rates", definition, tally, lines, confidence=confidence)


def _cells(trail: Trail, standing: Standing, definition: StageOutcomes) -> Mapping[Cell, int]:
    found: dict[Cell, int] = {}
    final = definition.outcome is OutcomeRule.FINAL
    for resolution in resolve(trail, standing, definition.outcome):
        until = None if final else resolution.at
        entered: Iterable[str] = {v.stage for v in trail.visits if until is None or v.entered_at <= until}
        for stage in entered:
            if stage in definition.stages:
                cell = stage, str(resolution.outcome)
                found[cell] = found.get(cell, 0) + 1
    return found
