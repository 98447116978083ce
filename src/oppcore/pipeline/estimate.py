"""How likely a deal is held to be, and in which forecast category, and who says so."""

from __future__ import annotations

from decimal import Decimal

from oppcore.pipeline.pipeline import Pipeline
from oppcore.records import Estimate, ForecastCategory, Outcome, State

__all__ = ["effective_category", "effective_probability"]


def effective_probability(pipeline: Pipeline, state: State, estimate: Estimate) -> Decimal | None:
    """Give the probability (0 to 1) that holds: the outcome beats the deal's own, which beats the stage's default.

    None where nobody says: it is never invented.
    """
    if state.outcome is not Outcome.OPEN:
        return Decimal(1) if state.outcome is Outcome.WON else Decimal(0)
    return pipeline.stage(state.stage).probability if estimate.probability is None else estimate.probability


def effective_category(pipeline: Pipeline, state: State, estimate: Estimate) -> ForecastCategory:
    """Give the forecast category that holds: closed or omitted by outcome, else the deal's own, else the default."""
    if state.outcome is not Outcome.OPEN:
        return ForecastCategory.CLOSED if state.outcome is Outcome.WON else ForecastCategory.OMITTED
    return estimate.forecast_category or pipeline.stage(state.stage).forecast_category or ForecastCategory.PIPELINE
