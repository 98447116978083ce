"""Files and frames of other systems: opening them, reading their cells, and saying what cannot be read."""

from __future__ import annotations

from oppcore.exchange.changes import read_changes
from oppcore.exchange.tables import TextRow, read_table

__all__ = ["TextRow", "read_changes", "read_table"]
