"""Pipeline coverage: how many times over the open deals of a period would fill the quota, or what remains of it."""

from __future__ import annotations

from datetime import date, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally, Collector, Contribution, add_buckets, list_deals
from oppcore.funnel.terms import Scope, Terms, day_of, need_zone, read_scope
from oppcore.history import History, fold_history
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.table import Table

__all__ = ["Coverage", "CoverageKind", "count_coverage", "finish_coverage", "measure_coverage"]


class CoverageKind(StrEnum):
    """What counts towards a quota: `open` deals expected to close in the period, and those `won` in it."""

    OPEN = "open"
    WON = "won"


Heading = tuple[CoverageKind, str | None]
"""A kind, and the currency of the deals; None where they have no amount."""


@final
@attrs.frozen(kw_only=True)
class Coverage:
    """The open pipeline of a period over its quota (`gross`), and over what remains of it (`remaining`), exactly.

    `remaining` is None where the quota is met: nothing has to be covered any more. `open_amount` and `won_amount` are
    in the currency of the quota; deals in another are in neither, and are listed in `left_out`.
    """

    tally: BucketTally[Heading] = attrs.field(repr=False)
    quota: Money
    open_amount: Money
    won_amount: Money
    left_out: tuple[Problem, ...] = ()

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def to_go(self) -> Money:
        """The quota less what was won; below zero where more was won."""
        return self.quota - self.won_amount

    @property
    def met(self) -> bool:
        """Whether as much as the quota was won."""
        return self.won_amount >= self.quota

    @property
    def gross(self) -> Fraction:
        """The open amount over the quota."""
        return Fraction(self.open_amount.amount) / Fraction(self.quota.amount)

    @property
    def remaining(self) -> Fraction | None:
        """The open amount over what remains of the quota; None where the quota is met."""
        return None if self.met else Fraction(self.open_amount.amount) / Fraction(self.to_go.amount)

    def bucket(self, kind: CoverageKind | str) -> Bucket:
        """Give the open or the won deals of the period, in all currencies."""
        wanted = CoverageKind(kind)
        return add_buckets(bucket for (found, _), bucket in self.tally.buckets.items() if found is wanted)

    def ids(self, kind: CoverageKind | str) -> tuple[str, ...]:
        """Give the ids of the open or the won deals of the period."""
        return self.bucket(kind).ids

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict with the amounts, and the two coverages as numbers."""
        return [
            {
                "currency": self.quota.currency,
                "quota": self.quota.amount,
                "won": self.won_amount.amount,
                "to_go": self.to_go.amount,
                "open": self.open_amount.amount,
                "gross": float(self.gross),
                "remaining": None if self.remaining is None else float(self.remaining),
                "met": self.met,
            }
        ]

    def detail(self) -> dict[str, Any]:
        """Give the coverage as plain data, ready for JSON; amounts are texts."""
        amounts = {"quota": self.quota, "won": self.won_amount, "to_go": self.to_go, "open": self.open_amount}
        return {
            **self.terms.detail(),
            "currency": self.quota.currency,
            **{name: format(money.amount, "f") for name, money in amounts.items()},
            "gross": float(self.gross),
            "remaining": None if self.remaining is None else float(self.remaining),
            "met": self.met,
            "deals": {str(kind): self.bucket(kind).detail() for kind in CoverageKind},
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the coverage for eyes, in one line."""
        remaining = "met" if self.remaining is None else _times(self.remaining)
        amounts = (self.quota, self.won_amount, self.to_go, self.open_amount)
        return Table(
            columns=["quota", "won", "to go", "open", "gross", "remaining"],
            rows=[[*amounts, _times(self.gross), remaining]],
            title=f"Coverage of {self.terms.periods[0]} {self.terms.text()}",
            notes=self.terms.notes(),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _times(value: Fraction) -> str:
    return f"{float(value):.2f}x"


def measure_coverage(
    history: History,
    pipeline: Pipeline,
    *,
    quota: Money,
    period: Period,
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> Coverage:
    """Give the coverage of a quota by the open deals that are expected to close in its period.

    Won is what was won in the period, by when the deal closed in `timezone`, and still is. `scope` narrows the deals
    down to those of whom the quota is, such as `{"owner_id": ["ann"]}`, by the values said last. Nothing is converted:
    deals in another currency than the quota are listed, and so are deals without an amount or an expected close date.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns, and a quota that is not above zero.
    """
    tally = count_coverage(
        history,
        pipeline,
        period=period,
        timezone=timezone,
        as_of=as_of,
        scope=scope,
        known_on=known_on,
        lenient=lenient,
    )
    return finish_coverage(tally, quota=quota)


def finish_coverage(tally: BucketTally[Heading], *, quota: Money) -> Coverage:
    """Give the coverage of a quota from counts: every division is done here, whoever counted."""
    if quota.amount <= 0:
        message = f"a quota is above zero, not {quota}"
        raise ValueError(message)
    nothing = Money.zero(quota.currency)
    other = add_buckets(
        bucket for (_, currency), bucket in tally.buckets.items() if currency not in (None, quota.currency)
    )
    unlike = [list_deals("currency.other", other, need=quota.currency)] if other.count else []
    amounts = {kind: tally.bucket((kind, quota.currency)).amounts.get(quota.currency, nothing) for kind in CoverageKind}
    return Coverage(
        tally=tally,
        quota=quota,
        open_amount=amounts[CoverageKind.OPEN],
        won_amount=amounts[CoverageKind.WON],
        left_out=(*tally.problems(), *unlike),
    )


def count_coverage(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> BucketTally[Heading]:
    """Give the sums that `measure_coverage` divides; those of several parts of a history combine to the whole.

    The settings are those of `measure_coverage`; parts need the same `as_of`.
    """
    zone = need_zone(timezone, "when a period begins")
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=zone, lenient=lenient)
    terms = Terms(
        measure="coverage",
        definition=(
            "gross: open deals expected to close in the period over the quota; remaining: the same over the quota less"
            " what was won in the period"
        ),
        as_of=past.as_of,
        known_on=past.known_on,
        periods=(period,),
        timezone=str(zone),
        scope=read_scope(scope, history),
    )
    found = Collector[Heading](terms)
    for trail in past.trails:
        standing = trail.standing
        if standing is None or not terms.covers(standing):
            continue
        id, kind = trail.opportunity_id, None
        if standing.outcome is Outcome.OPEN:
            if standing.expected_close_on is None:
                found.lack("close_date.missing", id)
            elif standing.expected_close_on in period:
                kind = CoverageKind.OPEN
        elif standing.outcome is Outcome.WON and standing.closed_at is not None:
            kind = CoverageKind.WON if day_of(standing.closed_at, zone) in period else None
        if kind is not None:
            found.put((kind, standing.column("currency")), Contribution(id, standing.amount))
            if standing.amount is None:
                found.lack("amount.missing", id)
    return found.tally(past.left_out)
