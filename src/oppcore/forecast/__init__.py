"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.bayes import SCORED_FIELDS, BayesModel, DealScore, FieldContribution, fit_bayes
from oppcore.forecast.calibration import Binning, Calibration, ReliabilityBin, measure_calibration
from oppcore.forecast.odoo import FrequencyTable, fit_frequencies
from oppcore.forecast.recalibration import IsotonicMap, PlattMap, fit_isotonic, fit_platt
from oppcore.forecast.scores import DealScores, score_deals
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "SCORED_FIELDS",
    "BayesModel",
    "Binning",
    "Calibration",
    "DealScore",
    "DealScores",
    "FieldContribution",
    "Forecast",
    "ForecastRow",
    "FrequencyTable",
    "IsotonicMap",
    "PlattMap",
    "ReliabilityBin",
    "fit_bayes",
    "fit_frequencies",
    "fit_isotonic",
    "fit_platt",
    "measure_calibration",
    "score_deals",
    "weigh_forecast",
]
