"""How long it took from one step to another, for those that came through, and how many have not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, final

import attrs

from oppcore.funnel.cells import Cell, CellCounts
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.histogram import Bin, find_quantile, make_bins
from oppcore.funnel.report import Report, make_report
from oppcore.funnel.sample import LAST, find_sample
from oppcore.funnel.tally import Tally, add_numbers
from oppcore.funnel.way import Way
from oppcore.history import History
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome

__all__ = ["ConversionTime", "TimeCounts", "count_times", "finish_time_to_convert", "measure_time_to_convert"]

_CONVERTED = "converted"
_DAY = timedelta(days=1)


@final
@attrs.frozen
class TimeCounts:
    """The deals per pair of steps that converted or did not, and how many took how long; they add up with `+`."""

    cells: CellCounts
    durations: Mapping[tuple[str, timedelta], int] = attrs.field(hash=False)

    def ids(self, name: str, *kinds: str) -> tuple[str, ...]:
        """Give the ids of the deals of a pair under any of these kinds, such as `converted` or `open`."""
        return self.cells.ids(name, *kinds)

    def __add__(self, other: TimeCounts) -> TimeCounts:
        return TimeCounts(self.cells + other.cells, add_numbers(self.durations, other.durations))


@final
@attrs.frozen(kw_only=True)
class ConversionTime:
    """How long the deals that reached a step took since an earlier one, and where those stand that did not.

    `converted` deals reached it; of those that reached only the earlier one, so many are `open` (they may still
    convert, and a measure without them is too short), won in another way, lost and abandoned. Durations are None where
    none converted. `quantiles` are interpolated between the two nearest durations; `bins` are of equal width, in whole
    seconds, from the shortest to the longest.
    """

    name: str
    converted: int
    open: int
    won: int
    lost: int
    abandoned: int
    mean: timedelta | None
    median: timedelta | None
    quantiles: Mapping[str, timedelta | None] = attrs.field(hash=False)
    bins: tuple[Bin, ...]

    def figures(self) -> Mapping[str, Any]:
        """Give the figures by name; durations in days."""
        spans = {"mean": self.mean, "median": self.median, **self.quantiles}
        return {
            "name": self.name,
            **{kind: getattr(self, kind) for kind in (_CONVERTED, *map(str, Outcome))},
            **{f"{name}_days": None if span is None else span / _DAY for name, span in spans.items()},
            "bins": tuple({"from_days": one.start / _DAY, "count": one.count} for one in self.bins),
        }


def measure_time_to_convert(
    history: History,
    pipeline: Pipeline,
    *,
    count: CountingRule | str,
    steps: Iterable[str] | None = None,
    window: timedelta | None = None,
    entry: EntryRule | str = EntryRule.ANY,
    exclude: Iterable[str] = (),
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    quantiles: Sequence[float] = (0.9,),
    bins: int | None = None,
    lenient: bool = False,
) -> Report[ConversionTime]:
    """Give how long deals took from each step to the next, and from the first to the last.

    Only by a rule that asks for an order, `ordered` or `strict`, is there a way whose times can be told; `ValueError`
    for the others. The first way to reach a step counts, whatever was tried later; of ways that reach it at the same
    instant the one that began last, or with `entry="first"` the first. The other settings are those of
    `measure_funnel`; `bins` (by default the cube root of the number that converted) is how many there are in a
    histogram, one more where the longest lies on the edge.
    """
    tally = count_times(
        history,
        pipeline,
        count=count,
        steps=steps,
        window=window,
        entry=entry,
        exclude=exclude,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_time_to_convert(tally, quantiles=quantiles, bins=bins)


def count_times(
    history: History,
    pipeline: Pipeline,
    *,
    count: CountingRule | str,
    steps: Iterable[str] | None = None,
    window: timedelta | None = None,
    entry: EntryRule | str = EntryRule.ANY,
    exclude: Iterable[str] = (),
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
    lenient: bool = False,
) -> Tally[Counting, TimeCounts]:
    """Give the durations and the deals that `measure_time_to_convert` is made of."""
    counting = Counting.of(pipeline, count=count, steps=steps, window=window, entry=entry, exclude=exclude)
    if counting.count not in (CountingRule.ORDERED, CountingRule.STRICT):
        message = f"by {counting.count} no order is asked for, so no time from step to step: count by ordered or strict"
        raise ValueError(message)
    sample = find_sample(
        history,
        pipeline,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        lenient=lenient,
        by=by,
        attribution=attribution,
        cohort=cohort,
    )
    way = Way(counting, pipeline)
    pairs = _pairs(counting.steps)
    groups: dict[str | None, TimeCounts] = {}
    for group, deals in sample.groups.items():
        members: dict[str, Mapping[Cell, int]] = {}
        durations: dict[tuple[str, timedelta], int] = {}
        for trail, standing in deals:
            cells: dict[Cell, int] = {}
            ways = tuple(way.instants(trail.path))
            for name, (start, end) in pairs.items():
                if (duration := _find_duration(ways, start, end)) is not None:
                    cells[name, _CONVERTED] = 1
                    durations[name, duration] = durations.get((name, duration), 0) + 1
                elif any(len(instants) > start for instants in ways):
                    cells[name, str(standing.outcome)] = 1
            members[trail.opportunity_id] = cells
        groups[group] = TimeCounts(CellCounts.of(members), durations)
    return Tally(definition=counting, basis=sample.basis, none=TimeCounts(CellCounts.of({}), {}), groups=groups)


def finish_time_to_convert(
    tally: Tally[Counting, TimeCounts],
    *,
    quantiles: Sequence[float] = (0.9,),
    bins: int | None = None,
) -> Report[ConversionTime]:
    """Give the times of durations. Raises `ValueError` for quantiles outside 0 to 1 and fewer than one bin."""
    if wrong := [share for share in quantiles if not 0 <= share <= 1]:
        message = f"a quantile lies between 0 and 1, not {wrong[0]}"
        raise ValueError(message)
    if bins is not None and bins < 1:
        message = f"a histogram has at least one bin, not {bins}"
        raise ValueError(message)

    def lines(counts: TimeCounts) -> Iterator[ConversionTime]:
        for name in _pairs(tally.definition.steps):
            found = sorted((span, times) for (pair, span), times in counts.durations.items() if pair == name)
            spans = [span for span, times in found for _ in range(times)]
            yield ConversionTime(
                name=name,
                converted=len(spans),
                open=counts.cells.number(name, Outcome.OPEN),
                won=counts.cells.number(name, Outcome.WON),
                lost=counts.cells.number(name, Outcome.LOST),
                abandoned=counts.cells.number(name, Outcome.ABANDONED),
                mean=sum(spans, timedelta()) / len(spans) if spans else None,
                median=find_quantile(spans, 0.5),
                quantiles={f"p{share * 100:g}": find_quantile(spans, share) for share in quantiles},
                bins=make_bins(spans, bins),
            )

    definition = f"days from step to step of the deals that reached both, {tally.definition.text()}"
    return make_report("time_to_convert", definition, tally, lines)


def _pairs(steps: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Give the pairs of steps by name: each with the next, and the first with the last."""
    found = [(index, index + 1) for index, _ in enumerate(pairwise(steps))]
    if len(steps) > 2:
        found.append((0, len(steps) - 1))
    return {f"{steps[start]} to {steps[end]}": (start, end) for start, end in found}


def _find_duration(ways: Iterable[Sequence[datetime]], start: int, end: int) -> timedelta | None:
    whole = [instants for instants in ways if len(instants) > end]
    if not whole:
        return None
    first = min(instants[end] for instants in whole)
    return first - max(instants[start] for instants in whole if instants[end] == first)
