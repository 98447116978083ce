"""Scenarios as data: what is given, what is done, and what is expected of it, in files `*.scenarios.toml`."""

from __future__ import annotations

from oppcore.testing.scenarios.document import load_scenarios
from oppcore.testing.scenarios.running import ScenarioResult, run_scenario
from oppcore.testing.scenarios.scenario import Scenario
from oppcore.testing.scenarios.schema import scenario_schema

__all__ = ["Scenario", "ScenarioResult", "load_scenarios", "run_scenario", "scenario_schema"]
