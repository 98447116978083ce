"""Where records live: the protocol a host implements, the reference in memory, and the file."""

from __future__ import annotations

from oppcore.repository.commit import Commit, Committed, Guard, Write, Written
from oppcore.repository.memory import AsyncMemoryRepository, MemoryRepository
from oppcore.repository.powers import CommittedChange, Powers
from oppcore.repository.protocol import AsyncFeed, AsyncFilter, AsyncRepository, Feed, Filter, Repository
from oppcore.repository.query import MAX_PAGE, Page, Query, Stored
from oppcore.repository.sqlite import SqliteRepository

__all__ = [
    "MAX_PAGE",
    "AsyncFeed",
    "AsyncFilter",
    "AsyncMemoryRepository",
    "AsyncRepository",
    "Commit",
    "Committed",
    "CommittedChange",
    "Feed",
    "Filter",
    "Guard",
    "MemoryRepository",
    "Page",
    "Powers",
    "Query",
    "Repository",
    "SqliteRepository",
    "Stored",
    "Write",
    "Written",
]
