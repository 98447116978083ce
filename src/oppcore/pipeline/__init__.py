"""The process as data."""

from __future__ import annotations

from oppcore.pipeline.document import dump_pipeline, load_pipeline, write_pipeline
from oppcore.pipeline.fields import CustomField
from oppcore.pipeline.flow import Direction, Flow, Policy
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.reasons import Reason
from oppcore.pipeline.stage import Stage, StageKind

__all__ = [
    "CustomField",
    "Direction",
    "Flow",
    "Pipeline",
    "Policy",
    "Reason",
    "Stage",
    "StageKind",
    "dump_pipeline",
    "load_pipeline",
    "write_pipeline",
]
