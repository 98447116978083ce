"""How the numbers of a measure are written out: for data frames, for JSON and for eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from oppcore.funnel.buckets import Bucket, BucketTally
from oppcore.table import Table

__all__ = ["amount_cells", "amount_pairs", "details_of", "find_currencies", "records_of", "table_of"]

Record = dict[str, Any]
R = TypeVar("R")


def find_currencies(buckets: Iterable[Bucket]) -> list[str]:
    """Give the currencies of some buckets, sorted."""
    return sorted({currency for bucket in buckets for currency in bucket.amounts})


def amount_cells(bucket: Bucket, currencies: Iterable[str], *, sign: int = 1) -> list[Decimal | None]:
    """Give the sums for the columns of the currencies; None where there is none."""
    found = [bucket.amounts.get(currency) for currency in currencies]
    return [None if money is None else (money * sign).amount for money in found]


def amount_pairs(bucket: Bucket, *, sign: int = 1) -> list[tuple[str | None, Decimal | None]]:
    """Give currency and sum for each currency; one pair of None where there is no sum."""
    return [(currency, (money * sign).amount) for currency, money in bucket.amounts.items()] or [(None, None)]


def records_of(
    result: R, groups: Mapping[str | None, R], lines: Callable[[R], Iterable[Record]], by: str | None
) -> list[Record]:
    """Give the lines of a result, or, where it is grouped, those of each group with its value."""
    if by is None:
        return list(lines(result))
    return [{by: value, **line} for value, group in groups.items() for line in lines(group)]


def details_of(
    result: R, groups: Mapping[str | None, R], numbers: Callable[[R], Record], tally: BucketTally[Any]
) -> Record:
    """Give a result as plain data: what was asked, the numbers, those of each group, and what was left out."""
    found = {**tally.terms.detail(), **numbers(result)}
    if tally.terms.by is not None:
        found["groups"] = [{"by": value, **numbers(group)} for value, group in groups.items()]
    found["left_out"] = [problem.detail() for problem in tally.problems()]
    return found


def table_of(
    result: R,
    groups: Mapping[str | None, R],
    tally: BucketTally[Any],
    *,
    title: str,
    columns: Sequence[str],
    lines: Callable[[R], Iterable[Sequence[Any]]],
    notes: Sequence[str] = (),
) -> Table:
    """Give a table of the lines of a result, or, where it is grouped, of those of each group after its value."""
    terms = tally.terms
    rows: list[Sequence[Any]] = list(lines(result))
    if terms.by is not None:
        columns = [terms.by, *columns]
        rows = [[value, *line] for value, group in groups.items() for line in lines(group)]
    return Table(
        columns=columns,
        rows=rows,
        title=f"{title} {terms.text()}",
        notes=(*terms.notes(), *notes),
        left_out=tally.problems(),
    )
