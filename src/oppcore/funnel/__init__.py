"""Measuring the past: how many deals reached each step of the process, and what changed in the pipeline, and why."""

from __future__ import annotations

from oppcore.funnel.booking import MovementKind, MovementPolicy
from oppcore.funnel.buckets import Bucket, BucketTally, Contribution, combine_buckets
from oppcore.funnel.counting import CountingRule, StepCounts, Tally, combine, count_steps
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel
from oppcore.funnel.movement import Movement, count_movement, finish_movement, measure_movement
from oppcore.funnel.slippage import Slippage, SlippageKind, count_slippage, finish_slippage, measure_slippage
from oppcore.funnel.terms import Terms

__all__ = [
    "Bucket",
    "BucketTally",
    "Contribution",
    "CountingRule",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "Movement",
    "MovementKind",
    "MovementPolicy",
    "Slippage",
    "SlippageKind",
    "StepCounts",
    "Tally",
    "Terms",
    "combine",
    "combine_buckets",
    "count_movement",
    "count_slippage",
    "count_steps",
    "finish_funnel",
    "finish_movement",
    "finish_slippage",
    "measure_funnel",
    "measure_movement",
    "measure_slippage",
]
