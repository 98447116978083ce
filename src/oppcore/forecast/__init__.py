"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.categories import CategoryForecast, CategoryRow, RollUpMethod, forecast_categories
from oppcore.forecast.deals import CategorySource, ForecastDeal
from oppcore.forecast.explanation import ForecastExplanation
from oppcore.forecast.sources import ProbabilitySource
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "CategoryForecast",
    "CategoryRow",
    "CategorySource",
    "Forecast",
    "ForecastDeal",
    "ForecastExplanation",
    "ForecastRow",
    "ProbabilitySource",
    "RollUpMethod",
    "forecast_categories",
    "weigh_forecast",
]
