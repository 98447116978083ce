"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.origin import Actuals, ForecastOrigin, find_actuals, make_origins, view_history
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "Actuals",
    "Forecast",
    "ForecastOrigin",
    "ForecastRow",
    "find_actuals",
    "make_origins",
    "view_history",
    "weigh_forecast",
]
