"""The trails of all opportunities as of an instant: the one way from a history to any number."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, tzinfo
from operator import attrgetter
from typing import final

import attrs

from oppcore.errors import Problem, UnreadableChanges
from oppcore.history.fold import fold_placed, places_of
from oppcore.history.history import History
from oppcore.history.row import Row, RowKind
from oppcore.history.trail import Trail
from oppcore.periods import as_instant
from oppcore.pipeline import Pipeline
from oppcore.pipeline.edges import legal_outcomes
from oppcore.spelling import suggest

__all__ = ["Past", "find_gone", "find_left_out", "fold_history"]

_FATAL = ("stage.unknown", "stage.outcome")
_SHOWN = 5
_AT = attrgetter("at")


@final
@attrs.frozen(kw_only=True)
class Past:
    """The trail of every opportunity that has a row up to `as_of`, as it was known on `known_on`.

    `as_of` is None only where there are no rows at all. `left_out` lists the rows that are in no trail.
    """

    as_of: datetime | None
    known_on: datetime | None
    trails: tuple[Trail, ...]
    left_out: tuple[Problem, ...]


def fold_history(
    history: History,
    pipeline: Pipeline,
    *,
    as_of: date | None = None,
    known_on: date | None = None,
    timezone: str | tzinfo | None = None,
    lenient: bool = False,
) -> Past:
    """Give the past as of an instant (inclusive), a date (the end of that day in `timezone`), or the last row.

    `known_on` leaves out what was recorded later. Rows after `as_of` are not looked at: adding any changes nothing.
    Rows of another pipeline and rows of removed deals are left out and listed.

    Raises `UnreadableChanges` for rows in stages that the pipeline does not have, or with an outcome that is impossible
    in their stage, with one problem per stage; `lenient` leaves them out and lists them. Raises `ValueError` for a
    date without a `timezone`.
    """
    known = None if known_on is None else as_instant(known_on, timezone)
    asked = None if as_of is None else as_instant(as_of, timezone)
    kept: list[_Folded] = history.folded[:1]
    if kept and kept[0].answers(pipeline, asked, known):
        folded = kept[0]
    else:
        kept.clear()
        history.folded.clear()  # before the next one is made: one is kept at a time
        folded = _fold(history, pipeline, asked, known)
        history.folded.append(folded)
    left_out = find_left_out(folded.trails, pipeline, seen=folded.seen, lenient=lenient)
    until = None if folded.as_of is None else as_instant(folded.as_of, timezone)
    return Past(as_of=until, known_on=known, trails=folded.trails, left_out=history.left_out + left_out)


@final
@attrs.frozen(kw_only=True)
class _Folded:
    """The trails of a history for a pipeline as of an instant (None: the last row) and as known on another."""

    pipeline: Pipeline
    asked: datetime | None
    known_on: datetime | None
    as_of: datetime | None
    trails: tuple[Trail, ...]
    seen: int

    def answers(self, pipeline: Pipeline, asked: datetime | None, known_on: datetime | None) -> bool:
        return self.pipeline is pipeline and (self.asked, self.known_on) == (asked, known_on)


def _fold(history: History, pipeline: Pipeline, asked: datetime | None, known_on: datetime | None) -> _Folded:
    history = (history if known_on is None else history.known_on(known_on)).corrected()
    until = history.last_at if asked is None else asked
    places = places_of(pipeline)
    trails: list[Trail] = []
    seen = 0
    for _, rows in history:
        if until is not None and rows[-1].at > until:
            rows = rows[: bisect_right(rows, until, key=_AT)]
            if not rows:
                continue
        seen += len(rows)
        trails.append(fold_placed(rows, pipeline.key, places))
    return _Folded(pipeline=pipeline, asked=asked, known_on=known_on, as_of=until, trails=tuple(trails), seen=seen)


def find_left_out(trails: Sequence[Trail], pipeline: Pipeline, *, seen: int, lenient: bool) -> tuple[Problem, ...]:
    """Say what is in no number made of these trails, of `seen` rows in all. Raises as `fold_history` does."""
    gone = find_gone((trail.opportunity_id, trail.removed) for trail in trails)
    problems = (*_problems(trails, pipeline), *gone)
    if not lenient and (fatal := tuple(problem for problem in problems if problem.code in _FATAL)):
        raise UnreadableChanges(fatal, seen)
    return problems


def find_gone(deals: Iterable[tuple[str, RowKind | None]]) -> Iterator[Problem]:
    """Say which deals, by their ids, are in no count because they were removed, or merged into another."""
    found = tuple(deals)
    for code, kind in (("deals.removed", RowKind.REMOVED), ("deals.merged", RowKind.MERGED)):
        ids = sorted(id for id, removed in found if removed is kind)
        if ids:
            more = "" if len(ids) <= _SHOWN else " …"
            yield Problem(code, "", {"count": len(ids), "ids": ", ".join(ids[:_SHOWN]) + more})


def _problems(trails: Sequence[Trail], pipeline: Pipeline) -> Iterator[Problem]:
    """Give one problem per reason and subject, in the order of the codes and subjects."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for trail in trails:
        for code, row in trail.unused:
            found.setdefault(_subject(code, row), []).append(row)
    known = [stage.key for stage in pipeline.stages]
    for (code, subject, outcome), rows in sorted(found.items()):
        path, first = _where(rows)
        params: dict[str, object] = {"rows": len(rows), "first": first}
        match code:
            case "deal.elsewhere":
                params |= {"have": subject, "need": pipeline.key}
            case "stage.unknown":
                params |= {"stage": subject, "have": subject, "suggestion": suggest(subject, known)}
            case "stage.outcome":
                kind = pipeline.stage(subject).kind
                params |= {"stage": subject, "kind": kind, "have": outcome, "need": legal_outcomes(kind)}
            case _:
                pass
        yield Problem(code, path, params)


def _subject(code: str, row: Row) -> tuple[str, str, str]:
    """What is wrong, in which stage or pipeline, and with which outcome."""
    match code:
        case "deal.elsewhere":
            return code, row.pipeline or "", ""
        case "stage.unknown":
            return code, row.stage or "", ""
        case "stage.outcome":
            return code, row.stage or "", row.outcome or ""
        case _:
            return code, "", ""


def _where(rows: Sequence[Row]) -> tuple[str, tuple[int | str, ...]]:
    """Name the first rows by number, or by opportunity where there is no file; in words and as they are."""
    names: list[int | str] = [*sorted(row.number for row in rows if row.number)]
    what = ("row", "rows") if names else ("opportunity", "opportunities")
    names = names or list(dict.fromkeys(row.opportunity_id for row in rows))
    shown = tuple(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{what[len(names) > 1]} {', '.join(map(str, shown))}{more}", shown
