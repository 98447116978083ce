"""Searching by a condition, against every store, whatever part of it the store asks itself."""

import base64
import json
from decimal import Decimal

import attrs
import pytest

from oppcore.criteria import AllOf, AnyOf, Compare, Elapsed, Not, Present, Role, Text
from oppcore.desk import AsyncDesk, Desk
from oppcore.errors import InvalidDocument, Problem
from oppcore.money import Money
from oppcore.records import Actor
from oppcore.repository import AsyncMemoryRepository, MemoryRepository, Powers
from tests.desks import DESKS, PlainDesk
from tests.repository.stores import PIPELINE, at


class Modest:
    """A store with the five methods and nothing else."""

    def __init__(self, repository):
        self._repository = repository
        self.asked = []

    def load(self, key, /):
        return self._repository.load(key)

    def find(self, query, /):
        self.asked.append(query)
        assert query.where is None
        return self._repository.find(query)

    def history(self, key, /, *, after=0, limit):
        return self._repository.history(key, after=after, limit=limit)

    def recall(self, tenant, command_id, /):
        return self._repository.recall(tenant, command_id)

    def commit(self, commit, /):
        return self._repository.commit(commit)


class Partial(Modest):
    """A store that asks one kind of leaf itself."""

    powers = Powers(filters=(Present, AllOf))

    def find(self, query, /):
        self.asked.append(query)
        return self._repository.find(query)


KINDS = {
    **DESKS,
    "modest": lambda folder: (Desk, Modest(MemoryRepository())),
    "partial": lambda folder: (Desk, Partial(MemoryRepository())),
}


@pytest.fixture(params=KINDS, scope="module")
def desk(request, tmp_path_factory):
    """A desk that nobody writes to, with 60 deals, of which every third has a budget and every fifth is Ann's."""
    kind, repository = KINDS[request.param](tmp_path_factory.mktemp("search"))
    desk = kind(repository)
    desk.publish(PIPELINE)
    for number in range(60):
        values = {"name": f"deal {number}", "owner_id": "ann" if number % 5 == 0 else "bob"}
        if number % 3 == 0:
            values["budget"] = Money(number * 100, "EUR")
        desk.open("new-business", f"d-{number:02}", values, at=at(number % 7))
    return desk


@attrs.frozen
class Lucky:
    """A criterion of a host's own, on a fact."""

    def judge(self, situation, /):
        return situation.facts.get("lucky") == situation.record.id

    def problem(self, situation, wanted, /):
        return Problem("lucky.missing", "")


def ids(found):
    return [deal.id for deal in found.items]


