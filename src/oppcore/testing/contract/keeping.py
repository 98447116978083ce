"""What is committed is there, exactly, with its history."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import pytest

from oppcore.engine import Change, Opened, amend, convert, evolve, open_opportunity, replay
from oppcore.errors import VersionConflict
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Key, Lead, Need, Opportunity, RecordKind
from oppcore.repository import MAX_PAGE, Commit, Page, Query, Repository, Write, Written
from oppcore.repository.commit import revision_id
from oppcore.testing.contract.golden import golden_changes, golden_pipelines
from oppcore.testing.deals import (
    LEADS,
    PIPELINE,
    START,
    at,
    changing,
    deal_of,
    key,
    naming,
    opening,
    opening_lead,
    publishing,
    stored_of,
)

__all__ = ["Keeping"]

_NEEDS = (Need(text="speed"),)
_FIELDS = load_pipeline("""
key = "new-business"
stages = [{ key = "qualified", kind = "open" }]
fields = [
    { key = "n", type = "number" },
    { key = "m", type = "money" },
    { key = "t", type = "text" },
    { key = "d", type = "date" },
    { key = "f", type = "flag" },
]
""")


def _past(repository: Repository, of: Key) -> tuple[Change, ...]:
    return repository.history(of, limit=MAX_PAGE).items


class Keeping:
    """What was written is read again; what was never written is not there."""

    def test_what_was_never_written_is_not_there(self, repository: Repository) -> None:
        """Each answer is an empty one, and none an error."""
        assert repository.load(key()) is None
        assert repository.find(Query()) == Page(())
        assert repository.history(key(), limit=10) == Page(())
        assert repository.recall("main", "c-1") is None

    def test_what_was_committed_is_loaded(self, repository: Repository) -> None:
        """The record, its version, and what the commit says it did."""
        commit = opening(values={"name": "Mills", "owner_id": "ann"})
        committed = repository.commit(commit)
        stored = stored_of(repository, key())

        assert (committed.written, committed.repeated) == ((Written(key(), 0, 1),), False)
        assert (stored.key, stored.version, stored.record) == (key(), 1, commit.writes[0].record)

    def test_every_change_is_in_the_history(self, repository: Repository) -> None:
        """The history, replayed, is the record."""
        repository.commit(opening())
        repository.commit(naming(deal_of(repository), "first"))
        repository.commit(naming(deal_of(repository), "second"))
        changes = _past(repository, key())

        assert [change.stamp.version for change in changes] == [1, 2, 3]
        assert replay(changes) == deal_of(repository)

    def test_a_commit_of_several_changes_keeps_them_all_in_order(self, repository: Repository) -> None:
        """One write may carry many changes: its version goes up by their number."""
        changes: tuple[Change, ...] = open_opportunity(PIPELINE, "d-1", at=START)
        for number in range(1, 12):
            record = replay(changes)
            changes += tuple(amend(PIPELINE, record, {"name": f"name {number}"}, at=at(number)))
        committed = repository.commit(changing(None, changes))

        assert committed.written == (Written(key(), 0, 12),)
        assert stored_of(repository, key()).version == 12
        assert _past(repository, key()) == changes

    def test_two_records_of_one_commit_are_both_there(self, repository: Repository) -> None:
        """A commit may write several records."""
        both = (*opening("d-1").writes, *opening("d-2").writes)
        committed = repository.commit(Commit(tenant="main", writes=both))

        assert committed.written == (Written(key("d-1"), 0, 1), Written(key("d-2"), 0, 1))
        assert [deal_of(repository, id).id for id in ("d-1", "d-2")] == ["d-1", "d-2"]

    def test_instants_come_back_to_the_microsecond_and_aware(self, repository: Repository) -> None:
        """No time zone is lost, and none is guessed."""
        moment = START.replace(microsecond=1)
        changes = open_opportunity(PIPELINE, "d-1", at=moment)
        repository.commit(changing(None, changes))
        progress = deal_of(repository).progress

        assert progress.changed_at == progress.opened_at == moment
        assert progress.changed_at.utcoffset() is not None

    def test_numbers_and_amounts_come_back_exactly(self, repository: Repository) -> None:
        """No decimal goes through a float."""
        fields: dict[str, Any] = {
            "n": Decimal("123456789012345678.910"),
            "m": Money(Decimal("-12345678901234567890.50"), "EUR"),
            "t": "tab\t, quote ' and 客户 𝔘",
            "d": date(2026, 1, 31),
            "f": True,
        }
        repository.commit(opening())
        commit = changing(deal_of(repository), amend(_FIELDS, deal_of(repository), fields, at=at(1)))
        repository.commit(commit)

        assert deal_of(repository) == commit.writes[0].record
        assert dict(deal_of(repository).fields) == fields

    def test_nothing_that_is_handed_out_can_be_changed(self, repository: Repository) -> None:
        """Answers hold tuples, never the store's own lists."""
        repository.commit(opening(command="c-1"))
        outcome = repository.recall("main", "c-1")
        assert outcome is not None
        answers = (repository.find(Query()).items, repository.history(key(), limit=1).items, outcome.written)

        assert [type(answer) for answer in answers] == [tuple, tuple, tuple]

    def test_history_comes_in_pages(self, repository: Repository) -> None:
        """The cursor of a page is its last version; the last page has none."""
        repository.commit(opening())
        for number in range(1, 8):
            repository.commit(naming(deal_of(repository), f"name {number}"))
        changes: tuple[Change, ...] = ()
        cursors = list[str | None]()
        while len(cursors) < 9:
            page = repository.history(key(), after=len(changes), limit=3)
            changes, cursors = (*changes, *page.items), [*cursors, page.cursor]
            if page.cursor is None:
                break

        assert cursors == ["3", "6", None]
        assert replay(changes) == deal_of(repository)
        assert repository.history(key(), after=5, limit=3).cursor is None
        for beyond in (8, 9, 2**70):
            assert repository.history(key(), after=beyond, limit=3) == Page(())

    def test_a_page_of_history_has_a_size(self, repository: Repository) -> None:
        """From 1 to `MAX_PAGE`, as for queries."""
        for limit in (0, -1, MAX_PAGE + 1):
            with pytest.raises(ValueError, match="limit"):
                repository.history(key(), limit=limit)

    # Pipelines.

    def test_a_pipeline_is_a_record_whose_version_is_its_revision(self, repository: Repository) -> None:
        """It is loaded like any record, and has no history."""
        second = attrs.evolve(PIPELINE, revision=2, stages=PIPELINE.stages[1:])
        where = Key("pipeline", PIPELINE.key)
        repository.commit(publishing())
        first = stored_of(repository, where)
        repository.commit(publishing(second))
        stored = stored_of(repository, where)

        assert (first.version, first.record) == (1, PIPELINE)
        assert (stored.version, stored.record) == (2, second)
        assert repository.history(where, limit=1) == Page(())
        with pytest.raises(VersionConflict):
            repository.commit(publishing())

    def test_earlier_revisions_of_a_pipeline_are_kept_beside_the_newest(self, repository: Repository) -> None:
        """A new revision comes with a copy of its own, in one commit."""
        for revision in (1, 2):
            pipeline = attrs.evolve(PIPELINE, revision=revision)
            copy = Write(Key("revision", revision_id(pipeline.key, revision)), 0, pipeline)
            repository.commit(Commit(tenant="main", writes=(*publishing(pipeline).writes, copy)))
        kept = [stored_of(repository, Key("revision", revision_id(PIPELINE.key, number))) for number in (1, 2)]

        assert [(stored.version, stored.record) for stored in kept] == [
            (1, attrs.evolve(PIPELINE, revision=number)) for number in (1, 2)
        ]
        assert [one.key.id for one in repository.find(Query(kind="pipeline")).items] == [PIPELINE.key]

    # Leads.

    def test_a_lead_is_kept_with_its_history(self, repository: Repository, leads: None) -> None:
        """A lead and a deal may have the same id."""
        commit = opening_lead(values={"email": "x@example.com", "owner_id": "ann"})
        repository.commit(commit)
        repository.commit(opening("x-1"))
        where = Key("lead", "x-1")

        assert stored_of(repository, where).record == commit.writes[0].record
        assert replay(_past(repository, where), of=Lead) == commit.writes[0].record
        assert [one.key for one in repository.find(Query(kind="lead", owners=["ann"], stages=["new"])).items] == [where]
        assert [one.key for one in repository.find(Query()).items] == [key("x-1")]
        assert repository.find(Query(kind="lead", owners=["bob"])) == Page(())
        assert repository.find(Query(kind="lead", changed_since=at(1))) == Page(())

    def test_a_lead_and_the_deal_it_becomes_are_written_together_or_not_at_all(
        self, repository: Repository, leads: None
    ) -> None:
        """A conversion is one commit of two kinds."""
        target = load_pipeline('key = "deals"\nstages = [{ key = "first", kind = "open" }]')
        repository.commit(opening_lead(values={"email": "x@example.com", "needs": _NEEDS}))
        lead = stored_of(repository, Key("lead", "x-1")).record
        assert isinstance(lead, Lead)
        converted, opened = convert(LEADS, lead, into=target, opportunity_id="x-1", at=START)
        writes = (
            Write(Key("lead", "x-1"), 1, evolve(lead, converted), (converted,)),
            Write(key("x-1"), 0, opened.record, (opened,)),
        )
        repository.commit(Commit(tenant="main", writes=writes))

        assert stored_of(repository, Key("lead", "x-1")).record == writes[0].record
        assert deal_of(repository, "x-1").origin.lead_id == "x-1"
        with pytest.raises(VersionConflict):
            repository.commit(Commit(tenant="main", writes=writes))
        assert stored_of(repository, Key("lead", "x-1")).version == 2

    # What earlier releases wrote.

    def test_what_an_earlier_release_wrote_is_kept_unchanged(self, repository: Repository) -> None:
        """Deals with every field, and a change of every kind, as golden JSON has them."""
        _keep_golden(repository, RecordKind.OPPORTUNITY, Opportunity)

    def test_leads_that_an_earlier_release_wrote_are_kept_unchanged(self, repository: Repository, leads: None) -> None:
        """The same for leads."""
        _keep_golden(repository, RecordKind.LEAD, Lead)

    def test_pipelines_that_an_earlier_release_wrote_are_kept_unchanged(self, repository: Repository) -> None:
        """A pipeline with every key."""
        for pipeline in golden_pipelines():
            first = attrs.evolve(pipeline, revision=1)
            repository.commit(publishing(first))

            assert stored_of(repository, Key("pipeline", first.key)).record == first


def _keep_golden(repository: Repository, kind: RecordKind, of: type[Opportunity | Lead]) -> None:
    changes = [change for change in golden_changes() if change.stamp.kind == kind]
    begun = [change for change in changes if isinstance(change, Opened)]
    lives = [(one,) for one in begun] + [(begun[-1], one) for one in changes if not isinstance(one, Opened)]
    for number, life in enumerate(lives):
        commit = changing(None, life, tenant=f"t-{number}")
        repository.commit(commit)
        where = commit.writes[0].key

        assert stored_of(repository, where).record == replay(life, of=of)
        assert _past(repository, where) == life
