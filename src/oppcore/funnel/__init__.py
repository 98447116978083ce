"""Measuring the past: how many reached each step, what became of them, what changed and why, and how long it took."""

from __future__ import annotations

from oppcore.funnel.ageing import (
    Ageing,
    AgeingBenchmark,
    AgeingCounts,
    AgeingRule,
    AgeVerdict,
    OpenAge,
    count_ageing,
    finish_ageing,
    measure_ageing,
)
from oppcore.funnel.booking import MovementKind, MovementPolicy
from oppcore.funnel.bottleneck_scores import BottleneckCriterion, BottleneckRule, CycleOf
from oppcore.funnel.bottlenecks import Bottleneck, count_bottlenecks, finish_bottlenecks, measure_bottlenecks
from oppcore.funnel.buckets import Bucket, BucketTally, Contribution, combine_buckets
from oppcore.funnel.cells import CellCounts
from oppcore.funnel.checks import HygieneCheck
from oppcore.funnel.close_dates import SlippageKind, count_slippage
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.coverage import Coverage, finish_coverage, measure_coverage
from oppcore.funnel.covering import CoverageKind, count_coverage
from oppcore.funnel.creation import (
    Creation,
    CreationKind,
    CreationRow,
    count_creation,
    finish_creation,
    measure_creation,
)
from oppcore.funnel.cycle import Cycle, CycleCounting, CycleSpan, count_cycles, finish_cycle, measure_cycle
from oppcore.funnel.deviation import Aspect, Deviation, Judgement
from oppcore.funnel.deviations import AdjustmentRule, Deviations, finish_deviations, measure_deviations
from oppcore.funnel.drivers import VelocityDriver
from oppcore.funnel.dropoff import DropOff, VisitCounting, count_visits, finish_drop_off, measure_drop_off
from oppcore.funnel.dwell import Dwell, finish_dwell, measure_dwell
from oppcore.funnel.exits import Exit, count_losses
from oppcore.funnel.factors import VelocityDeals, VelocityFactors, VelocityValue
from oppcore.funnel.flows import DealFlow, FlowCounts, FlowStay
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel
from oppcore.funnel.histogram import Bin
from oppcore.funnel.hygiene import Hygiene, count_hygiene, finish_hygiene, measure_hygiene
from oppcore.funnel.leadsources import (
    LeadCounting,
    LeadCounts,
    LeadSource,
    SourceRule,
    count_lead_sources,
    finish_lead_sources,
    measure_lead_sources,
)
from oppcore.funnel.losses import Losses, LossRow, StageLosses, finish_losses, measure_losses
from oppcore.funnel.maturity import (
    EstimatedShare,
    MatureConversion,
    Maturity,
    count_mature_visits,
    finish_mature_conversion,
    measure_mature_conversion,
)
from oppcore.funnel.movement import Movement, count_movement, finish_movement, measure_movement
from oppcore.funnel.outcomes import OutcomeRule
from oppcore.funnel.passing import Passing, PassingCounts, count_passing
from oppcore.funnel.report import Report, ReportGroup
from oppcore.funnel.sample import Basis
from oppcore.funnel.share import Share
from oppcore.funnel.slippage import Slippage, finish_slippage, measure_slippage
from oppcore.funnel.spans import DwellClock, DwellCounting, DwellUnit, count_dwell
from oppcore.funnel.stagewins import (
    StageOutcomes,
    StageWinRate,
    count_stage_outcomes,
    finish_stage_win_rates,
    measure_stage_win_rates,
)
from oppcore.funnel.standard import Standard, StandardFunnel
from oppcore.funnel.stays import EstimatedDays, StayCounts
from oppcore.funnel.steps import StepCounts, count_steps
from oppcore.funnel.tally import Tally, combine
from oppcore.funnel.terms import Terms
from oppcore.funnel.timing import (
    ConversionTime,
    TimeCounts,
    count_times,
    finish_time_to_convert,
    measure_time_to_convert,
)
from oppcore.funnel.transitions import TransitionMatrix, count_transitions, finish_transitions, measure_transitions
from oppcore.funnel.velocity import Velocity, VelocityRow, count_velocity, finish_velocity, measure_velocity
from oppcore.funnel.ways import Hop, Variant
from oppcore.funnel.winrate import Closings, WinCounts, WinRate, count_closings, finish_win_rates, measure_win_rates

