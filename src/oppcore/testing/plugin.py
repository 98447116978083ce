"""A plugin for pytest: files `*.scenarios.toml` as tests, and how much of the rules all tests exercise and notice.

Nothing loads it but `-p oppcore.testing.plugin`, on the command line or in `addopts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, final

import attrs
import pytest

from oppcore.errors import InvalidDocument
from oppcore.pipeline import OwnCriteria, Pipeline
from oppcore.table import Table
from oppcore.testing.mutation import MutationScore, find_survivors
from oppcore.testing.rules import RuleCase, RuleCoverage, RuleRecorder
from oppcore.testing.scenarios import Scenario, ScenarioResult, load_scenarios, run_scenario

__all__ = ["ScenarioFile", "ScenarioItem", "ScenarioNotAsExpected", "rule_recorder"]

SUFFIX = ".scenarios.toml"
_OUTPUT = "oppcore_rules"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the setting."""
    group = parser.getgroup("oppcore", "rules of pipelines")
    group.addoption("--rule-coverage", action="store_true", help="show which rules the tests have exercised")
    group.addoption(
        "--rule-coverage-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail where the tests exercise less than this of the rules of any pipeline",
    )
    group.addoption("--rule-mutants", action="store_true", help="show which changed rules no scenario notices")
    group.addoption(
        "--rule-mutants-fail-under",
        type=float,
        metavar="PERCENT",
        help="fail where the scenarios notice less than this of the changed rules of any pipeline",
    )
    parser.addini("oppcore_criteria", "MODULE:NAME of the mapping that names your own criteria", default="")


@final
@attrs.define
class _Kept:
    """What a run keeps: what was seen here and by other processes, the scenarios that passed, and the outcome."""

    recorder: RuleRecorder = attrs.field(factory=RuleRecorder)
    elsewhere: list[RuleCoverage] = attrs.field(factory=list[RuleCoverage])
    passed: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])
    tables: list[Table] = attrs.field(factory=list[Table])
    complaints: list[str] = attrs.field(factory=list[str])


_KEPT = pytest.StashKey[_Kept]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to keep."""
    config.stash[_KEPT] = _Kept()


@pytest.fixture
def rule_recorder(request: pytest.FixtureRequest) -> RuleRecorder:
    """Give the recorder of this run: what goes through its `watch` and `record` counts for `--rule-coverage`."""
    return request.config.stash[_KEPT].recorder


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect files of scenarios."""
    if not file_path.name.endswith(SUFFIX):
        return None
    make: Any = ScenarioFile
    found: ScenarioFile = make.from_parent(parent, path=file_path)
    return found


@final
class ScenarioFile(pytest.File):
    """A file of scenarios; where it has faults, all of them are the error of its collection."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Give a test for each scenario."""
        try:
            scenarios = load_scenarios(self.path, criteria=_find_criteria(self.config))
        except InvalidDocument as error:
            lines = [f"{self.path.name}: {problem}" for problem in error.problems]
            raise self.CollectError("\n".join(lines)) from None
        make: Any = ScenarioItem
        for scenario in scenarios:
            yield make.from_parent(self, name=scenario.name, scenario=scenario)


