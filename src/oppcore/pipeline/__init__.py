"""The process as data."""

from __future__ import annotations

from oppcore.pipeline.document import OwnCriteria, dump_pipeline, load_pipeline, write_pipeline
from oppcore.pipeline.edges import as_graph
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.flow import Direction, Flow, Policy
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import ChecklistItem, Stage, StageKind
from oppcore.pipeline.transitions import Action, Transition

__all__ = [
    "Action",
    "ChecklistItem",
    "CustomField",
    "Direction",
    "Flow",
    "OwnCriteria",
    "Pipeline",
    "Policy",
    "Reason",
    "Stage",
    "StageKind",
    "Transition",
    "as_graph",
    "dump_pipeline",
    "load_pipeline",
    "write_pipeline",
]
