"""A store against the reference: whatever is done, both say the same."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from oppcore.pipeline import Pipeline
from oppcore.repository import MAX_PAGE
from oppcore.testing.contract.machine import Machine, OpenRepository
from oppcore.testing.contract.sessions import OpenSession
from oppcore.testing.deals import changing, key, stored_of
from oppcore.testing.histories import histories
from oppcore.testing.pipelines import pipelines
from oppcore.testing.simulation import simulate

__all__ = ["Lockstep", "Searching"]


class Searching:
    """How hard the tests look that search for a counterexample."""

    hypothesis: ClassVar[settings | None] = None
    """How hard to look; a quarter of the examples of the loaded profile, in 20 steps each, if nothing is said."""

    def settings_for_examples(self) -> settings:
        """Give the settings of the tests that generate examples."""
        if self.hypothesis is not None:
            return self.hypothesis
        return settings(max_examples=max(1, settings().max_examples // 4), stateful_step_count=20, deadline=None)


class Lockstep(Searching):
    """The store behaves like the reference."""

    def test_behaves_like_the_reference(self, open_repository: OpenRepository, open_session: OpenSession) -> None:
        """Step by step, in two sessions, the same answers and refusals as those of `MemoryRepository`."""
        machine: Any = partial(Machine, open_repository, open_session)
        run_state_machine_as_test(machine, settings=self.settings_for_examples())

    def test_whatever_can_happen_to_a_deal_is_kept(self, open_repository: OpenRepository) -> None:
        """Any history in any pipeline, written change by change or at once."""

        @self.settings_for_examples()
        @given(st.data(), pipelines(), st.booleans())
        def keep(data: st.DataObject, pipeline: Pipeline, at_once: bool) -> None:
            past = data.draw(histories(pipeline))
            with open_repository() as repository:
                record: Any = None
                where = key("deal")
                for changes in [past] if at_once else [(change,) for change in past]:
                    commit = changing(record, changes)
                    repository.commit(commit)
                    record, where = commit.writes[0].record, commit.writes[0].key
                    assert stored_of(repository, where).record == record
                assert repository.history(where, limit=MAX_PAGE).items == past

        keep()

    def test_keeps_every_promise_when_everything_goes_wrong(self, open_repository: OpenRepository) -> None:
        """Simulated clients that crash, come twice and lose answers: see `oppcore.testing.simulate`."""
        for seed in range(1 + self.settings_for_examples().max_examples // 2):
            with open_repository() as repository:
                simulate(repository, seed)
