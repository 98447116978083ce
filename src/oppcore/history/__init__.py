"""The past: rows fold into visits, outcomes and as-of snapshots."""

from __future__ import annotations

from oppcore.history.history import History, make_history
from oppcore.history.row import Row, RowKind

__all__ = ["History", "Row", "RowKind", "make_history"]
