"""Pipeline coverage: how many times over the open deals of a period would fill the quota, or what remains of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, tzinfo
from fractions import Fraction
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally, add_buckets, list_deals
from oppcore.funnel.covering import CoverageKind, Heading, count_coverage
from oppcore.funnel.terms import Scope, Terms
from oppcore.history import History
from oppcore.money import Money
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.table import Table

__all__ = ["Coverage", "finish_coverage", "measure_coverage"]


@final
@attrs.frozen(kw_only=True)
class Coverage:
    """The open pipeline of a period over its quota (`gross`), and over what remains of it (`remaining`), exactly.

    `remaining` is None where the quota is met: nothing has to be covered any more. `open_amount` and `won_amount` are
    in the currency of the quota; deals in another are in neither, and are listed in `left_out`. `past_open_amount` is
    what was open on the same day of the earlier periods asked for, and `past_won_amount` what of it was won in them.
    """

    tally: BucketTally[Heading] = attrs.field(repr=False)
    quota: Money
    open_amount: Money
    won_amount: Money
    past_open_amount: Money
    past_won_amount: Money
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

    @property
    def required(self) -> Fraction | None:
        """The coverage that was needed in the earlier periods: open over won of it; None where nothing was won."""
        won = Fraction(self.past_won_amount.amount)
        return Fraction(self.past_open_amount.amount) / won if won > 0 else None

    @property
    def enough(self) -> bool | None:
        """Whether what is open yields what remains, if as much of it is won as was; None where nothing tells."""
        if self.remaining is None:
            return True
        return None if self.required is None else self.remaining >= self.required

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
                "required": None if self.required is None else float(self.required),
                "enough": self.enough,
            }
        ]

    def detail(self) -> dict[str, Any]:
        """Give the coverage as plain data, ready for JSON; amounts are texts."""
        amounts = {
            "quota": self.quota,
            "won": self.won_amount,
            "to_go": self.to_go,
            "open": self.open_amount,
            "past_open": self.past_open_amount,
            "past_won": self.past_won_amount,
        }
        return {
            **self.terms.detail(),
            "currency": self.quota.currency,
            **{name: format(money.amount, "f") for name, money in amounts.items()},
            "gross": float(self.gross),
            "remaining": None if self.remaining is None else float(self.remaining),
            "met": self.met,
            "required": None if self.required is None else float(self.required),
            "enough": self.enough,
            "deals": {str(kind): self.bucket(kind).detail() for kind in CoverageKind},
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the coverage for eyes, in one line."""
        remaining = "met" if self.remaining is None else _times(self.remaining)
        amounts = (self.quota, self.won_amount, self.to_go, self.open_amount)
        return Table(
            columns=["quota", "won", "to go", "open", "gross", "remaining", "required"],
            rows=[[*amounts, _times(self.gross), remaining, None if self.required is None else _times(self.required)]],
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
    past: Iterable[Period] = (),
    as_of: date | None = None,
    scope: Scope | None = None,
    known_on: date | None = None,
    lenient: bool = False,
) -> Coverage:
    """Give the coverage of a quota by the open deals that are expected to close in its period.

    Won is what was won in the period, by when the deal closed in `timezone`, and still is. `scope` narrows the deals
    down to those of whom the quota is, such as `{"owner_id": ["ann"]}`, by the values said last. Nothing is converted:
    deals in another currency than the quota are listed, and so are deals without an amount or an expected close date.

    `past` are earlier periods, such as the last four quarters, from which it follows how many times over what remains
    must be `required`: the deals that were open as many days into such a period (at the same hour) and expected to
    close in it, over those of them that were won by its end, with what they were worth then. All periods count
    together, by their amounts.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns, a quota that is not above zero, and a past period that is not over or has no such day.
    """
    tally = count_coverage(
        history,
        pipeline,
        period=period,
        timezone=timezone,
        past=past,
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
        past_open_amount=amounts[CoverageKind.PAST_OPEN],
        past_won_amount=amounts[CoverageKind.PAST_WON],
        left_out=(*tally.problems(), *unlike),
    )
