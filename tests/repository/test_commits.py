"""What fits together in a commit or a query."""

import attrs
import pytest

from oppcore.engine import amend
from oppcore.records import Key
from oppcore.repository import Commit, Guard, Query, Write
from tests.repository.stores import PIPELINE, at, guard, key, naming, opening, publishing

RECORD = opening().writes[0].record
CHANGES = opening().writes[0].changes
LATER = amend(PIPELINE, RECORD, {"name": "x"}, at=at(1))


def test_the_version_afterwards_counts_the_changes():
    assert opening().writes[0].version == 1
    assert naming(RECORD, "x").writes[0].version == 2
    assert Write(key(), 1, RECORD).version == 1
    assert publishing().writes[0].version == 1
    assert Write(Key("guard", "limit"), 4).version == 5


@pytest.mark.parametrize(
    "parts",
    [
        (key("d-2"), 0, RECORD, CHANGES),  # another id
        (key(), 1, RECORD, CHANGES),  # a version that does not follow
        (key(), 0, RECORD),  # a new record without a change
        (key(), 0, RECORD, (*CHANGES, *LATER)),  # the image before the last change
        (key(), 0, naming(RECORD, "x").writes[0].record, (*CHANGES, *CHANGES)),
        (Key("lead", "d-1"), 0, RECORD, CHANGES),  # changes of another kind
        (Key("guard", "d-1"), 0, RECORD, CHANGES),
        (Key("pipeline", "d-1"), 0, RECORD, CHANGES),
        (key(), 0, PIPELINE),
        (Key("pipeline", "other"), 0, PIPELINE),
        (Key("pipeline", PIPELINE.key), 1, PIPELINE),
        (Key("pipeline", PIPELINE.key), 0, PIPELINE, CHANGES),
        (key(), 1),  # no record
        (Key("guard", "limit"), 0, None, CHANGES),
        (key(), -1, RECORD, CHANGES),
        (key(), True, RECORD),
    ],
)
def test_a_write_whose_parts_do_not_fit_cannot_be_made(parts):
    with pytest.raises(ValueError, match=r"cannot be written|is a version"):
        Write(*parts)


def test_a_commit_stays_in_its_tenant():
    with pytest.raises(ValueError, match="tenant"):
        attrs.evolve(opening(), tenant="b")
    with pytest.raises(ValueError, match="tenant"):
        opening(guards=(guard(tenant="b"),))


def test_a_commit_writes_each_record_once():
    with pytest.raises(ValueError, match="once"):
        Commit(tenant="main", writes=opening().writes * 2)


def test_a_command_id_needs_a_digest():
    with pytest.raises(ValueError, match="digest"):
        Commit(tenant="main", writes=(), command_id="c-1")
    with pytest.raises(ValueError, match="digest"):
        Commit(tenant="main", writes=(), digest="x")


def test_a_guard_has_a_version():
    with pytest.raises(ValueError, match="version"):
        Guard(key(), -1)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "", " ", "x" * 257, 5])
def test_what_no_store_can_keep_never_gets_there(text):
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


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_of_a_query_has_a_size(limit):
    with pytest.raises(ValueError, match="limit"):
        Query(limit=limit)
