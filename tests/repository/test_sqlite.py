"""What can be wrong with a file, and what is said then."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from oppcore.desk import Desk
from oppcore.errors import Busy, Corrupt, Problem, Unavailable, Unsupported
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.repository import Query, SqliteRepository
from tests.packaging.sources import TREE
from tests.repository.stores import PIPELINE, START, at, key, naming, opening, publishing


@pytest.fixture
def path(tmp_path):
    """A file with a pipeline and a deal."""
    place = tmp_path / "deals.db"
    with SqliteRepository(place) as repository:
        repository.commit(publishing())
        repository.commit(opening(values={"name": "Mills"}, command="c-1"))
    return place


def alter(path, *statements):
    """Change a file behind the store's back."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_what_was_saved_is_there_after_reopening(path):
    with SqliteRepository(str(path)) as repository:
        assert repository.load(key()).record.name == "Mills"
        assert repository.recall("main", "c-1").repeated


def test_the_file_is_durable_and_says_whose_it_is(path):
    with SqliteRepository(path) as repository:
        row = repository._file.read(
            lambda connection: [
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "application_id", "user_version")
            ]
        )
        strict = repository._file.read(
            lambda connection: connection.execute(
                "SELECT count(*), sum(strict) FROM pragma_table_list WHERE name NOT LIKE 'sqlite%'"
            ).fetchone()
        )
    assert row == ["wal", 2, 1, 0x6F707063, 2]
    assert strict == (3, 3)


def test_a_closed_store_says_so(path):
    repository = SqliteRepository(path)
    repository.close()
    repository.close()

    with pytest.raises(Unavailable, match="closed"):
        repository.load(key())
    assert not path.with_name("deals.db-wal").exists()  # the file can be moved as it is


@pytest.mark.parametrize("name", ["", ":memory:"])
def test_a_store_without_a_file_is_refused_with_a_hint(name):
    with pytest.raises(Unsupported, match="MemoryRepository"):
        SqliteRepository(name)


def test_a_relative_path_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    repository = SqliteRepository("deals.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    repository._file._idle.pop().close()
    repository.commit(opening())

    assert not list(Path().iterdir())


# Not our file.


def test_a_newer_schema_is_refused(path):
    alter(path, "PRAGMA user_version = 3")

    with pytest.raises(Unsupported, match="schema 3; this release of oppcore reads up to 2"):
        SqliteRepository(path)


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE theirs (x)", "PRAGMA user_version = 1", "PRAGMA application_id = 77"]
)
def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path, statement):
    place = tmp_path / "theirs.db"
    alter(place, statement)
    before = place.read_bytes()

    with pytest.raises(Unsupported, match="did not write"):
        SqliteRepository(place)
    assert place.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all, only text " * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
def test_what_is_no_database_is_corrupt(tmp_path, content):
    place = tmp_path / "text.db"
    place.write_bytes(content)

    with pytest.raises(Corrupt):
        SqliteRepository(place)


def test_a_damaged_file_is_noticed_not_believed(tmp_path):
    place = tmp_path / "deals.db"
    with SqliteRepository(place) as repository:
        repository.commit(publishing())
        for number in range(60):
            repository.commit(opening(f"d-{number}", values={"name": "x" * 500}))
    content = bytearray(place.read_bytes())
    for start in range(8192, len(content) - 64, 4096):
        content[start : start + 64] = b"\xff" * 64
    place.write_bytes(content)

    with pytest.raises(Corrupt), SqliteRepository(place) as repository:
        repository.find(Query(limit=1000))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = 'x' WHERE kind = 'opportunity'",
        "UPDATE records SET body = '{}' WHERE kind = 'opportunity'",
        "UPDATE records SET body = replace(body, '\"schema\":1', '\"schema\":9')",
        "UPDATE records SET version = 7 WHERE kind = 'opportunity'",
        "UPDATE records SET body = (SELECT body FROM records WHERE kind = 'pipeline')",
        "UPDATE records SET body = CAST(x'ff' AS TEXT)",
    ],
)
def test_a_record_that_was_tampered_with_is_corrupt(path, statement):
    alter(path, statement)

    with SqliteRepository(path) as repository:
        with pytest.raises(Corrupt):
            repository.load(key())
        with pytest.raises(Corrupt):
            repository.find(Query())


