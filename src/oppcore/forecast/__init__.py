"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.adjustments import Adjustment
from oppcore.forecast.attainment import QuotaAttainment, QuotaReport, measure_attainment
from oppcore.forecast.categories import CategoryForecast, CategoryRow, RollUpMethod, forecast_categories
from oppcore.forecast.deals import CategorySource, ForecastDeal
from oppcore.forecast.explanation import ForecastExplanation
from oppcore.forecast.hierarchy import HierarchyForecast, NodeForecast, check_hierarchy, roll_up
from oppcore.forecast.quotas import Quota, find_over_assignment
from oppcore.forecast.sources import ProbabilitySource
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "Adjustment",
    "CategoryForecast",
    "CategoryRow",
    "CategorySource",
    "Forecast",
    "ForecastDeal",
    "ForecastExplanation",
    "ForecastRow",
    "HierarchyForecast",
    "NodeForecast",
    "ProbabilitySource",
    "Quota",
    "QuotaAttainment",
    "QuotaReport",
    "RollUpMethod",
    "check_hierarchy",
    "find_over_assignment",
    "forecast_categories",
    "measure_attainment",
    "roll_up",
    "weigh_forecast",
]
