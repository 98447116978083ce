"""Workers that are killed in the middle of what they do: `python -m tests.reliability.workers FILE KILLS SEED HONESTY`.

Forks workers, which change two deals for as long as they live and acknowledge each change; kills them at some moment,
and prints what they had acknowledged: one line for each, as JSON. A worker that is not honest acknowledges too early.
"""

import json
import os
import random
import signal
import sys
import time

from oppcore.desk import Desk
from oppcore.repository import SqliteRepository
from oppcore.testing.deals import at
from tests.reliability.shared import opened

TOGETHER = 3


def toil(path, name, out, *, is_honest):
    """Change two deals, and say so when it is saved. A wish that nobody acknowledged comes again in the next life."""
    desk = Desk(SqliteRepository(path), retries=100_000)
    for number in range(100_000):
        wish = f"{name} {number}"
        if not is_honest:
            os.write(out, f"{json.dumps(['', 0, wish])}\n".encode())
        receipt = desk.amend(f"d-{1 + number % 2}", {"name": wish}, at=at(1), command_id=wish)
        if is_honest:
            os.write(out, f"{json.dumps([receipt.record.id, receipt.version, wish])}\n".encode())


def start(path, name, *, is_honest):
    """Fork a worker; give its process and the end of the pipe from which its acknowledgements come."""
    here, there = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(here)
        try:
            toil(path, name, there, is_honest=is_honest)
        finally:
            os._exit(1)
    os.close(there)
    return process, here


def end(process, pipe, dice):
    """Let a worker acknowledge some changes, kill it at a moment that nobody foresees, and give what it said."""
    said = b""
    for _ in range(dice.randrange(1, 4)):
        said += os.read(pipe, 65536)
    time.sleep(dice.uniform(0, 0.006))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    while part := os.read(pipe, 65536):
        said += part
    os.close(pipe)
    return said.decode().splitlines()


def main(path, kills, seed, honesty):
    """Kill so many workers, some of whom work at the same time."""
    with SqliteRepository(f"{path}.warm") as other:  # what is loaded once need not be loaded by every worker
        Desk(opened(other, "d-1")).amend("d-1", {"name": "x"}, at=at(1))
        Desk(other).history("d-1")
    dice = random.Random(int(seed))
    rounds = -(-int(kills) // TOGETHER)
    for number in range(rounds):
        # Every second round has the names of the one before: what was acknowledged then is sent once more.
        started = [start(path, f"{number // 2}-{one}", is_honest=honesty == "honest") for one in range(TOGETHER)]
        for process, pipe in started:
            print("\n".join(end(process, pipe, dice)))
    print("killed", rounds * TOGETHER)


if __name__ == "__main__":
    main(*sys.argv[1:])
