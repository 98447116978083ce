"""What a CRM keeps: frozen values, validated at the border."""

from __future__ import annotations

from oppcore.records.actor import Actor
from oppcore.records.custom import CustomFields, FieldValue
from oppcore.records.fields import FIELDS, Field, FieldType, get_field, is_present, with_fields
from oppcore.records.groups import (
    Customer,
    Decision,
    Estimate,
    ForecastCategory,
    Need,
    Origin,
    Qualification,
    Sensitivity,
    Solution,
    Team,
    Timing,
)
from oppcore.records.key import Key
from oppcore.records.opportunity import Opportunity
from oppcore.records.progress import Outcome, Progress, State

__all__ = [
    "FIELDS",
    "Actor",
    "CustomFields",
    "Customer",
    "Decision",
    "Estimate",
    "Field",
    "FieldType",
    "FieldValue",
    "ForecastCategory",
    "Key",
    "Need",
    "Opportunity",
    "Origin",
    "Outcome",
    "Progress",
    "Qualification",
    "Sensitivity",
    "Solution",
    "State",
    "Team",
    "Timing",
    "get_field",
    "is_present",
    "with_fields",
]
