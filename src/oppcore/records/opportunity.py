"""An opportunity: a customer with the intent to buy, in a sales process."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.money import Money
from oppcore.records.checks import key_text, made_of, optional_money, optional_text
from oppcore.records.custom import CustomFields, to_custom
from oppcore.records.groups import (
    Customer,
    Engagement,
    Estimate,
    Negotiation,
    Origin,
    Qualification,
    Solution,
    Team,
    Timing,
)
from oppcore.records.items import Need
from oppcore.records.progress import Progress

__all__ = ["Opportunity"]


@final
@attrs.frozen(kw_only=True)
class Opportunity:
    """A deal. Build one with `open_opportunity` (a new deal) or `adopt` (an existing one); change it with changes only.

    Everything but `id` and `progress` is optional. Related facts are grouped; `oppcore.records.FIELDS` names every
    field that criteria, amendments and forms can speak of, wherever it lives.
    """

    id: str = attrs.field(validator=key_text)
    progress: Progress = attrs.field(validator=attrs.validators.instance_of(Progress))
    name: str | None = attrs.field(default=None, validator=optional_text)
    amount: Money | None = attrs.field(default=None, validator=optional_money)
    estimate: Estimate = Estimate()
    customer: Customer = Customer()
    needs: tuple[Need, ...] = attrs.field(default=(), converter=tuple[Need, ...], validator=made_of(Need))
    solution: Solution = Solution()
    timing: Timing = Timing()
    engagement: Engagement = Engagement()
    qualification: Qualification = Qualification()
    negotiation: Negotiation = Negotiation()
    origin: Origin = Origin()
    team: Team = Team()
    fields: CustomFields = attrs.field(factory=CustomFields, converter=to_custom)
