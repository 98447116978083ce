"""How likely deals in a stage are to be won, as history has it: of all deals, and of segments within segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.forecast.estimates.closed_counts import ClosedCount, Group, count_closed
from oppcore.funnel import EstimatedShare
from oppcore.funnel.terms import check_column
from oppcore.history import History, Standing, fold_history
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline
from oppcore.records import Outcome
from oppcore.stats.shrinkage import ShrunkShare, shrink_groups
from oppcore.stats.violators import pool_violators
from oppcore.table import Table

__all__ = ["StageProbabilities", "StageProbability", "estimate_stage_probabilities"]


@final
@attrs.frozen(kw_only=True)
class StageProbability:
    """The deals of a group that visited a stage and are closed, and how likely the next of them is to be won.

    `weight` is what they count for: their number, or less where older ones count for less. `share` is None, and so is
    the estimate, where too few deals of all groups together have closed.
    """

    stage: str
    group: Group
    won: int
    closed: int
    weight: float
    share: ShrunkShare | None
    probability: EstimatedShare


@final
@attrs.frozen(kw_only=True)
class StageProbabilities:
    """A row per open stage and group, all deals first: what history says of the next deal in the stage.

    Calling it with where a deal stands gives the probability that it is won, None where history is too short: it can
    weigh a forecast. `intervals` hold with the confidence, given the prior.
    """

    as_of: datetime | None
    known_on: datetime | None
    by: tuple[str, ...]
    min_deals: int
    half_life: timedelta | None
    monotone: bool
    confidence: float
    rows: tuple[StageProbability, ...]
    left_out: tuple[Problem, ...] = ()
    _rows: Mapping[tuple[str, Group], StageProbability] = attrs.field(
        init=False,
        eq=False,
        repr=False,
        default=attrs.Factory(lambda self: {(row.stage, row.group): row for row in self.rows}, takes_self=True),
    )

    @property
    def assumes(self) -> str:
        """What must be true for the numbers to be right."""
        return "deals that are open end as those that have closed; groups are drawn from one spread of groups"

    def row(self, stage: str, *group: str | None) -> StageProbability:
        """Give the row of a stage and a group, or of the smallest group around it that history knows.

        Raises `KeyError` for what is no open stage.
        """
        while group and (stage, group) not in self._rows:
            group = group[:-1]
        return self._rows[stage, group]

    def __call__(self, standing: Standing) -> float | None:
        """Give the probability that a deal is won: 1 or 0 where it is closed, None where history is too short."""
        if standing.outcome is not Outcome.OPEN:
            return float(standing.outcome is Outcome.WON)
        return self.row(standing.state.stage, *map(standing.column, self.by)).probability.value

    def as_records(self) -> list[dict[str, Any]]:
        """Give one dict per row; the columns grouped by are None in rows of what is around a group."""
        return [
            {
                "stage": row.stage,
                **dict.fromkeys(self.by),
                **dict(zip(self.by, row.group, strict=False)),
                "columns": len(row.group),
                "won": row.won,
                "closed": row.closed,
                "weight": row.weight,
                "raw": None if row.share is None else row.share.raw,
                "probability": row.probability.value,
                "low": row.probability.low,
                "high": row.probability.high,
                "prior": None if row.share is None else str(row.share.basis),
            }
            for row in self.rows
        ]

    def detail(self) -> dict[str, Any]:
        """Give the estimates as plain data, ready for JSON."""
        return {
            "measure": "stage_probabilities",
            "definition": _DEFINITION,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
            "columns": list(self.by),
            "min_deals": self.min_deals,
            "half_life_days": None if self.half_life is None else self.half_life / _DAY,
            "monotone": self.monotone,
            "confidence": self.confidence,
            "assumes": self.assumes,
            "rows": self.as_records(),
            "left_out": [problem.detail() for problem in self.left_out],
        }

    def table(self) -> Table:
        """Give the estimates for eyes: a line per stage and group."""
        notes = [_DEFINITION, f"intervals hold with {self.confidence:.0%} confidence"]
        if self.half_life is not None:
            notes.append(f"deals count half after {self.half_life / _DAY:g} days")
        if self.monotone:
            notes.append("no stage is below an earlier one")
        lines = [
            [
                row.stage,
                *(row.group[place] if place < len(row.group) else "(all)" for place in range(len(self.by))),
                row.won,
                row.closed,
                None if row.share is None or row.share.raw is None else f"{row.share.raw:.1%}",
                row.probability,
            ]
            for row in self.rows
        ]
        return Table(
            columns=["stage", *self.by, "won", "closed", "raw", "probability"],
            rows=lines,
            title=f"Stage probabilities {as_of_text(self.as_of, self.known_on)}",
            notes=tuple(notes),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().html()


def estimate_stage_probabilities(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    by: str | Sequence[str] = (),
    min_deals: int = 10,
    half_life: timedelta | None = None,
    monotone: bool = False,
    confidence: float = 0.95,
    lenient: bool = False,
) -> StageProbabilities:
    """Give how likely a deal in each open stage is to be won, from the closed deals that visited the stage.

    A deal counts once per stage, with the outcome it has; abandoned deals were not won. `by` names columns, each a
    segment within the one before: a group with few deals leans on the group around it (`shrink_groups`), one without
    any has its share. Stages with fewer than `min_deals` closed deals have no estimate and are in `left_out`: nothing
    is invented. With `half_life` a deal counts half for each such time since it closed; with `monotone` no stage is
    estimated below an earlier one.

    Raises `ValueError` for unknown columns, and a half-life that is not above 0; `UnreadableChanges` for rows in stages
    that the pipeline does not have, unless `lenient`.
    """
    columns = (by,) if isinstance(by, str) else tuple(by)
    for column in columns:
        check_column(column, history)
    if half_life is not None and half_life <= timedelta(0):
        message = f"a half-life is longer than nothing, not {half_life}"
        raise ValueError(message)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    stages = tuple(stage.key for stage in pipeline.open_stages)
    counts = count_closed(past.trails, stages, columns, past.as_of, half_life)
    rows: list[StageProbability] = []
    for stage in stages:
        rows += _rows_of(stage, counts[stage], min_deals=min_deals, confidence=confidence)
    short = [row for row in rows if row.group == () and row.share is None]
    problems = (
        Problem("history.short", f"stage {row.stage}", {"have": row.closed, "need": min_deals}) for row in short
    )
    return StageProbabilities(
        as_of=past.as_of,
        known_on=past.known_on,
        by=columns,
        min_deals=min_deals,
        half_life=half_life,
        monotone=monotone,
        confidence=confidence,
        rows=tuple(_rising(rows) if monotone else rows),
        left_out=(*past.left_out, *problems),
    )


_DAY = timedelta(days=1)
_DEFINITION = "won / (won + lost + abandoned) of the closed deals that visited the stage, small groups shrunk"


def _rows_of(
    stage: str, counts: Mapping[Group, ClosedCount], *, min_deals: int, confidence: float
) -> list[StageProbability]:
    depth = max(map(len, counts), default=0)
    numbers: dict[Group, list[ClosedCount]] = {}
    for group, count in counts.items():
        for place in range(depth + 1):
            numbers.setdefault(group[:place], []).append(count)
    everything = numbers.setdefault((), [])
    enough = sum(count.closed for count in everything) >= min_deals
    weighted = {group: (min(count.won_weight, count.weight), count.weight) for group, count in counts.items()}
    shares: Mapping[Group, ShrunkShare] = shrink_groups(weighted) if enough else {}
    return [
        StageProbability(
            stage=stage,
            group=group,
            won=sum(count.won for count in some),
            closed=sum(count.closed for count in some),
            weight=sum(count.weight for count in some),
            share=share,
            probability=_estimate(share, confidence),
        )
        for group, some in sorted(numbers.items(), key=_group_order)
        for share in [shares.get(group)]
    ]


def _group_order(item: tuple[Group, list[ClosedCount]]) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in item[0])


def _estimate(share: ShrunkShare | None, confidence: float) -> EstimatedShare:
    return (
        EstimatedShare(None, None, None) if share is None else EstimatedShare(share.value, *share.interval(confidence))
    )


def _rising(rows: Sequence[StageProbability]) -> list[StageProbability]:
    """Give the rows with estimates, and limits, that do not fall from stage to stage, group by group."""
    changed: dict[tuple[str, Group], EstimatedShare] = {}
    for group in {row.group for row in rows}:
        path = [(row, row.share) for row in rows if row.group == group and row.share is not None]
        weights = [share.a + share.b for _, share in path]
        found = [
            pool_violators([getattr(row.probability, name) for row, _ in path], weights)
            for name in ("value", "low", "high")
        ]
        for (row, _), *estimate in zip(path, *found, strict=True):
            changed[row.stage, group] = EstimatedShare(*estimate)
    return [attrs.evolve(row, probability=changed.get((row.stage, row.group), row.probability)) for row in rows]
