"""What type checkers see of a host's suite. Checked by `mypy --strict`, never run."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

import pytest

from oppcore.repository import AsyncMemoryRepository, AsyncRepository, MemoryRepository, Repository
from oppcore.testing import AsyncRepositoryContract, RepositoryContract, simulate


class TestPlain(RepositoryContract):
    """A host's plain store."""

    left_out: ClassVar = {"leads": "we have deals only"}

    @pytest.fixture
    def make_repository(self) -> Callable[[], AbstractContextManager[Repository]]:
        return lambda: nullcontext(MemoryRepository())


class TestAwaited(AsyncRepositoryContract):
    """A host's async store."""

    @pytest.fixture
    def make_repository(self) -> Callable[[], AbstractContextManager[AsyncRepository]]:
        return lambda: nullcontext(AsyncMemoryRepository())


simulate(MemoryRepository(), 1)
simulate(AsyncMemoryRepository(), 1)  # type: ignore[arg-type]
