"""With the built wheel, Hypothesis knows how to make values of our types."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.packaging.sources import TREE

ASK = """
import oppcore
from hypothesis import given, settings, strategies as st
from oppcore import Actor, Lead, Money, Opportunity, Pipeline

for type_ in (Actor, Lead, Money, Opportunity, Pipeline):
    @settings(max_examples=5, deadline=None, database=None)
    @given(st.from_type(type_))
    def look(value):
        assert type(value) is type_

    look()
print(oppcore.__file__)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """A folder in which the wheel is unpacked, as an installation does it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=TREE, capture_output=True, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def run_with(site, *command, cwd):
    env = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run([sys.executable, *command], cwd=cwd, env=env, capture_output=True, encoding="utf-8")


def test_a_type_is_enough_for_values_of_it(unpacked, tmp_path):
    done = run_with(unpacked, "-c", ASK, cwd=tmp_path)

    assert done.stdout.startswith(str(unpacked)), done.stderr


def test_the_example_of_a_machine_runs_from_the_wheel_alone(unpacked, tmp_path):
    example = TREE / "examples" / "test_my_process.py"
    (tmp_path / example.name).write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    done = run_with(unpacked, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", ".", cwd=tmp_path)

    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_the_example_of_a_machine_runs_under_unittest_too(unpacked, tmp_path):
    example = TREE / "examples" / "test_my_process.py"
    (tmp_path / example.name).write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    done = run_with(unpacked, "-m", "unittest", "test_my_process", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 2 tests" in done.stderr


def test_hypothesis_without_pytest_is_not_disturbed(unpacked, tmp_path):
    ask = "import sys; sys.modules['pytest'] = None; import hypothesis; print('oppcore.testing' in sys.modules)"

    done = run_with(unpacked, "-c", ask, cwd=tmp_path)

    assert (done.returncode, done.stdout.strip()) == (0, "False"), done.stderr