__all__ = [
    "AdjustmentRule",
    "AgeVerdict",
    "Ageing",
    "AgeingBenchmark",
    "AgeingCounts",
    "AgeingRule",
    "Aspect",
    "Basis",
    "Bin",
    "Bottleneck",
    "BottleneckCriterion",
    "BottleneckRule",
    "Bucket",
    "BucketTally",
    "CellCounts",
    "Closings",
    "Cohort",
    "Contribution",
    "ConversionTime",
    "Counting",
    "CountingRule",
    "Coverage",
    "CoverageKind",
    "Creation",
    "CreationKind",
    "CreationRow",
    "Cycle",
    "CycleCounting",
    "CycleOf",
    "CycleSpan",
    "DealFlow",
    "Deviation",
    "Deviations",
    "DropOff",
    "Dwell",
    "DwellClock",
    "DwellCounting",
    "DwellUnit",
    "EntryRule",
    "EstimatedDays",
    "EstimatedShare",
    "Exit",
    "FlowCounts",
    "FlowStay",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "Hop",
    "Hygiene",
    "HygieneCheck",
    "Judgement",
    "LeadCounting",
    "LeadCounts",
    "LeadSource",
    "LossRow",
    "Losses",
    "MatureConversion",
    "Maturity",
    "Movement",
    "MovementKind",
    "MovementPolicy",
    "OpenAge",
    "OutcomeRule",
    "Passing",
    "PassingCounts",
    "Report",
    "ReportGroup",
    "Share",
    "Slippage",
    "SlippageKind",
    "SourceRule",
    "StageLosses",
    "StageOutcomes",
    "StageWinRate",
    "Standard",
    "StandardFunnel",
    "StayCounts",
    "StepCounts",
    "Tally",
    "Terms",
    "TimeCounts",
    "TransitionMatrix",
    "Variant",
    "Velocity",
    "VelocityDeals",
    "VelocityDriver",
    "VelocityFactors",
    "VelocityRow",
    "VelocityValue",
    "VisitCounting",
    "WinCounts",
    "WinRate",
    "combine",
    "combine_buckets",
    "count_ageing",
    "count_bottlenecks",
    "count_closings",
    "count_coverage",
    "count_creation",
    "count_cycles",
    "count_dwell",
    "count_hygiene",
    "count_lead_sources",
    "count_losses",
    "count_mature_visits",
    "count_movement",
    "count_passing",
    "count_slippage",
    "count_stage_outcomes",
    "count_steps",
    "count_times",
    "count_transitions",
    "count_velocity",
    "count_visits",
    "finish_ageing",
    "finish_bottlenecks",
    "finish_coverage",
    "finish_creation",
    "finish_cycle",
    "finish_deviations",
    "finish_drop_off",
    "finish_dwell",
    "finish_funnel",
    "finish_hygiene",
    "finish_lead_sources",
    "finish_losses",
    "finish_mature_conversion",
    "finish_movement",
    "finish_slippage",
    "finish_stage_win_rates",
    "finish_time_to_convert",
    "finish_transitions",
    "finish_velocity",
    "finish_win_rates",
    "measure_ageing",
    "measure_bottlenecks",
    "measure_coverage",
    "measure_creation",
    "measure_cycle",
    "measure_deviations",
    "measure_drop_off",
    "measure_dwell",
    "measure_funnel",
    "measure_hygiene",
    "measure_lead_sources",
    "measure_losses",
    "measure_mature_conversion",
    "measure_movement",
    "measure_slippage",
    "measure_stage_win_rates",
    "measure_time_to_convert",
    "measure_transitions",
    "measure_velocity",
    "measure_win_rates",
]
