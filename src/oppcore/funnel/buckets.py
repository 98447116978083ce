"""Buckets: deals sorted under headings, additive, so that parts may be counted apart and combined."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Generic, TypeVar, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.listing import list_ids
from oppcore.funnel.terms import Terms
from oppcore.history import Standing
from oppcore.money import Money, sum_by_currency

__all__ = ["Bucket", "BucketTally", "Collector", "Contribution", "add_buckets", "combine_buckets", "list_deals"]

K = TypeVar("K", bound=Hashable)
_NO_TIME = timedelta(0)


@final
@attrs.frozen
class Contribution:
    """One deal behind a number: what it counts for there, and how long what is counted took (None: not measured)."""

    opportunity_id: str
    amount: Money | None = None
    duration: timedelta | None = None


def _id(one: Contribution) -> str:
    return one.opportunity_id


@final
@attrs.frozen(kw_only=True)
class Bucket:
    """What is counted under one heading: how often, of how many deals, and the sums per currency.

    `count` exceeds `deals` where something happens to a deal more than once. `without_amount` of the count have no
    amount and are in no sum. `duration` adds up what was measured, for `timed` of the count. `contributions` say which
    deals, by id; None where only counts are known. Buckets of unlike deals add up with `+`, exactly.
    """

    count: int = 0
    deals: int = 0
    amounts: Mapping[str, Money] = attrs.field(factory=dict[str, Money], hash=False)
    without_amount: int = 0
    duration: timedelta = _NO_TIME
    timed: int = 0
    contributions: tuple[Contribution, ...] | None = attrs.field(default=(), repr=False)

    @classmethod
    def of(cls, contributions: Iterable[Contribution]) -> Bucket:
        """Count contributions, in any order of the deals."""
        found = tuple(sorted(contributions, key=_id))
        return cls(
            count=len(found),
            deals=len(set(map(_id, found))),
            amounts=sum_by_currency(one.amount for one in found if one.amount is not None),
            without_amount=sum(one.amount is None for one in found),
            duration=sum((one.duration for one in found if one.duration is not None), _NO_TIME),
            timed=sum(one.duration is not None for one in found),
            contributions=found,
        )

    @property
    def mean_duration(self) -> timedelta | None:
        """The mean of what was measured; None where nothing was."""
        return self.duration / self.timed if self.timed else None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the deals, each once. Raises `ValueError` where only counts are known."""
        if self.contributions is None:
            message = "which deals these are is not known: only their number was counted"
            raise ValueError(message)
        return tuple(dict.fromkeys(map(_id, self.contributions)))

    def __add__(self, other: Bucket) -> Bucket:
        contributions = None
        if self.contributions is not None and other.contributions is not None:
            if twice := set(map(_id, self.contributions)) & set(map(_id, other.contributions)):
                message = f"opportunity {min(twice)!r} is in both parts: the rows of one opportunity stay together"
                raise ValueError(message)
            contributions = tuple(sorted(self.contributions + other.contributions, key=_id))
        return Bucket(
            count=self.count + other.count,
            deals=self.deals + other.deals,
            amounts=sum_by_currency((*self.amounts.values(), *other.amounts.values())),
            without_amount=self.without_amount + other.without_amount,
            duration=self.duration + other.duration,
            timed=self.timed + other.timed,
            contributions=contributions,
        )

    def detail(self) -> dict[str, Any]:
        """Give the numbers as plain data, ready for JSON; amounts are texts."""
        return {
            "count": self.count,
            "deals": self.deals,
            "amount": {currency: format(money.amount, "f") for currency, money in self.amounts.items()},
            "without_amount": self.without_amount,
        }


def add_buckets(buckets: Iterable[Bucket]) -> Bucket:
    """Give several buckets as one. A deal in more than one of them counts once among `deals`, where ids are known."""
    found = tuple(buckets)
    lists = [bucket.contributions for bucket in found if bucket.contributions is not None]
    if len(lists) == len(found):
        return Bucket.of(one for contributions in lists for one in contributions)
    return sum((attrs.evolve(bucket, contributions=None) for bucket in found), Bucket(contributions=None))


