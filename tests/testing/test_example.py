"""The example suite runs as a host would run it, and stays short."""

import subprocess
import sys

from tests.packaging.sources import TREE

EXAMPLE = TREE / "examples" / "test_my_pipeline.py"


def test_the_example_suite_passes(tmp_path):
    (tmp_path / "test_my_pipeline.py").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_example_suite_is_about_twenty_lines_without_its_pipeline():
    source = EXAMPLE.read_text(encoding="utf-8")
    lines = [line for line in source.partition('PIPELINE = load_pipeline("""')[0].splitlines() if line.strip()]
    lines += [line for line in source.partition('""")\n')[2].splitlines() if line.strip()]

    assert len(lines) <= 20
