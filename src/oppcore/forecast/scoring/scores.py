"""The win scores of the open deals: how likely each is to be won, and what speaks for and against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.scoring.bayes import SCORED_FIELDS, DealScore, FieldContribution, fit_bayes
from oppcore.funnel.counting import days_text
from oppcore.history import History, Standing
from oppcore.history.past import fold_history
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.table import Table

__all__ = ["DealScores", "score_deals"]

_SHOWN = 2


@final
@attrs.frozen(kw_only=True)
class DealScores:
    """A score for each open deal, the likeliest first; deals that cannot be scored come last.

    `definition` says what the probability is of, and `deals` and `won` from how many deals it was learnt, None where
    it comes from a model of one's own.
    """

    as_of: datetime | None
    known_on: datetime | None
    definition: str
    rows: tuple[DealScore, ...]
    deals: int | None
    won: int | None
    left_out: tuple[Problem, ...] = ()

    def row(self, opportunity_id: str) -> DealScore:
        """Give the score of a deal. Raises `KeyError` where there is none."""
        for row in self.rows:
            if row.opportunity_id == opportunity_id:
                return row
        raise KeyError(opportunity_id)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per deal; the log-odds of each field under its name."""
        return [
            {
                "opportunity_id": row.opportunity_id,
                "probability": row.probability,
                "log_odds_before": row.log_odds_before,
                **{f"{one.field}_log_odds": one.log_odds for one in row.contributions},
            }
            for row in self.rows
        ]

    def detail(self) -> dict[str, Any]:
        """Give the scores as plain data, ready for JSON."""
        return {
            "measure": "scores",
            "definition": self.definition,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "deals": self.deals,
            "won": self.won,
            "rows": [row.detail() for row in self.rows],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the scores for eyes: a line per deal, with what speaks most for it and against it."""
        notes = [self.definition]
        if self.deals is not None:
            notes.append(f"learnt from {self.deals:,} deals, of which {self.won:,} were won")
        return Table(
            columns=["deal", "probability", "for it", "against it"],
            rows=[
                [
                    row.opportunity_id,
                    None if row.probability is None else f"{row.probability:.1%}",
                    _reasons(row, sign=1),
                    _reasons(row, sign=-1),
                ]
                for row in self.rows
            ],
            title=f"Scores {as_of_text(self.as_of, self.known_on)}",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def score_deals(
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
    least: int = 10,
    model: Callable[[Standing], float | None] | None = None,
    lenient: bool = False,
) -> DealScores:
    """Give the probability that each open deal is won, with the reasons.

    The settings are those of `fit_bayes`. A `model` of one's own takes its place: anything that gives a probability (0
    to 1, or None) for a standing; the settings of learning have no use then. Raises `ValueError` for what is no
    probability, and what `fit_bayes` raises.
    """
    known = as_of if known_on is None else known_on
    past = fold_history(history, pipeline, as_of=as_of, known_on=known, timezone=timezone, lenient=lenient)
    standings = [trail.standing for trail in past.trails if trail.standing is not None]
    standings = [standing for standing in standings if standing.outcome is Outcome.OPEN]
    if model is not None:
        rows = [_ask(model, standing) for standing in standings]
        deals = won = None
        left_out, what = past.left_out, "probability by a model of one's own"
    else:
        learnt = fit_bayes(
            history,
            pipeline,
            as_of=as_of,
            known_on=known_on,
            timezone=timezone,
            fields=fields,
            within=within,
            half_life=half_life,
            strength=strength,
            least=least,
            lenient=lenient,
        )
        rows = [learnt.score(standing) for standing in standings]
        deals, won, left_out = learnt.deals, learnt.won, learnt.left_out
        what = f"probability of being won {'in the end' if within is None else f'within {days_text(within)}'}"
    return DealScores(
        as_of=past.as_of,
        known_on=past.known_on,
        definition=what,
        rows=tuple(sorted(rows, key=_likeliest)),
        deals=deals,
        won=won,
        left_out=left_out,
    )


def _ask(model: Callable[[Standing], float | None], standing: Standing) -> DealScore:
    probability = model(standing)
    if probability is not None and not 0 <= probability <= 1:
        message = f"opportunity {standing.opportunity_id}: a probability lies between 0 and 1, not {probability}"
        raise ValueError(message)
    found = None if probability is None else float(probability)
    return DealScore(opportunity_id=standing.opportunity_id, probability=found)


def _likeliest(row: DealScore) -> tuple[bool, float, str]:
    return row.probability is None, -(row.probability or 0), row.opportunity_id


def _reasons(row: DealScore, *, sign: int) -> str | None:
    """Say what speaks most for (1) or against (-1) a deal."""
    found = sorted((one for one in row.contributions if sign * one.log_odds > 0), key=lambda one: -sign * one.log_odds)
    return "; ".join(map(_reason, found[:_SHOWN])) or None


def _reason(one: FieldContribution) -> str:
    value = "nothing said" if one.value is None else one.value
    return f"{one.field.replace('_', ' ')} {value} ({one.log_odds:+.2f})"
