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
from oppcore.forecast.origin import Actuals, ForecastOrigin, find_actuals, make_origins, view_history
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "Accuracy",
    "Actuals",
    "Forecast",
    "ForecastOrigin",
    "ForecastRow",
    "crps_ensemble",
    "crps_normal",
    "find_actuals",
    "interval_coverage",
    "make_origins",
    "measure_accuracy",
    "pinball_loss",
    "scaled_error",
    "skill",
    "view_history",
    "weigh_forecast",
]
