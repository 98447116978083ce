"""The deals behind a number: those that exist as of an instant, are in the cohort, and how they are grouped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime, tzinfo
from operator import attrgetter
from typing import Any, final

import attrs

from oppcore.errors import Problem
from oppcore.funnel.cohort import WON, Cohort
from oppcore.funnel.terms import check_column
from oppcore.history import History, Standing, Trail, fold_history, fold_rows
from oppcore.periods import as_of_text
from oppcore.pipeline import Pipeline

__all__ = ["FIRST", "LAST", "Basis", "Sample", "find_sample"]

FIRST, LAST = "first", "last"
_AT = attrgetter("at")


@final
@attrs.frozen(kw_only=True)
class Basis:
    """What numbers rest on: as of when, as known when, of which cohort, grouped by what, and without what.

    `attribution` says which value of the column counts: the `last` said, the `first` (when the deal was created), or
    the one that held when the step of this name was first entered.
    """

    as_of: datetime | None
    known_on: datetime | None
    by: str | None = None
    attribution: str = LAST
    cohort: Cohort | None = None
    zone: str | None = None
    left_out: tuple[Problem, ...] = attrs.field(default=(), eq=False)

    def detail(self) -> dict[str, Any]:
        """Give the instants, and the cohort where there is one, as plain data."""
        found: dict[str, Any] = {
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "known_on": None if self.known_on is None else self.known_on.isoformat(),
        }
        if self.cohort is not None:
            period = self.cohort.period
            found["cohort"] = {
                "start": period.start.isoformat(),
                "end": period.end.isoformat(),
                "entered": self.cohort.entered,
                "timezone": self.zone,
            }
        return found

    def text(self) -> str:
        """Say the same for a title."""
        said = as_of_text(self.as_of, self.known_on)
        return said if self.cohort is None else f"{said}, {self.cohort}"


@final
@attrs.frozen
class Sample:
    """Trails of deals that exist, with where they stand, by group (one group, None, where nothing is grouped)."""

    basis: Basis
    groups: Mapping[str | None, tuple[tuple[Trail, Standing], ...]] = attrs.field(hash=False)


def find_sample(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None,
    known_on: date | None,
    timezone: str | tzinfo | None,
    lenient: bool,
    by: str | None = None,
    attribution: str = LAST,
    cohort: Cohort | None = None,
) -> Sample:
    """Give the deals that a measure counts. Raises as `fold_history` does; `ValueError` for unknown names."""
    if by is not None:
        check_column(by, history)
    _check_attribution(attribution, by, pipeline)
    start = end = None
    if cohort is not None:
        cohort.check(pipeline)
        start, end = cohort.instants(timezone)
    past = fold_history(history, pipeline, as_of=as_of, known_on=known_on, timezone=timezone, lenient=lenient)
    groups: dict[str | None, list[tuple[Trail, Standing]]] = {}
    values = _Values(history, pipeline, past.known_on, by, attribution)
    for trail in past.trails:
        standing = trail.standing
        if standing is None:
            continue
        if cohort is not None and start is not None and end is not None:
            began_at = cohort.began_at(trail, pipeline)
            if began_at is None or not start <= began_at < end:
                continue
        groups.setdefault(values.of(trail, standing), []).append((trail, standing))
    basis = Basis(
        as_of=past.as_of,
        known_on=past.known_on,
        by=by,
        attribution=attribution,
        cohort=cohort,
        zone=None if cohort is None else str(timezone),
        left_out=past.left_out,
    )
    return Sample(basis, {group: tuple(found) for group, found in groups.items()})


class _Values:
    """The value by which each deal is grouped."""

    def __init__(
        self, history: History, pipeline: Pipeline, known_on: datetime | None, by: str | None, attribution: str
    ) -> None:
        self._by = by
        self._attribution = attribution
        self._pipeline = pipeline
        if by is not None and attribution != LAST:
            history = history if known_on is None else history.known_on(known_on)
            self._history = history.corrected()

    def of(self, trail: Trail, standing: Standing) -> str | None:
        if self._by is None:
            return None
        if self._attribution == LAST:
            return standing.column(self._by)
        at = next(self._instants(trail, standing), None)
        if at is None:
            return None
        rows = self._history.of(trail.opportunity_id)
        then = fold_rows(rows[: bisect_right(rows, at, key=_AT)], self._pipeline).standing
        return None if then is None else then.column(self._by)

    def _instants(self, trail: Trail, standing: Standing) -> Iterator[datetime]:
        if self._attribution == FIRST:
            return iter((standing.opened_at,))
        wanted = self._attribution if self._attribution in self._pipeline else None
        return (at for stage, at in trail.path if stage == wanted)


def _check_attribution(attribution: str, by: str | None, pipeline: Pipeline) -> None:
    known = [FIRST, LAST, *(stage.key for stage in pipeline.open_stages), WON]
    if attribution not in known:
        message = f"{attribution!r} says of no value when it held; there are: {', '.join(known)}"
        raise ValueError(message)
    if attribution != LAST and by is None:
        message = f"attribution {attribution!r} says which value of a column counts: name the column with by="
        raise ValueError(message)
