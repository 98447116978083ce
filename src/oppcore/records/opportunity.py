"""An opportunity: a customer with the intent to buy, in a sales process."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.money import Money
from oppcore.records.checks import key_text, optional_text
from oppcore.records.custom import CustomFields
from oppcore.records.groups import Customer, Estimate, Need, Origin, Qualification, Solution, Team, Timing
from oppcore.records.progress import Progress

__all__ = ["Opportunity"]


@final
@attrs.frozen(kw_only=True)
class Opportunity:
    """A deal. Build one with `open_opportunity` (a new deal) or `adopt` (an existing one); change it with changes only.

    Everything but `id` and `progress` is optional. Related facts are grouped; `oppcore.records.FIELDS` names every
    field that criteria, amendments and forms can speak of.
    """

    id: str = attrs.field(validator=key_text)
    progress: Progress = attrs.field(validator=attrs.validators.instance_of(Progress))
    name: str | None = attrs.field(default=None, validator=optional_text)
    amount: Money | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.instance_of(Money))
    )
    estimate: Estimate = Estimate()
    customer: Customer = Customer()
    need: Need = Need()
    solution: Solution = Solution()
    timing: Timing = Timing()
    qualification: Qualification = Qualification()
    origin: Origin = Origin()
    team: Team = Team()
    fields: CustomFields = attrs.field(factory=CustomFields, converter=CustomFields)
