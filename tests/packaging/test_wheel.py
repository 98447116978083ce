"""What is built holds what it should: all package files in the wheel, and the tests in the source distribution."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.packaging.sources import PACKAGE, TREE


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=TREE, capture_output=True, check=True
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        yield wheel


def test_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    package = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == package
    assert "oppcore/py.typed" in package


def test_wheel_depends_on_attrs_and_cattrs_only(wheel):
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    required = email.message_from_bytes(wheel.read(name)).get_all("Requires-Dist")

    assert sorted(line for line in required if "extra ==" not in line) == ["attrs<27,>=24.2", "cattrs<27,>=24.1.2"]
    assert any("extra ==" in line for line in required)


def test_wheel_has_the_command(wheel):
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))

    assert wheel.read(name).decode().split("\n\n")[0].splitlines() == [
        "[console_scripts]",
        "oppcore = oppcore.cli:main",
    ]


def test_installing_the_wheel_loads_no_plugin_into_pytest(wheel):
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))

    assert "pytest11" not in wheel.read(name).decode()
    assert "oppcore/testing/plugin.py" in wheel.namelist()


def test_source_distribution_can_be_tested(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"CHANGELOG.md", "LICENSE", "README.md", "conftest.py", "pyproject.toml"} <= names
    assert {"docs/compatibility.md", "src/oppcore/py.typed", "tests/packaging/test_wheel.py"} <= names


QUICK = """
from hypothesis import settings

settings.register_profile("quick", max_examples=20, deadline=None, derandomize=True)
settings.load_profile("quick")
"""


def test_the_example_stores_keep_the_contract_that_is_in_the_wheel(built, tmp_path):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "site")
    for name in ("own_tables.py", "event_store.py", "test_stores.py"):
        shutil.copy(TREE / "examples" / name, tmp_path)
    (tmp_path / "conftest.py").write_text(QUICK)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        encoding="utf-8",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "TestOwnTables: powers declared: none" in done.stdout
    assert "3 left out, this product has deals only (leads)" in done.stdout
    assert "TestEventStore: powers declared: Feed" in done.stdout


@pytest.mark.parametrize("name", ["own_tables.py", "event_store.py"])
def test_an_example_store_is_a_class_of_sixty_lines(name):
    source = (TREE / "examples" / name).read_text(encoding="utf-8")
    lines = [line for line in source[source.index("\nclass ") :].splitlines() if line.strip()]

    assert len(lines) <= 60
