"""Which deals are part of the figure of a forecast category."""

from __future__ import annotations

from enum import StrEnum

from oppcore.forecast.deals import ForecastDeal
from oppcore.records import ForecastCategory, Outcome

__all__ = ["CATEGORIES", "RollUpMethod", "counts_in"]

CATEGORIES = (
    ForecastCategory.CLOSED,
    ForecastCategory.COMMIT,
    ForecastCategory.MOST_LIKELY,
    ForecastCategory.BEST_CASE,
    ForecastCategory.PIPELINE,
)
"""The categories that are forecast, the surest first; `omitted` is in none."""


class RollUpMethod(StrEnum):
    """What a category's figure holds: the deals in it (`single`), or also those in surer ones (`cumulative`).

    The cumulative figure of `pipeline` is the open pipeline: all open deals, without the closed ones.
    """

    SINGLE = "single"
    CUMULATIVE = "cumulative"


def counts_in(
    deal: ForecastDeal, category: ForecastCategory, *, method: RollUpMethod = RollUpMethod.CUMULATIVE
) -> bool:
    """Whether a deal is part of the figure of a category."""
    if deal.category is category:
        return True
    if method is RollUpMethod.SINGLE:
        return False
    if category is ForecastCategory.PIPELINE:
        return deal.outcome is Outcome.OPEN
    return CATEGORIES.index(deal.category) < CATEGORIES.index(category)
