"""Files of earlier releases: opened by this one, and brought up to date at once or not at all."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from oppcore.desk import Desk
from oppcore.engine import replay
from oppcore.errors import Unavailable
from oppcore.money import Money
from oppcore.records import Key, Lead
from oppcore.repository import Query, SqliteRepository
from oppcore.repository.sqlite_schema import SCHEMA
from tests.repository.stores import START, key

GOLDEN = sorted((Path(__file__).parent.parent / "golden").glob("sqlite-schema-*.sql"))


@pytest.fixture(params=GOLDEN, ids=lambda place: place.stem)
def path(request, tmp_path):
    """A file as an earlier release left it. Never change a golden file: add one for a new schema."""
    place = tmp_path / "deals.db"
    connection = sqlite3.connect(place, isolation_level=None)
    connection.executescript(request.param.read_text(encoding="utf-8"))
    connection.close()
    return place


def schema_of(path):
    """The number of the schema, and the names of what the file holds."""
    connection = sqlite3.connect(path)
    [[number]] = connection.execute("PRAGMA user_version").fetchall()
    shape = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    columns = {
        name: connection.execute(f"PRAGMA table_xinfo({name})").fetchall() for kind, name, _ in shape if kind == "table"
    }
    connection.close()
    return number, [(kind, name) for kind, name, _ in shape], columns


def test_there_is_a_file_for_every_schema_that_there_was():
    assert [place.name for place in GOLDEN] == [f"sqlite-schema-{number}.sql" for number in range(1, SCHEMA + 1)]


def test_all_that_an_earlier_release_kept_is_there(path):
    with SqliteRepository(path) as repository:
        desk, leads, other = Desk(repository), Desk(repository, of=Lead), Desk(repository, tenant="other")
        deal = desk.get("d-1")
        assert (deal.name, deal.amount, deal.progress.stage) == ("Mills", Money("1250.50", "EUR"), "offered")
        for one in (desk.get("d-1"), desk.get("d-2")):
            assert replay(desk.history(one.id)) == one
        assert [stored.id for stored in desk.find().items] == ["d-1"]
        assert [stored.id for stored in desk.find(removed=True).items] == ["d-2"]
        assert [stored.id for stored in leads.find(removed=None).items] == ["l-1", "l-2"]
        assert [stored.id for stored in leads.find(removed=True).items] == ["l-2"]
        assert other.get("d-1").name == "Other"
        assert repository.recall("main", "c-2").written[0].version == 2
        assert repository.load(Key("guard", "owner:ann")).version == 1
        assert len(repository.follow("main", limit=100)) == 7
        assert desk.move("d-1", "won", at=START + timedelta(days=9)).version == 3


def test_a_file_brought_up_to_date_is_shaped_like_a_new_one(path, tmp_path):
    SqliteRepository(path).close()
    SqliteRepository(tmp_path / "new.db").close()

    assert schema_of(path) == schema_of(tmp_path / "new.db")
    assert schema_of(path)[0] == SCHEMA


@pytest.mark.parametrize("path", GOLDEN[:-1], indirect=True, ids=lambda place: place.stem)
def test_a_file_is_brought_up_to_date_in_one_transaction(path, monkeypatch):
    connect = sqlite3.connect

    class Failing(sqlite3.Connection):
        def execute(self, statement, *values):
            if statement.startswith("PRAGMA user_version"):  # the last of all
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(statement, *values)

    before = schema_of(path)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Failing, **options))
        with pytest.raises(Unavailable):
            SqliteRepository(path)
    assert schema_of(path) == before
    with SqliteRepository(path) as repository:
        assert repository.load(key()).version == 2
        assert len(repository.find(Query(removed=None)).items) == 2


def test_of_many_who_open_an_earlier_file_at_once_one_brings_it_up_to_date(path):
    together = threading.Barrier(6)

    def open_it(number):
        together.wait()
        with SqliteRepository(path) as repository:
            Desk(repository).amend("d-1", {"name": f"name {number}"}, at=START + timedelta(days=9))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(open_it, range(6)))
    with SqliteRepository(path) as repository:
        assert len(Desk(repository).history("d-1")) == 8
    assert schema_of(path)[0] == SCHEMA
