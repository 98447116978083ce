"""What oppcore promises of every change, looked at from outside: none of it is taken from the engine's word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oppcore.codec import decode, encode
from oppcore.criteria import Situation
from oppcore.engine import Amended, Change, Moved, Opened, Requested, Signed, replay
from oppcore.engine.changes import Origination
from oppcore.errors import OppcoreError, Problem
from oppcore.pipeline import Pipeline, Rule
from oppcore.pipeline.edges import find_edge, find_state_problem, open_edge
from oppcore.pipeline.rules import stay_rules
from oppcore.records import Outcome, Record
from oppcore.testing.deciding import Deed

__all__ = ["find_broken_laws"]


def find_broken_laws(pipeline: Pipeline, past: Sequence[Change], deed: Deed, record: Record) -> Iterator[Problem]:
    """Give the laws that a change breaks; `past` comes before it, `record` is what it makes."""
    change = deed.change
    if change.stamp.version != len(past) + 1 or record.progress.version != change.stamp.version:
        yield Problem("law.version")
    yield from _replayed((*past, change), record)
    yield from _timely(past, change)
    if find_state_problem(pipeline, record.progress.state) is not None:
        yield Problem("law.state")
    if (record.progress.closed_at is None) is not (record.progress.outcome is Outcome.OPEN):
        yield Problem("law.closed")
    if change.stamp.waiver is None:
        yield from _gated(pipeline, deed)
        yield from _kept(pipeline, deed, record)


def _replayed(changes: Sequence[Change], record: Record) -> Iterator[Problem]:
    try:
        if replay(changes, of=type(record)) != record:
            yield Problem("law.replay")
    except (OppcoreError, TypeError, ValueError):
        yield Problem("law.replay")
    if decode(encode(changes[-1])) != changes[-1]:
        yield Problem("law.saved")


def _timely(past: Sequence[Change], change: Change) -> Iterator[Problem]:
    stamp, last = change.stamp, past[-1].stamp if past else change.stamp
    if not (last.at <= stamp.at <= stamp.recorded_at and last.recorded_at <= stamp.recorded_at):
        yield Problem("law.times")


def _gated(pipeline: Pipeline, deed: Deed) -> Iterator[Problem]:
    """Say that a record came to a state whose gate was not true of it."""
    gate: tuple[Rule, ...] = ()
    match deed.change:
        case Opened(stamp=stamp, record=opened) if stamp.origin is Origination.LIVE:
            gate = open_edge(pipeline, opened.progress.stage).gate
        case Moved(source=source, target=target):
            edge = find_edge(pipeline, source, target)
            if edge is None:
                yield Problem("law.edge")
            else:
                gate = edge.gate
        case _:
            pass
    for rule in gate:
        if rule.criterion.judge(deed.decided) is not True:
            yield Problem("law.gate", "", {"rule": rule.id})


def _kept(pipeline: Pipeline, deed: Deed, record: Record) -> Iterator[Problem]:
    """Say that something was true, had to stay true, and no longer is."""
    before = deed.decided.record
    if not isinstance(deed.change, (Amended, Requested, Signed)) or not isinstance(before, type(record)):
        return
    stage = pipeline.stage(before.progress.stage)
    if stage.kind.outcome is not before.progress.outcome:
        return
    after = Situation(record=record, at=deed.decided.at, personal=pipeline.personal)
    for rule in stay_rules(stage):
        if rule.criterion.judge(deed.decided) is True and rule.criterion.judge(after) is not True:
            yield Problem("law.stay", "", {"rule": rule.id})
