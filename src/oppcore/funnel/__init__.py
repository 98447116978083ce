"""Measuring the past: how many deals reached each step of the process."""

from __future__ import annotations

from oppcore.funnel.counting import CountingRule, StepCounts, Tally, combine, count_steps
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel

__all__ = [
    "CountingRule",
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
