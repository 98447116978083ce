"""The command as a user runs it: in this process (`oppcore`) and as a process of its own (`shell`)."""

import subprocess
import sys
from importlib.resources import files

import attrs
import pytest

from oppcore.cli.command import run

CHANGES = str(files("oppcore.cli") / "demo_set" / "changes.csv")
PIPELINE = str(files("oppcore.cli") / "demo_set" / "pipeline.toml")


@attrs.frozen
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def oppcore(capsys):
    def call(*args, code=0):
        found = run([str(arg) for arg in args])
        printed = capsys.readouterr()
        ran = Ran(found, printed.out, printed.err)
        assert ran.code == code, ran
        return ran

    return call


@pytest.fixture
def shell():
    def call(*args, stdin=b"", env=None, code=0):
        command = [sys.executable, "-W", "error", "-m", "oppcore.cli", *map(str, args)]
        done = subprocess.run(command, input=stdin, capture_output=True, env=env, timeout=60)
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert ran.code == code, ran
        assert "Traceback" not in ran.err
        return ran

    return call


@pytest.fixture
def changes():
    return CHANGES


@pytest.fixture
def pipeline():
    return PIPELINE
