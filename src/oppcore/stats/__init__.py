"""The few formulas the numbers need: intervals, curves of staying and leaving, chains, tests, special functions."""

from __future__ import annotations

from oppcore.stats.bootstrap import percentile_interval, resample
from oppcore.stats.chain import AbsorbingChain, estimate_chain, make_chain
from oppcore.stats.curve import CurveScale, Interval, Probability
from oppcore.stats.events import Cause, EventTable, count_events
from oppcore.stats.incidence import IncidenceCurves, estimate_incidence
from oppcore.stats.intervals import clopper_pearson, newcombe, wilson
from oppcore.stats.log_rank import log_rank_test
from oppcore.stats.logistic import LogisticCurve, fit_logistic, logistic, logit
from oppcore.stats.normal import normal_quantile
from oppcore.stats.priors import BetaPrior, PriorBasis, fit_beta_prior
from oppcore.stats.proportions import Alternative, binomial_test, chi_square_test, fisher_test
from oppcore.stats.ratio import Ratio, make_ratio
from oppcore.stats.shrinkage import ShrunkShare, shrink_groups, shrink_share
from oppcore.stats.significance import Significance, adjust_benjamini_hochberg, adjust_holm
from oppcore.stats.special import (
    beta_cdf,
    beta_quantile,
    beta_sf,
    chi_square_sf,
    digamma,
    gamma_cdf,
    gamma_quantile,
    gamma_sf,
    trigamma,
)
from oppcore.stats.survival import RestrictedMean, SurvivalCurve, estimate_survival
from oppcore.stats.violators import pool_violators

__all__ = [
    "AbsorbingChain",
    "Alternative",
    "BetaPrior",
    "Cause",
    "CurveScale",
    "EventTable",
    "IncidenceCurves",
    "Interval",
    "LogisticCurve",
    "PriorBasis",
    "Probability",
    "Ratio",
    "RestrictedMean",
    "ShrunkShare",
    "Significance",
    "SurvivalCurve",
    "adjust_benjamini_hochberg",
    "adjust_holm",
    "beta_cdf",
    "beta_quantile",
    "beta_sf",
    "binomial_test",
    "chi_square_sf",
    "chi_square_test",
    "clopper_pearson",
    "count_events",
    "digamma",
    "estimate_chain",
    "estimate_incidence",
    "estimate_survival",
    "fisher_test",
    "fit_beta_prior",
    "fit_logistic",
    "gamma_cdf",
    "gamma_quantile",
    "gamma_sf",
    "log_rank_test",
    "logistic",
    "logit",
    "make_chain",
    "make_ratio",
    "newcombe",
    "normal_quantile",
    "percentile_interval",
    "pool_violators",
    "resample",
    "shrink_groups",
    "shrink_share",
    "trigamma",
    "wilson",
]
