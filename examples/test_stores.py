"""The two stores beside this file keep the contract."""

from contextlib import contextmanager
from itertools import count
from typing import ClassVar

import pytest
from event_store import EventStore
from own_tables import OwnTables

from oppcore.testing import RepositoryContract


@contextmanager
def opened(store, path):
    repository = store(path)
    repository.path = path
    yield repository
    repository.db.close()


class TestOwnTables(RepositoryContract):
    left_out: ClassVar = {"leads": "this product has deals only"}

    @pytest.fixture
    def make_repository(self, tmp_path):
        names = map(str, count())
        return lambda: opened(OwnTables, tmp_path / next(names))

    @pytest.fixture
    def make_session(self):
        return lambda repository: opened(OwnTables, repository.path)


class TestEventStore(RepositoryContract):
    @pytest.fixture
    def make_repository(self, tmp_path):
        names = map(str, count())
        return lambda: opened(EventStore, tmp_path / next(names))

    @pytest.fixture
    def make_session(self):
        return lambda repository: opened(EventStore, repository.path)
