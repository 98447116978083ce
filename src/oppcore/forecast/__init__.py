"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.concentration import Concentration, measure_concentration
from oppcore.forecast.contributions import DealContribution
from oppcore.forecast.distribution import RevenueDistribution, RevenueMethod
from oppcore.forecast.projection import project_revenue
from oppcore.forecast.prospect import AmountRange, CloseRange, Prospect
from oppcore.forecast.revenue import forecast_revenue
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "AmountRange",
    "CloseRange",
    "Concentration",
    "DealContribution",
    "Forecast",
    "ForecastRow",
    "Prospect",
    "RevenueDistribution",
    "RevenueMethod",
    "forecast_revenue",
    "measure_concentration",
    "project_revenue",
    "weigh_forecast",
]
