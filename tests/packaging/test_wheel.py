"""What is built holds what it should: all package files in the wheel, and the tests in the source distribution."""

import email
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
