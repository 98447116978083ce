"""Estimating the future: what open deals are worth, and how likely they are to be won, as history has it."""

from __future__ import annotations

from oppcore.forecast.accuracy import (
    Accuracy,
    crps_ensemble,
    crps_normal,
    interval_coverage,
    measure_accuracy,
    pinball_loss,
    scaled_error,
    skill,
)
from oppcore.forecast.backtest import Backtest
from oppcore.forecast.backtesting import run_backtest
from oppcore.forecast.bayes import SCORED_FIELDS, BayesModel, DealScore, FieldContribution, fit_bayes
from oppcore.forecast.calibration import Binning, Calibration, ReliabilityBin, measure_calibration
from oppcore.forecast.closing import Closing, ClosingChance, estimate_closing
from oppcore.forecast.comparison import LossComparison, compare_losses
from oppcore.forecast.league import LeagueRow, MethodComparison, RevenueErrors, Score
from oppcore.forecast.markov import StageChain, StageOutlook, estimate_stage_chain
from oppcore.forecast.methods import METHODS, Method, judge_each, recalibrate
from oppcore.forecast.odoo import FrequencyTable, fit_frequencies
from oppcore.forecast.origin import Actuals, ForecastOrigin, find_actuals, make_origins, plan_origins, view_history
from oppcore.forecast.pace import Pace
from oppcore.forecast.recalibration import IsotonicMap, PlattMap, fit_isotonic, fit_platt
from oppcore.forecast.run_rate import RunRate, RunRateRow, estimate_run_rate
from oppcore.forecast.scores import DealScores, score_deals
from oppcore.forecast.spells import AgeClock
from oppcore.forecast.stage_probabilities import StageProbabilities, StageProbability, estimate_stage_probabilities
from oppcore.forecast.trial import MethodJudgement, Trial
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast
from oppcore.forecast.win_count import win_count_interval

__all__ = [
    "METHODS",
    "SCORED_FIELDS",
    "Accuracy",
    "Actuals",
    "AgeClock",
    "Backtest",
    "BayesModel",
    "Binning",
    "Calibration",
    "Closing",
    "ClosingChance",
    "DealScore",
    "DealScores",
    "FieldContribution",
    "Forecast",
    "ForecastOrigin",
    "ForecastRow",
    "FrequencyTable",
    "IsotonicMap",
    "LeagueRow",
    "LossComparison",
    "Method",
    "MethodComparison",
    "MethodJudgement",
    "Pace",
    "PlattMap",
    "ReliabilityBin",
    "RevenueErrors",
    "RunRate",
    "RunRateRow",
    "Score",
    "StageChain",
    "StageOutlook",
    "StageProbabilities",
    "StageProbability",
    "Trial",
    "compare_losses",
    "crps_ensemble",
    "crps_normal",
    "estimate_closing",
    "estimate_run_rate",
    "estimate_stage_chain",
    "estimate_stage_probabilities",
    "find_actuals",
    "fit_bayes",
    "fit_frequencies",
    "fit_isotonic",
    "fit_platt",
    "interval_coverage",
    "judge_each",
    "make_origins",
    "measure_accuracy",
    "measure_calibration",
    "pinball_loss",
    "plan_origins",
    "recalibrate",
    "run_backtest",
    "scaled_error",
    "score_deals",
    "skill",
    "view_history",
    "weigh_forecast",
    "win_count_interval",
]
