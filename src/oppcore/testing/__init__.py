"""What hosts test rules and stores with: strategies, a machine, scenarios, coverage, mutants, contracts."""

from __future__ import annotations

from oppcore.testing.assertions import assert_allowed, assert_refused
from oppcore.testing.broken import BrokenPipeline, broken_pipelines
from oppcore.testing.contract import AsyncRepositoryContract, RepositoryContract
from oppcore.testing.criteria import criteria
from oppcore.testing.criterion_contract import check_criterion
from oppcore.testing.gates import satisfying, violating
from oppcore.testing.histories import changes, histories
from oppcore.testing.invariants import Invariant
from oppcore.testing.machine import pipeline_machine
from oppcore.testing.mutation import Mutant, MutationScore, find_survivors, mutants
from oppcore.testing.pipelines import pipelines
from oppcore.testing.records import leads, opportunities, situations
from oppcore.testing.rules import RuleCase, RuleCoverage, RuleKind, RuleRecorder, find_cases
from oppcore.testing.scenarios import Scenario, ScenarioResult, load_scenarios, run_scenario, scenario_schema
from oppcore.testing.simulation import simulate
from oppcore.testing.steps import Act
from oppcore.testing.tables import ChangeTable, change_tables
from oppcore.testing.values import actors, field_values, keys, moments, moneys, texts

__all__ = [
    "Act",
    "AsyncRepositoryContract",
    "BrokenPipeline",
    "ChangeTable",
    "Invariant",
    "Mutant",
    "MutationScore",
    "RepositoryContract",
    "RuleCase",
    "RuleCoverage",
    "RuleKind",
    "RuleRecorder",
    "Scenario",
    "ScenarioResult",
    "actors",
    "assert_allowed",
    "assert_refused",
    "broken_pipelines",
    "change_tables",
    "changes",
    "check_criterion",
    "criteria",
    "field_values",
    "find_cases",
    "find_survivors",
    "histories",
    "keys",
    "leads",
    "load_scenarios",
    "moments",
    "moneys",
    "mutants",
    "opportunities",
    "pipeline_machine",
    "pipelines",
    "run_scenario",
    "satisfying",
    "scenario_schema",
    "simulate",
    "situations",
    "texts",
    "violating",
]
