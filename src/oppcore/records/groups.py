"""The values an opportunity is made of: customer, need, solution, timing, qualification, estimate, origin, team."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.money import Money
from oppcore.records.checks import (
    optional_aware,
    optional_key,
    optional_probability,
    optional_text,
    texts,
    to_optional_utc,
    to_texts,
)

__all__ = [
    "Customer",
    "Decision",
    "Estimate",
    "ForecastCategory",
    "Need",
    "Origin",
    "Qualification",
    "Sensitivity",
    "Solution",
    "Team",
    "Timing",
]


class ForecastCategory(StrEnum):
    """How sure the seller is, in the words forecasts use."""

    PIPELINE = "pipeline"
    BEST_CASE = "best_case"
    MOST_LIKELY = "most_likely"
    COMMIT = "commit"
    CLOSED = "closed"
    OMITTED = "omitted"


class Sensitivity(StrEnum):
    """How much the price matters to the customer."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Decision(StrEnum):
    """Whether to go on investing in a deal."""

    GO = "go"
    NO_GO = "no_go"


def _text() -> Any:
    return attrs.field(default=None, validator=optional_text)


def _id() -> Any:
    return attrs.field(default=None, validator=optional_key)


def _texts() -> Any:
    return attrs.field(default=(), converter=to_texts, validator=texts)


def _optional(kind: type[Any]) -> Any:
    return attrs.validators.optional(attrs.validators.instance_of(kind))


def _plain_date(_instance: Any, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        message = f"{attribute.name} is a date, not {type(value).__name__}"
        raise TypeError(message)


def _date() -> Any:
    return attrs.field(default=None, validator=_plain_date)


@final
@attrs.frozen(kw_only=True)
class Customer:
    """Who buys: accounts and contacts belong to the host and are named by id."""

    account_id: str | None = _id()
    contact_ids: tuple[str, ...] = _texts()
    tags: tuple[str, ...] = _texts()


@final
@attrs.frozen(kw_only=True)
class Need:
    """What the customer needs, what hurts, and what exactly is required."""

    needs: tuple[str, ...] = _texts()
    pain_points: tuple[str, ...] = _texts()
    requirements: tuple[str, ...] = _texts()


@final
@attrs.frozen(kw_only=True)
class Solution:
    """What is offered."""

    products: tuple[str, ...] = _texts()
    proposal: str | None = _text()


@final
@attrs.frozen(kw_only=True)
class Timing:
    """When: the day the deal is expected to close, the window in which the customer buys, and the contacts in time."""

    expected_close_on: date | None = _date()
    buying_from: date | None = _date()
    buying_until: date | None = _date()
    last_activity_at: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)
    next_activity_at: datetime | None = attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)


def _to_sensitivity(value: str | None) -> Sensitivity | None:
    return None if value is None else Sensitivity(value)


def _to_decision(value: str | None) -> Decision | None:
    return None if value is None else Decision(value)


def _to_category(value: str | None) -> ForecastCategory | None:
    return None if value is None else ForecastCategory(value)


@final
@attrs.frozen(kw_only=True)
class Qualification:
    """Whether the customer can and will buy."""

    intent: str | None = _text()
    budget: Money | None = attrs.field(default=None, validator=_optional(Money))
    decision_process: str | None = _text()
    price_sensitivity: Sensitivity | None = attrs.field(default=None, converter=_to_sensitivity)
    decision: Decision | None = attrs.field(default=None, converter=_to_decision)


@final
@attrs.frozen(kw_only=True)
class Estimate:
    """What the seller believes against the stage's default: kept until cleared, None where the default holds."""

    probability: Decimal | None = attrs.field(default=None, validator=optional_probability)
    forecast_category: ForecastCategory | None = attrs.field(default=None, converter=_to_category)


@final
@attrs.frozen(kw_only=True)
class Origin:
    """Where the deal came from."""

    source: str | None = _text()
    campaign_id: str | None = _id()
    lead_id: str | None = _id()
    predecessor_id: str | None = _id()


@final
@attrs.frozen(kw_only=True)
class Team:
    """Who sells."""

    owner_id: str | None = _id()
    member_ids: tuple[str, ...] = _texts()
