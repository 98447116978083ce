"""What hosts test their rules and stores with: strategies, assertions, the contract of a store. Extra `[testing]`."""

from __future__ import annotations

from oppcore.testing.assertions import assert_allowed, assert_refused
from oppcore.testing.contract import AsyncRepositoryContract, RepositoryContract
from oppcore.testing.criteria import criteria
from oppcore.testing.histories import histories
from oppcore.testing.pipelines import pipelines
from oppcore.testing.records import leads, opportunities, situations
from oppcore.testing.simulation import simulate
from oppcore.testing.values import actors, field_values, keys, moments, moneys, texts

__all__ = [
    "AsyncRepositoryContract",
    "RepositoryContract",
    "actors",
    "assert_allowed",
    "assert_refused",
    "criteria",
    "field_values",
    "histories",
    "keys",
    "leads",
    "moments",
    "moneys",
    "opportunities",
    "pipelines",
    "simulate",
    "situations",
    "texts",
]