def numbers(*wanted):
    return [f"d-{number:02}" for number in wanted]


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (Present("budget"), range(0, 60, 3)),
        (Compare("budget", "gt", Money(5000, "EUR")), (51, 54, 57)),
        (Not(Compare("budget", "gt", Money(300, "EUR"))), (0, 3)),  # unknown is not false
        (Text("name", "ends", "7"), (7, 17, 27, 37, 47, 57)),
        (AllOf([Present("budget"), Text("name", "ends", "7")]), (27, 57)),
        (AnyOf([Compare("name", "eq", "deal 1"), Text("name", "ends", "59")]), (1, 59)),
        (AllOf([Present("budget"), Elapsed("opened", at_least_days=Decimal(6))]), (0, 21, 42)),
        (AllOf([Present("budget"), Lucky()]), (9,)),
        (AllOf([Role(["head"]), Compare("owner_id", "eq", "ann"), Present("budget")]), (0, 15, 30, 45)),
        (AllOf([]), range(60)),
        (AnyOf([]), ()),
    ],
)
def test_the_deals_are_found_of_which_a_condition_is_true(desk, where, wanted):
    wish = {"where": where, "at": at(6), "actor": Actor("x", ["head"]), "facts": {"lucky": "d-09"}, "order": "id"}

    found = desk.search(**wish)
    assert ids(found) == numbers(*wanted)
    assert found.cursor is None
    assert len(found.items) <= found.read <= 60
    for limit in (1, 7, 20):
        paged, cursor = [], None
        while True:
            page = desk.search(**wish, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            paged += ids(page)
            cursor = page.cursor
            if cursor is None:
                break
        assert paged == numbers(*wanted)


def test_a_condition_goes_together_with_filters_and_order(desk):
    found = desk.search(where=Present("budget"), at=at(9), owners=["ann"], changed_since=at(2))

    assert ids(found) == numbers(30, 45)  # opened on the days 2 and 3
    assert ids(desk.search(where=Present("budget"), at=at(9), stages=["offered"])) == []


def test_reading_is_bounded_and_goes_on_where_it_stopped(desk):
    where = Text("name", "ends", "59")
    found, reads, cursor = [], [], None
    while True:
        page = desk.search(where=where, at=at(9), order="id", reading=25, cursor=cursor)
        found += ids(page)
        reads.append(page.read)
        cursor = page.cursor
        if cursor is None:
            break
    assert found == ["d-59"]
    assert all(read <= 25 for read in reads)


def test_what_the_store_can_ask_need_not_be_read():
    repository = MemoryRepository()
    modest, partial = Modest(repository), Partial(repository)
    Desk(repository).publish(PIPELINE)
    for number in range(60):
        Desk(repository).open("new-business", f"d-{number:02}", {"source": "fair"} if number % 3 == 0 else {}, at=at())
    where = AllOf([Present("source"), Text("source", "starts", "f")])

    assert Desk(repository).search(where=where, at=at()).read == 20
    assert Desk(partial).search(where=where, at=at()).read == 20
    assert Desk(modest).search(where=where, at=at()).read == 60
    assert partial.asked[0].where == AllOf([Present("source")])


def test_the_cursor_of_a_search_fits_this_search_only(desk):
    page = desk.search(where=Present("budget"), at=at(), order="id", limit=2)
    listed = desk.find(limit=2).cursor

    for cursor, wish in (
        (page.cursor, {"order": "changed_at"}),
        (page.cursor, {"order": "id", "owners": ["ann"]}),
        (listed, {}),
        ("x", {}),
    ):
        with pytest.raises(InvalidDocument):
            desk.search(where=Present("budget"), at=at(), cursor=cursor, **wish)
    for spoil in (
        lambda parts: [*parts[:2], 7, parts[3]],
        lambda parts: [*parts[:3], 7],
        lambda parts: [*parts[:3], [7]],
    ):
        parts = json.loads(base64.urlsafe_b64decode(page.cursor))
        forged = base64.urlsafe_b64encode(json.dumps(spoil(parts)).encode()).decode()
        with pytest.raises(InvalidDocument):
            desk.search(where=Present("budget"), at=at(), order="id", limit=2, cursor=forged)
    with pytest.raises(InvalidDocument):
        desk.find(cursor=page.cursor)
    with pytest.raises(ValueError, match="reading"):
        desk.search(where=Present("budget"), at=at(), reading=0)


def test_what_changes_between_two_pages_is_not_lost_and_nothing_comes_twice_that_stays():
    desk = PlainDesk(AsyncMemoryRepository())
    desk.publish(PIPELINE)
    for number in range(20):
        desk.open("new-business", f"d-{number:02}", {"name": "x"}, at=at(number))
    first = desk.search(where=Text("name", "contains", "X"), at=at(30), limit=5)
    desk.amend("d-04", {"owner_id": "ann"}, at=at(40))  # the last one that was given goes to the end
    desk.amend("d-10", {"owner_id": "ann"}, at=at(41))
    rest = desk.search(where=Text("name", "contains", "X"), at=at(50), cursor=first.cursor)

    assert ids(first) == numbers(0, 1, 2, 3, 4)
    assert ids(rest) == numbers(5, 6, 7, 8, 9, *range(11, 20), 4, 10)
    assert isinstance(desk._desk, AsyncDesk)
