"""A win score that says why: naive Bayes on moments at which deals were open, calibrated on deals it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo
from math import fsum
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.scoring.evidence import ValueShares, calibrate_shares, learn_shares, weigh_moments
from oppcore.forecast.scoring.moments import DERIVED, FieldReader, find_moments, find_stays, make_reader
from oppcore.forecast.scoring.recalibration import PlattMap
from oppcore.history import History, Standing
from oppcore.history.past import fold_history
from oppcore.history.standing import COLUMNS
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.spelling import hint
from oppcore.stats import logistic, logit

__all__ = ["SCORED_FIELDS", "BayesModel", "DealScore", "FieldContribution", "fit_bayes"]

SCORED_FIELDS = ("stage", "time_in_stage", "amount", "owner_id", "source")
"""What a score looks at where nothing else is asked for."""

_LEAST = 10


@final
@attrs.frozen
class FieldContribution:
    """By how much the value of a field moves the log-odds of a deal; above 0 it speaks for winning.

    `won` of `seen` deals had the value. They are no whole numbers: deals weigh as long as they had it. None as value:
    nothing was said.
    """

    field: str
    value: str | None
    log_odds: float
    won: float
    seen: float


@final
@attrs.frozen(kw_only=True)
class DealScore:
    """The probability that a deal is won, and why: the log-odds before anything is seen of it, and each contribution.

    `log_odds_before` and the contributions add up to the log-odds of `probability`. Where it is None, `problem` says
    why; a model of one's own may give no reasons.
    """

    opportunity_id: str
    probability: float | None
    log_odds_before: float | None = None
    contributions: tuple[FieldContribution, ...] = ()
    problem: Problem | None = None

    def detail(self) -> dict[str, Any]:
        """Give it as plain data, ready for JSON."""
        return {
            "opportunity_id": self.opportunity_id,
            "probability": self.probability,
            "log_odds_before": self.log_odds_before,
            "contributions": [attrs.asdict(one) for one in self.contributions],
            "problem": None if self.problem is None else self.problem.detail(),
        }


@final
@attrs.frozen(kw_only=True)
class BayesModel:
    """What was learnt by `as_of`, from what was known on `known_on`, of `deals` deals, of which `won` were won.

    `learnt` is None where that is too little: `left_out` says so then. `calibration` maps the raw log-odds to those
    that hold for deals not learnt from. Call the model with a standing for the bare probability.
    """

    as_of: datetime | None
    known_on: datetime | None
    within: timedelta | None
    half_life: timedelta | None
    reader: FieldReader = attrs.field(repr=False)
    deals: int
    won: int
    learnt: ValueShares | None
    calibration: PlattMap | None
    left_out: tuple[Problem, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are looked at, in order."""
        return self.reader.fields

    def __call__(self, standing: Standing) -> float | None:
        """Give the probability that an open deal is won; None where it cannot be known."""
        return self.score(standing).probability

    def score(self, standing: Standing, *, at: datetime | None = None) -> DealScore:
        """Give the probability that an open deal is won, as of an instant, with the reasons.

        The instant is `as_of`, or when the deal entered its stage if that was later. Values that were never seen speak
        neither way. Raises `ValueError` for a closed deal.
        """
        if standing.outcome is not Outcome.OPEN:
            message = f"opportunity {standing.opportunity_id} is {standing.outcome}: only open deals are scored"
            raise ValueError(message)
        learnt, calibration = self.learnt, self.calibration
        if learnt is None or calibration is None or self.as_of is None:
            return DealScore(opportunity_id=standing.opportunity_id, probability=None, problem=self.left_out[-1])
        instant = max(self.as_of, standing.entered_at) if at is None else as_instant(at, None)
        values = self.reader.read(standing, instant)
        before = calibration.intercept + calibration.slope * logit(learnt.base_rate)
        contributions = tuple(
            FieldContribution(
                field, value, calibration.slope * log_odds, *learnt.counts.get((field, value), (0.0, 0.0))
            )
            for field, value, log_odds in zip(self.fields, values, learnt.evidence(values), strict=True)
        )
        return DealScore(
            opportunity_id=standing.opportunity_id,
            probability=logistic(fsum((before, *(one.log_odds for one in contributions)))),
            log_odds_before=before,
            contributions=contributions,
        )


def fit_bayes(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    fields: Sequence[str] = SCORED_FIELDS,
    within: timedelta | None = None,
    half_life: timedelta | None = None,
    strength: float | None = None,
    least: int = _LEAST,
    lenient: bool = False,
) -> BayesModel:
    """Give a model of which open deals are won, learnt from what had happened, and was known, by `as_of`.

    It learns from the moments at which deals were open, with what was said of them up to then: `stage`,
    `time_in_stage` and `age` in bands of days, `amount` in bands per currency, and any column. Abandoned deals are not
    won. `within` a time: the probability of being won in that time; all moments that had it count, so there is no bias.
    Without it, of being won in the end, learnt from the deals that are closed; while many are open, those that close
    fast count too much.

    A value speaks by the share won of the deals that had it, as if `strength` deals more had gone like all deals
    (for a time in a stage: like those in the stage); by default as many as fit the field, so that a field in which
    deals differ by chance says nothing. What lies a `half_life` back counts half. Fields are taken to speak
    independently of one another, which is too bold: how much, is seen on a fifth of the deals at a time, scored by
    what the other four teach, and made good by Platt's map, which leaves reasons that add up.

    `known_on` is `as_of` unless given. Fewer than `least` deals won, or not won, teach nothing: `learnt` is None then.
    Raises `ValueError` for fields that there are not, and what `take_snapshot` raises.
    """
    _check(history, fields, within, half_life, strength, least)
    known = as_of if known_on is None else known_on
    past = fold_history(history, pipeline, as_of=as_of, known_on=known, timezone=timezone, lenient=lenient)
    stays = find_stays(history, past, pipeline)
    reader = make_reader(tuple(dict.fromkeys(fields)), stays)
    moments = find_moments(stays, past, reader, within=within)
    deals = {moment.opportunity_id for moment in moments}
    won = {moment.opportunity_id for moment in moments if moment.won}
    learnt = calibration = None
    left_out = past.left_out
    if past.as_of is not None and min(len(won), len(deals) - len(won)) >= least:
        evidence = weigh_moments(reader.fields, moments, past.as_of, half_life)
        learnt, calibration = learn_shares(evidence, strength), calibrate_shares(evidence, strength)
    if learnt is None or not 0 < learnt.base_rate < 1:
        learnt = None
        params = {"deals": len(deals), "won": len(won), "need": least}
        left_out = (*left_out, Problem("score.insufficient_history", "", params))
    return BayesModel(
        as_of=past.as_of,
        known_on=past.known_on,
        within=within,
        half_life=half_life,
        reader=reader,
        deals=len(deals),
        won=len(won),
        learnt=learnt,
        calibration=calibration,
        left_out=left_out,
    )


def _check(
    history: History,
    fields: Sequence[str],
    within: timedelta | None,
    half_life: timedelta | None,
    strength: float | None,
    least: int,
) -> None:
    known = (*DERIVED, *COLUMNS, *history.columns)
    for name in fields:
        if name not in known:
            message = f"there is no field {name!r}; {hint(name, known)}"
            raise ValueError(message)
    for name, time in (("within", within), ("half_life", half_life)):
        if time is not None and not time > timedelta():
            message = f"{name} is a time longer than nothing, not {time}"
            raise ValueError(message)
    if (strength is not None and not strength > 0) or least < 1:
        message = f"strength is above 0 and least at least 1, not {strength} and {least}"
        raise ValueError(message)
