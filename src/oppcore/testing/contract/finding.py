"""Records are found by what every store can index, in order, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import attrs
import pytest

from oppcore.engine import amend, remove, restore
from oppcore.errors import InvalidDocument
from oppcore.records import Opportunity
from oppcore.repository import Query, Repository, Stored
from oppcore.testing.deals import (
    PIPELINE,
    REMOVING,
    at,
    changing,
    deal_of,
    naming,
    opening,
    publishing,
)

__all__ = ["Finding"]

_OWNERS = ("ann", "bob", None, "ann", "bob", "ann")


def _fill(repository: Repository) -> None:
    """Open six deals of three owners, the first one last."""
    for number, owner in enumerate(_OWNERS):
        repository.commit(opening(f"d-{number}", days=5 - number, values={"owner_id": owner}))


def _ids(repository: Repository, query: Query) -> list[str]:
    return [stored.key.id for stored in repository.find(query).items]


def _all(repository: Repository, query: Query) -> list[Stored]:
    """Give all there is, page by page; each page but the last is full."""
    found, cursors = list[Stored](), set[str | None]()
    while query.cursor not in cursors:
        cursors.add(query.cursor)
        page = repository.find(query)
        found += page.items
        if page.cursor is None:
            return found
        assert len(page.items) == query.limit
        query = attrs.evolve(query, cursor=page.cursor)
    pytest.fail(f"the cursor {query.cursor!r} came twice")


def _changed_at(stored: Stored) -> datetime:
    record = stored.record
    assert isinstance(record, Opportunity)
    return record.progress.changed_at


class Finding:
    """Filters, orders, pages and cursors."""

    def test_records_come_in_the_order_of_their_last_change(self, repository: Repository) -> None:
        """The oldest first, and a changed one goes to the end."""
        _fill(repository)
        repository.commit(naming(deal_of(repository, "d-3"), "later", days=9))

        assert _ids(repository, Query()) == ["d-5", "d-4", "d-2", "d-1", "d-0", "d-3"]

    def test_records_come_in_the_order_of_their_ids(self, repository: Repository) -> None:
        """By code point, as texts compare in Python."""
        for id in ("b", "B", "é", "a", "商", "Z", "_", "\uffff", "𝔘"):
            repository.commit(opening(id))

        assert _ids(repository, Query(order="id")) == ["B", "Z", "_", "a", "b", "é", "商", "\uffff", "𝔘"]
        assert _ids(repository, Query()) == ["B", "Z", "_", "a", "b", "é", "商", "\uffff", "𝔘"]  # what ties

    def test_each_filter_admits_what_it_says(self, repository: Repository) -> None:
        """One filter at a time."""
        _fill(repository)
        ids: dict[Query, list[str]] = {
            Query(order="id", owners=["ann"]): ["d-0", "d-3", "d-5"],
            Query(order="id", owners=["ann", "bob"]): ["d-0", "d-1", "d-3", "d-4", "d-5"],
            Query(order="id", ids=["d-1", "d-2", "d-9"]): ["d-1", "d-2"],
            Query(order="id", stages=["qualified", "offered"]): [f"d-{number}" for number in range(6)],
            Query(order="id", stages=["offered"]): [],
            Query(order="id", outcomes=["open"]): [f"d-{number}" for number in range(6)],
            Query(order="id", outcomes=["won", "lost"]): [],
            Query(order="id", pipeline="new-business"): [f"d-{number}" for number in range(6)],
            Query(order="id", pipeline="new"): [],
        }

        assert {query: _ids(repository, query) for query in ids} == ids

    def test_filters_hold_together(self, repository: Repository) -> None:
        """A record has to pass all of them."""
        _fill(repository)

        assert _ids(repository, Query(owners=["ann", "bob"], ids=["d-1", "d-2"])) == ["d-1"]
        assert _ids(repository, Query(owners=["ann"], changed_since=at(2), pipeline="new-business")) == ["d-3", "d-0"]

    def test_changed_since_admits_that_very_instant(self, repository: Repository) -> None:
        """In whatever time zone it is said."""
        _fill(repository)
        for since in (at(4), at(4).astimezone(timezone(timedelta(hours=-9)))):
            assert _ids(repository, Query(changed_since=since)) == ["d-1", "d-0"]
        assert _ids(repository, Query(changed_since=at(4) + timedelta(microseconds=1))) == ["d-0"]

    def test_filters_ask_for_what_is_there_now(self, repository: Repository) -> None:
        """Not for what once was."""
        repository.commit(opening(values={"owner_id": "ann"}))
        record = deal_of(repository)
        repository.commit(changing(record, amend(PIPELINE, record, {"owner_id": "bob"}, at=at(1))))

        assert _ids(repository, Query(owners=["ann"])) == []
        assert _ids(repository, Query(owners=["bob"])) == ["d-1"]

    def test_an_empty_filter_admits_none(self, repository: Repository) -> None:
        """It is not the same as no filter."""
        _fill(repository)
        for query in (Query(stages=[]), Query(outcomes=[]), Query(owners=[]), Query(ids=[])):
            assert _ids(repository, query) == []

    def test_removed_records_are_found_when_they_are_asked_for(self, repository: Repository) -> None:
        """They are left out, or those alone, or those too; a restored one is back."""
        for id in ("d-1", "d-2"):
            repository.commit(opening(id))
        record = deal_of(repository, "d-1")
        repository.commit(changing(record, remove(REMOVING, record, at=at(1))))
        queries = [Query(order="id", removed=removed) for removed in (False, True, None)]

        assert [_ids(repository, query) for query in queries] == [["d-2"], ["d-1"], ["d-1", "d-2"]]
        repository.commit(publishing())
        pipelines = [attrs.evolve(query, kind="pipeline") for query in queries]
        assert [_ids(repository, query) for query in pipelines] == [["new-business"], [], ["new-business"]]
        record = deal_of(repository, "d-1")
        repository.commit(changing(record, restore(REMOVING, record, at=at(2))))
        assert [_ids(repository, query) for query in queries] == [["d-1", "d-2"], [], ["d-1", "d-2"]]

    def test_pipelines_are_found_by_kind(self, repository: Repository) -> None:
        """By id in either order; no filter about deals admits them."""
        repository.commit(publishing())
        repository.commit(publishing(attrs.evolve(PIPELINE, key="renewals")))
        repository.commit(opening())
        for query in (Query(kind="pipeline"), Query(kind="pipeline", order="id")):
            assert _ids(repository, query) == ["new-business", "renewals"]
            assert _ids(repository, attrs.evolve(query, ids=["renewals"])) == ["renewals"]
            assert [stored.key.id for stored in _all(repository, attrs.evolve(query, limit=1))] == [
                "new-business",
                "renewals",
            ]
        assert _ids(repository, Query(kind="pipeline", stages=["qualified"])) == []
        assert _ids(repository, Query(kind="pipeline", pipeline="new-business")) == []

    # Pages.

    def test_pages_give_each_record_once_in_order(self, repository: Repository) -> None:
        """However small the pages, and however many records tie."""
        for number in range(9):
            repository.commit(opening(f"d-{number * 7 % 9}", days=number % 3))
        for limit in (1, 2, 3, 4, 9, 100):
            for query in (Query(limit=limit), Query(limit=limit, order="id")):
                found = _all(repository, query)
                places = [(_changed_at(one) if query.order == "changed_at" else None, one.key.id) for one in found]

                assert sorted(one.key.id for one in found) == [f"d-{number}" for number in range(9)]
                assert places == sorted(places)

    def test_the_last_page_has_no_cursor(self, repository: Repository) -> None:
        """Not even when it is full."""
        _fill(repository)

        assert repository.find(Query(limit=6)).cursor is None
        assert repository.find(Query(limit=5)).cursor is not None

    def test_whoever_pages_by_change_misses_nothing_that_others_write(self, repository: Repository) -> None:
        """What is written meanwhile comes on a later page."""
        _fill(repository)
        first = repository.find(Query(limit=2))
        repository.commit(naming(deal_of(repository, "d-1"), "moved to the end", days=30))
        repository.commit(opening("d-9", days=20))
        rest = _all(repository, Query(limit=2, cursor=first.cursor))

        assert [one.key.id for one in first.items] == ["d-5", "d-4"]
        assert [one.key.id for one in rest] == ["d-3", "d-2", "d-0", "d-9", "d-1"]

    def test_a_cursor_stands_where_its_record_stood(self, repository: Repository) -> None:
        """Even when that record has moved on since."""
        _fill(repository)
        cursor = repository.find(Query(limit=2)).cursor
        repository.commit(naming(deal_of(repository, "d-4"), "moved to the end", days=30))

        assert _ids(repository, Query(cursor=cursor)) == ["d-3", "d-2", "d-1", "d-0", "d-4"]

    def test_a_cursor_fits_its_own_query_only(self, repository: Repository) -> None:
        """Another tenant, filter or order is refused; the size of the page may change."""
        _fill(repository)
        query = Query(limit=2, cursor=repository.find(Query(limit=2)).cursor)
        others = [
            attrs.evolve(query, order="id"),
            attrs.evolve(query, owners=["ann"]),
            attrs.evolve(query, owners=[]),
            attrs.evolve(query, ids=["ann"]),
            attrs.evolve(query, changed_since=at(1)),
            attrs.evolve(query, removed=None),
            attrs.evolve(query, tenant="b"),
            attrs.evolve(query, kind="pipeline"),
        ]
        for other in others:
            with pytest.raises(InvalidDocument):
                repository.find(other)
        assert _ids(repository, attrs.evolve(query, limit=5)) == ["d-3", "d-2", "d-1", "d-0"]

    def test_a_cursor_that_nobody_handed_out_is_refused(self, repository: Repository) -> None:
        """Cursors come back from browsers."""
        texts = ["", "x", "null", "bnVsbA==", "WzFd", "W10=", "é", "\x00", "\ud800", "A" * 9, "e30=", "Ww==" * 5000]
        for cursor in texts:
            with pytest.raises(InvalidDocument):
                repository.find(Query(cursor=cursor))
