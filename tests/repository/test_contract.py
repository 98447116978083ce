"""The stores that ship keep every promise that is asked of a host's."""

from contextlib import nullcontext
from itertools import count

import pytest

from oppcore.repository import AsyncMemoryRepository, MemoryRepository, SqliteRepository
from oppcore.testing import AsyncRepositoryContract, RepositoryContract


class TestMemory(RepositoryContract):
    """The reference."""

    @pytest.fixture
    def make_repository(self):
        return lambda: nullcontext(MemoryRepository())


class TestAsyncMemory(AsyncRepositoryContract):
    """The reference, to be awaited."""

    @pytest.fixture
    def make_repository(self):
        return lambda: nullcontext(AsyncMemoryRepository())


class TestSqlite(RepositoryContract):
    """Two connections to a file."""

    @pytest.fixture
    def make_repository(self, tmp_path):
        numbers = count()
        return lambda: SqliteRepository(tmp_path / f"{next(numbers)}.db")

    @pytest.fixture
    def make_session(self):
        return lambda repository: SqliteRepository(repository._file.path)
