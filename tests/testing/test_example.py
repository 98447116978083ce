"""The example suites run as a host would run them; the one to copy stays short."""

import os
import shutil
import subprocess
import sys

import pytest

from oppcore import template
from oppcore.testing import find_survivors, load_scenarios, run_scenario
from tests.packaging.sources import TREE

EXAMPLES = TREE / "examples"
EXAMPLE = EXAMPLES / "test_my_pipeline.py"
PIPELINES = sorted((EXAMPLES / "pipelines").glob("*.toml"))


def run_suite(path, folder):
    """Run a suite away from this tree, with the documents it reads; give what pytest prints."""
    shutil.copy(path, folder)
    shutil.copytree(EXAMPLES / "pipelines", folder / "pipelines")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", folder, folder]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")


def test_the_example_suite_passes(tmp_path):
    done = run_suite(EXAMPLE, tmp_path)

    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_example_suite_is_about_twenty_lines_without_its_pipeline():
    source = EXAMPLE.read_text(encoding="utf-8")
    lines = [line for line in source.partition('PIPELINE = load_pipeline("""')[0].splitlines() if line.strip()]
    lines += [line for line in source.partition('""")\n')[2].splitlines() if line.strip()]

    assert len(lines) <= 20


def test_the_stories_of_the_example_pipelines_pass(tmp_path):
    done = run_suite(EXAMPLES / "test_pipelines.py", tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_scenarios_pass_and_notice_every_mutant(tmp_path):
    for folder in ("pipelines", "scenarios"):
        shutil.copytree(EXAMPLES / folder, tmp_path / folder)
    plugin = ["-p", "oppcore.testing.plugin", "--rule-mutants-fail-under=100", "-k", "not leads"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, *plugin, tmp_path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_scenarios_of_leads_pass_and_notice_every_mutant_of_the_leads():
    scenarios = load_scenarios(EXAMPLES / "scenarios" / "leads.scenarios.toml")

    assert [str(run_scenario(one)) for one in scenarios if not run_scenario(one).passed] == []
    assert find_survivors(template("leads"), scenarios).survivors == ()


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_the_command_finds_no_faults_in_an_example_pipeline(path):
    command = [sys.executable, "-m", "oppcore.cli", "check", path]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"})

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"Pipeline {path.stem}, revision 1: no faults")
