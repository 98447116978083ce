"""What type checkers see of the kit for tests: a watched function keeps its own types."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_type

from oppcore.engine import Opened, open_opportunity
from oppcore.pipeline import Pipeline
from oppcore.testing import MutationScore, RuleRecorder, Scenario, find_survivors, load_scenarios, run_scenario


def watched(recorder: RuleRecorder, pipeline: Pipeline, at: datetime) -> None:
    open_it = recorder.watch(open_opportunity)
    assert_type(open_it(pipeline, "d-1", at=at), tuple[Opened])


def suites(pipeline: Pipeline, test: Callable[[Pipeline], None]) -> None:
    scenarios = load_scenarios("my.scenarios.toml")
    assert_type(scenarios, tuple[Scenario, ...])
    assert_type(run_scenario(scenarios[0], watch=RuleRecorder().watch).passed, bool)
    assert_type(find_survivors(pipeline, scenarios), MutationScore)
    assert_type(find_survivors(pipeline, test).share, float)
