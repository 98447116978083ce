"""Estimating the future: what open deals are worth, and how likely they are to be won, as history has it."""

from __future__ import annotations

from oppcore.forecast.backtest.accuracy import (
    Accuracy,
    crps_ensemble,
    crps_normal,
    interval_coverage,
    measure_accuracy,
    pinball_loss,
    scaled_error,
    skill,
)
from oppcore.forecast.backtest.backtest import Backtest
from oppcore.forecast.backtest.backtesting import run_backtest
from oppcore.forecast.backtest.comparison import LossComparison, compare_losses
from oppcore.forecast.backtest.league import LeagueRow, MethodComparison, RevenueErrors, Score
from oppcore.forecast.backtest.methods import METHODS, Method, judge_each, recalibrate
from oppcore.forecast.backtest.origin import (
    Actuals,
    ForecastOrigin,
    find_actuals,
    make_origins,
    plan_origins,
    view_history,
)
from oppcore.forecast.backtest.trial import MethodJudgement, Trial
from oppcore.forecast.backtest.win_count import win_count_interval
from oppcore.forecast.categories import CategoryForecast, CategoryRow, forecast_categories
from oppcore.forecast.category_figures import RollUpMethod
from oppcore.forecast.concentration import Concentration, measure_concentration
from oppcore.forecast.deals import CategorySource, ForecastDeal
from oppcore.forecast.estimates.chances import ClosingChance
from oppcore.forecast.estimates.closing import Closing, estimate_closing
from oppcore.forecast.estimates.markov import StageChain, StageOutlook, estimate_stage_chain
from oppcore.forecast.estimates.new_wins import NewWins, estimate_new_wins
from oppcore.forecast.estimates.pace import Pace
from oppcore.forecast.estimates.run_rate import RunRate, RunRateRow, estimate_run_rate
from oppcore.forecast.estimates.spells import AgeClock
from oppcore.forecast.estimates.stage_probabilities import (
    StageProbabilities,
    StageProbability,
    estimate_stage_probabilities,
)
from oppcore.forecast.explanation import ForecastExplanation
from oppcore.forecast.hierarchy.adjustments import Adjustment
from oppcore.forecast.hierarchy.hierarchy import check_hierarchy, roll_up
from oppcore.forecast.hierarchy.node_forecast import HierarchyForecast, NodeForecast
from oppcore.forecast.odoo import FrequencyTable, fit_frequencies
from oppcore.forecast.quotas.attainment import measure_attainment
from oppcore.forecast.quotas.quota_report import QuotaAttainment, QuotaReport
from oppcore.forecast.quotas.quotas import Quota, find_over_assignment
from oppcore.forecast.revenue.contributions import DealContribution
from oppcore.forecast.revenue.distribution import RevenueDistribution, RevenueMethod
from oppcore.forecast.revenue.projection import project_revenue
from oppcore.forecast.revenue.prospect import AmountRange, CloseRange, Prospect
from oppcore.forecast.revenue.revenue import forecast_revenue
from oppcore.forecast.scoring.bayes import SCORED_FIELDS, BayesModel, DealScore, FieldContribution, fit_bayes
from oppcore.forecast.scoring.calibration import Binning, Calibration, ReliabilityBin, measure_calibration
from oppcore.forecast.scoring.recalibration import IsotonicMap, PlattMap, fit_isotonic, fit_platt
from oppcore.forecast.scoring.scores import DealScores, score_deals
from oppcore.forecast.sources import ProbabilitySource
from oppcore.forecast.submissions.bias import BiasReport, BiasVerdict, ForecastBias, measure_bias
from oppcore.forecast.submissions.commitment import CommitmentFate, CommitmentReport, WinOrigin, measure_commitment
from oppcore.forecast.submissions.documents import decode_judgement, encode_judgement
from oppcore.forecast.submissions.judgement import JudgedSubmission, SubmissionReport, judge_submissions
from oppcore.forecast.submissions.submissions import (
    Submission,
    SubmissionCause,
    SubmissionChange,
    explain_change,
    submit_forecast,
)
from oppcore.forecast.suppositions import Lever, Supposition, lose_biggest
from oppcore.forecast.weighted import Forecast, ForecastRow, weigh_forecast
from oppcore.forecast.whatif import SuppositionEffect, WhatIf, what_if

__all__ = [
    "METHODS",
    "SCORED_FIELDS",
    "Accuracy",
    "Actuals",
    "Adjustment",
    "AgeClock",
    "AmountRange",
    "Backtest",
    "BayesModel",
    "BiasReport",
    "BiasVerdict",
    "Binning",
    "Calibration",
    "CategoryForecast",
    "CategoryRow",
    "CategorySource",
    "CloseRange",
    "Closing",
    "ClosingChance",
    "CommitmentFate",
    "CommitmentReport",
    "Concentration",
    "DealContribution",
    "DealScore",
    "DealScores",
    "FieldContribution",
    "Forecast",
    "ForecastBias",
    "ForecastDeal",
    "ForecastExplanation",
    "ForecastOrigin",
    "ForecastRow",
    "FrequencyTable",
    "HierarchyForecast",
    "IsotonicMap",
    "JudgedSubmission",
    "LeagueRow",
    "Lever",
    "LossComparison",
    "Method",
    "MethodComparison",
    "MethodJudgement",
    "NewWins",
    "NodeForecast",
    "Pace",
    "PlattMap",
    "ProbabilitySource",
    "Prospect",
    "Quota",
    "QuotaAttainment",
    "QuotaReport",
    "ReliabilityBin",
    "RevenueDistribution",
    "RevenueErrors",
    "RevenueMethod",
    "RollUpMethod",
    "RunRate",
    "RunRateRow",
    "Score",
    "StageChain",
    "StageOutlook",
    "StageProbabilities",
    "StageProbability",
    "Submission",
    "SubmissionCause",
    "SubmissionChange",
    "SubmissionReport",
    "Supposition",
    "SuppositionEffect",
    "Trial",
    "WhatIf",
    "WinOrigin",
    "check_hierarchy",
    "compare_losses",
    "crps_ensemble",
    "crps_normal",
    "decode_judgement",
    "encode_judgement",
    "estimate_closing",
    "estimate_new_wins",
    "estimate_run_rate",
    "estimate_stage_chain",
    "estimate_stage_probabilities",
    "explain_change",
    "find_actuals",
    "find_over_assignment",
    "fit_bayes",
    "fit_frequencies",
    "fit_isotonic",
    "fit_platt",
    "forecast_categories",
    "forecast_revenue",
    "interval_coverage",
    "judge_each",
    "judge_submissions",
    "lose_biggest",
    "make_origins",
    "measure_accuracy",
    "measure_attainment",
    "measure_bias",
    "measure_calibration",
    "measure_commitment",
    "measure_concentration",
    "pinball_loss",
    "plan_origins",
    "project_revenue",
    "recalibrate",
    "roll_up",
    "run_backtest",
    "scaled_error",
    "score_deals",
    "skill",
    "submit_forecast",
    "view_history",
    "weigh_forecast",
    "what_if",
    "win_count_interval",
]
