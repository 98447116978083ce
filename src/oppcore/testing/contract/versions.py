"""A commit finds what it expects, or writes nothing: versions, guards, counters."""

from __future__ import annotations

import attrs
import pytest

from oppcore.engine import evolve, replay
from oppcore.errors import VersionConflict
from oppcore.records import Key
from oppcore.repository import Commit, Guard, Page, Query, Repository, Write, Written
from oppcore.testing.deals import PIPELINE, deal_of, guard, key, naming, opening, publishing, stored_of

__all__ = ["Versions"]

_LIMIT = Key("guard", "owner:ann/stage:offered")


def _counting(version: int, *others: Commit) -> Commit:
    writes = (Write(_LIMIT, version), *(write for other in others for write in other.writes))
    return Commit(tenant="main", writes=writes)


class Versions:
    """Every version is exact: there is no way to write without saying what must be there."""

    def test_a_record_is_created_once(self, repository: Repository) -> None:
        """Expecting nothing where something is, is a conflict that says so."""
        repository.commit(opening())

        with pytest.raises(VersionConflict) as caught:
            repository.commit(opening(values={"name": "another"}))
        assert (caught.value.expected, caught.value.found) == (0, 1)
        assert deal_of(repository).name is None

    def test_a_stale_version_conflicts_and_writes_nothing(self, repository: Repository) -> None:
        """The second of two who saw the same version loses, and leaves no trace."""
        repository.commit(opening())
        record = deal_of(repository)
        repository.commit(naming(record, "first"))

        with pytest.raises(VersionConflict) as caught:
            repository.commit(naming(record, "second", command="c-2"))
        assert (caught.value.kind, caught.value.id) == ("opportunity", "d-1")
        assert (caught.value.expected, caught.value.found) == (1, 2)
        assert deal_of(repository).name == "first"
        assert len(repository.history(key(), limit=10).items) == 2
        assert repository.recall("main", "c-2") is None

    def test_a_version_from_the_future_conflicts(self, repository: Repository) -> None:
        """A version that is not reached yet is as wrong as one that is over."""
        repository.commit(opening())
        record = deal_of(repository)
        ahead = evolve(record, *naming(record, "first").writes[0].changes)

        with pytest.raises(VersionConflict) as caught:
            repository.commit(naming(ahead, "second", days=2))
        assert (caught.value.expected, caught.value.found) == (2, 1)
        assert deal_of(repository) == record

    def test_a_change_of_what_is_not_there_conflicts(self, repository: Repository) -> None:
        """No record comes into being at version 2."""
        record = replay(opening().writes[0].changes)

        with pytest.raises(VersionConflict) as caught:
            repository.commit(naming(record, "x"))
        assert (caught.value.expected, caught.value.found) == (1, 0)
        assert repository.load(key()) is None
        assert repository.history(key(), limit=9) == Page(())

    def test_one_conflict_keeps_all_of_a_commit_out(self, repository: Repository) -> None:
        """Whatever place the write that conflicts has in the commit."""
        repository.commit(opening("d-2"))
        writes = [opening(id).writes[0] for id in ("d-1", "d-2", "d-3")]

        for order in (writes, writes[::-1], [writes[1], writes[0], writes[2]]):
            with pytest.raises(VersionConflict):
                repository.commit(Commit(tenant="main", writes=tuple(order), command_id="c-1", digest="x"))
            for id in ("d-1", "d-3"):
                assert repository.load(key(id)) is None
                assert repository.history(key(id), limit=10) == Page(())
            assert [stored.key.id for stored in repository.find(Query()).items] == ["d-2"]
            assert repository.recall("main", "c-1") is None

    def test_versions_grow_by_one_change_at_a_time(self, repository: Repository) -> None:
        """What is loaded, what is found and what was committed agree about the version."""
        repository.commit(opening())
        for version in (2, 3, 4):
            committed = repository.commit(naming(deal_of(repository), f"name {version}"))
            [found] = repository.find(Query()).items

            assert committed.written == (Written(key(), version - 1, version),)
            assert stored_of(repository, key()).version == found.version == version
            assert deal_of(repository).progress.version == version

    def test_a_write_without_changes_checks_the_version_only(self, repository: Repository) -> None:
        """Nothing is written, but a stale version is a conflict all the same."""
        repository.commit(opening())
        record = deal_of(repository)
        nothing = Commit(tenant="main", writes=(Write(key(), 1, record),), command_id="c-1", digest="x")

        assert repository.commit(nothing).written == (Written(key(), 1, 1),)
        assert stored_of(repository, key()).version == 1
        assert len(repository.history(key(), limit=9).items) == 1
        repository.commit(naming(record, "first"))
        with pytest.raises(VersionConflict):
            repository.commit(attrs.evolve(nothing, command_id="c-2"))
        assert deal_of(repository).name == "first"

    # Guards.

    def test_a_guard_at_another_version_refuses_the_commit(self, repository: Repository) -> None:
        """A deal decided under an old or unheard-of revision of its pipeline is not written."""
        repository.commit(publishing())

        for version in (0, 2):
            with pytest.raises(VersionConflict) as caught:
                repository.commit(opening(guards=(guard(version),)))
            assert (caught.value.kind, caught.value.id) == ("pipeline", PIPELINE.key)
            assert (caught.value.expected, caught.value.found) == (version, 1)
            assert repository.load(key()) is None
        repository.commit(opening(guards=(guard(1),)))
        assert stored_of(repository, key()).version == 1

    def test_a_new_revision_of_the_pipeline_stops_what_the_old_one_decided(self, repository: Repository) -> None:
        """The pipeline's revision is a version like any other."""
        repository.commit(publishing())
        repository.commit(opening(guards=(guard(1),)))
        repository.commit(publishing(attrs.evolve(PIPELINE, revision=2)))
        record = deal_of(repository)

        with pytest.raises(VersionConflict) as caught:
            repository.commit(naming(record, "under the old rules", guards=(guard(1),)))
        assert (caught.value.kind, caught.value.expected, caught.value.found) == ("pipeline", 1, 2)
        assert deal_of(repository) == record
        repository.commit(naming(record, "under the new rules", guards=(guard(2),)))

    def test_a_guard_of_version_0_demands_that_nothing_is_there(self, repository: Repository) -> None:
        """Absence can be a condition, too."""
        repository.commit(opening(guards=(guard(0),)))
        assert stored_of(repository, key()).version == 1
        repository.commit(publishing())

        with pytest.raises(VersionConflict) as caught:
            repository.commit(opening("d-2", guards=(guard(0),)))
        assert (caught.value.expected, caught.value.found) == (0, 1)

    def test_a_guard_may_be_a_record_of_any_kind(self, repository: Repository) -> None:
        """A decision about one deal may rest on another one."""
        repository.commit(opening("d-1"))
        repository.commit(naming(deal_of(repository), "changed meanwhile"))

        with pytest.raises(VersionConflict) as caught:
            repository.commit(opening("d-2", guards=(Guard(key("d-1"), 1),)))
        assert (caught.value.kind, caught.value.id) == ("opportunity", "d-1")
        repository.commit(opening("d-2", guards=(Guard(key("d-1"), 2),)))

    def test_every_guard_counts(self, repository: Repository) -> None:
        """The last one as much as the first."""
        repository.commit(publishing())
        repository.commit(opening("d-1"))
        right, wrong = (guard(1), Guard(key("d-1"), 1)), Guard(key("d-9"), 1)

        for guards in ((wrong, *right), (*right, wrong)):
            with pytest.raises(VersionConflict):
                repository.commit(opening("d-2", guards=guards))
        repository.commit(opening("d-2", guards=right))

    # Counters.

    def test_a_counter_with_a_name_guards_what_spans_records(self, repository: Repository) -> None:
        """A key of kind `guard` holds no record, counts, and conflicts."""
        repository.commit(_counting(0, opening("d-1")))
        repository.commit(_counting(1, opening("d-2")))
        stored = stored_of(repository, _LIMIT)

        assert (stored.version, stored.record) == (2, None)
        for refused in (_counting(1, opening("d-3")), opening("d-3", guards=(Guard(_LIMIT, 1),))):
            with pytest.raises(VersionConflict) as caught:
                repository.commit(refused)
            assert (caught.value.kind, caught.value.id) == (_LIMIT.kind, _LIMIT.id)
            assert repository.load(key("d-3")) is None

    def test_a_counter_has_no_history_and_is_no_deal(self, repository: Repository) -> None:
        """Counters are found among counters only."""
        repository.commit(_counting(0))

        assert repository.history(_LIMIT, limit=1) == Page(())
        assert repository.find(Query()) == Page(())
        assert [stored.key for stored in repository.find(Query(kind="guard")).items] == [_LIMIT]
