"""Where one deal stands: what snapshots and forecasts are made of, whether it comes from a history or from a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import final

import attrs

from oppcore.money import Money
from oppcore.records import Estimate, ForecastCategory, Opportunity, Outcome, State

__all__ = ["COLUMNS", "Standing", "standing_of"]

COLUMNS: tuple[str, ...] = (
    "actor_id",
    "currency",
    "expected_close_on",
    "forecast_category",
    "owner_id",
    "reason",
    "source",
)
"""The built-in columns by which deals can be grouped."""


@final
@attrs.frozen(kw_only=True)
class Standing:
    """One deal as of an instant: its state, since when, and the values said last.

    `closed_at` and `reason` are None while the deal is open. `estimate` holds the deal's own probability and forecast
    category, None where the stage's default holds.
    """

    opportunity_id: str
    state: State
    opened_at: datetime
    entered_at: datetime
    closed_at: datetime | None = None
    reason: str | None = None
    amount: Money | None = None
    estimate: Estimate = Estimate()
    expected_close_on: date | None = None
    owner_id: str | None = None
    source: str | None = None
    actor_id: str | None = None
    further: Mapping[str, str] = attrs.field(factory=dict[str, str], hash=False)

    @property
    def outcome(self) -> Outcome:
        """Whether the deal is open, won, lost or abandoned."""
        return self.state.outcome

    @property
    def probability(self) -> Decimal | None:
        """The deal's own probability; None where the stage's default holds."""
        return self.estimate.probability

    @property
    def forecast_category(self) -> ForecastCategory | None:
        """The deal's own forecast category; None where the stage's default holds."""
        return self.estimate.forecast_category

    def column(self, name: str) -> str | None:
        """Give the text in a column, built in (`COLUMNS`) or further; None where nothing was said."""
        if name == "currency":
            return None if self.amount is None else self.amount.currency
        if name in COLUMNS:
            value = getattr(self, name)
            return None if value is None else str(value)
        return self.further.get(name)


def standing_of(record: Opportunity) -> Standing:
    """Give where a record stands, so that a host's live records go through the same calculators as a history."""
    progress = record.progress
    return Standing(
        opportunity_id=record.id,
        state=progress.state,
        opened_at=progress.opened_at,
        entered_at=progress.entered_at,
        closed_at=progress.closed_at,
        reason=progress.reason,
        amount=record.amount,
        estimate=record.estimate,
        expected_close_on=record.timing.expected_close_on,
        owner_id=record.team.owner_id,
        source=record.origin.source,
        further={name: str(value) for name, value in record.fields.items()},
    )
