"""What the default run does for seconds, for minutes."""

from contextlib import nullcontext
from itertools import count

import pytest
from hypothesis import settings

from oppcore.repository import MemoryRepository, SqliteRepository
from oppcore.testing import simulate
from oppcore.testing.contract.lockstep import Lockstep

pytestmark = pytest.mark.reliability


def test_a_hundred_thousand_histories_break_no_promise():
    for seed in range(100_000):
        simulate(MemoryRepository(), seed)


def test_a_thousand_histories_break_no_promise_on_a_file(tmp_path):
    for seed in range(1_000):
        with SqliteRepository(tmp_path / f"{seed}.db") as repository:
            simulate(repository, seed)


class Long(Lockstep):
    """Two thousand sequences of thirty steps."""

    hypothesis = settings(max_examples=2_000, stateful_step_count=30, deadline=None)


def test_memory_behaves_like_the_reference_for_long():
    Long().test_behaves_like_the_reference(lambda: nullcontext(MemoryRepository()), nullcontext)


def test_a_file_behaves_like_the_reference_for_long(tmp_path):
    numbers = count()
    Long().test_behaves_like_the_reference(
        lambda: SqliteRepository(tmp_path / f"{next(numbers)}.db"),
        lambda repository: SqliteRepository(repository._file.path),
    )
