"""Measuring the past: how many deals reached each step of the process, and what changed in the pipeline, and why."""

from __future__ import annotations

from oppcore.funnel.booking import MovementKind, MovementPolicy
from oppcore.funnel.buckets import Bucket, BucketTally, Contribution, combine_buckets
from oppcore.funnel.counting import CountingRule, StepCounts, Tally, combine, count_steps
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel
from oppcore.funnel.movement import Movement, count_movement, finish_movement, measure_movement
from oppcore.funnel.terms import Terms

__all__ = [
    "Bucket",
    "BucketTally",
    "CountingRule",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "Contribution",
    "Movement",
    "MovementKind",
    "MovementPolicy",
    "StepCounts",
    "Tally",
    "Terms",
    "combine",
    "combine_buckets",
    "count_movement",
    "count_steps",
    "finish_funnel",
    "finish_movement",
    "measure_funnel",
    "measure_movement",
]
