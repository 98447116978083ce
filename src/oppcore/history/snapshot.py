"""The pipeline as it stood at an instant: open deals by stage, and the closed ones by outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.history.history import History
from oppcore.history.past import fold_history
from oppcore.history.standing import Standing
from oppcore.money import Money, sum_by_currency
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.table import Table

__all__ = ["Snapshot", "StageCount", "take_snapshot"]

Amounts = Mapping[str, Money]
"""A sum per currency, in the order of the currencies."""


@final
@attrs.frozen(kw_only=True)
class StageCount:
    """The open deals in a stage: how many, what they are worth per currency, and how many of them have no amount."""

    name: str
    count: int
    amounts: Amounts = attrs.field(hash=False)
    without_amount: int = 0


@final
@attrs.frozen(kw_only=True)
class Snapshot:
    """Every deal that existed at `as_of`, counted once.

    `stages` holds the open stages in the order of the pipeline, those with no deals too. `won`, `lost` and `abandoned`
    count by outcome, wherever the deals stand; `amounts` has the sums of each outcome. The counts add up to `len`.
    """

    as_of: datetime | None
    known_on: datetime | None
    stages: tuple[StageCount, ...]
    won: int
    lost: int
    abandoned: int
    amounts: Mapping[Outcome, Amounts] = attrs.field(hash=False)
    standings: tuple[Standing, ...] = attrs.field(repr=False)
    left_out: tuple[Problem, ...] = ()

    @property
    def open(self) -> int:
        """The number of open deals."""
        return sum(stage.count for stage in self.stages)

    def __len__(self) -> int:
        return len(self.standings)

    def __bool__(self) -> bool:
        return True

    def ids(self, *, stage: str | None = None, outcome: Outcome | str | None = None) -> tuple[str, ...]:
        """Give the ids of the deals that stand in a stage (of any kind), have an outcome, or both."""
        wanted = None if outcome is None else Outcome(outcome)
        return tuple(
            standing.opportunity_id
            for standing in self.standings
            if (stage is None or standing.state.stage == stage) and (wanted is None or standing.outcome is wanted)
        )

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per line and currency: stage (None for closed deals), outcome, count, currency and amount.

        The count is the number of all deals of the line; a line with no amounts has one dict without a currency.
        """
        lines: list[tuple[str | None, Outcome, int, Amounts]] = [
            (stage.name, Outcome.OPEN, stage.count, stage.amounts) for stage in self.stages
        ]
        lines += [(None, outcome, count, self.amounts[outcome]) for outcome, count in self._closed()]
        return [
            {"stage": name, "outcome": str(outcome), "count": count, "currency": currency, "amount": amount}
            for name, outcome, count, amounts in lines
            for currency, amount in _pairs(amounts)
        ]

    def detail(self) -> dict[str, Any]:
        """Give the snapshot as plain data, ready for JSON; amounts are texts."""
        return {
            "measure": "snapshot",
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "stages": [
                {
                    "name": stage.name,
                    "count": stage.count,
                    "amount": _texts(stage.amounts),
                    "without_amount": stage.without_amount,
                }
                for stage in self.stages
            ],
            "open": self.open,
            "won": self.won,
            "lost": self.lost,
            "abandoned": self.abandoned,
            "amounts": {str(outcome): _texts(amounts) for outcome, amounts in self.amounts.items()},
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the snapshot for eyes: a line per open stage, then all open deals, then the closed ones by outcome."""
        currencies = sorted({currency for amounts in self.amounts.values() for currency in amounts})
        lines: list[tuple[str, int, Amounts]] = [(stage.name, stage.count, stage.amounts) for stage in self.stages]
        lines.append(("all open", self.open, self.amounts[Outcome.OPEN]))
        lines += [(str(outcome), count, self.amounts[outcome]) for outcome, count in self._closed()]
        return Table(
            columns=["stage", "deals", *currencies],
            rows=[[name, count, *(_plain(amounts.get(key)) for key in currencies)] for name, count, amounts in lines],
            title=f"Snapshot {as_of_text(self.as_of, self.known_on)}",
            left_out=self.left_out,
        )

    def _closed(self) -> list[tuple[Outcome, int]]:
        return [(Outcome.WON, self.won), (Outcome.LOST, self.lost), (Outcome.ABANDONED, self.abandoned)]

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def take_snapshot(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Snapshot:
    """Give the pipeline as it stood: open deals by stage, won, lost and abandoned ones by outcome, with their amounts.

    `as_of` is an instant (inclusive), a date (the end of that day in `timezone`) or None (the last row); `known_on`
    leaves out what was recorded later. Removed and merged deals do not exist. A row after `as_of` changes nothing.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`.
    """
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    standings = tuple(trail.standing for trail in past.trails if trail.standing is not None)
    by_stage: dict[str, list[Standing]] = {stage.key: [] for stage in pipeline.open_stages}
    by_outcome: dict[Outcome, list[Standing]] = {outcome: [] for outcome in Outcome}
    for standing in standings:
        by_outcome[standing.outcome].append(standing)
        if standing.outcome is Outcome.OPEN:
            by_stage[standing.state.stage].append(standing)
    return Snapshot(
        as_of=past.as_of,
        known_on=past.known_on,
        stages=tuple(_count(name, found) for name, found in by_stage.items()),
        won=len(by_outcome[Outcome.WON]),
        lost=len(by_outcome[Outcome.LOST]),
        abandoned=len(by_outcome[Outcome.ABANDONED]),
        amounts={outcome: _sums(found) for outcome, found in by_outcome.items()},
        standings=standings,
        left_out=past.left_out,
    )


def _sums(standings: list[Standing]) -> Amounts:
    return sum_by_currency(standing.amount for standing in standings if standing.amount is not None)


def _count(name: str, found: list[Standing]) -> StageCount:
    without = sum(standing.amount is None for standing in found)
    return StageCount(name=name, count=len(found), amounts=_sums(found), without_amount=without)


def _pairs(amounts: Amounts) -> list[tuple[str | None, Decimal | None]]:
    return [(currency, money.amount) for currency, money in amounts.items()] or [(None, None)]


def _texts(amounts: Amounts) -> dict[str, str]:
    return {currency: format(money.amount, "f") for currency, money in amounts.items()}


def _plain(money: Money | None) -> str | None:
    return None if money is None else format(money.amount, ",f")
