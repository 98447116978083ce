"""Submissions held against what came: their errors, and whether the judgement on top of the deals helped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.deals import add_up
from oppcore.forecast.scope import find_scope
from oppcore.forecast.submissions.submissions import Submission
from oppcore.funnel.listing import list_ids
from oppcore.funnel.share import Share
from oppcore.history import History, Standing
from oppcore.money import Money
from oppcore.periods import as_of_text, to_zone
from oppcore.pipeline import Pipeline
from oppcore.records import Opportunity, Outcome
from oppcore.table import Table

__all__ = ["JudgedSubmission", "SubmissionReport", "judge_submissions"]

_TICK = timedelta(microseconds=1)


@final
@attrs.frozen(kw_only=True)
class JudgedSubmission:
    """A submission and what its period brought; `previous` is the one before it that was about the same.

    Errors are what was said less what came: above zero, too much was said.
    """

    submission: Submission
    actual: Money
    lead: timedelta
    won_ids: tuple[str, ...] = attrs.field(repr=False)
    previous: Submission | None = attrs.field(default=None, repr=False)

    @property
    def error(self) -> Money:
        """What was said less what came."""
        return self.submission.amount - self.actual

    @property
    def error_of_deals(self) -> Money:
        """What the deals said less what came."""
        return self.submission.base - self.actual

    @property
    def value_added(self) -> Money:
        """By how much the author was nearer than the deals alone; below zero where the judgement did harm."""
        without, with_it = self.error_of_deals.amount.copy_abs(), self.error.amount.copy_abs()
        return Money(without, self.actual.currency) - Money(with_it, self.actual.currency)

    @property
    def change(self) -> Money | None:
        """What was said less what was said before; None for the first."""
        return None if self.previous is None else self.submission.amount - self.previous.amount

    @property
    def accuracy(self) -> Fraction | None:
        """One less the error over what came; None where nothing came, below zero where the error is larger."""
        return _accuracy(self.error, self.actual)

    @property
    def accuracy_by_forecast(self) -> Fraction | None:
        """One less the error over what was said, as some products have it: kinder to who says too much."""
        return _accuracy(self.error, self.submission.amount)

    def as_record(self) -> dict[str, Any]:
        """Give the submission as a dict; amounts are Decimals."""
        said = self.submission
        return {
            "author": said.author,
            "period": str(said.period),
            "category": str(said.category),
            "as_of": said.as_of,
            "lead_days": self.lead / timedelta(days=1),
            "currency": self.actual.currency,
            "submitted": said.amount.amount,
            "base": said.base.amount,
            "actual": self.actual.amount,
            "error": self.error.amount,
            "error_of_deals": self.error_of_deals.amount,
            "value_added": self.value_added.amount,
            "change": None if self.change is None else self.change.amount,
            "accuracy": None if self.accuracy is None else float(self.accuracy),
            "accuracy_by_forecast": None if self.accuracy_by_forecast is None else float(self.accuracy_by_forecast),
        }


def _accuracy(error: Money, below: Money) -> Fraction | None:
    missed = Share(Money(error.amount.copy_abs(), error.currency), below).value
    return None if missed is None else 1 - missed


@final
@attrs.frozen(kw_only=True)
class SubmissionReport:
    """The submissions of periods that are over, by author, period and time.

    `left_out` lists those of periods that are not over at `as_of`, and won deals of the periods that are in no actual
    figure: without an amount or in another currency.
    """

    as_of: datetime | None
    known_on: datetime | None
    rows: tuple[JudgedSubmission, ...]
    left_out: tuple[Problem, ...] = ()

    def value_added(self, author: str | None = None) -> dict[str, Money]:
        """Give, per currency, by how much an author, or everybody, was nearer than the deals alone, all added up."""
        found: dict[str, Money] = {}
        for row in self.rows:
            if author is None or row.submission.author == author:
                currency = row.actual.currency
                found[currency] = found.get(currency, Money.zero(currency)) + row.value_added
        return dict(sorted(found.items()))

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per submission; amounts are Decimals."""
        return [row.as_record() for row in self.rows]

    def detail(self) -> dict[str, Any]:
        """Give the report as plain data, ready for JSON; amounts are texts."""
        amounts = ("submitted", "base", "actual", "error", "error_of_deals", "value_added", "change")
        return {
            "measure": "submissions",
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "rows": [
                {
                    key: format(cell, "f") if key in amounts and cell is not None else cell
                    for key, cell in record.items()
                }
                | {"as_of": record["as_of"].isoformat(), "won_ids": list(row.won_ids)}
                for row, record in zip(self.rows, self.as_records(), strict=True)
            ],
            "value_added": {currency: format(money.amount, "f") for currency, money in self.value_added().items()},
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the submissions for eyes, a line for each."""
        return Table(
            columns=["author", "period", "days ahead", "submitted", "deals said", "came", "error", "value added"],
            rows=[
                [
                    row.submission.author,
                    str(row.submission.period),
                    round(row.lead / timedelta(days=1)),
                    row.submission.amount,
                    row.submission.base,
                    row.actual,
                    row.error,
                    row.value_added,
                ]
                for row in self.rows
            ],
            title=f"Submissions and what came, {as_of_text(self.as_of, self.known_on)}",
            notes=(
                "error: submitted less came; value added: by how much the author was nearer than the deals alone",
                *(f"value added in all: {money}" for money in self.value_added().values()),
            ),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def judge_submissions(
    submissions: Iterable[Submission],
    source: History | Iterable[Opportunity],
    pipeline: Pipeline,
    *,
    timezone: str | tzinfo,
    as_of: date | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> SubmissionReport:
    """Give what the periods of submissions brought, and how far off each of them was.

    What came is what was won in the period, by the day of the closing in `timezone`, and is still won at `as_of`: of
    the owners of the submission by who owns the deal last, or of everybody. Submissions are judged once their period is
    over.

    Raises `UnreadableChanges` for stages that the pipeline does not have, unless `lenient`.
    """
    zone = to_zone(timezone)
    scope = find_scope(source, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    won = [(one, day) for one in scope.standings if (day := _won_on(one, zone)) is not None]
    rows: list[JudgedSubmission] = []
    running: list[Problem] = []
    missing: dict[tuple[str, str], dict[str, None]] = {}
    last: dict[object, Submission] = {}
    for said in sorted(submissions, key=lambda one: (*one.line, one.as_of)):
        _, end = said.period.instants(zone)
        previous = last.get(said.line)
        last[said.line] = said
        if scope.as_of is None or scope.as_of < end - _TICK:
            path = f"submission of {said.author} for {said.period}"
            running.append(Problem("period.running", path, {"have": scope.as_of, "need": end}))
            continue
        found = _actual(said, won, missing)
        rows.append(
            JudgedSubmission(
                submission=said,
                actual=Money(add_up(money.amount for money in found.values()), said.amount.currency),
                lead=end - said.as_of,
                won_ids=tuple(found),
                previous=previous,
            )
        )
    lacking = (list_ids(code, tuple(ids), need=need) for (code, need), ids in sorted(missing.items()))
    return SubmissionReport(
        as_of=scope.as_of,
        known_on=scope.known_on,
        rows=tuple(rows),
        left_out=(*scope.left_out, *lacking, *running),
    )


def _won_on(standing: Standing, zone: tzinfo) -> date | None:
    if standing.outcome is not Outcome.WON or standing.closed_at is None:
        return None
    return standing.closed_at.astimezone(zone).date()


def _actual(
    said: Submission, won: Iterable[tuple[Standing, date]], missing: dict[tuple[str, str], dict[str, None]]
) -> dict[str, Money]:
    found: dict[str, Money] = {}
    currency = said.amount.currency
    for standing, day in won:
        if day not in said.period or (said.owners and standing.owner_id not in said.owners):
            continue
        if standing.amount is None:
            missing.setdefault(("amount.missing", ""), {})[standing.opportunity_id] = None
        elif standing.amount.currency != currency:
            missing.setdefault(("currency.other", currency), {})[standing.opportunity_id] = None
        else:
            found[standing.opportunity_id] = standing.amount
    return found
