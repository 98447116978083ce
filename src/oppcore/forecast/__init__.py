"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.adjustments import Adjustment
from oppcore.forecast.attainment import QuotaAttainment, QuotaReport, measure_attainment
from oppcore.forecast.bias import BiasReport, BiasVerdict, ForecastBias, measure_bias
from oppcore.forecast.categories import CategoryForecast, CategoryRow, RollUpMethod, forecast_categories
from oppcore.forecast.commitment import CommitmentFate, CommitmentReport, WinOrigin, measure_commitment
from oppcore.forecast.concentration import Concentration, measure_concentration
from oppcore.forecast.deals import CategorySource, ForecastDeal
from oppcore.forecast.explanation import ForecastExplanation
from oppcore.forecast.hierarchy import HierarchyForecast, NodeForecast, check_hierarchy, roll_up
from oppcore.forecast.judgement import JudgedSubmission, SubmissionReport, judge_submissions
from oppcore.forecast.quotas import Quota, find_over_assignment
from oppcore.forecast.sources import ProbabilitySource
from oppcore.forecast.submissions import (
    Submission,
    SubmissionCause,
    SubmissionChange,
    explain_change,
    submit_forecast,
)
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast
from oppcore.forecast.whatif import Lever, Supposition, SuppositionEffect, WhatIf, lose_biggest, what_if

__all__ = [
    "Adjustment",
    "BiasReport",
    "BiasVerdict",
    "CategoryForecast",
    "CategoryRow",
    "CategorySource",
    "CommitmentFate",
    "CommitmentReport",
    "Concentration",
    "Forecast",
    "ForecastBias",
    "ForecastDeal",
    "ForecastExplanation",
    "ForecastRow",
    "HierarchyForecast",
    "JudgedSubmission",
    "Lever",
    "NodeForecast",
    "ProbabilitySource",
    "Quota",
    "QuotaAttainment",
    "QuotaReport",
    "RollUpMethod",
    "Submission",
    "SubmissionCause",
    "SubmissionChange",
    "SubmissionReport",
    "Supposition",
    "SuppositionEffect",
    "WhatIf",
    "WinOrigin",
    "check_hierarchy",
    "explain_change",
    "find_over_assignment",
    "forecast_categories",
    "judge_submissions",
    "lose_biggest",
    "measure_attainment",
    "measure_bias",
    "measure_commitment",
    "measure_concentration",
    "roll_up",
    "submit_forecast",
    "weigh_forecast",
    "what_if",
]
