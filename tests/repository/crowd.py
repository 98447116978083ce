"""Processes that work on one file at once: `python -m tests.repository.crowd JOB PATH …`; each prints what it did.

A process says `ready`, waits for a line on its standard input, and begins.
"""

import sys
from pathlib import Path

from oppcore.codec import encode
from oppcore.desk import Desk
from oppcore.engine import amend, evolve
from oppcore.errors import VersionConflict
from oppcore.repository import SqliteRepository
from tests.repository.stores import PIPELINE, at, key

TRAMPLE = "UPDATE records SET version = ?, body = ? WHERE id = 'd-1'"


def say(*words):
    """Print a line at once."""
    print(*words, flush=True)


def start():
    """Wait for all the others."""
    say("ready")
    return sys.stdin.readline().strip()


def create(path):
    """Open a file that is not there yet."""
    start()
    desk = Desk(SqliteRepository(path))
    desk.publish(PIPELINE)
    say("done")


def contend(path, name):
    """Change the same deal as everybody, each round once, from the version that all have seen."""
    desk = Desk(SqliteRepository(path))
    version = desk.get("d-1").progress.version
    while start() == "go":
        try:
            version = desk.amend("d-1", {"name": f"{name} {version}"}, at=at(1), expected_version=version).version
        except VersionConflict as conflict:
            version = conflict.found
            say("lost", version)
        else:
            say("won", version)


def trample(path, name):
    """Change the same deal as everybody without a version check: the control, which must lose."""
    repository = SqliteRepository(path)
    start()
    for number in range(30):
        record = repository.load(key()).record
        after = evolve(record, *amend(PIPELINE, record, {"name": f"{name} {number}"}, at=at(1)))
        values = (after.progress.version, encode(after))
        repository._file.write(lambda connection, values=values: connection.execute(TRAMPLE, values))
    say("done")


if __name__ == "__main__":
    job, place, *rest = sys.argv[1:]
    {"create": create, "contend": contend, "trample": trample}[job](Path(place), *rest)
