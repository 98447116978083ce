"""The change waterfall: what a pipeline gained and lost between two instants, and why, to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.booking import INFLOW, ORDER, OUTFLOW, MovementKind, MovementPolicy, PipelineView
from oppcore.funnel.buckets import Bucket, BucketTally, Collector, Contribution
from oppcore.funnel.showing import amount_cells, amount_pairs, details_of, find_currencies, records_of, table_of
from oppcore.funnel.terms import Scope, Terms, check_column, read_scope
from oppcore.history import History, fold_history
from oppcore.money import Money, sum_by_currency
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.table import Table

__all__ = ["Movement", "count_movement", "finish_movement", "measure_movement"]


@final
@attrs.frozen(kw_only=True)
class Movement:
    """How a pipeline got from its start to its end: start + inflow - outflow = end, in every currency, exactly.

    `groups` holds the movement of each value of the column grouped by; deals that change from one to another are
    transferred there, so that the groups add up to more than the whole.
    """

    tally: BucketTally[MovementKind] = attrs.field(repr=False)
    groups: Mapping[str | None, Movement] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, or not in all of them, and why."""
        return self.tally.problems()

    @property
    def start(self) -> Bucket:
        """The pipeline at the start."""
        return self.bucket(MovementKind.START)

    @property
    def end(self) -> Bucket:
        """The pipeline at the end."""
        return self.bucket(MovementKind.END)

    @property
    def inflow(self) -> dict[str, Money]:
        """What came in, per currency."""
        return _sum(self, INFLOW)

    @property
    def outflow(self) -> dict[str, Money]:
        """What went out, per currency."""
        return _sum(self, OUTFLOW)

    @property
    def net(self) -> dict[str, Money]:
        """What came in less what went out, per currency."""
        return sum_by_currency((*self.inflow.values(), *(-money for money in self.outflow.values())))

    def bucket(self, kind: MovementKind | str) -> Bucket:
        """Give the deals of one kind, with what each of them counts for."""
        return self.tally.bucket(MovementKind(kind))

    def ids(self, kind: MovementKind | str) -> tuple[str, ...]:
        """Give the ids of the deals of one kind."""
        return self.bucket(kind).ids

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per kind and currency, or per group, kind and currency; outflow is below zero."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the movement as plain data, ready for JSON; amounts are texts."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the movement for eyes: a line per kind that has deals, outflow below zero."""
        currencies = find_currencies(self.tally.buckets.values())

        def lines(movement: Movement) -> Iterator[list[Any]]:
            for kind, bucket in _filled(movement):
                sign = kind.sign or 1
                yield [kind.replace("_", " "), bucket.count, *amount_cells(bucket, currencies, sign=sign)]

        return table_of(
            self, self.groups, self.tally, title="Movement", columns=["change", "deals", *currencies], lines=lines
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def _sum(movement: Movement, kinds: Iterable[MovementKind]) -> dict[str, Money]:
    return sum_by_currency(money for kind in kinds for money in movement.bucket(kind).amounts.values())


def _filled(movement: Movement) -> Iterator[tuple[MovementKind, Bucket]]:
    for kind in ORDER:
        if kind in movement.tally.buckets or kind in (MovementKind.START, MovementKind.END):
            yield kind, movement.bucket(kind)


def _records(movement: Movement) -> Iterator[dict[str, Any]]:
    for kind in ORDER:
        bucket = movement.bucket(kind)
        for currency, amount in amount_pairs(bucket, sign=kind.sign or 1):
            yield {"change": str(kind), "count": bucket.count, "currency": currency, "amount": amount}


def _numbers(movement: Movement) -> dict[str, Any]:
    return {"changes": [{"change": str(kind), **movement.bucket(kind).detail()} for kind in ORDER]}


def measure_movement(
    history: History,
    pipeline: Pipeline,
    *,
    policy: MovementPolicy | str,
    since: date,
    until: date | None = None,
    window: Period | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Movement:
    """Give what the open pipeline gained and lost from one instant to another, and why.

    Looked at are the deals that are open, are expected to close in `window` (None: at any time, or at none) and have
    the values that `scope` wants, such as `{"owner_id": ["ann", "bo"]}`. `since` and `until` are instants (inclusive)
    or dates (the end of that day in `timezone`); `until` None is the last row. `by` gives the movement of each value of
    a column too. There is no default `policy`, because the policies give different buckets.

    Deals without an amount are counted, are in no sum and are listed in `left_out`; so are, where there is a window,
    deals in scope without an expected close date. A removed deal leaves with what it was worth at the start.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown policies and columns, and where `until` lies before `since`.
    """
    return finish_movement(
        count_movement(
            history,
            pipeline,
            policy=policy,
            since=since,
            until=until,
            window=window,
            scope=scope,
            by=by,
            known_on=known_on,
            timezone=timezone,
            lenient=lenient,
        )
    )


def finish_movement(tally: BucketTally[MovementKind]) -> Movement:
    """Give the movement of counts, whoever counted."""
    groups = {value: Movement(tally=found, groups={}) for value, found in tally.by_group().items()}
    return Movement(tally=tally, groups=groups)


def count_movement(
    history: History,
    pipeline: Pipeline,
    *,
    policy: MovementPolicy | str,
    since: date,
    until: date | None = None,
    window: Period | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> BucketTally[MovementKind]:
    """Give the buckets that `measure_movement` shows; those of several parts of a history combine to the whole.

    The settings are those of `measure_movement`; parts need the same `until`.
    """
    if by is not None:
        check_column(by, history)
    first = fold_history(history, pipeline, as_of=since, known_on=known_on, timezone=timezone, lenient=lenient)
    last = fold_history(history, pipeline, as_of=until, known_on=known_on, timezone=timezone, lenient=lenient)
    if first.as_of is not None and last.as_of is not None and first.as_of > last.as_of:
        message = f"what changed is asked from {first.as_of.isoformat()} on, which is after {last.as_of.isoformat()}"
        raise ValueError(message)
    terms = Terms(
        measure="movement",
        definition=_define(window),
        policy=str(MovementPolicy(policy)),
        since=first.as_of,
        as_of=last.as_of,
        known_on=last.known_on,
        periods=() if window is None else (window,),
        scope=read_scope(scope, history),
        by=by,
    )
    view = PipelineView(terms, window)
    found = Collector[MovementKind](terms)
    before = {trail.opportunity_id: trail.standing for trail in first.trails}
    for trail in last.trails:
        start, end = before.get(trail.opportunity_id), trail.standing
        for kind, amount in view.book(start, end, trail):
            found.put(kind, Contribution(trail.opportunity_id, amount))
        for code in view.lacks(start, end):
            found.lack(code, trail.opportunity_id)
        if by is not None:
            for group in {one.column(by) for one in (start, end) if one is not None}:
                for kind, amount in PipelineView(terms, window, (group,)).book(start, end, trail):
                    found.put_in(group, kind, Contribution(trail.opportunity_id, amount))
    return found.tally(last.left_out)


def _define(window: Period | None) -> str:
    expected = "" if window is None else f", expected to close in {window}"
    return f"open deals{expected}: start + inflow - outflow = end in every currency"
