"""Frozen values made without being asked again what is valid already; for the engine alone.

A public constructor converts and validates whatever it is given, field by field. The values a move makes (its stamp,
the change, the next progress, the next record) are made of parts that were asked when they came in, and asking again
would take most of a move's time. So the engine writes them like this, and nobody else does:

    stamp = StampDraft()
    stamp.version = 2  # … and so on: every field
    stamp.__class__ = Stamp

What keeps a frozen value from being written to is its class; a draft is of a class that does not, has the same slots,
and gives way to the frozen one when all is written. A law holds it to that: what the engine made is equal to what the
public constructor makes of the same parts (tests/laws).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from oppcore.records.lead import Lead
from oppcore.records.opportunity import Opportunity
from oppcore.records.progress import Progress

__all__ = ["draft_class", "with_progress"]

R = TypeVar("R", bound=Opportunity | Lead)


def draft_class(type_: type[Any]) -> Callable[[], Any]:
    """Give the class of empty drafts of a frozen, slotted class."""
    plain = {"__slots__": (), **{name: getattr(object, name) for name in ("__init__", "__setattr__", "__delattr__")}}
    return type(f"{type_.__name__}Draft", (type_,), plain)


OpportunityDraft, LeadDraft = draft_class(Opportunity), draft_class(Lead)


def with_progress(record: R, progress: Progress) -> R:
    """Give the record with another progress: every change does this, and nothing else of the record changes."""
    changed: R
    changed = _lead(record, progress) if isinstance(record, Lead) else _opportunity(record, progress)
    return changed


def _opportunity(record: Opportunity, progress: Progress) -> Any:
    made = OpportunityDraft()
    made.id = record.id
    made.progress = progress
    made.name = record.name
    made.amount = record.amount
    made.estimate = record.estimate
    made.customer = record.customer
    made.needs = record.needs
    made.solution = record.solution
    made.timing = record.timing
    made.engagement = record.engagement
    made.qualification = record.qualification
    made.negotiation = record.negotiation
    made.origin = record.origin
    made.team = record.team
    made.fields = record.fields
    made.__class__ = Opportunity
    return made


def _lead(record: Lead, progress: Progress) -> Any:
    made = LeadDraft()
    made.id = record.id
    made.progress = progress
    made.person = record.person
    made.company = record.company
    made.needs = record.needs
    made.engagement = record.engagement
    made.qualification = record.qualification
    made.origin = record.origin
    made.team = record.team
    made.fields = record.fields
    made.__class__ = Lead
    return made
