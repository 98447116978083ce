"""Win and loss: how many deals ended how, for which reason, against whom, in which segment, and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, tzinfo
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally, add_buckets
from oppcore.funnel.exits import REASON, Exit, count_losses
from oppcore.funnel.showing import amount_cells, amount_pairs, find_currencies
from oppcore.funnel.terms import Scope, Terms
from oppcore.history import History
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["LossRow", "Losses", "StageLosses", "finish_losses", "measure_losses"]


@final
@attrs.frozen(kw_only=True)
class LossRow:
    """The closed deals with one value in the column (None: nothing said).

    `share` is that of the deals lost, `cumulative` that of this row and those before it; `amount_shares` are the shares
    of the amounts lost, per currency. `win_rate` is won over won and lost; None by reason, where a value goes with one
    outcome.
    """

    value: str | None
    lost: Bucket
    won: Bucket
    abandoned: Bucket
    share: Ratio
    cumulative: Ratio
    amount_shares: Mapping[str, Fraction] = attrs.field(hash=False)
    win_rate: Ratio | None


@final
@attrs.frozen
class StageLosses:
    """The deals lost in an open stage (None: in none), and their share of all lost."""

    stage: str | None
    lost: Bucket
    share: Ratio


@final
@attrs.frozen(kw_only=True)
class Losses:
    """The closed deals by the values of a column, those with most deals lost first, and by the stage they were lost in.

    A deal counts with the outcome it has `as_of`; abandoned deals are in no rate. `stages` are in the order of the
    pipeline.
    """

    tally: BucketTally[Exit] = attrs.field(repr=False)
    rows: tuple[LossRow, ...]
    stages: tuple[StageLosses, ...]
    lost: Bucket
    won: Bucket
    abandoned: Bucket
    win_rate: Ratio
    confidence: float

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, or not in all of them, and why."""
        return self.tally.problems()

    @property
    def by(self) -> str:
        """The column by which the deals are sorted."""
        return self.terms.by or REASON

    def row(self, value: str | None) -> LossRow:
        """Give the row of a value; None: of the deals of which nothing is said. Raises `KeyError` for unknown ones."""
        for row in self.rows:
            if row.value == value:
                return row
        raise KeyError(value)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per value of the column and currency of the amounts lost."""
        return [
            {
                self.by: row.value,
                "lost": row.lost.count,
                "won": row.won.count,
                "abandoned": row.abandoned.count,
                "share": _number(row.share),
                "win_rate": _number(row.win_rate),
                "currency": currency,
                "amount_lost": amount,
            }
            for row in self.rows
            for currency, amount in amount_pairs(row.lost)
        ]

    def detail(self) -> dict[str, Any]:
        """Give the losses as plain data, ready for JSON; amounts are texts."""
        return {
            **self.terms.detail(),
            "rows": [
                {
                    "by": row.value,
                    "lost": row.lost.detail(),
                    "won": row.won.detail(),
                    "abandoned": row.abandoned.detail(),
                    "share": row.share.detail(),
                    "cumulative": row.cumulative.detail(),
                    "amount_shares": {currency: float(share) for currency, share in row.amount_shares.items()},
                    "win_rate": None if row.win_rate is None else row.win_rate.detail(),
                }
                for row in self.rows
            ],
            "stages": [
                {"stage": one.stage, "lost": one.lost.detail(), "share": one.share.detail()} for one in self.stages
            ],
            "lost": self.lost.detail(),
            "won": self.won.detail(),
            "abandoned": self.abandoned.detail(),
            "win_rate": self.win_rate.detail(),
            "confidence": self.confidence,
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the losses for eyes: a line per value of the column, and the stages they were lost in below."""
        currencies = find_currencies([self.lost])
        places = (f"{one.stage or 'no open stage'} {one.lost.count:,}" for one in self.stages)
        return Table(
            columns=[
                self.by,
                "lost",
                "of those lost",
                *(f"{currency} lost" for currency in currencies),
                "won",
                "win rate",
                "abandoned",
            ],
            rows=[
                [
                    "(nothing said)" if row.value is None else row.value,
                    row.lost.count,
                    row.share,
                    *amount_cells(row.lost, currencies),
                    row.won.count,
                    row.win_rate,
                    row.abandoned.count,
                ]
                for row in self.rows
            ],
            title=f"Won and lost {self.terms.text()}",
            notes=(
                *self.terms.notes(),
                f"lost in: {', '.join(places)}",
                f"won of won and lost: {self.win_rate}; intervals hold with {self.confidence:.0%} confidence",
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _number(ratio: Ratio | None) -> float | None:
    return None if ratio is None or ratio.value is None else float(ratio.value)


def measure_losses(
    history: History,
    pipeline: Pipeline,
    *,
    by: str = REASON,
    as_of: date | None = None,
    period: Period | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    confidence: float = 0.95,
    lenient: bool = False,
) -> Losses:
    """Give how many deals were won, lost and abandoned by reason, or by any column such as a competitor or a segment.

    `by` is the column; a deal counts with the value said last, and those of which nothing is said have a row of their
    own. `period` takes only the deals closed in it, by the days of `timezone`. The stage a deal was lost in is the last
    open one it visited before it was closed. Lost deals without an amount are counted, and listed.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns, and for a period without a `timezone`.
    """
    tally = count_losses(
        history,
        pipeline,
        by=by,
        as_of=as_of,
        period=period,
        scope=scope,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
    )
    return finish_losses(tally, confidence=confidence)


def finish_losses(tally: BucketTally[Exit], *, confidence: float = 0.95) -> Losses:
    """Give the rows of counts: every division is done here, whoever counted."""
    lost, won, abandoned = (_of(tally, outcome) for outcome in (Outcome.LOST, Outcome.WON, Outcome.ABANDONED))
    by_value = sorted(tally.by_group().items(), key=lambda item: -_of(item[1], Outcome.LOST).count)
    rows: list[LossRow] = []
    for value, group in by_value:
        before = sum(row.lost.count for row in rows)
        rows.append(_row(value, group, lost, before=before, confidence=confidence))
    places: list[StageLosses] = []
    for stage in (*tally.terms.headings, None):
        bucket = tally.bucket(Exit(Outcome.LOST, stage))
        if stage is not None or bucket.count:
            places.append(StageLosses(stage, bucket, make_ratio(bucket.count, lost.count, confidence=confidence)))
    return Losses(
        tally=tally,
        rows=tuple(rows),
        stages=tuple(places),
        lost=lost,
        won=won,
        abandoned=abandoned,
        win_rate=make_ratio(won.count, won.count + lost.count, confidence=confidence),
        confidence=confidence,
    )


def _row(value: str | None, group: BucketTally[Exit], all_lost: Bucket, *, before: int, confidence: float) -> LossRow:
    lost, won = _of(group, Outcome.LOST), _of(group, Outcome.WON)
    closed = won.count + lost.count
    return LossRow(
        value=value,
        lost=lost,
        won=won,
        abandoned=_of(group, Outcome.ABANDONED),
        share=make_ratio(lost.count, all_lost.count, confidence=confidence),
        cumulative=make_ratio(before + lost.count, all_lost.count, confidence=confidence),
        amount_shares=_shares(lost.amounts, all_lost.amounts),
        win_rate=None if group.terms.by == REASON else make_ratio(won.count, closed, confidence=confidence),
    )


def _of(tally: BucketTally[Exit], outcome: Outcome) -> Bucket:
    return add_buckets(bucket for how, bucket in tally.buckets.items() if how.outcome is outcome)


def _shares(parts: Mapping[str, Money], wholes: Mapping[str, Money]) -> dict[str, Fraction]:
    return {
        currency: Fraction(part.amount) / Fraction(wholes[currency].amount)
        for currency, part in parts.items()
        if wholes[currency].amount
    }
