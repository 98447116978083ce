"""A lead: interest without a stated intent to buy."""

from __future__ import annotations

from typing import final

import attrs

from oppcore.records.checks import key_text, made_of
from oppcore.records.custom import CustomFields, to_custom
from oppcore.records.groups import Company, Engagement, Origin, Person, Qualification, Team
from oppcore.records.items import Need
from oppcore.records.progress import Progress

__all__ = ["Lead"]


@final
@attrs.frozen(kw_only=True)
class Lead:
    """A lead, in a process of its own: won reads *converted*, lost *disqualified*, abandoned *dropped*.

    Build one with `open_lead` or `adopt`; change it with changes only. `person` is personal and never printed.
    """

    id: str = attrs.field(validator=key_text)
    progress: Progress = attrs.field(validator=attrs.validators.instance_of(Progress))
    person: Person = Person()
    company: Company = Company()
    needs: tuple[Need, ...] = attrs.field(default=(), converter=tuple[Need, ...], validator=made_of(Need))
    engagement: Engagement = Engagement()
    qualification: Qualification = Qualification()
    origin: Origin = Origin()
    team: Team = Team()
    fields: CustomFields = attrs.field(factory=CustomFields, converter=to_custom)
