"""Slippage: what became of the deals that were to close in a period, and every time a close date was moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally
from oppcore.funnel.close_dates import SlippageKind, count_slippage
from oppcore.funnel.showing import amount_cells, amount_pairs, details_of, find_currencies, records_of, table_of
from oppcore.funnel.terms import Scope, Terms
from oppcore.history import History
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["Slippage", "finish_slippage", "measure_slippage"]


_ENDS = tuple(SlippageKind)[1:10]
_SLIPPED = _ENDS[4:]
_MOVES = (SlippageKind.PUSH, SlippageKind.PULL_IN)


@final
@attrs.frozen(kw_only=True)
class Slippage:
    """What became of the deals that were to close in a period, with shares of them, and every push in it.

    The deals of the cohort count for what they were worth when the period began, pushed ones for what they were worth
    when they were pushed. `groups` holds the same for each value of the column grouped by.
    """

    tally: BucketTally[SlippageKind] = attrs.field(repr=False)
    confidence: float
    groups: Mapping[str | None, Slippage] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, or not in all of them, and why."""
        return self.tally.problems()

    @property
    def cohort(self) -> Bucket:
        """The deals that were open, and expected to close in the period, when it began."""
        return self.bucket(SlippageKind.COHORT)

    @property
    def pushes(self) -> Bucket:
        """Every time a close date was moved to a later day."""
        return self.bucket(SlippageKind.PUSH)

    @property
    def pull_ins(self) -> Bucket:
        """Every time a close date was moved to an earlier day."""
        return self.bucket(SlippageKind.PULL_IN)

    @property
    def push_rate(self) -> Ratio:
        """The share of the cohort that neither closed in the period nor was removed."""
        slipped = sum(self.bucket(kind).count for kind in _SLIPPED)
        return make_ratio(slipped, self.cohort.count, confidence=self.confidence)

    @property
    def slip_days(self) -> int:
        """The days by which close dates were moved, all pushes and pull-ins together; pull-ins count below zero."""
        return (self.pushes.duration + self.pull_ins.duration).days

    @property
    def pushes_by_deal(self) -> dict[str, int]:
        """How often each deal was pushed, the most pushed ones first."""
        found = Counter(one.opportunity_id for one in self.pushes.contributions or ())
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def share(self, kind: SlippageKind | str) -> Ratio:
        """Give the share of the cohort of which one thing became. Raises `ValueError` for a push or a pull-in."""
        if (wanted := SlippageKind(kind)) in _MOVES:
            message = f"a {wanted} may happen to any deal, and more than once: it is no share of the cohort"
            raise ValueError(message)
        return make_ratio(self.bucket(wanted).count, self.cohort.count, confidence=self.confidence)

    def bucket(self, kind: SlippageKind | str) -> Bucket:
        """Give the deals of one kind, or the pushes or pull-ins, with amounts (and for those the days moved)."""
        return self.tally.bucket(SlippageKind(kind))

    def ids(self, kind: SlippageKind | str) -> tuple[str, ...]:
        """Give the ids of the deals of one kind."""
        return self.bucket(kind).ids

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per kind and currency, or per group, kind and currency; `days` are those of the moves."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the slippage as plain data, ready for JSON; amounts are texts."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the slippage for eyes: a line per kind, with its share of the cohort or the days moved."""
        currencies = find_currencies(self.tally.buckets.values())

        def lines(slippage: Slippage) -> Iterator[list[Any]]:
            for kind in SlippageKind:
                bucket = slippage.bucket(kind)
                share, days = _share(slippage, kind), _days(slippage, kind)
                yield [kind.replace("_", " "), bucket.count, share, days, *amount_cells(bucket, currencies)]

        return table_of(
            self,
            self.groups,
            self.tally,
            title="Slippage",
            columns=["what became of them", "deals", "of the cohort", "days", *currencies],
            lines=lines,
            notes=[f"push rate {self.push_rate}; intervals hold with {self.confidence:.0%} confidence"],
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _share(slippage: Slippage, kind: SlippageKind) -> Ratio | None:
    return None if kind in _MOVES else slippage.share(kind)


def _days(slippage: Slippage, kind: SlippageKind) -> int | None:
    return slippage.bucket(kind).duration.days if kind in _MOVES else None


def _records(slippage: Slippage) -> Iterator[dict[str, Any]]:
    for kind in SlippageKind:
        bucket, share = slippage.bucket(kind), _share(slippage, kind)
        for currency, amount in amount_pairs(bucket):
            yield {
                "kind": str(kind),
                "count": bucket.count,
                "share": None if share is None or share.value is None else float(share.value),
                "days": _days(slippage, kind),
                "currency": currency,
                "amount": amount,
            }


def _numbers(slippage: Slippage) -> dict[str, Any]:
    return {
        "kinds": [
            {
                "kind": str(kind),
                **slippage.bucket(kind).detail(),
                "share": None if (share := _share(slippage, kind)) is None else share.detail(),
                "days": _days(slippage, kind),
            }
            for kind in SlippageKind
        ],
        "push_rate": slippage.push_rate.detail(),
        "slip_days": slippage.slip_days,
    }


def measure_slippage(
    history: History,
    pipeline: Pipeline,
    *,
    period: Period,
    timezone: str | tzinfo,
    as_of: date | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    confidence: float = 0.95,
    lenient: bool = False,
) -> Slippage:
    """Give what became of the open deals that were to close in a period when it began, and every push within it.

    The days of the period are those of `timezone`. `as_of` is where the looking ends, within the period; None is its
    end. `scope` and `by` go by the values at `as_of`, for deals that are gone by those at the start. Pushes and
    pull-ins are counted of all deals that exist, of the cohort or not, only while they are open, and each time.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns, and an `as_of` outside the period.
    """
    tally = count_slippage(
        history,
        pipeline,
        period=period,
        timezone=timezone,
        as_of=as_of,
        scope=scope,
        by=by,
        known_on=known_on,
        lenient=lenient,
    )
    return finish_slippage(tally, confidence=confidence)


def finish_slippage(tally: BucketTally[SlippageKind], *, confidence: float = 0.95) -> Slippage:
    """Give the slippage of counts: every division is done here, whoever counted."""
    groups = {value: finish_slippage(found, confidence=confidence) for value, found in tally.by_group().items()}
    return Slippage(tally=tally, confidence=confidence, groups=groups)
