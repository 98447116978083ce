"""What hosts test their rules with: strategies for Hypothesis, a machine, and assertions. Extra `[testing]`."""

from __future__ import annotations

from oppcore.testing.assertions import assert_allowed, assert_refused
from oppcore.testing.broken import BrokenPipeline, broken_pipelines
from oppcore.testing.criteria import criteria
from oppcore.testing.gates import satisfying, violating
from oppcore.testing.histories import changes, histories
from oppcore.testing.invariants import Invariant
from oppcore.testing.machine import pipeline_machine
from oppcore.testing.pipelines import pipelines
from oppcore.testing.records import leads, opportunities, situations
from oppcore.testing.steps import Act
from oppcore.testing.tables import ChangeTable, change_tables
from oppcore.testing.values import actors, field_values, keys, moments, moneys, texts

__all__ = [
    "Act",
    "BrokenPipeline",
    "ChangeTable",
    "Invariant",
    "actors",
    "assert_allowed",
    "assert_refused",
    "broken_pipelines",
    "change_tables",
    "changes",
    "criteria",
    "field_values",
    "histories",
    "keys",
    "leads",
    "moments",
    "moneys",
    "opportunities",
    "pipeline_machine",
    "pipelines",
    "satisfying",
    "situations",
    "texts",
    "violating",
]
