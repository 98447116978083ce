"""Measuring the past: how many deals reached each step, what became of them, how many were won, how long it took."""

from __future__ import annotations

from oppcore.funnel.cells import CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.dropoff import DropOff, VisitCounting, count_visits, finish_drop_off, measure_drop_off
from oppcore.funnel.funnel import Funnel, FunnelGroup, FunnelStep, finish_funnel, measure_funnel
from oppcore.funnel.histogram import Bin
from oppcore.funnel.maturity import (
    EstimatedShare,
    MatureConversion,
    MatureCounts,
    Maturity,
    count_mature_visits,
    finish_mature_conversion,
    measure_mature_conversion,
)
from oppcore.funnel.outcomes import OutcomeRule
from oppcore.funnel.report import Report, ReportGroup
from oppcore.funnel.sample import Basis
from oppcore.funnel.share import Share
from oppcore.funnel.stagewins import (
    StageOutcomes,
    StageWinRate,
    count_stage_outcomes,
    finish_stage_win_rates,
    measure_stage_win_rates,
)
from oppcore.funnel.steps import StepCounts, count_steps
from oppcore.funnel.tally import Tally, combine
from oppcore.funnel.timing import (
    ConversionTime,
    TimeCounts,
    count_times,
    finish_time_to_convert,
    measure_time_to_convert,
)
from oppcore.funnel.winrate import (
    Closings,
    WinCounts,
    WinRate,
    count_closings,
    finish_win_rates,
    measure_win_rates,
)

__all__ = [
    "Basis",
    "Bin",
    "CellCounts",
    "Closings",
    "Cohort",
    "ConversionTime",
    "Counting",
    "CountingRule",
    "DropOff",
    "EntryRule",
    "EstimatedShare",
    "Funnel",
    "FunnelGroup",
    "FunnelStep",
    "MatureConversion",
    "MatureCounts",
    "Maturity",
    "OutcomeRule",
    "Report",
    "ReportGroup",
    "Share",
    "StageOutcomes",
    "StageWinRate",
    "StepCounts",
    "Tally",
    "TimeCounts",
    "VisitCounting",
    "WinCounts",
    "WinRate",
    "combine",
    "count_closings",
    "count_mature_visits",
    "count_stage_outcomes",
    "count_steps",
    "count_times",
    "count_visits",
    "finish_drop_off",
    "finish_funnel",
    "finish_mature_conversion",
    "finish_stage_win_rates",
    "finish_time_to_convert",
    "finish_win_rates",
    "measure_drop_off",
    "measure_funnel",
    "measure_mature_conversion",
    "measure_stage_win_rates",
    "measure_time_to_convert",
    "measure_win_rates",
]
