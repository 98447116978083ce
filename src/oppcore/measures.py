"""Every measure by its name: what it answers, and the function that gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import attrs

from oppcore.forecast import (
    estimate_closing,
    estimate_new_wins,
    estimate_run_rate,
    estimate_stage_chain,
    estimate_stage_probabilities,
    forecast_categories,
    measure_commitment,
    project_revenue,
    run_backtest,
    score_deals,
    weigh_forecast,
)
from oppcore.funnel import (
    measure_ageing,
    measure_bottlenecks,
    measure_coverage,
    measure_creation,
    measure_cycle,
    measure_deviations,
    measure_drop_off,
    measure_dwell,
    measure_funnel,
    measure_hygiene,
    measure_lead_sources,
    measure_losses,
    measure_mature_conversion,
    measure_movement,
    measure_slippage,
    measure_stage_win_rates,
    measure_time_to_convert,
    measure_transitions,
    measure_velocity,
    measure_win_rates,
)
from oppcore.history import take_snapshot
from oppcore.spelling import suggest

__all__ = ["MEASURES", "Measure", "find_measure"]


@final
@attrs.frozen
class Measure:
    """A question about the past of a pipeline, and the function that answers it.

    `of` takes a history, a pipeline, and its settings by name; what it gives has a `table()`, a `detail()` for JSON and
    `as_records()`, as every result.
    """

    name: str
    answers: str
    of: Callable[..., Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """The names and types of its settings, in the order of the function; those in `needs` cannot be left out."""
        from typing import get_type_hints  # slow to resolve

        hints = get_type_hints(self.of)
        return {name: hints[name] for name in self._parameters()}

    @property
    def needs(self) -> tuple[str, ...]:
        """The settings without a default."""
        return tuple(name for name, one in self._parameters().items() if one.default is one.empty)

    def _parameters(self) -> dict[str, Any]:
        from inspect import Parameter, signature  # slow to import

        found = signature(self.of).parameters.values()
        return {one.name: one for one in found if one.kind is Parameter.KEYWORD_ONLY}


MEASURES = (
    Measure("snapshot", "Where did the deals stand, and what were they worth?", take_snapshot),
    Measure("funnel", "How many deals reached each step, and which share went on?", measure_funnel),
    Measure("drop_off", "What became of those who entered each stage?", measure_drop_off),
    Measure("win_rates", "Which share of the deals that closed was won?", measure_win_rates),
    Measure("stage_win_rates", "Which share of the deals that were in a stage was won?", measure_stage_win_rates),
    Measure("time_to_convert", "How long did it take from step to step?", measure_time_to_convert),
    Measure("mature_conversion", "Which share goes on within a given time?", measure_mature_conversion),
    Measure("dwell", "How long do deals stay in each stage?", measure_dwell),
    Measure("cycle", "How long do deals take until they are closed?", measure_cycle),
    Measure("ageing", "Which open deals have stood in their stage for too long?", measure_ageing),
    Measure("velocity", "How much money does the pipeline bring per day, and why has that changed?", measure_velocity),
    Measure("bottlenecks", "Which stage is the bottleneck, of what, and is that sure?", measure_bottlenecks),
    Measure("movement", "What changed in the open pipeline between two days, and by how much?", measure_movement),
    Measure("slippage", "What became of the deals that were expected to close in a period?", measure_slippage),
    Measure("creation", "How many deals came into being in each period, and worth how much?", measure_creation),
    Measure("coverage", "Is there enough in the pipeline for the quota?", measure_coverage),
    Measure("losses", "Why, to whom or where are deals lost?", measure_losses),
    Measure("deviations", "Who does better or worse than the standard funnel, beyond chance?", measure_deviations),
    Measure(
        "lead_sources", "Which share of the leads from each source became deals, and won ones?", measure_lead_sources
    ),
    Measure("transitions", "Which ways do deals take through the stages?", measure_transitions),
    Measure("hygiene", "Which open deals are kept badly?", measure_hygiene),
    Measure("forecast", "What have deals brought, and what may the open ones bring, month by month?", weigh_forecast),
    Measure("backtest", "How good would each way of forecasting have been?", run_backtest),
    Measure(
        "stage_probabilities",
        "How likely are deals in each stage to be won, as history has it?",
        estimate_stage_probabilities,
    ),
    Measure("closing", "Which open deals will be won within a given time?", estimate_closing),
    Measure("stage_chain", "What becomes of deals in each stage, over how many visits and days?", estimate_stage_chain),
    Measure("category_forecast", "How much is closed, committed, possible, month by month?", forecast_categories),
    Measure("new_wins", "How many deals will be created and won within a given time?", estimate_new_wins),
    Measure("run_rate", "What will a period have brought by its end?", estimate_run_rate),
    Measure("scores", "How likely is each open deal to be won, and why?", score_deals),
    Measure("commitment", "What became of the deals that were committed for a period?", measure_commitment),
    Measure("revenue", "How much may a period bring, and how likely is the quota reached?", project_revenue),
    Measure("commitment", "What became of the deals that were committed for a period?", measure_commitment),
    Measure("scores", "How likely is each open deal to be won, and why?", score_deals),
    Measure("run_rate", "What will a period have brought by its end?", estimate_run_rate),
)
"""All measures, the past first."""


def find_measure(name: str) -> Measure:
    """Give a measure by its name. Raises `LookupError`, with the name that may have been meant."""
    for measure in MEASURES:
        if measure.name == name:
            return measure
    known = [measure.name for measure in MEASURES]
    nearest = suggest(name, known)
    hint = f"did you mean {nearest!r}?" if nearest else f"there are: {', '.join(known)}"
    message = f"there is no measure {name!r}; {hint}"
    raise LookupError(message)
