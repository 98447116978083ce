"""Several processes and one file: nothing that was acknowledged is lost, whatever happens to a process."""

import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import pytest

from oppcore.desk import Desk
from oppcore.engine import replay
from oppcore.repository import SqliteRepository
from tests.packaging.sources import TREE
from tests.repository.stores import PIPELINE, at

NAMES = ("a", "b", "c")


@contextmanager
def crowd(job, path, count=2):
    """Start processes, and wait until all are ready."""
    command = [sys.executable, "-m", "tests.repository.crowd", job, str(path)]
    started = [
        subprocess.Popen([*command, *name], cwd=TREE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for name in ([] if job == "create" else [name] for name in NAMES[:count])
    ]
    try:
        for process in started:
            assert process.stdout.readline() == "ready\n"
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def tell(process, word):
    """Say a word to a process."""
    process.stdin.write(word + "\n")
    process.stdin.flush()


@pytest.fixture
def path(tmp_path):
    """A file with a pipeline and two deals."""
    place = tmp_path / "deals.db"
    with SqliteRepository(place) as repository:
        desk = Desk(repository)
        desk.publish(PIPELINE)
        desk.open("new-business", "d-1", at=at())
        desk.open("new-business", "d-2", at=at())
    return place


def check(path):
    """The file is sound, and every deal is what its changes say; give those."""
    with SqliteRepository(path) as repository:
        desk = Desk(repository)
        found = {id: desk.history(id) for id in ("d-1", "d-2")}
        for id, changes in found.items():
            assert replay(changes) == desk.get(id)
            assert [change.stamp.version for change in changes] == list(range(1, len(changes) + 1))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return found


def test_of_two_processes_that_change_a_deal_one_wins(path):
    wins = []
    with crowd("contend", path) as rivals:
        for _ in range(20):
            for process in rivals:
                tell(process, "go")
            answers = [process.stdout.readline().split() for process in rivals]
            assert sorted(answer[0] for answer in answers) == ["lost", "won"]
            wins.append(next(name for name, answer in zip(NAMES, answers, strict=False) if answer[0] == "won"))
            for process in rivals:
                assert process.stdout.readline() == "ready\n"

    names = [change.edits[0].new for change in check(path)["d-1"][1:]]
    assert names == [f"{name} {version}" for version, name in enumerate(wins, 1)]


def test_without_a_version_check_changes_would_be_lost(path):
    with crowd("trample", path, 3) as rivals:
        for process in rivals:
            tell(process, "go")
        for process in rivals:
            assert process.stdout.readline() == "done\n"
    with SqliteRepository(path) as repository:
        assert Desk(repository).get("d-1").progress.version < 91


def test_processes_that_create_the_same_file_at_once_all_succeed(tmp_path):
    for number in range(3):
        place = tmp_path / f"{number}.db"
        with crowd("create", place, 3) as founders:
            for process in founders:
                tell(process, "go")
            assert [process.stdout.readline() for process in founders] == ["done\n"] * 3
        with SqliteRepository(place) as repository:
            assert Desk(repository).pipeline("new-business") == PIPELINE
