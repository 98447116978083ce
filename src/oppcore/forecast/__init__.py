"""Estimating the future: what open deals are worth, and how likely they are to be won, as history has it."""

from __future__ import annotations

from oppcore.forecast.chances import ClosingChance
from oppcore.forecast.closing import Closing, estimate_closing
from oppcore.forecast.markov import StageChain, StageOutlook, estimate_stage_chain
from oppcore.forecast.new_wins import NewWins, estimate_new_wins
from oppcore.forecast.pace import Pace
from oppcore.forecast.run_rate import RunRate, RunRateRow, estimate_run_rate
from oppcore.forecast.spells import AgeClock
from oppcore.forecast.stage_probabilities import (
    StageProbabilities,
    StageProbability,
    estimate_stage_probabilities,
)
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "AgeClock",
    "Closing",
    "ClosingChance",
    "Forecast",
    "ForecastRow",
    "NewWins",
    "Pace",
    "RunRate",
    "RunRateRow",
    "StageChain",
    "StageOutlook",
    "StageProbabilities",
    "StageProbability",
    "estimate_closing",
    "estimate_new_wins",
    "estimate_run_rate",
    "estimate_stage_chain",
    "estimate_stage_probabilities",
    "weigh_forecast",
]
