"""oppcore: opportunity management as a library. The everyday names; everything else is imported from its room.

A name is loaded when it is first used: whoever wants a funnel does not wait for the stores.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oppcore.desk import AsyncDesk, Desk
    from oppcore.engine import (
        adopt,
        amend,
        convert,
        evolve,
        find_violations,
        form,
        move,
        open_lead,
        open_opportunity,
        options,
        replay,
        unmet,
    )
    from oppcore.errors import InvalidPipeline, MoveRefused, OppcoreError, Problem, UnreadableChanges, VersionConflict
    from oppcore.exchange import read_changes
    from oppcore.forecast import weigh_forecast
    from oppcore.funnel import measure_funnel
    from oppcore.history import adopt_history, infer_pipeline, rows_of, take_snapshot
    from oppcore.money import Money
    from oppcore.pipeline import Pipeline, Stage, dump_pipeline, load_pipeline, template
    from oppcore.records import Actor, Lead, Opportunity
    from oppcore.repository import MemoryRepository, SqliteRepository

__all__ = [
    "Actor",
    "AsyncDesk",
    "Desk",
    "InvalidPipeline",
    "Lead",
    "MemoryRepository",
    "Money",
    "MoveRefused",
    "OppcoreError",
    "Opportunity",
    "Pipeline",
    "Problem",
    "SqliteRepository",
    "Stage",
    "UnreadableChanges",
    "VersionConflict",
    "adopt",
    "adopt_history",
    "amend",
    "convert",
    "dump_pipeline",
    "evolve",
    "find_violations",
    "form",
    "infer_pipeline",
    "load_pipeline",
    "measure_funnel",
    "move",
    "open_lead",
    "open_opportunity",
    "options",
    "read_changes",
    "replay",
    "rows_of",
    "take_snapshot",
    "template",
    "unmet",
    "weigh_forecast",
]

_ROOMS = {
    "desk": "AsyncDesk Desk",
    "engine": "adopt amend convert evolve find_violations form move open_lead open_opportunity options replay unmet",
    "errors": "InvalidPipeline MoveRefused OppcoreError Problem UnreadableChanges VersionConflict",
    "exchange": "read_changes",
    "forecast": "weigh_forecast",
    "funnel": "measure_funnel",
    "history": "adopt_history infer_pipeline rows_of take_snapshot",
    "money": "Money",
    "pipeline": "Pipeline Stage dump_pipeline load_pipeline template",
    "records": "Actor Lead Opportunity",
    "repository": "MemoryRepository SqliteRepository",
}


def __getattr__(name: str) -> Any:
    """Load the room of an everyday name."""
    from importlib import import_module

    for room, names in _ROOMS.items():
        if name in names.split():
            return getattr(import_module(f"oppcore.{room}"), name)
    message = f"module 'oppcore' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return [name for names in _ROOMS.values() for name in names.split()]
