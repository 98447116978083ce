"""The past: rows fold into visits, outcomes and as-of snapshots."""

from __future__ import annotations

from oppcore.history.changes import Adoption, adopt_history, rows_of
from oppcore.history.fold import fold_rows
from oppcore.history.history import History, make_history
from oppcore.history.inference import infer_pipeline
from oppcore.history.past import Past, fold_history
from oppcore.history.row import Row, RowKind
from oppcore.history.shapes import Shapes, read_shapes
from oppcore.history.snapshot import Snapshot, StageCount, take_snapshot
from oppcore.history.sorted import fold_sorted
from oppcore.history.standing import COLUMNS, Standing, standing_of
from oppcore.history.trail import CloseDateChange, Ending, OutcomeChange, Trail, Visit

__all__ = [
    "COLUMNS",
    "Adoption",
    "CloseDateChange",
    "Ending",
    "History",
    "OutcomeChange",
    "Past",
    "Row",
    "RowKind",
    "Shapes",
    "Snapshot",
    "StageCount",
    "Standing",
    "Trail",
    "Visit",
    "adopt_history",
    "fold_history",
    "fold_rows",
    "fold_sorted",
    "infer_pipeline",
    "make_history",
    "read_shapes",
    "rows_of",
    "standing_of",
    "take_snapshot",
]
