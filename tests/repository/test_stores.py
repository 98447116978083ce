"""The same cases against every store."""

from datetime import timedelta, timezone

import attrs
import pytest

from oppcore.engine import evolve, replay
from oppcore.errors import CommandMismatch, InvalidDocument, VersionConflict
from oppcore.records import Key, Team
from oppcore.repository import Commit, Guard, Query, Write, Written
from tests.repository.stores import PIPELINE, STORES, at, guard, key, naming, opening, publishing

HOSTILE = [
    "o%",
    "o_",
    "O%",
    "o",
    "客户-3",
    "it's",
    'a"b',
    "a;--",
    "é",
    "e\u0301",
    "𝔘",
    " x",
    "x ",
    "\uffff",
    "[d]",
    "\\",
]


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    return STORES[request.param](tmp_path)


def test_what_was_never_written_is_not_there(store):
    assert store.load(key()) is None
    assert store.find(Query()).items == ()
    assert store.history(key(), limit=10).items == ()
    assert store.recall("main", "c-1") is None


def test_what_was_committed_is_loaded(store):
    commit = opening(values={"name": "Mills", "owner_id": "ann"})
    committed = store.commit(commit)
    stored = store.load(key())

    assert committed.written == (Written(key(), 0, 1),)
    assert not committed.repeated
    assert (stored.key, stored.version, stored.record) == (key(), 1, commit.writes[0].record)
    assert replay(store.history(key(), limit=10).items) == stored.record


def test_a_record_is_created_once(store):
    store.commit(opening())

    with pytest.raises(VersionConflict) as caught:
        store.commit(opening(values={"name": "another"}))
    assert (caught.value.expected, caught.value.found) == (0, 1)
    assert store.load(key()).record.name is None


def test_a_stale_write_is_refused_and_leaves_no_trace(store):
    store.commit(opening())
    record = store.load(key()).record
    store.commit(naming(record, "first"))

    with pytest.raises(VersionConflict) as caught:
        store.commit(naming(record, "second", command="c-2"))
    assert (caught.value.kind, caught.value.id) == ("opportunity", "d-1")
    assert (caught.value.expected, caught.value.found) == (1, 2)
    assert store.load(key()).record.name == "first"
    assert len(store.history(key(), limit=10).items) == 2
    assert store.recall("main", "c-2") is None


def test_a_write_from_the_future_is_refused(store):
    store.commit(opening())
    record = store.load(key()).record
    ahead = evolve(record, *naming(record, "first").writes[0].changes)

    with pytest.raises(VersionConflict):
        store.commit(naming(ahead, "second", days=2))


def test_one_conflict_keeps_all_of_a_commit_out(store):
    store.commit(opening("d-2"))
    both = Commit(tenant="main", writes=(*opening("d-1").writes, *opening("d-2").writes, *opening("d-3").writes))

    with pytest.raises(VersionConflict):
        store.commit(both)
    assert store.load(key("d-1")) is None
    assert store.load(key("d-3")) is None
    assert store.history(key("d-1"), limit=10).items == ()


def test_a_commit_of_two_records_writes_both(store):
    store.commit(Commit(tenant="main", writes=(*opening("d-1").writes, *opening("d-2").writes)))

    assert [stored.key.id for stored in store.find(Query(order="id")).items] == ["d-1", "d-2"]


def test_a_write_without_changes_checks_the_version_only(store):
    store.commit(opening())
    record = store.load(key()).record
    nothing = Commit(tenant="main", writes=(Write(key(), 1, record),), command_id="c-1", digest="x")

    assert store.commit(nothing).written == (Written(key(), 1, 1),)
    assert store.load(key()).version == 1
    store.commit(naming(record, "first"))
    with pytest.raises(VersionConflict):
        store.commit(attrs.evolve(nothing, command_id="c-2"))


# Pipelines and guards.


def test_a_pipeline_is_a_record_whose_version_is_its_revision(store):
    store.commit(publishing())
    second = attrs.evolve(PIPELINE, revision=2, stages=PIPELINE.stages[1:])
    store.commit(publishing(second))
    stored = store.load(Key("pipeline", PIPELINE.key))

    assert (stored.version, stored.record) == (2, second)
    with pytest.raises(VersionConflict):
        store.commit(publishing())


@pytest.mark.parametrize("version", [0, 2])
def test_a_guard_at_another_version_refuses_the_commit(store, version):
    store.commit(publishing())

    with pytest.raises(VersionConflict) as caught:
        store.commit(opening(guards=(guard(version),)))
    assert (caught.value.kind, caught.value.id, caught.value.found) == ("pipeline", PIPELINE.key, 1)
    assert store.load(key()) is None
    store.commit(opening(guards=(guard(1),)))


