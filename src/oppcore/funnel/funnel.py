"""The funnel: how many deals reached each step, and the share that went on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.cohort import Cohort
from oppcore.funnel.counting import Counting, CountingRule, EntryRule
from oppcore.funnel.sample import LAST
from oppcore.funnel.steps import StepCounts, count_steps
from oppcore.funnel.tally import Tally, sorted_groups
from oppcore.history import History
from oppcore.pipeline import Pipeline
from oppcore.stats import Ratio, make_ratio
from oppcore.table import Table

__all__ = ["Funnel", "FunnelGroup", "FunnelStep", "finish_funnel", "measure_funnel"]


@final
@attrs.frozen
class FunnelStep:
    """A step: the deals counted in it, over those of the step before (`step`) and over those of the first.

    The `step` ratio of the first step is over all deals that exist.
    """

    name: str
    count: int
    step: Ratio
    cumulative: Ratio

    def detail(self) -> dict[str, Any]:
        """Give the step as plain data, ready for JSON."""
        return {
            "name": self.name,
            "count": self.count,
            "step": self.step.detail(),
            "cumulative": self.cumulative.detail(),
        }


@final
@attrs.frozen(kw_only=True)
class FunnelGroup:
    """The funnel of the deals with one value in the column grouped by; None where nothing was said."""

    by: str | None
    deals: int
    steps: tuple[FunnelStep, ...]


@final
@attrs.frozen(kw_only=True)
class Funnel:
    """The deals that reached each step as of an instant, by a named counting rule.

    `deals` is the number of deals that exist, `no_longer_won` that of deals counted as won which are not won any more
    (reopened or overturned). `groups` is empty where nothing is grouped.
    """

    count: CountingRule
    as_of: datetime | None
    known_on: datetime | None
    confidence: float
    deals: int
    steps: tuple[FunnelStep, ...]
    no_longer_won: int
    by: str | None = None
    groups: tuple[FunnelGroup, ...] = ()
    left_out: tuple[Problem, ...] = ()
    tally: Tally[Counting, StepCounts] = attrs.field(repr=False)

    def step(self, name: str) -> FunnelStep:
        """Give a step by name. Raises `KeyError` where there is none."""
        return self.steps[self._position(name)]

    def ids(self, name: str) -> tuple[str, ...]:
        """Give the ids of the deals counted in a step. Raises `KeyError` where there is none."""
        bit = 1 << self._position(name)
        members = self.tally.total.members or {}
        return tuple(key for key, mask in members.items() if mask & bit)

    def _position(self, name: str) -> int:
        names = [step.name for step in self.steps]
        if name not in names:
            raise KeyError(name)
        return names.index(name)

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per step, or per group and step; ratios as numbers."""
        if self.by is None:
            return [_record(step) for step in self.steps]
        return [{self.by: group.by, **_record(step)} for group in self.groups for step in group.steps]

    def detail(self) -> dict[str, Any]:
        """Give the funnel as plain data, ready for JSON."""
        found: dict[str, Any] = {
            "measure": "funnel",
            **self.tally.definition.detail(),
            **self.tally.basis.detail(),
            "confidence": self.confidence,
            "deals": self.deals,
            "steps": [step.detail() for step in self.steps],
            "no_longer_won": self.no_longer_won,
        }
        if self.by is not None:
            found["column"] = self.by
            found["attribution"] = self.tally.basis.attribution
            found["groups"] = [
                {"by": group.by, "deals": group.deals, "steps": [step.detail() for step in group.steps]}
                for group in self.groups
            ]
        found["left_out"] = [problem.detail() for problem in self.left_out]
        return found

    def table(self) -> Table:
        """Give the funnel for eyes: a line per step, or per group and step."""
        columns = ["step", "deals", "of the step before", "of the first step"]
        rows: list[list[Any]] = [_line(step) for step in self.steps]
        if self.by is not None:
            columns = [self.by, *columns]
            rows = [[group.by, *_line(step)] for group in self.groups for step in group.steps]
        notes = [f"{_deals(self.deals)}; intervals hold with {self.confidence:.0%} confidence"]
        if self.tally.basis.attribution != LAST:
            notes.append(f"{self.by} is the one of {self.tally.basis.attribution}")
        if self.no_longer_won:
            notes.append(f"{self.no_longer_won:,} of the deals counted as won are no longer won")
        if any(not ratio.nested for step in self.steps for ratio in (step.step, step.cumulative)):
            notes.append("not nested: some deals were not in the step they are divided by, so this is no share")
        title = f"Funnel {self.tally.basis.text()}, {self.tally.definition.text()}"
        return Table(columns=columns, rows=rows, title=title, notes=tuple(notes), left_out=self.left_out)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def measure_funnel(
    history: History,
    pipeline: Pipeline,
    *,
    count: CountingRule | str,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | None = None,
    attribution: str = LAST,
    steps: Iterable[str] | None = None,
    window: timedelta | None = None,
    entry: EntryRule | str = EntryRule.ANY,
    exclude: Iterable[str] = (),
    cohort: Cohort | None = None,
    confidence: float | Decimal = 0.95,
    lenient: bool = False,
) -> Funnel:
    """Give the number of deals that reached each step, and the shares that went on, with Wilson intervals.

    The steps are the open stages in order, then the outcome `won` (by `unordered`: so many of them); `steps` picks and
    orders open stages (`won`, or a won stage, may end it and is added where it does not). `count` is the counting rule
    (see `CountingRule`): there is no default, because the rules give different numbers for the same deals. `as_of` and
    `known_on` are instants (inclusive), dates (the end of that day in `timezone`) or None.

    `by` groups by a column: by the value said last or, with `attribution`, the `first`, or the one that held when the
    step of this name was entered. `cohort` picks the deals that began in a period of days in `timezone`. `window`
    (rolling, included) and stages to `exclude` end the way that a deal makes through the steps, and `entry` says which
    entries into the first step may begin one (see `Counting`).

    The first step is divided by all deals that exist. A ratio over 1 is reported as it is; a ratio whose deals are not
    all among those it is divided by has no interval. Removed and merged deals do not exist.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, unless `lenient`; `ValueError` for
    unknown rules, steps, stages and columns, and a window that is not longer than nothing.
    """
    tally = count_steps(
        history,
        pipeline,
        count=count,
        as_of=as_of,
        known_on=known_on,
        timezone=timezone,
        by=by,
        attribution=attribution,
        steps=steps,
        window=window,
        entry=entry,
        exclude=exclude,
        cohort=cohort,
        lenient=lenient,
    )
    return finish_funnel(tally, confidence=confidence)