def test_a_change_or_outcome_that_was_tampered_with_is_corrupt(path):
    alter(path, "UPDATE changes SET body = '{}'", "UPDATE commands SET written = '[[1]]'")

    with SqliteRepository(path) as repository:
        with pytest.raises(Corrupt):
            repository.history(key(), limit=1)
        with pytest.raises(Corrupt):
            repository.recall("main", "c-1")


def test_a_missing_table_is_corrupt(path):
    alter(path, "DROP TABLE commands")

    with SqliteRepository(path) as repository, pytest.raises(Corrupt):
        repository.commit(opening("d-2", command="c-2"))


def test_a_history_that_runs_ahead_of_its_record_is_corrupt(path):
    alter(path, "INSERT INTO changes (tenant, kind, id, version, body) VALUES ('main', 'opportunity', 'd-1', 2, '{}')")

    with SqliteRepository(path) as repository:
        record = repository.load(key()).record
        with pytest.raises(Corrupt):
            repository.commit(naming(record, "x"))
        assert repository.load(key()).record == record


# No way to write.


def test_a_file_in_no_folder_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="no-such"):
        SqliteRepository(tmp_path / "no-such" / "deals.db")
    with pytest.raises(Unavailable):
        SqliteRepository(tmp_path)


def run(code, **variables):
    """Run code in a process of its own, from this tree."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=TREE,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not made read-only like this")
def test_a_read_only_file_or_folder_is_unavailable(path):
    code = """
        import os, tempfile
        from oppcore.errors import Unavailable
        from oppcore.repository import SqliteRepository
        from tests.repository.stores import opening

        with tempfile.TemporaryDirectory() as folder, SqliteRepository(folder + "/any.db") as repository:
            repository.commit(opening())
        str(Unavailable("any"))  # whatever has to be imported is imported now
        os.chdir(os.environ["FOLDER"])
        if os.getuid() == 0:
            os.setuid(65534)  # root may write everywhere
        for name in ("deals.db", "new.db"):
            try:
                SqliteRepository(name).commit(opening("d-2"))
            except Unavailable as error:
                print(error)
        """
    with tempfile.TemporaryDirectory() as folder:
        Path(shutil.copy(path, folder)).chmod(0o444)
        Path(folder).chmod(0o555)
        lines = run(code, FOLDER=folder).splitlines()
        Path(folder).chmod(0o755)
    assert [line.startswith("the store is not available") for line in lines] == [True, True]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits for the size of files")
def test_a_full_disk_is_unavailable_and_loses_nothing(path):
    code = """
        import os, resource
        from oppcore.desk import Desk
        from oppcore.errors import Unavailable
        from oppcore.repository import SqliteRepository
        from tests.repository.stores import at

        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
        desk = Desk(SqliteRepository(os.environ["DEALS"]))
        number = 0
        try:
            while True:
                number += 1
                desk.amend("d-1", {"name": f"{number} " + "x" * 9_000}, at=at(1))
        except Unavailable as error:
            print(desk.get("d-1").progress.version, number)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(desk.amend("d-1", {"name": "there is room again"}, at=at(1)).version)
        """
    (version, attempts), (after,) = (map(int, line.split()) for line in run(code, DEALS=str(path)).splitlines())

    assert version == attempts > 5  # the first change was the opening; the last attempt failed
    with SqliteRepository(path) as repository:
        assert len(Desk(repository).history("d-1")) == after == version + 1


def test_a_file_system_without_a_write_ahead_log_is_refused(tmp_path, monkeypatch):
    class Stubborn(sqlite3.Connection):
        def execute(self, statement, *values):
            return super().execute(statement.replace("= WAL", "= DELETE"), *values)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: connect(*args, factory=Stubborn, **options))

    with pytest.raises(Unavailable, match="write-ahead log"):
        SqliteRepository(tmp_path / "deals.db")


# Others are at it.


def test_a_lock_that_is_never_given_up_is_waited_for_no_longer_than_said(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with SqliteRepository(path, wait=timedelta(seconds=0.05)) as repository:
        with pytest.raises(Busy):
            repository.commit(opening("d-2"))
        assert repository.load(key()) is not None  # reading goes on
        other.execute("ROLLBACK")
        repository.commit(opening("d-2"))
    other.close()


def test_a_lock_that_is_given_up_is_waited_for(path):
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.1, lambda: other.execute("COMMIT"))
    with SqliteRepository(path) as repository:
        release.start()
        repository.commit(opening("d-2"))
    release.join()
    other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_the_file_anew(path):
    repository = SqliteRepository(path)
    repository.load(key())
    parents = list(repository._file._idle)
    child = os.fork()
    if child == 0:
        repository.commit(opening("of the child"))
        is_own = not any(connection in parents for connection in repository._file._idle)
        repository.close()
        os._exit(0 if is_own else 1)

    assert os.waitpid(child, 0)[1] == 0
    repository.commit(opening("of the parent"))
    assert repository.load(key("of the child")) is not None
    repository.close()


def test_a_move_takes_five_statements_and_one_transaction(path, monkeypatch):
    statements = []
    connect = sqlite3.connect

    def watched(*args, **options):
        connection = connect(*args, **options)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", watched)
    with SqliteRepository(path) as repository:
        desk = Desk(repository)
        desk.amend("d-1", {"budget": Money(1, "EUR")}, at=at(1))
        statements.clear()
        desk.move("d-1", "offered", at=at(1))

    assert [statement.split()[0] for statement in statements if not statement.startswith("--")] == [
        *("SELECT", "SELECT"),  # the deal, its pipeline
        *("BEGIN", "SELECT", "UPDATE", "INSERT", "COMMIT"),  # is the revision still the newest; the deal, the change
    ]


# Large and strange values.


def test_what_could_not_be_read_again_is_not_written(path):
    fields = {f"f{number}": "x" * 19_000 for number in range(60)}
    with SqliteRepository(path) as repository:
        record = repository.load(key()).record
        commit = naming(record, "large")
        [write] = commit.writes
        large = attrs.evolve(write, record=attrs.evolve(write.record, fields=fields))
        with pytest.raises(Unsupported, match="large"):
            repository.commit(attrs.evolve(commit, writes=(large,)))
        assert repository.load(key()).record == record
        some = attrs.evolve(write, record=attrs.evolve(write.record, fields=dict(list(fields.items())[:10])))
        repository.commit(attrs.evolve(commit, writes=(some,)))
        assert len(repository.load(key()).record.fields) == 10


def test_values_come_back_exactly(path):
    fields = {"n": Decimal("123456789012345678.910"), "t": "tab\t, quote ' and 客户 𝔘", "d": START.date(), "f": True}
    with SqliteRepository(path) as repository:
        record = repository.load(key()).record
        commit = naming(record, "x")
        [write] = commit.writes
        odd = attrs.evolve(write, record=attrs.evolve(write.record, fields=fields))
        repository.commit(attrs.evolve(commit, writes=(odd,)))
        assert repository.load(key()).record == odd.record


def test_a_pipeline_is_read_once_and_never_stale(path):
    with SqliteRepository(path) as ours, SqliteRepository(path) as theirs:
        where = publishing().writes[0].key
        assert ours.load(where).record is ours.load(where).record
        second = attrs.evolve(PIPELINE, revision=2)
        theirs.commit(publishing(second))
        assert ours.load(where).record == second
        assert at() == START


@attrs.frozen
class Reviewed:
    """A criterion of a host's own."""

    level: int

    def judge(self, situation, /):
        return situation.facts.get("level", 0) >= self.level

    def problem(self, situation, wanted, /):
        return Problem("reviewed.missing", "", {"need": self.level})


def test_pipelines_with_criteria_of_the_hosts_own_are_kept_where_they_are_named(tmp_path):
    own = {"reviewed": Reviewed}
    pipeline = load_pipeline(
        {"key": "own", "stages": [{"key": "a", "kind": "open", "exit": [{"reviewed": {"level": 2}}]}]}, criteria=own
    )
    with SqliteRepository(tmp_path / "own.db", criteria=own) as repository:
        Desk(repository).publish(pipeline)
        assert Desk(repository).pipeline("own") == pipeline
    with SqliteRepository(tmp_path / "own.db") as repository, pytest.raises(Corrupt, match="reviewed"):
        Desk(repository).pipeline("own")
    with SqliteRepository(tmp_path / "other.db") as repository, pytest.raises(Unsupported, match="criteria="):
        Desk(repository).publish(pipeline)
