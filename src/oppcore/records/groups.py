"""The values records are made of: customer, solution, timing, qualification, estimate, negotiation, origin, team …"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, final

import attrs

from oppcore.money import Money, sum_exactly
from oppcore.records.checks import (
    made_of,
    optional_aware,
    optional_date,
    optional_decimal,
    optional_key,
    optional_money,
    optional_probability,
    optional_text,
    texts,
    to_optional_utc,
    to_texts,
)
from oppcore.records.items import (
    Activity,
    Competitor,
    CompetitorStatus,
    DeliveryCondition,
    Interest,
    Member,
    Objection,
    Quote,
    Stakeholder,
)

__all__ = [
    "Classification",
    "Company",
    "Customer",
    "Decision",
    "Engagement",
    "Environment",
    "Estimate",
    "ForecastCategory",
    "Negotiation",
    "Origin",
    "Person",
    "Predictability",
    "Qualification",
    "Scope",
    "Sensitivity",
    "Solution",
    "Team",
    "Timing",
    "Visibility",
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


class Predictability(StrEnum):
    """Whether an opportunity came by accident or could be foreseen."""

    ACCIDENTAL = "accidental"
    NON_ACCIDENTAL = "non_accidental"


class Scope(StrEnum):
    """How far an opportunity reaches."""

    STRATEGIC = "strategic"
    TACTICAL = "tactical"


class Visibility(StrEnum):
    """Whether the demand can be seen already."""

    LATENT = "latent"
    APPARENT = "apparent"


class Environment(StrEnum):
    """What change in the surroundings an opportunity comes from; several may apply."""

    POLITICAL = "political"
    ECONOMIC = "economic"
    TIME_BOUND = "time_bound"
    SEASONAL = "seasonal"


def _choice(kind: type[StrEnum]) -> Any:
    def read(value: str | None) -> Any:
        return None if value is None else kind(value)

    converter: Any = read
    return attrs.field(default=None, converter=converter)


def _items(type_: type[Any]) -> Any:
    return attrs.field(default=(), converter=_to_items, validator=made_of(type_))


def _to_items(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(items)


def _to_environment(values: Iterable[str]) -> tuple[Environment, ...]:
    return tuple(sorted({Environment(value) for value in to_texts(values)}))


def _text() -> Any:
    return attrs.field(default=None, validator=optional_text)


def _id() -> Any:
    return attrs.field(default=None, validator=optional_key)


def _texts() -> Any:
    return attrs.field(default=(), converter=to_texts, validator=texts)


def _date() -> Any:
    return attrs.field(default=None, validator=optional_date)


def _instant() -> Any:
    return attrs.field(default=None, converter=to_optional_utc, validator=optional_aware)


@final
@attrs.frozen(kw_only=True)
class Customer:
    """Who buys: accounts and contacts belong to the host and are named by id."""

    account_id: str | None = _id()
    contact_ids: tuple[str, ...] = _texts()
    stakeholders: tuple[Stakeholder, ...] = _items(Stakeholder)
    tags: tuple[str, ...] = _texts()


@final
@attrs.frozen(kw_only=True)
class Solution:
    """What is offered. Of several quotes at most one is current, named by `current_quote_id`."""

    products: tuple[str, ...] = _texts()
    proposal: str | None = _text()
    quotes: tuple[Quote, ...] = _items(Quote)
    current_quote_id: str | None = _id()

    def __attrs_post_init__(self) -> None:
        ids = [quote.id for quote in self.quotes]
        if len(set(ids)) < len(ids):
            message = "two quotes have the same id"
            raise ValueError(message)
        if self.current_quote_id is not None and self.current_quote_id not in ids:
            message = f"the current quote {self.current_quote_id!r} is none of the quotes"
            raise ValueError(message)

    @property
    def current_quote(self) -> Quote | None:
        """The quote that counts; None where none was chosen."""
        return next((quote for quote in self.quotes if quote.id == self.current_quote_id), None)


@final
@attrs.frozen(kw_only=True)
class Timing:
    """When: the day the deal is expected to close, and the window in which the customer buys."""

    expected_close_on: date | None = _date()
    buying_from: date | None = _date()
    buying_until: date | None = _date()


@final
@attrs.frozen(kw_only=True)
class Engagement:
    """What was done and is planned with the customer."""

    last_activity_at: datetime | None = _instant()
    next_activity_at: datetime | None = _instant()
    activities: tuple[Activity, ...] = _items(Activity)
    interests: tuple[Interest, ...] = _items(Interest)


@final
@attrs.frozen(kw_only=True)
class Classification:
    """The four axes: predictability, scope, visibility, and the changes in the environment it comes from."""

    predictability: Predictability | None = _choice(Predictability)
    scope: Scope | None = _choice(Scope)
    visibility: Visibility | None = _choice(Visibility)
    environment: tuple[Environment, ...] = attrs.field(default=(), converter=_to_environment)


@final
@attrs.frozen(kw_only=True)
class Qualification:
    """Whether the customer can and will buy, and whether to go on."""

    intent: str | None = _text()
    budget: Money | None = attrs.field(default=None, validator=optional_money)
    decision_process: str | None = _text()
    price_sensitivity: Sensitivity | None = _choice(Sensitivity)
    decision: Decision | None = _choice(Decision)
    classification: Classification = Classification()


@final
@attrs.frozen(kw_only=True)
class Estimate:
    """What the seller believes against the stage's default: kept until cleared, None where the default holds.

    `said_at` is when either was last amended, kept by the engine; None where it was so from the opening on.
    """

    probability: Decimal | None = attrs.field(default=None, validator=optional_probability)
    forecast_category: ForecastCategory | None = _choice(ForecastCategory)
    said_at: datetime | None = _instant()


def _one_winner(_instance: Any, _attribute: Any, value: tuple[Competitor, ...]) -> None:
    if sum(competitor.status is CompetitorStatus.WON_DEAL for competitor in value) > 1:
        message = "only one competitor can have won the deal"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Negotiation:
    """What stands between the offer and the order."""

    competitors: tuple[Competitor, ...] = attrs.field(
        default=(),
        converter=_to_items,
        validator=[made_of(Competitor), _one_winner],
    )
    objections: tuple[Objection, ...] = _items(Objection)
    delivery_conditions: tuple[DeliveryCondition, ...] = _items(DeliveryCondition)


@final
@attrs.frozen(kw_only=True)
class Origin:
    """Where it came from: the source (in the host's words), the campaign, the lead, the deal it follows on."""

    source: str | None = _text()
    campaign_id: str | None = _id()
    lead_id: str | None = _id()
    predecessor_id: str | None = _id()


def _whole_credit(_instance: Any, _attribute: Any, value: tuple[Member, ...]) -> None:
    ids = [member.id for member in value]
    if len(set(ids)) < len(ids):
        message = "somebody is in the team twice"
        raise ValueError(message)
    splits = [member.split for member in value if member.split is not None]
    if splits and sum_exactly(splits) != 1:
        message = f"the splits of the team add up to {sum_exactly(splits)}, not to 1"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Team:
    """Who sells. Where credit is split, the members' splits add up to 1."""

    owner_id: str | None = _id()
    members: tuple[Member, ...] = attrs.field(
        default=(),
        converter=_to_items,
        validator=[made_of(Member), _whole_credit],
    )


@final
@attrs.frozen(kw_only=True, repr=False)
class Person:
    """The person behind a lead. Personal: never printed."""

    name: str | None = _text()
    email: str | None = _text()
    phone: str | None = _text()
    job_title: str | None = _text()

    def __repr__(self) -> str:
        return "Person(…)"


@final
@attrs.frozen(kw_only=True)
class Company:
    """The company behind a lead, as far as it is known."""

    company: str | None = _text()
    industry: str | None = _text()
    region: str | None = _text()
    company_size: Decimal | None = attrs.field(default=None, validator=optional_decimal)