@final
@attrs.frozen(kw_only=True)
class BucketTally(Generic[K]):
    """The buckets of a measure by heading, before any division; a heading without deals is not there.

    `groups` holds the same by the value of the column `terms.by`, and is empty where nothing is grouped. `missing`
    holds, by the code of the problem, the deals that lack what the measure asks for.
    """

    terms: Terms
    buckets: Mapping[K, Bucket] = attrs.field(hash=False)
    groups: Mapping[str | None, Mapping[K, Bucket]] = attrs.field(hash=False)
    missing: Mapping[str, Bucket] = attrs.field(hash=False)
    left_out: tuple[Problem, ...] = ()

    def bucket(self, heading: K) -> Bucket:
        """Give what is under a heading; an empty bucket where nothing is."""
        return self.buckets.get(heading, _EMPTY)

    def by_group(self) -> dict[str | None, BucketTally[K]]:
        """Give the tally of each group, in the order of the values, that of nothing said at the end."""
        order = sorted(self.groups, key=lambda value: (value is None, value or ""))
        return {
            value: attrs.evolve(self, buckets=self.groups[value], groups={}, missing={}, left_out=()) for value in order
        }

    def problems(self) -> tuple[Problem, ...]:
        """List what is in none of the numbers, or not in all of them, and why."""
        lacking = (list_deals(code, bucket) for code, bucket in sorted(self.missing.items()))
        return self.left_out + tuple(lacking)


_EMPTY = Bucket()


def list_deals(code: str, bucket: Bucket, *, need: str | None = None) -> Problem:
    """Give the problem that the deals of a bucket have, naming the first of them where it is known which they are."""
    ids = () if bucket.contributions is None else bucket.ids
    return list_ids(code, ids, count=bucket.deals, need=need)


@final
class Collector(Generic[K]):
    """Sorts deals under headings, one after the other, and gives the tally of all."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._all: dict[K, list[Contribution]] = {}
        self._groups: dict[str | None, dict[K, list[Contribution]]] = {}
        self._missing: dict[str, list[Contribution]] = {}

    def put(self, heading: K, one: Contribution, standing: Standing | None = None) -> None:
        """Count a deal under a heading, and in the group in which it stands."""
        self._all.setdefault(heading, []).append(one)
        if self._terms.by is not None and standing is not None:
            self.put_in(standing.column(self._terms.by), heading, one)

    def put_in(self, group: str | None, heading: K, one: Contribution) -> None:
        """Count a deal under a heading of one group, and not in the whole."""
        self._groups.setdefault(group, {}).setdefault(heading, []).append(one)

    def lack(self, code: str, opportunity_id: str) -> None:
        """Note that a deal lacks something, once."""
        self._missing.setdefault(code, []).append(Contribution(opportunity_id))

    def tally(self, left_out: tuple[Problem, ...]) -> BucketTally[K]:
        """Give all that was sorted."""
        return BucketTally(
            terms=self._terms,
            buckets=_filled(self._all),
            groups={group: _filled(found) for group, found in self._groups.items()},
            missing={
                code: Bucket.of({one.opportunity_id: one for one in found}.values())
                for code, found in self._missing.items()
            },
            left_out=left_out,
        )


def _filled(found: Mapping[K, list[Contribution]]) -> dict[K, Bucket]:
    return {heading: Bucket.of(contributions) for heading, contributions in found.items()}


def combine_buckets(one: BucketTally[K], other: BucketTally[K]) -> BucketTally[K]:
    """Give the counts of two parts of a history together.

    Raises `ValueError` where they were not counted alike, or where an opportunity is in both.
    """
    one.terms.check_same(other.terms)
    groups: dict[str | None, Mapping[K, Bucket]] = {
        group: _joined(found, other.groups.get(group, {})) for group, found in one.groups.items()
    }
    groups |= {group: found for group, found in other.groups.items() if group not in groups}
    return BucketTally(
        terms=one.terms,
        buckets=_joined(one.buckets, other.buckets),
        groups=groups,
        missing=_joined(one.missing, other.missing),
        left_out=one.left_out + other.left_out,
    )


def _joined(one: Mapping[K, Bucket], other: Mapping[K, Bucket]) -> dict[K, Bucket]:
    found = dict(one)
    for heading, bucket in other.items():
        found[heading] = found[heading] + bucket if heading in found else bucket
    return found
