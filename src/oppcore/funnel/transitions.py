"""The transition matrix: from which stage deals went to which, how long it took, and by which ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.buckets import Bucket, BucketTally, Collector, Contribution, add_buckets
from oppcore.funnel.showing import details_of, records_of, table_of
from oppcore.funnel.terms import Scope, Terms, check_column, day_of, need_zone, read_scope
from oppcore.funnel.ways import Hop, Variant, find_ways
from oppcore.history import History, fold_history
from oppcore.periods import Period
from oppcore.pipeline import Pipeline
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["TransitionMatrix", "count_transitions", "finish_transitions", "measure_transitions"]

_SHOWN = 10
_DAY = timedelta(days=1)


@final
@attrs.frozen(kw_only=True)
class TransitionMatrix:
    """How often deals went from each stage to each other, and the ways they took, the most frequent first.

    `deals` is the number of deals. `rework` is the share of them that stood in a stage more than once, `revisits` the
    number of visits beyond the first of a deal to a stage. `backward` and `skips` are shares of the moves between open
    stages: to an earlier one, and past one. `conformance` is the share of all moves (and of the entries into the
    process) that the pipeline, as it is now, knows and allows to somebody. `groups` holds the same for each value of
    the column grouped by.
    """

    tally: BucketTally[Hop | Variant] = attrs.field(repr=False)
    deals: int
    hops: tuple[tuple[Hop, Bucket], ...]
    variants: tuple[tuple[Variant, Bucket], ...]
    rework: Ratio
    revisits: int
    backward: Ratio
    skips: Ratio
    conformance: Ratio
    confidence: float
    groups: Mapping[str | None, TransitionMatrix] = attrs.field(hash=False, repr=False)

    @property
    def terms(self) -> Terms:
        """What was asked."""
        return self.tally.terms

    @property
    def left_out(self) -> tuple[Problem, ...]:
        """What is in none of the numbers, or not in all of them, and why."""
        return self.tally.problems()

    @property
    def breaches(self) -> tuple[tuple[Hop, Bucket], ...]:
        """The hops that the pipeline does not know, or allows to nobody."""
        return tuple((hop, bucket) for hop, bucket in self.hops if not hop.allowed)

    def count(self, source: str | None, target: str | None) -> int:
        """Give how often deals went from a stage (None: from outside) to another (None: nowhere, they stayed)."""
        return sum(bucket.count for bucket in self._between(source, target))

    def ids(self, source: str | None, target: str | None) -> tuple[str, ...]:
        """Give the ids of the deals that went from a stage to another, None as for `count`."""
        return tuple(sorted({id for bucket in self._between(source, target) for id in bucket.ids}))

    def mean_time(self, source: str, target: str | None) -> timedelta | None:
        """Give the mean time from entering a stage to entering another (None: so far); None where nobody went."""
        return add_buckets(self._between(source, target)).mean_duration

    def _between(self, source: str | None, target: str | None) -> list[Bucket]:
        return [bucket for hop, bucket in self.hops if (hop.source, hop.target) == (source, target)]

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per hop, or per group and hop: from, to, outcome (of ends), count, deals, mean days."""
        return records_of(self, self.groups, _records, self.terms.by)

    def detail(self) -> dict[str, Any]:
        """Give the matrix as plain data, ready for JSON."""
        return details_of(self, self.groups, _numbers, self.tally)

    def table(self) -> Table:
        """Give the matrix for eyes: a line per hop, and the most frequent ways below."""
        ways = [f"{bucket.count:,} deals: {variant}" for variant, bucket in self.variants[:_SHOWN]]
        if more := len(self.variants) - _SHOWN:
            ways += [f"… and {more:,} more ways"] * (more > 0)
        shares = {
            "rework": self.rework,
            "backward": self.backward,
            "skips": self.skips,
            "conformance": self.conformance,
        }

        def lines(matrix: TransitionMatrix) -> Iterator[list[Any]]:
            for hop, bucket in matrix.hops:
                days = _mean_days(bucket)
                allowed = "yes" if hop.allowed else "no"
                shown = None if days is None else _Days(days)
                yield [hop.source or "(start)", hop.end, bucket.count, bucket.deals, shown, allowed]

        return table_of(
            self,
            self.groups,
            self.tally,
            title="Transitions",
            columns=["from", "to", "times", "deals", "mean days", "allowed"],
            lines=lines,
            notes=[*(f"{name} {ratio}" for name, ratio in shares.items()), *ways],
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


@final
@attrs.frozen
class _Days:
    """A number of days in a table."""

    number: float

    def __str__(self) -> str:
        return f"{self.number:,.1f}"


def _mean_days(bucket: Bucket) -> float | None:
    mean = bucket.mean_duration
    return None if mean is None else mean / _DAY


def _records(matrix: TransitionMatrix) -> Iterator[dict[str, Any]]:
    for hop, bucket in matrix.hops:
        yield {
            "source": hop.source,
            "target": hop.target,
            "outcome": None if hop.outcome is None else str(hop.outcome),
            "count": bucket.count,
            "deals": bucket.deals,
            "mean_days": _mean_days(bucket),
            "allowed": hop.allowed,
        }


def _numbers(matrix: TransitionMatrix) -> dict[str, Any]:
    return {
        "deals": matrix.deals,
        "hops": list(_records(matrix)),
        "variants": [
            {"stages": list(variant.stages), "outcome": str(variant.outcome), "count": bucket.count}
            for variant, bucket in matrix.variants
        ],
        "revisits": matrix.revisits,
        "rework": matrix.rework.detail(),
        "backward": matrix.backward.detail(),
        "skips": matrix.skips.detail(),
        "conformance": matrix.conformance.detail(),
        "confidence": matrix.confidence,
    }


def measure_transitions(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    period: Period | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    confidence: float = 0.95,
    lenient: bool = False,
) -> TransitionMatrix:
    """Give how often deals went from each stage to each other, how long it took, and the ways they took.

    Every visit counts, also a second one to the same stage; every deal starts once and ends once, with its outcome, so
    that as many hops lead into a stage as out of it. A hop takes from entering one stage to entering the next, the
    last one to `as_of` for open deals. `period` takes only the deals created in it, by the days of `timezone`; `scope`
    and `by` go by the values said last. Removed and merged deals do not exist.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown columns, and for a period without a `timezone`.
    """
    tally = count_transitions(
        history,
        pipeline,
        as_of=as_of,
        period=period,
        scope=scope,
        by=by,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
    )
    return finish_transitions(tally, confidence=confidence)


def finish_transitions(tally: BucketTally[Hop | Variant], *, confidence: float = 0.95) -> TransitionMatrix:
    """Give the matrix of counts: every division is done here, whoever counted."""
    hops = [(key, bucket) for key, bucket in tally.buckets.items() if isinstance(key, Hop)]
    variants = [(key, bucket) for key, bucket in tally.buckets.items() if isinstance(key, Variant)]

    def share(of: Iterable[tuple[Hop, Bucket]], among: Iterable[tuple[Hop, Bucket]]) -> Ratio:
        counts = [sum(bucket.count for _, bucket in found) for found in (of, among)]
        return make_ratio(counts[0], counts[1], confidence=confidence)

    moves = [(hop, bucket) for hop, bucket in hops if hop.target is not None]
    between = [(hop, bucket) for hop, bucket in moves if hop.distance]
    deals = sum(bucket.count for _, bucket in variants)
    again = sum(bucket.count for variant, bucket in variants if variant.revisits)
    return TransitionMatrix(
        tally=tally,
        deals=deals,
        hops=tuple(sorted(hops, key=_hop_order)),
        variants=tuple(sorted(variants, key=_variant_order)),
        rework=make_ratio(again, deals, confidence=confidence),
        revisits=sum(bucket.count * variant.revisits for variant, bucket in variants),
        backward=share([one for one in between if one[0].distance < 0], between),
        skips=share([one for one in between if one[0].distance > 1], between),
        conformance=share([one for one in moves if one[0].allowed], moves),
        confidence=confidence,
        groups={value: finish_transitions(found, confidence=confidence) for value, found in tally.by_group().items()},
    )


def _hop_order(item: tuple[Hop, Bucket]) -> tuple[int, int, str, bool]:
    hop, _ = item
    return hop.ranks[0], hop.ranks[1], hop.outcome or "", hop.allowed


def _variant_order(item: tuple[Variant, Bucket]) -> tuple[int, tuple[str, ...], str]:
    variant, bucket = item
    return -bucket.count, variant.stages, variant.outcome


def count_transitions(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    period: Period | None = None,
    scope: Scope | None = None,
    by: str | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> BucketTally[Hop | Variant]:
    """Give the counts that `measure_transitions` divides; those of several parts of a history combine to the whole.

    The settings are those of `measure_transitions`; parts need the same `as_of`.
    """
    zone = None if period is None else need_zone(timezone, "when a deal is created in a period")
    if by is not None:
        check_column(by, history)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    terms = Terms(
        measure="transitions",
        definition="every visit counts; each deal starts once and ends once; a hop takes from entering to entering",
        as_of=past.as_of,
        known_on=past.known_on,
        periods=() if period is None else (period,),
        timezone=None if zone is None else str(zone),
        scope=read_scope(scope, history),
        by=by,
    )
    found = Collector[Hop | Variant](terms)
    ways = find_ways(pipeline)
    for trail in past.trails:
        standing = trail.standing
        if standing is None or past.as_of is None or not terms.covers(standing):
            continue
        if period is not None and zone is not None and day_of(standing.opened_at, zone) not in period:
            continue
        for hop, duration in ways.hops(trail, standing, past.as_of):
            found.put(hop, Contribution(trail.opportunity_id, None, duration), standing)
        variant = Variant(tuple(visit.stage for visit in trail.visits), standing.outcome)
        took = trail.visits[-1].entered_at - trail.visits[0].entered_at
        found.put(variant, Contribution(trail.opportunity_id, None, took), standing)
    return found.tally(past.left_out)
