"""The process as data."""

from __future__ import annotations

from oppcore.pipeline.approvals import Approval, ApprovalStep, Cover
from oppcore.pipeline.claims import Claim
from oppcore.pipeline.document import OwnCriteria, dump_pipeline, load_pipeline, write_pipeline
from oppcore.pipeline.edges import as_graph
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.flow import Direction, Flow, Policy
from oppcore.pipeline.permissions import OverridePolicy, Permissions, Waivable
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.rules import Rule, rules_of
from oppcore.pipeline.stage import ChecklistItem, Stage, StageKind
from oppcore.pipeline.transitions import Action, Transition

__all__ = [
    "Action",
    "Approval",
    "ApprovalStep",
    "ChecklistItem",
    "Claim",
    "Cover",
    "CustomField",
    "Direction",
    "Flow",
    "OverridePolicy",
    "OwnCriteria",
    "Permissions",
    "Pipeline",
    "Policy",
    "Reason",
    "Rule",
    "Stage",
    "StageKind",
    "Transition",
    "Waivable",
    "as_graph",
    "dump_pipeline",
    "load_pipeline",
    "rules_of",
    "write_pipeline",
]
