"""Broken stores under the contract, as their authors would put them there. Collected by `killing`, not by default."""

from contextlib import nullcontext

import pytest
from hypothesis import Phase, settings

from oppcore.testing import RepositoryContract
from tests.repository.killing import broken_stores
from tests.repository.plain import PlainStore

GENERATE = settings(
    phases=[Phase.generate],
    max_examples=120,
    stateful_step_count=25,
    report_multiple_bugs=False,
    database=None,
    derandomize=True,
    deadline=None,
)


def open_session(store):
    """Another session, where the store has sessions."""
    return nullcontext(store.open_session() if hasattr(store, "open_session") else store)


def contract_of(store):
    """The contract as the authors of a store would write it."""

    class Contract(RepositoryContract):
        hypothesis = GENERATE

        @pytest.fixture
        def make_repository(self):
            return lambda: nullcontext(store())

        @pytest.fixture
        def make_session(self):
            return open_session

    return Contract


for _store in [PlainStore, *broken_stores()]:
    globals()[f"Test{_store.__name__}"] = contract_of(_store)
