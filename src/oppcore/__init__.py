"""oppcore: opportunity management as a library. The everyday names; everything else is imported from its room."""

from oppcore.engine import adopt, amend, evolve, move, open_opportunity, options, replay, unmet
from oppcore.errors import InvalidPipeline, MoveRefused, OppcoreError, Problem, UnreadableChanges, VersionConflict
from oppcore.exchange import read_changes
from oppcore.forecast import weigh_forecast
from oppcore.funnel import measure_funnel
from oppcore.history import adopt_history, infer_pipeline, rows_of, take_snapshot
from oppcore.money import Money
from oppcore.pipeline import Pipeline, Stage, dump_pipeline, load_pipeline
from oppcore.records import Actor, Opportunity

__all__ = [
    "Actor",
    "InvalidPipeline",
    "Money",
    "MoveRefused",
    "OppcoreError",
    "Opportunity",
    "Pipeline",
    "Problem",
    "Stage",
    "UnreadableChanges",
    "VersionConflict",
    "adopt",
    "adopt_history",
    "amend",
    "dump_pipeline",
    "evolve",
    "infer_pipeline",
    "load_pipeline",
    "measure_funnel",
    "move",
    "open_opportunity",
    "options",
    "read_changes",
    "replay",
    "rows_of",
    "take_snapshot",
    "unmet",
    "weigh_forecast",
]