def finish_funnel(tally: Tally[Counting, StepCounts], *, confidence: float | Decimal = 0.95) -> Funnel:
    """Give the funnel of counts: every division is done here, whoever counted."""
    level = float(confidence)
    total, steps, basis = tally.total, tally.definition.names, tally.basis
    groups = [
        FunnelGroup(by=value, deals=counts.deals, steps=_steps(steps, counts, level))
        for value, counts in sorted_groups(tally)
    ]
    return Funnel(
        count=tally.definition.count,
        as_of=basis.as_of,
        known_on=basis.known_on,
        confidence=level,
        deals=total.deals,
        steps=_steps(steps, total, level),
        no_longer_won=total.no_longer_won,
        by=basis.by,
        groups=tuple(groups),
        left_out=basis.left_out,
        tally=tally,
    )


def _steps(names: Sequence[str], counts: StepCounts, confidence: float) -> tuple[FunnelStep, ...]:
    found: list[FunnelStep] = []
    for index, (name, count) in enumerate(zip(names, counts.reached, strict=True)):
        if index == 0:
            step = make_ratio(count, counts.deals, confidence=confidence)
        else:
            nested = counts.with_previous[index] == count
            step = make_ratio(count, counts.reached[index - 1], nested=nested, confidence=confidence)
        nested = counts.with_first[index] == count
        cumulative = make_ratio(count, counts.reached[0], nested=nested, confidence=confidence)
        found.append(FunnelStep(name, count, step, cumulative))
    return tuple(found)


def _deals(number: int) -> str:
    return "1 deal exists" if number == 1 else f"{number:,} deals exist"


def _record(step: FunnelStep) -> dict[str, Any]:
    record: dict[str, Any] = {"step": step.name, "count": step.count}
    for name, ratio in (("step", step.step), ("cumulative", step.cumulative)):
        record |= {f"{name}_{part}": value for part, value in ratio.detail().items()}
    return record


def _line(step: FunnelStep) -> list[Any]:
    return [step.name, step.count, step.step, step.cumulative]
