"""A command is carried out once, however often it is delivered."""

from __future__ import annotations

import attrs
import pytest

from oppcore.errors import CommandMismatch, VersionConflict
from oppcore.repository import Commit, Repository, Written
from oppcore.testing.deals import deal_of, guard, key, naming, opening, publishing, stored_of

__all__ = ["Commands"]


class Commands:
    """The ledger of commands is written in the same commit as what they did."""

    def test_a_command_is_carried_out_once(self, repository: Repository) -> None:
        """The second delivery writes nothing, gives the first outcome, and says so."""
        first = repository.commit(opening(command="c-1"))
        again = repository.commit(opening(command="c-1"))

        assert (first.repeated, again.repeated) == (False, True)
        assert again.written == first.written == (Written(key(), 0, 1),)
        assert again.digest == first.digest == "first"
        assert len(repository.history(key(), limit=10).items) == 1

    def test_what_a_command_did_can_be_recalled(self, repository: Repository) -> None:
        """Recalling gives what delivering it again would give."""
        assert repository.recall("main", "c-1") is None
        repository.commit(opening(command="c-1"))

        assert repository.recall("main", "c-1") == repository.commit(opening(command="c-1"))
        assert repository.recall("main", "c-2") is None

    def test_a_repeated_command_is_answered_even_after_later_changes(self, repository: Repository) -> None:
        """What it did then, not what is there now; and no conflict."""
        repository.commit(opening(command="c-1"))
        repository.commit(naming(deal_of(repository), "later"))

        assert repository.commit(opening(command="c-1")).written == (Written(key(), 0, 1),)
        assert deal_of(repository).name == "later"

    def test_a_repeated_command_is_answered_whatever_its_guards(self, repository: Repository) -> None:
        """It was decided when the guards held."""
        repository.commit(opening(command="c-1", guards=(guard(0),)))
        repository.commit(publishing())

        assert repository.commit(opening(command="c-1", guards=(guard(0),))).repeated

    def test_another_digest_under_the_same_id_is_refused(self, repository: Repository) -> None:
        """The id was another command's: nothing is written."""
        repository.commit(opening(command="c-1"))

        with pytest.raises(CommandMismatch) as caught:
            repository.commit(opening("d-2", command="c-1", digest="second"))
        assert caught.value.command_id == "c-1"
        assert repository.load(key("d-2")) is None
        recalled = repository.recall("main", "c-1")
        assert recalled is not None
        assert recalled.digest == "first"

    def test_a_refused_command_leaves_nothing_and_may_come_again(self, repository: Repository) -> None:
        """A conflict does not use a command up."""
        with pytest.raises(VersionConflict):
            repository.commit(opening(command="c-1", guards=(guard(1),)))
        assert repository.recall("main", "c-1") is None
        repository.commit(publishing())

        assert not repository.commit(opening(command="c-1", guards=(guard(1),))).repeated
        assert stored_of(repository, key()).version == 1

    def test_a_command_remembers_every_record_it_wrote(self, repository: Repository) -> None:
        """In the order in which they were written."""
        writes = (*opening("d-2").writes, *opening("d-1").writes)
        commit = Commit(tenant="main", writes=writes, command_id="c-1", digest="x")
        repository.commit(commit)

        assert repository.commit(commit).written == (Written(key("d-2"), 0, 1), Written(key("d-1"), 0, 1))

    def test_commands_without_an_id_are_not_remembered(self, repository: Repository) -> None:
        """The same change once more is a conflict, and no repetition."""
        repository.commit(opening())

        with pytest.raises(VersionConflict):
            repository.commit(opening())

    def test_commands_of_different_ids_are_different(self, repository: Repository) -> None:
        """Equal digests do not make them one."""
        repository.commit(opening("d-1", command="c-1"))

        assert not repository.commit(attrs.evolve(opening("d-2", command="c-1"), command_id="c-2")).repeated
        assert stored_of(repository, key("d-2")).version == 1
