"""Where deals go from each stage until they end: how likely they are won, over how many visits, in what time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from fractions import Fraction
from math import exp, fsum, log, sqrt
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.estimates.stage_steps import ENDS, WON, StageSteps, Steps, find_allowed_steps, find_known_stages
from oppcore.funnel import EstimatedShare
from oppcore.history import History, Standing, fold_history
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import AbsorbingChain, Probability, make_chain
from oppcore.stats.normal import two_sided_quantile
from oppcore.table import Table

__all__ = ["StageChain", "StageOutlook", "estimate_stage_chain"]


@final
@attrs.frozen(kw_only=True)
class StageOutlook:
    """What becomes of a deal that has just entered a stage, all None where that has not been seen yet.

    `left` is the number of visits that are over, `mean_days` the time that all visits took together, also those that
    are not over, for each of these. `win` is exact, as are the expected `visits` to each stage, this one included, and
    `steps`, their sum; `days` is the expected time until the deal is closed. `interval` is that of `win`.
    """

    stage: str
    left: int
    mean_days: float | None
    win: Fraction | None = None
    interval: tuple[float, float] | None = None
    visits: Mapping[str, Fraction] | None = attrs.field(default=None, hash=False)
    steps: Fraction | None = None
    days: float | None = None


@final
@attrs.frozen(kw_only=True)
class StageChain:
    """A row per open stage: an absorbing Markov chain, whose stages are left as they were left in history.

    `counts` are the steps of deals from stage to stage and to `won`, `lost` and `abandoned`, with the prior. Calling it
    with where a deal stands gives the probability that it is won, None where that has not been seen yet.
    """

    as_of: datetime | None
    known_on: datetime | None
    prior: float
    follow_reopened: bool
    confidence: float
    counts: Steps = attrs.field(hash=False)
    rows: tuple[StageOutlook, ...]
    left_out: tuple[Problem, ...] = ()

    @property
    def assumes(self) -> str:
        """What must be true for the numbers to be right."""
        return (
            "where a deal goes next depends on its stage alone, not on how it came there or how long it has been there"
        )

    def row(self, stage: str) -> StageOutlook:
        """Give the row of a stage. Raises `KeyError` for what is no open stage."""
        for row in self.rows:
            if row.stage == stage:
                return row
        raise KeyError(stage)

    def __call__(self, standing: Standing) -> float | None:
        """Give the probability that a deal is won: 1 or 0 where it is closed, None where it cannot be told."""
        if standing.outcome is not Outcome.OPEN:
            return float(standing.outcome is Outcome.WON)
        win = self.row(standing.state.stage).win
        return None if win is None else float(win)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per stage; exact numbers as floats."""
        return [
            {
                "stage": row.stage,
                "left": row.left,
                "mean_days": row.mean_days,
                "win": _float(row.win),
                "low": None if row.interval is None else row.interval[0],
                "high": None if row.interval is None else row.interval[1],
                "steps": _float(row.steps),
                "days": row.days,
            }
            for row in self.rows
        ]

    def detail(self) -> dict[str, Any]:
        """Give the chain as plain data, ready for JSON."""
        return {
            "measure": "stage_chain",
            "definition": self._definition,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "prior": self.prior,
            "confidence": self.confidence,
            "assumes": self.assumes,
            "counts": {
                stage: {there: float(number) for there, number in row.items()} for stage, row in self.counts.items()
            },
            "rows": [
                {**record, "visits": None if row.visits is None else {name: float(n) for name, n in row.visits.items()}}
                for record, row in zip(self.as_records(), self.rows, strict=True)
            ],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the chain for eyes: a line per stage."""
        notes = [
            self._definition,
            f"assumes that {self.assumes}",
            f"intervals hold with {self.confidence:.0%} confidence",
        ]
        if self.prior:
            notes.append(f"each step that the pipeline allows was counted {self.prior:g} times more")
        return Table(
            columns=["stage", "left", "mean days", "won in the end", "visits to come", "days to the end"],
            rows=[
                [
                    row.stage,
                    row.left,
                    _rounded(row.mean_days),
                    EstimatedShare(_float(row.win), *(row.interval or (None, None))),
                    None if row.steps is None else f"{float(row.steps):.2f}",
                    _rounded(row.days),
                ]
                for row in self.rows
            ],
            title=f"Stage chain {as_of_text(self.as_of, self.known_on)}",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    @property
    def _definition(self) -> str:
        lost = "reopened deals go on from where they were lost" if self.follow_reopened else "a lost deal has ended"
        return f"an absorbing Markov chain of the visits that are over; {lost}"

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def estimate_stage_chain(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    prior: float = 0,
    follow_reopened: bool = False,
    confidence: float = 0.95,
    lenient: bool = False,
) -> StageChain:
    """Give what becomes of deals in each open stage, from how every visit to it ended.

    A visit ends in the next stage, or by the deal being won, lost or abandoned; with `follow_reopened`, one that was
    lost and reopened went on to the stage of its reopening. Visits that are not over are in no count, but their time is
    in the mean stay, so that slow stages are not taken for quick ones. `prior` is how often each step that the pipeline
    allows is counted more (Dirichlet). Stages from which deals come to where none has ended yet are in `left_out`.

    Raises `ValueError` for a prior below 0; `UnreadableChanges` for rows in stages that the pipeline does not have,
    unless `lenient`.

    Source: Kemeny and Snell (1960), Finite Markov chains, chapter 3; the interval by the delta method, symmetric in
    log-odds.
    """
    if not prior >= 0:
        message = f"a prior counts at least 0 times, not {prior}"
        raise ValueError(message)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    stages = [stage.key for stage in pipeline.open_stages]
    seen = StageSteps(pipeline, follow_reopened=follow_reopened)
    for trail in past.trails:
        if trail.standing is not None and past.as_of is not None:
            seen.add(trail, past.as_of)
    extra = Fraction(prior)
    counts = {
        stage: _with_prior(row, extra, find_allowed_steps(pipeline, stage)) if extra else row
        for stage, row in seen.steps.items()
    }
    known, blocked = find_known_stages(counts)
    chain = make_chain({stage: _shares(counts[stage]) for stage in stages if stage in known}, ends=ENDS)
    rows = tuple(_outlook(stage, seen, counts, chain, confidence) for stage in stages)
    problems = (
        Problem("history.unended", f"stage {stage}", {"need": tuple(sorted(blocked[stage], key=stages.index))})
        for stage in stages
        if stage in blocked
    )
    return StageChain(
        as_of=past.as_of,
        known_on=past.known_on,
        prior=float(prior),
        follow_reopened=follow_reopened,
        confidence=confidence,
        counts=counts,
        rows=rows,
        left_out=(*past.left_out, *problems),
    )


def _with_prior(row: Mapping[str, int], extra: Fraction, allowed: Iterable[str]) -> Mapping[str, Probability]:
    names = dict.fromkeys([*row, *allowed])
    return {name: row.get(name, 0) + extra for name in names}


def _shares(row: Mapping[str, Probability]) -> Mapping[str, Probability]:
    total = Fraction(sum(row.values()))
    return {there: number / total for there, number in row.items()}


def _outlook(stage: str, seen: StageSteps, counts: Steps, chain: AbsorbingChain, confidence: float) -> StageOutlook:
    left = seen.left(stage)
    means = {name: seen.mean_days(name) for name in counts}
    if stage not in chain.places:
        return StageOutlook(stage=stage, left=left, mean_days=_float(means[stage]))
    visits = {name: Fraction(number) for name, number in chain.visits[stage].items()}
    stays = [(number, means[name]) for name, number in visits.items() if number]
    known = [number * mean for number, mean in stays if mean is not None]
    return StageOutlook(
        stage=stage,
        left=left,
        mean_days=_float(means[stage]),
        win=Fraction(chain.endings[stage][WON]),
        interval=_interval(stage, counts, chain, confidence),
        visits=visits,
        steps=Fraction(chain.steps_from(stage)),
        days=float(sum(known)) if len(known) == len(stays) else None,
    )


def _interval(stage: str, counts: Steps, chain: AbsorbingChain, confidence: float) -> tuple[float, float] | None:
    """Give the interval of the win probability from a stage; None where it is 0 or 1."""
    wins: dict[str, float] = {end: float(end == WON) for end in chain.ends}
    wins |= {place: float(chain.endings[place][WON]) for place in chain.places}
    win = wins[stage]
    if not 0 < win < 1:
        return None
    variance = fsum(
        float(visits) ** 2
        * fsum(float(share) * (wins[there] - wins[place]) ** 2 for there, share in chain.shares[place].items())
        / float(sum(counts[place].values()))
        for place, visits in chain.visits[stage].items()
        if visits
    )
    odds, width = log(win / (1 - win)), two_sided_quantile(confidence) * sqrt(variance) / (win * (1 - win))
    return 1 / (1 + exp(min(width - odds, 700.0))), 1 / (1 + exp(-odds - width))


def _float(number: Fraction | None) -> float | None:
    return None if number is None else float(number)


def _rounded(days: float | None) -> str | None:
    return None if days is None else f"{days:,.1f}"
