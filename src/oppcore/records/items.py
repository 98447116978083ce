"""What records hold several of: quotes, competitors, objections and the like. Each item is a value of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeAlias, final

import attrs

from oppcore.money import Money
from oppcore.records.checks import (
    aware,
    check_text,
    key_text,
    optional_date,
    optional_key,
    optional_money,
    optional_probability,
    optional_text,
    to_utc,
)

__all__ = [
    "ITEM_TYPES",
    "Activity",
    "Competitor",
    "CompetitorStatus",
    "DeliveryCondition",
    "Interest",
    "Item",
    "Member",
    "Need",
    "NeedKind",
    "Objection",
    "Quote",
    "QuoteStatus",
    "Stakeholder",
]


def _some_text(_instance: Any, attribute: Any, value: Any) -> None:
    check_text(value, attribute.name, blank=False)


class NeedKind(StrEnum):
    """Whether it is a need, something that hurts, or an exact requirement."""

    NEED = "need"
    PAIN_POINT = "pain_point"
    REQUIREMENT = "requirement"


@final
@attrs.frozen(kw_only=True)
class Need:
    """Something the customer needs, suffers from or requires. Which stage it was written down in, the changes tell."""

    text: str = attrs.field(validator=_some_text)
    kind: NeedKind = attrs.field(default=NeedKind.NEED, converter=NeedKind)
    met: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


class QuoteStatus(StrEnum):
    """How far a quote has come."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"


@final
@attrs.frozen(kw_only=True)
class Quote:
    """An offer with a price; `discount` is the share taken off, 0 to 1."""

    id: str = attrs.field(validator=key_text)
    amount: Money | None = attrs.field(default=None, validator=optional_money)
    discount: Decimal | None = attrs.field(default=None, validator=optional_probability)
    status: QuoteStatus = attrs.field(default=QuoteStatus.DRAFT, converter=QuoteStatus)
    valid_until: date | None = attrs.field(default=None, validator=optional_date)


class CompetitorStatus(StrEnum):
    """Whether a competitor is still in the race, out of it, or has taken the deal."""

    ACTIVE = "active"
    ELIMINATED = "eliminated"
    WON_DEAL = "won_deal"


@final
@attrs.frozen(kw_only=True)
class Competitor:
    """Somebody who wants the same deal."""

    name: str = attrs.field(validator=_some_text)
    status: CompetitorStatus = attrs.field(default=CompetitorStatus.ACTIVE, converter=CompetitorStatus)


@final
@attrs.frozen(kw_only=True)
class Objection:
    """What the customer holds against the offer."""

    text: str = attrs.field(validator=_some_text)
    resolved: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


@final
@attrs.frozen(kw_only=True)
class DeliveryCondition:
    """What must be done for the deal to count as delivered."""

    text: str = attrs.field(validator=_some_text)
    fulfilled: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


@final
@attrs.frozen(kw_only=True)
class Stakeholder:
    """A contact who has a say; `role` is in the host's words (decision maker, buyer, user …)."""

    contact_id: str = attrs.field(validator=key_text)
    role: str = attrs.field(validator=_some_text)


@final
@attrs.frozen(kw_only=True)
class Member:
    """Somebody who sells with the owner; `split` is the share of the credit, 0 to 1."""

    id: str = attrs.field(validator=key_text)
    role: str | None = attrs.field(default=None, validator=optional_key)
    split: Decimal | None = attrs.field(default=None, validator=optional_probability)


@final
@attrs.frozen(kw_only=True)
class Activity:
    """Something done or planned with the customer; `kind` is in the host's words (call, visit, demo …)."""

    kind: str = attrs.field(validator=_some_text)
    at: datetime = attrs.field(converter=to_utc, validator=aware)
    done: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


@final
@attrs.frozen(kw_only=True)
class Interest:
    """A sign that somebody is interested: what was done (`signal`: webinar, download …) and in which product."""

    signal: str = attrs.field(validator=_some_text)
    product: str | None = attrs.field(default=None, validator=optional_text)
    at: datetime = attrs.field(converter=to_utc, validator=aware)


Item: TypeAlias = Need | Quote | Competitor | Objection | DeliveryCondition | Stakeholder | Member | Activity | Interest
"""One of several things a record holds."""

ITEM_TYPES: Mapping[str, type[Any]] = {
    "needs": Need,
    "quotes": Quote,
    "competitors": Competitor,
    "objections": Objection,
    "delivery_conditions": DeliveryCondition,
    "stakeholders": Stakeholder,
    "members": Member,
    "activities": Activity,
    "interests": Interest,
}
"""The type of the items of each field that holds several."""
