"""Why a forecast is what it is: the deals behind it, one by one."""

from __future__ import annotations

from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.deals import ForecastDeal
from oppcore.table import Table

__all__ = ["ForecastExplanation"]


@final
@attrs.frozen(kw_only=True)
class ForecastExplanation:
    """The deals behind a forecast by month, currency and id, and what is said of all of them in `notes`."""

    title: str
    deals: tuple[ForecastDeal, ...]
    notes: tuple[str, ...]
    left_out: tuple[Problem, ...] = ()

    def _sorted(self) -> list[ForecastDeal]:
        return sorted(
            self.deals,
            key=lambda deal: (deal.period is None, deal.period or "", deal.amount.currency, deal.opportunity_id),
        )

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per deal; amounts are Decimals."""
        return [deal.as_record() for deal in self._sorted()]

    def detail(self) -> dict[str, Any]:
        """Give the deals as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "forecast_deals",
            "notes": list(self.notes),
            "deals": [deal.detail() for deal in self._sorted()],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the deals for eyes, a line for each."""
        return Table(
            columns=[
                "period",
                "currency",
                "deal",
                "amount",
                "probability",
                "said by",
                "weighted",
                "category",
                "put by",
            ],
            rows=[
                [
                    deal.period,
                    deal.amount.currency,
                    deal.opportunity_id,
                    deal.amount.amount,
                    None if deal.probability is None else f"{float(deal.probability):.1%}",
                    deal.source,
                    None if deal.weighted is None else deal.weighted.amount,
                    str(deal.category).replace("_", " "),
                    str(deal.category_source),
                ]
                for deal in self._sorted()
            ],
            title=self.title,
            notes=self.notes,
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()