def test_a_guard_of_version_0_demands_that_nothing_is_there(store):
    store.commit(opening(guards=(guard(0),)))

    assert store.load(key()).version == 1


def test_a_counter_with_a_name_guards_what_spans_records(store):
    limit = Key("guard", "owner:ann/stage:offered")
    store.commit(Commit(tenant="main", writes=(Write(limit, 0), *opening("d-1").writes)))
    store.commit(Commit(tenant="main", writes=(Write(limit, 1), *opening("d-2").writes)))

    assert (store.load(limit).version, store.load(limit).record) == (2, None)
    with pytest.raises(VersionConflict):
        store.commit(Commit(tenant="main", writes=(Write(limit, 1), *opening("d-3").writes)))
    with pytest.raises(VersionConflict):
        store.commit(opening("d-3", guards=(Guard(limit, 1),)))


# Tenants.


def test_tenants_do_not_see_each_other(store):
    store.commit(opening("d-1", tenant="a", values={"name": "of a"}, command="c-1"))
    store.commit(opening("d-1", tenant="b", values={"name": "of b"}, command="c-1", digest="another"))

    assert store.load(key("d-1", "a")).record.name == "of a"
    assert store.load(key("d-1", "b")).record.name == "of b"
    assert store.load(key("d-1")) is None
    assert [stored.record.name for stored in store.find(Query(tenant="a")).items] == ["of a"]
    assert store.history(key("d-1", "b"), limit=9).items[0].record.name == "of b"
    assert store.recall("main", "c-1") is None
    assert store.recall("b", "c-1").digest == "another"


# Commands.


def test_a_command_is_carried_out_once(store):
    first = store.commit(opening(command="c-1"))
    again = store.commit(opening(command="c-1"))

    assert (first.repeated, again.repeated) == (False, True)
    assert again.written == first.written
    assert store.recall("main", "c-1") == again
    assert len(store.history(key(), limit=10).items) == 1


def test_a_repeated_command_is_answered_even_after_later_changes(store):
    store.commit(opening(command="c-1"))
    store.commit(naming(store.load(key()).record, "later"))

    assert store.commit(opening(command="c-1")).written == (Written(key(), 0, 1),)
    assert store.load(key()).record.name == "later"


def test_another_command_under_the_same_id_is_refused(store):
    store.commit(opening(command="c-1"))

    with pytest.raises(CommandMismatch):
        store.commit(opening("d-2", command="c-1", digest="second"))
    assert store.load(key("d-2")) is None


def test_a_refused_command_may_come_again(store):
    with pytest.raises(VersionConflict):
        store.commit(opening(command="c-1", guards=(guard(1),)))
    store.commit(publishing())

    assert not store.commit(opening(command="c-1", guards=(guard(1),))).repeated


# History.


def test_history_comes_in_pages(store):
    store.commit(opening())
    for number in range(1, 8):
        store.commit(naming(store.load(key()).record, f"name {number}"))
    first = store.history(key(), limit=3)
    second = store.history(key(), after=int(first.cursor), limit=3)
    quarter = store.history(key(), after=int(second.cursor), limit=3)

    changes = (*first.items, *second.items, *quarter.items)
    assert [change.stamp.version for change in changes] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert quarter.cursor is None
    assert store.history(key(), after=5, limit=3).cursor is None
    assert store.history(key(), after=8, limit=3).items == ()
    assert store.history(key(), after=2**70, limit=3).items == ()
    assert replay(changes) == store.load(key()).record


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_a_size(store, limit):
    with pytest.raises(ValueError, match="limit"):
        store.history(key(), limit=limit)
    with pytest.raises(ValueError, match="limit"):
        Query(limit=limit)


# Finding.


def filled(store):
    """A store with six deals of three owners."""
    for number, owner in enumerate(["ann", "bob", None, "ann", "bob", "ann"]):
        store.commit(opening(f"d-{number}", days=5 - number, values={"owner_id": owner}))
    return store


def ids(store, **filters):
    """What a query finds."""
    return [stored.key.id for stored in store.find(Query(**filters)).items]


def test_records_are_found_by_what_every_store_can_index(store):
    filled(store)
    store.commit(naming(store.load(key("d-3")).record, "later", days=9))

    assert ids(store) == ["d-5", "d-4", "d-2", "d-1", "d-0", "d-3"]
    assert ids(store, order="id") == ["d-0", "d-1", "d-2", "d-3", "d-4", "d-5"]
    assert ids(store, owners=["ann"], order="id") == ["d-0", "d-3", "d-5"]
    assert ids(store, owners=["ann", "bob"], ids=["d-1", "d-2", "d-9"]) == ["d-1"]
    assert ids(store, stages=["qualified"], limit=2) == ["d-5", "d-4"]
    assert ids(store, stages=["offered"]) == []
    assert ids(store, outcomes=["open"], pipeline="new-business", ids=["d-1"]) == ["d-1"]
    assert ids(store, outcomes=["won", "lost"]) == []
    assert ids(store, pipeline="other") == []
    assert ids(store, changed_since=at(4)) == ["d-1", "d-0", "d-3"]
    assert ids(store, changed_since=at(4).astimezone(timezone(timedelta(hours=-9)))) == ["d-1", "d-0", "d-3"]


