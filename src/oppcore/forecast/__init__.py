"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.calibration import Binning, Calibration, ReliabilityBin, measure_calibration
from oppcore.forecast.odoo import FrequencyTable, fit_frequencies
from oppcore.forecast.recalibration import IsotonicMap, PlattMap, fit_isotonic, fit_platt
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = [
    "Binning",
    "Calibration",
    "Forecast",
    "ForecastRow",
    "FrequencyTable",
    "IsotonicMap",
    "PlattMap",
    "ReliabilityBin",
    "fit_frequencies",
    "fit_isotonic",
    "fit_platt",
    "measure_calibration",
    "weigh_forecast",
]
