"""Estimating the future: what open deals are worth, weighted by how likely they are to be won."""

from __future__ import annotations

from oppcore.forecast.odoo import FrequencyTable, fit_frequencies
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast

__all__ = ["Forecast", "ForecastRow", "FrequencyTable", "fit_frequencies", "weigh_forecast"]