def test_an_empty_filter_admits_none(store):
    filled(store)

    for name in ("stages", "outcomes", "owners", "ids"):
        assert ids(store, **{name: []}) == []


def test_pipelines_are_found_by_kind(store):
    store.commit(publishing())
    store.commit(publishing(attrs.evolve(PIPELINE, key="renewals")))
    store.commit(opening())

    for order in ("id", "changed_at"):
        assert ids(store, kind="pipeline", order=order) == ["new-business", "renewals"]
        assert ids(store, kind="pipeline", order=order, ids=["renewals"]) == ["renewals"]
        first = store.find(Query(kind="pipeline", order=order, limit=1))
        assert ids(store, kind="pipeline", order=order, limit=1, cursor=first.cursor) == ["renewals"]
    assert ids(store, kind="pipeline", stages=["qualified"]) == []
    assert ids(store, kind="pipeline", pipeline="new-business") == []


@pytest.mark.parametrize("order", ["changed_at", "id"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_give_each_record_once_in_order(store, order, limit):
    for number, id in enumerate(HOSTILE):
        store.commit(opening(id, days=number % 3))
    found, cursor = [], None
    while True:
        page = store.find(Query(order=order, limit=limit, cursor=cursor))
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
        assert len(page.items) == limit

    def place(stored):
        return (stored.record.progress.changed_at if order == "changed_at" else None, stored.key.id)

    assert sorted(stored.key.id for stored in found) == sorted(HOSTILE)
    assert found == sorted(found, key=place)


def test_whoever_pages_by_change_misses_nothing_that_others_write(store):
    filled(store)
    first = store.find(Query(limit=2))
    store.commit(naming(store.load(key("d-1")).record, "moved to the end", days=30))
    store.commit(opening("d-9", days=20))

    assert ids(store, cursor=first.cursor) == ["d-3", "d-2", "d-0", "d-9", "d-1"]


def test_a_cursor_fits_its_own_query_only(store):
    filled(store)
    cursor = store.find(Query(limit=2)).cursor
    others = [
        {"order": "id"},
        {"owners": ["ann"]},
        {"owners": []},
        {"ids": ["ann"]},
        {"changed_since": at(1)},
        {"tenant": "b"},
        {"kind": "pipeline"},
    ]
    for other in others:
        with pytest.raises(InvalidDocument):
            store.find(Query(limit=2, cursor=cursor, **other))
    assert ids(store, limit=5, cursor=cursor) == ["d-3", "d-2", "d-1", "d-0"]  # the size of a page may change


@pytest.mark.parametrize(
    "cursor", ["", "x", "null", "bnVsbA==", "WzFd", "W10=", "é", "\x00", "\ud800", "A" * 9, "e30=", "Ww==" * 5000]
)
def test_a_cursor_that_nobody_handed_out_is_refused(store, cursor):
    with pytest.raises(InvalidDocument):
        store.find(Query(cursor=cursor))


# Texts.


def test_hostile_texts_are_texts(store):
    for id in HOSTILE:
        store.commit(opening(id, values={"name": id, "owner_id": id}, command=id))
        store.commit(opening(id, tenant=id))

    for id in HOSTILE:
        assert store.load(key(id)).record.name == id
        assert ids(store, ids=[id]) == ids(store, owners=[id]) == [id]
        assert store.recall("main", id).written[0].key == key(id)
        assert ids(store, tenant=id) == [id]
        assert store.load(key(id, id)).record.team == Team()


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "", " ", "x" * 257, 5])
def test_what_no_store_can_keep_never_gets_there(store, text):
    for build in (
        lambda: Key("opportunity", text),
        lambda: Key("opportunity", "d-1", text),
        lambda: opening(command=text),
        lambda: Query(tenant=text),
    ):
        with pytest.raises((TypeError, ValueError)):
            build()


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_a_filter_takes_texts_only(text):
    for name in ("stages", "owners", "ids"):
        with pytest.raises(ValueError, match=name):
            Query(**{name: [text]})
        with pytest.raises(TypeError, match="list of texts"):
            Query(**{name: "d-1"})
    with pytest.raises(ValueError, match="ask in parts"):
        Query(ids=map(str, range(1001)))
