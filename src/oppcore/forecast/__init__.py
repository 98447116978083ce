"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

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
from oppcore.forecast.comparison import LossComparison, compare_losses
from oppcore.forecast.league import LeagueRow, MethodComparison, RevenueErrors, Score
from oppcore.forecast.methods import METHODS, Method
from oppcore.forecast.origin import (
    Actuals,
    ForecastOrigin,
    find_actuals,
    make_origins,
    plan_origins,
    view_history,
)
from oppcore.forecast.trial import Judgement, Trial
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "METHODS",
    "Accuracy",
    "Actuals",
    "Backtest",
    "Forecast",
    "ForecastOrigin",
    "ForecastRow",
    "Judgement",
    "LeagueRow",
    "LossComparison",
    "Method",
    "MethodComparison",
    "RevenueErrors",
    "Score",
    "Trial",
    "compare_losses",
    "crps_ensemble",
    "crps_normal",
    "find_actuals",
    "interval_coverage",
    "make_origins",
    "measure_accuracy",
    "pinball_loss",
    "plan_origins",
    "run_backtest",
    "scaled_error",
    "skill",
    "view_history",
    "weigh_forecast",
]
