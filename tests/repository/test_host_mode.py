"""A repository inside the host's transaction: nothing is begun, ended or tried again."""

import sqlite3

import pytest

from oppcore.desk import Desk
from oppcore.errors import Busy, Corrupt, MoveRefused, Unsupported, VersionConflict
from oppcore.repository import Commit, SqliteRepository
from tests.desks import meddler
from tests.repository.stores import PIPELINE, at, key, opening, publishing


@pytest.fixture
def path(tmp_path):
    """A file with a pipeline, a deal, and a table of the host's own."""
    place = tmp_path / "deals.db"
    with SqliteRepository(place) as repository:
        repository.commit(publishing())
        repository.commit(opening())
    connection = sqlite3.connect(place, isolation_level=None)
    connection.execute("CREATE TABLE invoices (deal TEXT PRIMARY KEY)")
    connection.close()
    return place


@pytest.fixture
def connection(path):
    opened = sqlite3.connect(path, isolation_level=None, timeout=0)
    yield opened
    opened.close()


class Watched(sqlite3.Connection):
    """A connection that remembers what was asked of it."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.statements = []
        self.set_trace_callback(self.statements.append)


def invoices(path):
    """What the host's table holds, and the version of the deal, as others see them."""
    other = sqlite3.connect(path)
    found = [row[0] for row in other.execute("SELECT deal FROM invoices")]
    other.close()
    with SqliteRepository(path) as repository:
        return found, repository.load(key()).version


def test_what_the_host_and_a_desk_write_is_kept_together(path, connection):
    desk = Desk(SqliteRepository.on(connection))
    connection.execute("BEGIN IMMEDIATE")
    desk.amend("d-1", {"name": "Mills"}, at=at(1))
    connection.execute("INSERT INTO invoices VALUES ('d-1')")
    assert desk.get("d-1").name == "Mills"
    assert invoices(path) == ([], 1)
    connection.execute("COMMIT")

    assert invoices(path) == (["d-1"], 2)


def test_what_the_host_takes_back_never_was(path, connection):
    desk = Desk(SqliteRepository.on(connection))
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO invoices VALUES ('d-1')")
    desk.amend("d-1", {"name": "Mills"}, at=at(1), command_id="c-1")
    connection.execute("ROLLBACK")

    assert invoices(path) == ([], 1)
    with SqliteRepository(path) as repository:
        assert repository.recall("main", "c-1") is None
        assert len(repository.follow("main", limit=10)) == 1


def test_a_conflict_and_a_refusal_leave_the_transaction_usable(path, connection):
    repository = SqliteRepository.on(connection)
    desk = Desk(repository)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO invoices VALUES ('d-1')")
    with pytest.raises(VersionConflict):
        desk.amend("d-1", {"name": "Mills"}, at=at(1), expected_version=7)
    with pytest.raises(MoveRefused):
        desk.move("d-1", "offered", at=at(1))
    both = Commit(tenant="main", writes=(*opening("d-2").writes, *opening("d-1").writes))
    with pytest.raises(VersionConflict):
        repository.commit(both)
    assert repository.load(key("d-2")) is None  # the first of the two was not written either
    assert connection.in_transaction
    desk.amend("d-1", {"name": "Mills"}, at=at(1))
    connection.execute("COMMIT")

    assert invoices(path) == (["d-1"], 2)


def test_nothing_is_begun_ended_or_asked_twice(path):
    connection = sqlite3.connect(path, isolation_level=None, factory=Watched)
    repository = SqliteRepository.on(connection)
    connection.execute("BEGIN IMMEDIATE")
    connection.statements.clear()
    Desk(repository).amend("d-1", {"name": "Mills"}, at=at(1))
    said = [statement.split()[0] for statement in connection.statements]
    repository.close()
    connection.execute("COMMIT")
    connection.close()

    assert set(said) == {"SELECT", "UPDATE", "INSERT"}
    assert len(said) == 5


def test_a_desk_does_not_decide_again_inside_the_hosts_transaction(connection):
    repository = SqliteRepository.on(connection)
    assert repository.powers.retries is False
    connection.execute("BEGIN IMMEDIATE")
    ours = meddler(
        lambda wrap=lambda repository: repository, **options: Desk(wrap(repository), **options),
        lambda rival: rival.amend("d-1", {"name": "first"}, at=at(1)),
        times=1,
    )
    with pytest.raises(VersionConflict):
        ours.amend("d-1", {"name": "second"}, at=at(1))
    connection.execute("ROLLBACK")


def test_a_commit_outside_a_transaction_is_refused(connection):
    repository = SqliteRepository.on(connection)

    assert repository.load(key()).version == 1  # reading needs none
    with pytest.raises(Unsupported, match="BEGIN IMMEDIATE"):
        repository.commit(opening("d-2"))
    assert repository.load(key("d-2")) is None


def test_a_writer_elsewhere_makes_it_busy_at_once(path, connection):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    repository = SqliteRepository.on(connection)
    connection.execute("BEGIN")
    with pytest.raises(Busy):
        repository.commit(opening("d-2"))
    assert connection.in_transaction
    connection.execute("ROLLBACK")
    other.close()


def test_a_snapshot_that_somebody_overtook_is_busy_and_not_written_over(path, connection):
    repository = SqliteRepository.on(connection)
    connection.execute("BEGIN")
    record = repository.load(key()).record  # from here on the host sees the past
    with SqliteRepository(path) as other:
        Desk(other).amend("d-1", {"name": "theirs"}, at=at(1))
    with pytest.raises(Busy):
        Desk(repository).amend("d-1", {"name": "ours"}, at=at(2))
    connection.execute("ROLLBACK")

    assert record.name is None
    assert repository.load(key()).record.name == "theirs"


def test_tables_are_not_made_in_the_hosts_database(tmp_path):
    empty = sqlite3.connect(tmp_path / "empty.db", isolation_level=None)
    with pytest.raises(Unsupported, match="SqliteRepository"):
        SqliteRepository.on(empty)
    empty.execute("CREATE TABLE theirs (x)")
    with pytest.raises(Unsupported, match="did not write"):
        SqliteRepository.on(empty)
    assert empty.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
    empty.close()


def test_a_damaged_table_is_corrupt(connection):
    repository = SqliteRepository.on(connection)
    connection.execute("UPDATE records SET body = '{}'")
    with pytest.raises(Corrupt):
        repository.load(key())


def test_a_pipeline_is_published_with_what_the_host_writes(path, connection):
    connection.execute("BEGIN IMMEDIATE")
    assert Desk(SqliteRepository.on(connection)).publish(PIPELINE).version == 1
    connection.execute("COMMIT")
    assert invoices(path) == ([], 1)
