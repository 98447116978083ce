"""Where records live: the protocol a host implements, the reference in memory, and the file."""

from __future__ import annotations

from oppcore.repository.memory import AsyncMemoryRepository, MemoryRepository
from oppcore.repository.protocol import (
    MAX_PAGE,
    AsyncRepository,
    Commit,
    Committed,
    Guard,
    Page,
    Query,
    Repository,
    Stored,
    Write,
    Written,
)
from oppcore.repository.sqlite import SqliteRepository

__all__ = [
    "MAX_PAGE",
    "AsyncMemoryRepository",
    "AsyncRepository",
    "Commit",
    "Committed",
    "Guard",
    "MemoryRepository",
    "Page",
    "Query",
    "Repository",
    "SqliteRepository",
    "Stored",
    "Write",
    "Written",
]
