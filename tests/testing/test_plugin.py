"""The plugin for pytest, as a host runs it: in a process of its own."""

import os
import re
import subprocess
import sys

import pytest

from tests.testing.documents import write_scenarios

pytest_plugins = ["pytester"]

GOOD = """
[[scenarios]]
name = "a budget is asked for"
steps = [{ open = "lead" }, { move = "offer", actor = "ann", values = { amount = 1000 }, refused = ["field.missing"] }]

[[scenarios]]
name = "a deal is given up"
steps = [{ open = "lead" }, { close = "abandoned", then = { outcome = "abandoned" } }]
"""
BAD = '[[scenarios]]\nname = "a wrong hope"\nsteps = [{ open = "lead" }, { move = "offer", actor = "ann" }]\n'


OPTIONS = ["-p", "no:cacheprovider", "-p", "no:cov"]
# Tests before these have imported what the plugin is part of; for a host, the plugin comes first.
LATE = ["-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning"]


@pytest.fixture
def run(pytester):
    """Run pytest with the plugin in a folder; give the exit code and what it prints."""

    def run(*options, plugin=("-p", "oppcore.testing.plugin")):
        done = pytester.runpytest_inprocess(*OPTIONS, *LATE, *plugin, *options)
        return done.ret, f"{done.stdout}\n{done.stderr}"

    return run


def run_apart(folder, *options):
    """Run pytest with the plugin in a process of its own, where warnings are errors."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-p", "oppcore.testing.plugin", "--rootdir", folder, *options]
    env = {**os.environ, "PYTHONWARNINGS": "error", "COLUMNS": "100"}
    done = subprocess.run([*command, folder], cwd=folder, capture_output=True, encoding="utf-8", env=env)
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_collected_unless_the_plugin_is_asked_for(pytester, run):
    write_scenarios(pytester.path, GOOD)

    assert run("-q", plugin=())[0] == pytest.ExitCode.NO_TESTS_COLLECTED


def test_each_scenario_is_a_test_with_its_name(pytester, run):
    write_scenarios(pytester.path, GOOD)
    code, printed = run("-v")

    assert code == 0
    assert "sales.scenarios.toml::a budget is asked for PASSED" in printed
    assert "sales.scenarios.toml::a deal is given up PASSED" in printed
    assert "rules of pipelines" not in printed


def test_a_failure_is_told_in_words_without_a_traceback(pytester, run):
    write_scenarios(pytester.path, BAD)
    code, printed = run("-q")

    assert code == 1
    assert "sales.scenarios.toml, scenarios[0]\na wrong hope: failed (pipeline sales)\n" in printed
    assert "field.missing budget: budget is missing [stages.lead.exit[0]]" in printed
    assert "Traceback" not in printed
    assert ".py" not in printed


def test_the_faults_of_a_file_are_the_error_of_its_collection(pytester, run):
    write_scenarios(pytester.path, GOOD.replace("close", "clsoe").replace("field.missing", "field.mising"))
    code, printed = run("-q")

    assert code == pytest.ExitCode.INTERRUPTED
    assert "sales.scenarios.toml: scenarios[1].steps[1].clsoe: there is no key 'clsoe'; perhaps 'close'" in printed
    assert ".py" not in printed


def host(folder, own="own:CRITERIA"):
    """Write a host's module with a criterion, its pipeline, and the setting that names it."""
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = .\noppcore_criteria = {own}\n")
    (folder / "own.py").write_text(
        "import attrs\nfrom oppcore import Problem\n\n@attrs.frozen\nclass Rated:\n    least: int\n"
        "    def judge(self, situation):\n        return situation.facts['rating'] >= self.least\n"
        "    def problem(self, situation, wanted):\n        return Problem('own.rated')\n\n"
        "CRITERIA = {'rated': Rated}\n"
    )
    (folder / "rated.toml").write_text(
        'key = "x"\nstages = [{ key = "a", kind = "open", entry = [{ rated = { least = 2 } }] }, '
        '{ key = "won", kind = "won" }]'
    )
    (folder / "own.scenarios.toml").write_text(
        'pipelines = { x = { file = "rated.toml" } }\n'
        '[[scenarios]]\nname = "low"\nsteps = [{ open = "a", facts = { rating = 1 }, refused = ["own.rated"] }]\n'
        '[[scenarios]]\nname = "none"\nsteps = [{ open = "a" }]\n'
    )


