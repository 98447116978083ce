"""What a store declares beyond its five methods, it does: being followed, and asking conditions itself."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import AllOf, Criterion, Elapsed, Present, Role, Situation
from oppcore.engine import Change
from oppcore.errors import InvalidDocument, Unsupported, VersionConflict
from oppcore.pipeline import Pipeline
from oppcore.records import FIELDS, Key, Opportunity
from oppcore.repository import MAX_PAGE, Commit, CommittedChange, Feed, Query, Repository, Write
from oppcore.repository.powers import find_powers, part_for
from oppcore.testing.contract.lockstep import Searching
from oppcore.testing.contract.machine import OpenRepository
from oppcore.testing.contract.sessions import AtOnce, Call, Steps
from oppcore.testing.criteria import criteria
from oppcore.testing.deals import at, changing, deal_of, key, naming, opening, publishing
from oppcore.testing.histories import histories
from oppcore.testing.pipelines import pipelines

__all__ = ["Feeding", "Filtering", "LeaveOut"]

LeaveOut: TypeAlias = Callable[[str], None]
"""Skips a test for a reason that the report repeats."""

_WRITERS, _CHANGES = 3, 8
_OFTEN = [FIELDS[name] for name in ("amount", "probability", "account_id", "needs", "budget", "decision")]
_CONDITIONS = st.one_of(
    criteria(of_the_record=True, fields=_OFTEN, max_depth=0),
    criteria(of_the_record=True, fields=_OFTEN),
    criteria(of_the_record=True),
)


def _read_all(feed: Feed, tenant: str | None, *, limit: int) -> list[CommittedChange]:
    """Follow from the start to the end, in small steps."""
    found, after = list[CommittedChange](), None
    while part := feed.follow(tenant, after=after, limit=limit):
        assert len(part) <= limit
        found, after = found + list(part), part[-1].cursor
    return found


def _places(changes: list[CommittedChange]) -> list[tuple[str, str, int]]:
    return [(one.key.tenant, one.key.id, one.change.stamp.version) for one in changes]


class Feeding:
    """A store that says `feeds` can be followed, and whoever follows misses nothing."""

    @pytest.fixture
    def feed(self, repository: Any, leave_out: LeaveOut) -> Feed:
        """Give the store as one that can be followed."""
        if not find_powers(repository).feeds:
            leave_out("the power Feed is not declared")
        followed: Feed = repository
        return followed

    def test_every_change_is_in_the_feed_in_the_order_of_versions(self, feed: Feed) -> None:
        """All changes of one record in order, and as its history has them."""
        feed.commit(publishing())
        for id in ("d-1", "d-2"):
            feed.commit(opening(id))
        for number in range(4):
            feed.commit(naming(deal_of(feed, "d-1"), f"name {number}"))
            feed.commit(naming(deal_of(feed, "d-2"), f"name {number}"))
        for limit in (1, 2, 3, 100):
            found = _read_all(feed, "main", limit=limit)

            assert len(found) == 10
            for id in ("d-1", "d-2"):
                changes = tuple(one.change for one in found if one.key == key(id))
                assert changes == feed.history(key(id), limit=MAX_PAGE).items

    def test_all_changes_of_a_commit_are_in_the_feed(self, feed: Feed) -> None:
        """Those of every record it wrote."""
        both = Commit(tenant="main", writes=(*opening("d-1").writes, *opening("d-2").writes))
        feed.commit(both)

        assert sorted(_places(_read_all(feed, None, limit=9))) == [("main", "d-1", 1), ("main", "d-2", 1)]

    def test_whoever_follows_goes_on_behind_what_they_dealt_with(self, feed: Feed) -> None:
        """Nothing comes twice, and what is written later comes later, whenever it happened."""
        for number in range(5):
            feed.commit(opening(f"d-{number}"))
        first = feed.follow("main", limit=2)
        second = feed.follow("main", after=first[0].cursor, limit=2)
        last = _read_all(feed, "main", limit=9)[-1].cursor

        assert len(first) == 2
        assert second[0] == first[1]
        assert feed.follow("main", after=last, limit=9) == ()
        feed.commit(opening("late", days=-9))
        assert _places(list(feed.follow("main", after=last, limit=9))) == [("main", "late", 1)]

    def test_what_was_refused_or_repeated_is_not_in_the_feed(self, feed: Feed) -> None:
        """Only what was written is."""
        feed.commit(opening(command="c-1"))
        feed.commit(opening(command="c-1"))
        with pytest.raises(VersionConflict):
            feed.commit(Commit(tenant="main", writes=(*opening("d-2").writes, *opening("d-1").writes)))

        assert _places(_read_all(feed, "main", limit=9)) == [("main", "d-1", 1)]

    def test_one_tenant_can_be_followed_or_all(self, feed: Feed) -> None:
        """The feed of one holds nothing of another."""
        for tenant in ("a", "b"):
            feed.commit(opening("d-1", tenant=tenant))

        assert _places(_read_all(feed, "a", limit=1)) == [("a", "d-1", 1)]
        assert sorted(_places(_read_all(feed, None, limit=1))) == [("a", "d-1", 1), ("b", "d-1", 1)]
        assert feed.follow("c", limit=9) == ()

    def test_a_cursor_of_another_feed_is_refused(self, feed: Feed) -> None:
        """Neither another tenant's, nor a list's, nor nonsense."""
        feed.commit(opening("d-1"))
        feed.commit(opening("d-2"))
        cursor = feed.follow("main", limit=1)[0].cursor
        page = feed.find(Query(limit=1)).cursor
        assert page is not None

        for tenant, after in (
            ("a", cursor),
            (None, cursor),
            ("main", page),
            ("main", ""),
            ("main", "x"),
            ("main", "é"),
        ):
            with pytest.raises(InvalidDocument):
                feed.follow(tenant, after=after, limit=1)
        with pytest.raises(InvalidDocument):
            feed.find(Query(cursor=cursor))

    def test_a_part_of_the_feed_has_a_size(self, feed: Feed) -> None:
        """From 1 to `MAX_PAGE`, as for queries."""
        for limit in (0, -1, MAX_PAGE + 1):
            with pytest.raises(ValueError, match="limit"):
                feed.follow("main", limit=limit)

    def test_whoever_follows_while_others_write_misses_nothing(self, feed: Feed, at_once: AtOnce) -> None:
        """What is committed later never comes to stand before what was given already."""
        feed.commit(publishing())
        for number in range(_WRITERS):
            feed.commit(opening(f"d-{number}"))
        found = list[CommittedChange]()
        writing = {f"d-{number}" for number in range(_WRITERS)}
        at_once(feed, [_watch(found, writing), *(_write(id, writing) for id in sorted(writing))])

        for number in range(_WRITERS):
            seen = [one.change.stamp.version for one in found if one.key.id == f"d-{number}"]
            assert seen == list(range(1, _CHANGES + 2))


def _watch(found: list[CommittedChange], writing: set[str]) -> Call:
    def steps(session: Any) -> Steps:
        goes_on = True
        while goes_on:
            goes_on = bool(writing)  # asked before the last look
            while part := (yield session.follow("main", after=found[-1].cursor if found else None, limit=5)):
                found.extend(part)

    return lambda session, desk: steps(session)


def _write(id: str, writing: set[str]) -> Call:
    def steps(desk: Any) -> Steps:
        try:
            for number in range(_CHANGES):
                yield desk.amend(id, {"name": f"name {number}"}, at=at(1))
        finally:
            writing.discard(id)

    return lambda session, desk: steps(desk)


class Filtering(Searching):
    """A store takes the conditions it names in `powers.filters`, and no others."""

    def test_a_condition_that_is_not_declared_is_refused(self, repository: Repository) -> None:
        """Better no answer than one to another question."""
        repository.commit(opening())
        filters = find_powers(repository).filters
        conditions: list[Criterion] = [Role(["head"]), Elapsed("entered", at_least_days=Decimal(1))]
        conditions.append(AllOf([Role(["head"])]))
        conditions += [] if Present in filters else [Present("name")]
        for where in conditions:
            assert part_for(find_powers(repository), where) != where
            with pytest.raises(Unsupported):
                repository.find(Query(where=where))

    def test_a_condition_leaves_out_nothing_of_which_it_is_true(
        self, open_repository: OpenRepository, leave_out: LeaveOut
    ) -> None:
        """Whatever is declared, in any combination; what is given too much is judged by whoever asked."""
        with open_repository() as one:
            powers = find_powers(one)
        if not powers.filters:
            leave_out("the power Filter is not declared")

        @self.settings_for_examples()
        @given(st.data(), pipelines(gates=False), st.lists(_CONDITIONS, min_size=1, max_size=8))
        def ask(data: st.DataObject, pipeline: Pipeline, conditions: list[Criterion]) -> None:
            with open_repository() as repository:
                records = list[Opportunity]()
                for number in range(data.draw(st.integers(1, 3))):
                    changes: tuple[Change, ...] = data.draw(histories(pipeline, id=f"d-{number}", max_steps=2))
                    commit = changing(None, changes)
                    repository.commit(commit)
                    records.append(deal_of(repository, f"d-{number}"))
                for condition in conditions:
                    if (where := part_for(powers, condition)) is not None:
                        _check(repository, where, records)

        ask()

    def test_a_condition_goes_through_pages(self, repository: Repository, leave_out: LeaveOut) -> None:
        """The cursor of a list with a condition fits that condition only."""
        if not {Present} <= find_powers(repository).filters:
            leave_out("the power Filter is not declared for Present")
        for number in range(7):
            repository.commit(opening(f"d-{number}", values={"name": "x"} if number % 2 else {}))
        query, found = Query(where=Present("name"), limit=1, order="id"), list[str]()
        first = repository.find(query)
        while True:
            page = repository.find(query)
            found += [one.key.id for one in page.items if getattr(one.record, "name", None)]
            if page.cursor is None:
                break
            query = attrs.evolve(query, cursor=page.cursor)

        assert found == ["d-1", "d-3", "d-5"]
        with pytest.raises(InvalidDocument):
            repository.find(Query(where=Present("amount"), limit=1, order="id", cursor=first.cursor))

    def test_a_condition_on_what_has_no_fields_finds_nothing(self, repository: Repository, leave_out: LeaveOut) -> None:
        """Neither pipelines nor counters meet any."""
        if not {Present} <= find_powers(repository).filters:
            leave_out("the power Filter is not declared for Present")
        repository.commit(publishing())
        repository.commit(Commit(tenant="main", writes=(Write(Key("guard", "g"), 0),)))

        for kind in ("pipeline", "guard"):
            assert repository.find(Query(kind=kind, where=Present("name"))).items == ()


def _check(repository: Repository, where: Criterion, records: list[Opportunity]) -> None:
    found = [stored.record for stored in repository.find(Query(where=where, order="id", removed=None)).items]
    for record in records:
        if where.judge(Situation(record=record, at=record.progress.changed_at)) is True:
            assert record in found, f"{where} is true of {record.id}"
    assert all(record in records for record in found)