@final
class ScenarioItem(pytest.Item):
    """A scenario as a test; its failure is told in the words of the scenario, without a traceback."""

    def __init__(self, *, scenario: Scenario, **more: Any) -> None:
        super().__init__(**more)  # pyright: ignore[reportUnknownMemberType]
        self.scenario = scenario

    def runtest(self) -> None:
        """Run the scenario."""
        kept = self.config.stash[_KEPT]
        watch = kept.recorder.watch if _wants_coverage(self.config) else None
        result = run_scenario(self.scenario, watch=watch)
        if not result.passed:
            raise ScenarioNotAsExpected(result)
        kept.passed.add((str(self.path), self.scenario.name))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        """Tell what was expected and what happened; what a criterion of the host's raises, with where it came from."""
        if isinstance(excinfo.value, ScenarioNotAsExpected):
            return f"{self.path.name}, {self.scenario.path}\n{excinfo.value}"
        return excinfo.getrepr(style="short", tbfilter=lambda found: found.traceback.cut(path=__file__))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Give where the test is."""
        return self.path, None, self.scenario.name


@final
class ScenarioNotAsExpected(AssertionError):
    """A scenario came out otherwise; the text is that of its result."""

    def __init__(self, result: ScenarioResult) -> None:
        super().__init__(str(result))
        self.result = result


def _find_criteria(config: pytest.Config) -> OwnCriteria | None:
    """Import the mapping that the setting `oppcore_criteria` names."""
    named: str = config.getini("oppcore_criteria")
    if not named:
        return None
    module, _, name = named.partition(":")
    try:
        found: OwnCriteria = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        message = f"oppcore_criteria = {named!r}: {error}; it names a mapping, as in my_rules.criteria:CRITERIA"
        raise pytest.Collector.CollectError(message) from None
    return found


def _wants_coverage(config: pytest.Config) -> bool:
    return bool(config.option.rule_coverage or config.option.rule_coverage_fail_under is not None)


def _wants_mutants(config: pytest.Config) -> bool:
    return bool(config.option.rule_mutants or config.option.rule_mutants_fail_under is not None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add everything up and compare it with what is wanted; a worker of pytest-xdist hands over what it knows."""
    config = session.config
    kept = config.stash[_KEPT]
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is not None:
        coverage = [_to_plain(one) for one in kept.recorder.coverage()] if _wants_coverage(config) else []
        output[_OUTPUT] = {"coverage": coverage, "passed": sorted(kept.passed)}
        return
    if _wants_coverage(config):
        _conclude(kept, _together(kept), config.option.rule_coverage_fail_under, "exercises", "rules")
    if _wants_mutants(config):
        scores = [find_survivors(pipeline, some) for pipeline, some in _by_pipeline(config, kept)]
        _conclude(kept, scores, config.option.rule_mutants_fail_under, "notices", "changed rules")
    if kept.complaints and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of pytest-xdist knows."""
    told: dict[str, Any] = getattr(node, "workeroutput", {}).get(_OUTPUT, {})
    kept: _Kept = node.config.stash[_KEPT]
    kept.elsewhere += [_from_plain(one) for one in told.get("coverage", [])]
    kept.passed.update((path, name) for path, name in told.get("passed", []))


def _to_plain(coverage: RuleCoverage) -> dict[str, Any]:
    cases = [[str(case.kind), case.rule, case.case, case in coverage.covered] for case in coverage.cases]
    return {"pipeline": coverage.pipeline, "revision": coverage.revision, "cases": cases}


def _from_plain(told: dict[str, Any]) -> RuleCoverage:
    cases = [(RuleCase(kind, rule, case), covered) for kind, rule, case, covered in told["cases"]]
    return RuleCoverage(
        pipeline=told["pipeline"],
        revision=told["revision"],
        cases=[case for case, _ in cases],
        covered=[case for case, covered in cases if covered],
    )


def _together(kept: _Kept) -> list[RuleCoverage]:
    found: dict[Any, RuleCoverage] = {}
    for one in (*kept.recorder.coverage(), *kept.elsewhere):
        key = (one.pipeline, one.revision, one.cases)
        found[key] = found[key].combine(one) if key in found else one
    return list(found.values())


def _by_pipeline(config: pytest.Config, kept: _Kept) -> Iterable[tuple[Pipeline, list[Scenario]]]:
    """Give the scenarios that passed, by the pipelines they are about."""
    found: dict[Pipeline, list[Scenario]] = {}
    for path in sorted({path for path, _ in kept.passed}):
        for scenario in load_scenarios(path, criteria=_find_criteria(config)):
            if (path, scenario.name) in kept.passed:
                found.setdefault(scenario.pipeline, []).append(scenario)
    return found.items()


def _conclude(
    kept: _Kept, measured: Iterable[RuleCoverage | MutationScore], wanted: float | None, does: str, what: str
) -> None:
    some = list(measured)
    kept.tables += [one.table() for one in some]
    if wanted is None:
        return
    if not some:
        kept.complaints.append(f"{wanted:g}% of the {what} are wanted, and no pipeline was tested at all")
    for one in some:
        if one.share * 100 < wanted:
            have = f"{one.share:.1%} of the {what} of {one.pipeline}"
            kept.complaints.append(f"the suite {does} {have}, and {wanted:g}% are wanted")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the tables, and what is not as wanted."""
    kept = config.stash[_KEPT]
    if not (kept.tables or kept.complaints):
        return
    terminalreporter.section("rules of pipelines")
    for table in kept.tables:
        terminalreporter.write_line(str(table))
        terminalreporter.write_line("")
    for complaint in kept.complaints:
        terminalreporter.write_line(f"FAILED: {complaint}", red=True)
