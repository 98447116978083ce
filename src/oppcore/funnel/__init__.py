"""Measuring the past: how many deals reached each step of the process, and what changed in the pipeline, and why."""

from __future__ import annotations

from oppcore.funnel.booking import MovementKind, MovementPolicy
from oppcore.funnel.buckets import Bucket, BucketTally, Contribution, combine_buckets
from oppcore.funnel.checks import HygieneCheck
from oppcore.funnel.close_dates import SlippageKind, count_slippage
from oppcore.funnel.counting import CountingRule, StepCounts, Tally, combine, count_steps
from oppcore.funnel.coverage import Coverage, CoverageKind, count_coverage, finish_coverage, measure_coverage
from oppcore.funnel.creation import (
    Creation,
    CreationKind,
    CreationRow,
    count_creation,
    finish_creation,
    measure_creation,
)
from oppcore.funnel.exits import Exit, count_losses
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel
from oppcore.funnel.hygiene import Hygiene, count_hygiene, finish_hygiene, measure_hygiene
from oppcore.funnel.losses import Losses, LossRow, StageLosses, finish_losses, measure_losses
from oppcore.funnel.movement import Movement, count_movement, finish_movement, measure_movement
from oppcore.funnel.slippage import Slippage, finish_slippage, measure_slippage
from oppcore.funnel.terms import Terms
from oppcore.funnel.transitions import TransitionMatrix, count_transitions, finish_transitions, measure_transitions
from oppcore.funnel.ways import Hop, Variant

__all__ = [
    "Bucket",
    "BucketTally",
    "Contribution",
    "CountingRule",
    "Coverage",
    "CoverageKind",
    "Creation",
    "CreationKind",
    "CreationRow",
    "Exit",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "Hop",
    "Hygiene",
    "HygieneCheck",
    "LossRow",
    "Losses",
    "Movement",
    "MovementKind",
    "MovementPolicy",
    "Slippage",
    "SlippageKind",
    "StageLosses",
    "StepCounts",
    "Tally",
    "Terms",
    "TransitionMatrix",
    "Variant",
    "combine",
    "combine_buckets",
    "count_coverage",
    "count_creation",
    "count_hygiene",
    "count_losses",
    "count_movement",
    "count_slippage",
    "count_steps",
    "count_transitions",
    "finish_coverage",
    "finish_creation",
    "finish_funnel",
    "finish_hygiene",
    "finish_losses",
    "finish_movement",
    "finish_slippage",
    "finish_transitions",
    "measure_coverage",
    "measure_creation",
    "measure_funnel",
    "measure_hygiene",
    "measure_losses",
    "measure_movement",
    "measure_slippage",
    "measure_transitions",
]