def test_criteria_of_the_hosts_own_are_named_by_a_setting(pytester, run):
    host(pytester.path)
    code, printed = run("-q")

    assert code == 1
    assert "1 failed, 1 passed" in printed
    assert "KeyError: 'rating'" in printed  # the host's own mistake, with where it was made
    assert "own.py:8" in printed
    assert "_pytest" not in printed


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("nowhere:CRITERIA", "No module named 'nowhere'"),
        ("own:CRITERIO", "has no attribute 'CRITERIO'"),
        ("own", "it names a mapping, as in my_rules.criteria:CRITERIA"),
    ],
)
def test_a_setting_that_names_nothing_is_told(pytester, run, own, said):
    host(pytester.path, own)
    code, printed = run("-q")

    assert code == pytest.ExitCode.INTERRUPTED
    assert f"oppcore_criteria = '{own}': " in printed
    assert said in printed


ORDINARY = """
from datetime import UTC, datetime
from pathlib import Path
from oppcore import evolve, load_pipeline, open_opportunity
from oppcore.testing import assert_refused

def test_a_loss_needs_a_reason(rule_recorder):
    pipeline = load_pipeline(Path(__file__).with_name("sales.toml").read_text())
    t0 = datetime(2026, 1, 1, tzinfo=UTC)
    deal = evolve(None, *open_opportunity(pipeline, "d", at=t0))
    rule_recorder.watch(assert_refused)(pipeline, deal, outcome="lost", at=t0, codes={"reason.missing"})
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_coverage_adds_up_scenarios_and_ordinary_tests_in_all_processes(pytester, run, workers):
    write_scenarios(pytester.path, GOOD)
    (pytester.path / "test_ordinary.py").write_text(ORDINARY)
    options = ["-q", "--rule-coverage", "--rule-mutants"]
    code, printed = run_apart(pytester.path, *options, *workers) if workers else run(*options)
    [title] = re.findall(r"Rules of sales, revision 1: .*", printed)

    assert code == 0
    assert "3 passed" in printed
    assert title == "Rules of sales, revision 1: 15.3% exercised"
    assert "missing policy: flow.win: allowed" in printed
    assert re.search(r"Mutants of sales, revision 1: 6 of \d+ noticed", printed)
    for exercised in ("reasons.lost: refused", "lead: abandon\n", "stages.lead.exit[0]: false"):
        assert exercised not in printed


def test_mutants_are_tried_on_the_scenarios(pytester, run):
    write_scenarios(pytester.path, GOOD)
    code, printed = run("-q", "--rule-mutants")

    assert code == 0
    assert re.search(r"Mutants of sales, revision 1: 6 of \d+ noticed", printed)
    assert "entry of offer: amount is at least 1,000.00 EUR dropped" in printed
    assert "exit of lead: budget is filled in dropped" not in printed


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--rule-coverage-fail-under", "5"], 0, ""),
        (["--rule-coverage-fail-under", "90"], 1, "FAILED: the suite exercises 13.6% of the rules of sales, and 90%"),
        (["--rule-mutants-fail-under", "5"], 0, ""),
        (["--rule-mutants-fail-under", "99.5"], 1, "of the changed rules of sales, and 99.5% are wanted"),
        (["--rule-coverage-fail-under=1", "-k", "none"], 1, "1% of the rules are wanted, and no pipeline was tested"),
    ],
)
def test_too_little_fails_the_run(pytester, run, options, code, said):
    write_scenarios(pytester.path, GOOD)
    found, printed = run("-q", *options)

    assert (found, said in printed) == (code, True)


def test_a_suite_that_fails_still_says_what_it_exercises(pytester, run):
    write_scenarios(pytester.path, GOOD + BAD)
    code, printed = run("-q", "--rule-coverage", "--rule-mutants")

    assert code == 1
    assert "Rules of sales" in printed
    assert "Mutants of sales" in printed  # of the scenarios that passed
