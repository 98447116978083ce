"""Measuring the past: how many deals reached each step of the process."""

from __future__ import annotations

from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel
from oppcore.funnel.sample import Basis
from oppcore.funnel.steps import StepCounts, count_steps
from oppcore.funnel.tally import Tally, combine

__all__ = [
    "Basis",
    "Cohort",
    "Counting",
    "CountingRule",
    "EntryRule",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "StepCounts",
    "Tally",
    "combine",
    "count_steps",
    "finish_funnel",
    "measure_funnel",
]
