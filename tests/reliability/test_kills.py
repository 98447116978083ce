"""SIGKILL in the middle of a commit: nothing that was acknowledged is lost, nothing is done twice, nothing is torn."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest

from oppcore.desk import Desk
from oppcore.engine import replay
from oppcore.repository import SqliteRepository
from tests.packaging.sources import TREE
from tests.reliability.profiles import sizes
from tests.reliability.shared import opened

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
DEALS = ("d-1", "d-2")


def kill(path, count, honesty):
    """Kill so many workers; give what they had acknowledged: deal, version, wish."""
    command = [sys.executable, "-m", "tests.reliability.workers", str(path), str(count), "7", honesty]
    done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=True)
    *lines, last = [line for line in done.stdout.splitlines() if line]
    word, killed = last.split()
    assert (word, int(killed) >= count) == ("killed", True)
    return {tuple(json.loads(line)) for line in lines}


def read(path):
    """What is in a sound file: deal, version and wish of each change."""
    found = []
    with SqliteRepository(path) as repository:
        desk = Desk(repository)
        for deal in DEALS:
            changes = desk.history(deal)
            assert [change.stamp.version for change in changes] == list(range(1, len(changes) + 1))
            assert replay(changes) == desk.get(deal)
            found += [(deal, change.stamp.version, change.edits[0].new) for change in changes[1:]]
        assert len(repository.follow("main", limit=1000)) == min(1000, len(found) + len(DEALS))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return found


@pytest.fixture
def path(tmp_path):
    """A file with a pipeline and two deals."""
    place = tmp_path / "deals.db"
    with SqliteRepository(place) as repository:
        opened(repository, *DEALS)
    return place


@sizes(fast=30, full=1_000)
def test_workers_that_are_killed_lose_nothing_they_acknowledged(path, size):
    acknowledged = kill(path, size, "honest")
    found = read(path)

    assert len(acknowledged) > size
    assert acknowledged <= set(found)
    assert len({wish for _, _, wish in found}) == len(found)


@sizes(fast=15, full=100)
def test_workers_that_acknowledge_too_early_would_lose_some(path, size):
    acknowledged = {wish for _, _, wish in kill(path, size, "dishonest")}

    assert acknowledged - {wish for _, _, wish in read(path)}
