"""Which open deals will be won within a time: what became of the deals that had been open for as long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from math import fsum, sqrt
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.estimates.chances import ClosingChance, judge_closing
from oppcore.forecast.estimates.spells import AgeClock, Spell, Spells, age_of, find_spells
from oppcore.funnel.counting import days_text
from oppcore.funnel.listing import list_ids
from oppcore.history import History, Standing, fold_history
from oppcore.money import Money, sum_by_currency
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.spelling import choose
from oppcore.stats.normal import two_sided_quantile
from oppcore.table import Table

__all__ = ["Closing", "estimate_closing"]


@final
@attrs.frozen(kw_only=True)
class Closing:
    """A row per open deal, in the order of the history: how likely it is to be won `within` a time of `as_of`.

    Deals without an estimate are listed in `left_out` and are in no sum; those without an amount in none of money.
    """

    as_of: datetime | None
    known_on: datetime | None
    within: timedelta
    clock: AgeClock
    min_deals: int
    confidence: float
    rows: tuple[ClosingChance, ...]
    left_out: tuple[Problem, ...] = ()

    @property
    def assumes(self) -> str:
        """What must be true for the numbers to be right."""
        return "open deals go on as the deals that were open for as long did, whenever that was, and each by itself"

    @property
    def probabilities(self) -> Mapping[str, float]:
        """The probability of each deal that has one, by id."""
        return {row.opportunity_id: row.win.value for row in self.rows if row.win.value is not None}

    @property
    def expected_count(self) -> float:
        """The number of deals that are expected to be won in time."""
        return fsum(self.probabilities.values())

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of that number: what chance makes of the probabilities, by a normal distribution."""
        chances = self.probabilities.values()
        spread = two_sided_quantile(self.confidence) * sqrt(fsum(chance * (1 - chance) for chance in chances))
        return max(0.0, self.expected_count - spread), min(float(len(chances)), self.expected_count + spread)

    @property
    def open_amounts(self) -> Mapping[str, Money]:
        """The sum of the deals with an estimate, per currency."""
        return sum_by_currency(row.amount for row in self.rows if row.amount is not None and row.win.value is not None)

    @property
    def expected_amounts(self) -> Mapping[str, Money]:
        """The sum of amount times probability, per currency, rounded once."""
        sums: dict[str, Fraction] = {}
        for row in self.rows:
            if row.amount is not None and row.win.value is not None:
                part = Fraction(row.amount.amount) * Fraction(row.win.value)
                sums[row.amount.currency] = sums.get(row.amount.currency, Fraction(0)) + part
        return {currency: Money.nearest(total, currency) for currency, total in sorted(sums.items())}

    def row(self, opportunity_id: str) -> ClosingChance:
        """Give the row of a deal. Raises `KeyError` for what is no open deal."""
        for row in self.rows:
            if row.opportunity_id == opportunity_id:
                return row
        raise KeyError(opportunity_id)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per open deal."""
        return [
            {
                "opportunity_id": row.opportunity_id,
                "stage": row.stage,
                "age_days": row.age / _DAY,
                "seen": row.seen,
                "watched": row.watched,
                "win": row.win.value,
                "low": row.win.low,
                "high": row.win.high,
                "currency": None if row.amount is None else row.amount.currency,
                "amount": None if row.amount is None else row.amount.amount,
            }
            for row in self.rows
        ]

    def detail(self) -> dict[str, Any]:
        """Give the estimates as plain data, ready for JSON; amounts are texts."""
        low, high = self.interval
        return {
            "measure": "closing",
            "definition": self._definition,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "within_days": self.within / _DAY,
            "clock": str(self.clock),
            "min_deals": self.min_deals,
            "confidence": self.confidence,
            "assumes": self.assumes,
            "expected": {"count": self.expected_count, "low": low, "high": high, "of": len(self.probabilities)},
            "amounts": {
                currency: {"open": str(money.amount), "expected": str(self.expected_amounts[currency].amount)}
                for currency, money in self.open_amounts.items()
            },
            "rows": [
                {key: str(cell) if isinstance(cell, Decimal) else cell for key, cell in record.items()}
                for record in self.as_records()
            ],
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the estimates for eyes: a line per stage, the sums below."""
        expected = "{:.1f} ({:.1f} to {:.1f})".format(self.expected_count, *self.interval)
        notes = [
            self._definition,
            f"expected to be won: {expected} of {len(self.probabilities):,} deals",
            *(f"worth {money} of {self.open_amounts[currency]}" for currency, money in self.expected_amounts.items()),
            f"assumes that {self.assumes}; intervals hold with {self.confidence:.0%} confidence",
        ]
        return Table(
            columns=["deal", "stage", "age in days", "compared with", "won in time", "amount"],
            rows=[
                [row.opportunity_id, row.stage, f"{row.age / _DAY:,.1f}", row.seen, row.win, row.amount]
                for row in self.rows
            ],
            title=f"Wins within {days_text(self.within)} {as_of_text(self.as_of, self.known_on)}",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    @property
    def _definition(self) -> str:
        where = "in its stage" if self.clock is AgeClock.STAGE else "open"
        return f"of the deals that were {where} for as long, the share won within {days_text(self.within)} after that"

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def estimate_closing(
    history: History,
    pipeline: Pipeline,
    *,
    within: timedelta,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    clock: AgeClock | str = AgeClock.STAGE,
    min_deals: int = 10,
    confidence: float = 0.95,
    lenient: bool = False,
) -> Closing:
    """Give how likely each open deal is to be won within a time, given how long it has been in its stage.

    A deal is compared with all visits to its stage that lasted longer than it has been there: which share of them was
    won within the time after that, by way of whatever stages, where being lost or abandoned competes (Aalen-Johansen),
    and deals that are still open count for as long as they have been watched. By the clock of `creation` it is compared
    with all deals that were open for longer. Of more than 16 ages in a stage 16 are looked at, and each deal judged by
    the next lower one.

    Where fewer than `min_deals` of those compared with could be watched for the whole time, there is no estimate.

    Raises `ValueError` for a time that is not longer than nothing; `UnreadableChanges` for rows in stages that the
    pipeline does not have, unless `lenient`.

    Source: van Houwelingen (2007), Dynamic prediction by landmarking in event history analysis, Scand. J. Statist. 34,
    70-85; for the curves, `estimate_incidence`.
    """
    if within <= timedelta(0):
        message = f"a deal is won within a time longer than nothing, not {within}"
        raise ValueError(message)
    since = choose(AgeClock, clock, "clock")
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    at = past.as_of
    spells: dict[str, list[Spell]] = {}
    deals: dict[str, list[tuple[Standing, timedelta]]] = {}
    order: list[str] = []
    for trail in past.trails:
        standing = trail.standing
        if standing is None or at is None:
            continue
        for stage, spell in find_spells(trail, standing, since, at):
            spells.setdefault(stage, []).append(spell)
        if standing.outcome is Outcome.OPEN:
            place = standing.state.stage if since is AgeClock.STAGE else ""
            deals.setdefault(place, []).append((standing, age_of(trail, standing, since, at)))
            order.append(standing.opportunity_id)
    rows: dict[str, ClosingChance] = {}
    for stage, some in deals.items():
        for row in judge_closing(
            some, Spells(spells.get(stage, ())), within, min_deals=min_deals, confidence=confidence
        ):
            rows[row.opportunity_id] = row
    found = tuple(rows[id] for id in order)
    return Closing(
        as_of=at,
        known_on=past.known_on,
        within=within,
        clock=since,
        min_deals=min_deals,
        confidence=confidence,
        rows=found,
        left_out=(*past.left_out, *_problems(found, min_deals)),
    )


_DAY = timedelta(days=1)


def _problems(rows: Iterable[ClosingChance], min_deals: int) -> Iterable[Problem]:
    unknown = [row for row in rows if row.win.value is None]
    for code, some in (
        ("history.thin", [row for row in unknown if row.seen < min_deals]),
        ("history.brief", [row for row in unknown if row.seen >= min_deals]),
        ("amount.missing", [row for row in rows if row.win.value is not None and row.amount is None]),
    ):
        if some:
            ids = sorted(row.opportunity_id for row in some)
            yield list_ids(code, ids, need=str(min_deals) if code == "history.thin" else None)
