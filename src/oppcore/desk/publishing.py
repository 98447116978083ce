"""Publishing revisions of pipelines, and taking the deals along that cannot stay where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, final

import attrs

from oppcore.desk import requests
from oppcore.desk.loading import type_for
from oppcore.desk.requests import Steps
from oppcore.desk.shell import Shell
from oppcore.engine import Moved, evolve
from oppcore.errors import Problem, RevisionRefused, VersionConflict
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Key, Record
from oppcore.repository.commit import Commit, Guard, Write, revision_id
from oppcore.repository.query import Page, Query

__all__ = ["Published", "publish", "unmet_publication"]

_BATCH = 500  # deals that are looked at, and moved, at once
_NAMED = 20  # deals of one kind that are named; all are counted


@final
@attrs.frozen
class Published:
    """The revision that decides now, and how many deals were taken to another stage for it, in this call."""

    record: Pipeline
    version: int
    moved: int = 0


@final
@attrs.define
class _Obstacles:
    """What is in the way: each problem once, with the number of its deals and the names of some."""

    found: dict[tuple[str, Problem], list[str]] = attrs.Factory(dict[tuple[str, Problem], list[str]])
    counts: dict[tuple[str, Problem], int] = attrs.Factory(dict[tuple[str, Problem], int])

    def add(self, stage: str, problem: Problem, ids: Iterable[str]) -> None:
        """Add deals of which a problem is known; without a stage the problem is one of the revision itself."""
        params = {name: value for name, value in problem.params.items() if name != "count"}  # that of a page
        key = stage, attrs.evolve(problem, params=params)
        named = self.found.setdefault(key, [])
        for id in ids:
            self.counts[key] = self.counts.get(key, 0) + 1
            if len(named) < _NAMED:
                named.append(id)

    def problems(self) -> Iterator[Problem]:
        """Give each problem with how many deals it has."""
        for (stage, problem), ids in self.found.items():
            more = ["…"] if self.counts.get((stage, problem), 0) > len(ids) else []
            about = {"count": self.counts.get((stage, problem)), "record_ids": [*ids, *more]}
            if stage:
                yield Problem("revision.unplaced", stage, {"stage": stage, **about}, (problem,))
            else:
                yield attrs.evolve(problem, params={**problem.params, **about})


# Ask.


def unmet_publication(
    desk: Shell[Any], pipeline: Pipeline, *, mapping: Mapping[str, str] | None = None, at: datetime | None = None
) -> Steps[tuple[Problem, ...]]:
    """Give every reason why the same `publish` would be refused now, but for a revision that is not the next."""
    stored = yield from requests.load(Key("pipeline", pipeline.key, desk.tenant))
    earlier = None if stored is None else stored.record
    if not isinstance(earlier, Pipeline) or earlier == pipeline:
        return ()
    return (yield from _find_problems(desk, earlier, pipeline, _check_mapping(mapping, at), at))


def _check_mapping(mapping: Mapping[str, str] | None, at: datetime | None) -> Mapping[str, str]:
    if mapping and at is None:
        message = "a mapping moves deals: say when, with at="
        raise ValueError(message)
    return dict(mapping or {})


def _find_problems(
    desk: Shell[Any], old: Pipeline, new: Pipeline, mapping: Mapping[str, str], at: datetime | None
) -> Steps[tuple[Problem, ...]]:
    # Loaded with all of the proofs, which nobody needs who publishes nothing new.
    from oppcore.proof.migrating import find_place
    from oppcore.proof.revising import Effect, compare, find_concerned

    obstacles = _Obstacles()
    for difference in compare(old, new):
        if difference.effect is Effect.REFUSED:
            obstacles.add("", difference.problem, ())
    stages = {*find_concerned(old, new), *mapping} if new.kind is old.kind else ()
    cursor: str | None = None
    while stages:
        page = yield from _find_page(desk, new, stages, cursor)
        records = [stored.record for stored in page.items if isinstance(stored.record, type_for(new.kind))]
        for difference in compare(old, new, records):
            if difference.effect is Effect.REFUSED:
                obstacles.add("", difference.problem, difference.record_ids)
        for record in records:
            if record.progress.stage in new:
                for problem in find_place(record, new, mapping, at=at)[1]:
                    obstacles.add(record.progress.stage, problem, [record.id])
        cursor = page.cursor
        if cursor is None:
            break
    return tuple(obstacles.problems())


def _find_page(desk: Shell[Any], pipeline: Pipeline, stages: Iterable[str], cursor: str | None) -> Steps[Page[Any]]:
    query = Query(
        kind=pipeline.kind,
        tenant=desk.tenant,
        pipeline=pipeline.key,
        stages=sorted(stages),
        order="id",
        cursor=cursor,
        limit=_BATCH,
    )
    return requests.find(query)


# Do.


def publish(
    desk: Shell[Any],
    pipeline: Pipeline,
    *,
    mapping: Mapping[str, str] | None = None,
    at: datetime | None = None,
    actor: Actor | None = None,
) -> Steps[Published]:
    """Make this the revision that decides; the same one again changes nothing.

    `mapping` says to which stage the deals of another one go, at the instant `at`; they are moved as `migrate` moves
    them, past every gate, some hundred in a commit. It is asked first whether every deal has a place: if not, nothing
    is done. Then the revision is published, then the deals are moved, also those that came in between. The same call
    again, after an interruption or for deals that are still there, does what is left to do.

    Raises `RevisionRefused`, naming differences that may not be and deals without a place (with `published`, when the
    rest is done and deals that came in between could not be moved), and `VersionConflict` unless it is the next
    revision (the first: 1).
    """
    wanted = _check_mapping(mapping, at)
    key = Key("pipeline", pipeline.key, desk.tenant)
    attempt = 0
    while True:
        stored = yield from requests.load(key)
        earlier = None if stored is None else stored.record
        if earlier == pipeline:
            if wanted:
                yield from requests.ask_to("publish", actor, pipeline)
            break
        found = 0 if stored is None else stored.version
        if found != pipeline.revision - 1:
            raise VersionConflict(key.kind, key.id, pipeline.revision - 1, found)
        writes = [Write(key, found, pipeline)]
        if isinstance(earlier, Pipeline):
            if problems := (yield from _find_problems(desk, earlier, pipeline, wanted, at)):
                raise RevisionRefused(pipeline.key, pipeline.revision, problems)
            writes.append(Write(Key("revision", revision_id(earlier.key, found), desk.tenant), 0, earlier))
        yield from requests.ask_to("publish", actor, pipeline)
        try:
            yield from requests.commit(Commit(tenant=desk.tenant, writes=writes))
        except VersionConflict:  # perhaps somebody published the same: look again
            if attempt >= desk.retries:
                raise
        else:
            break
        yield from requests.pause(attempt)
        attempt += 1
    moved = (yield from _move_deals(desk, pipeline, wanted, at, actor)) if wanted else 0
    return Published(pipeline, pipeline.revision, moved)


def _move_deals(
    desk: Shell[Any], pipeline: Pipeline, mapping: Mapping[str, str], at: datetime | None, actor: Actor | None
) -> Steps[int]:
    """Move what stands in the mapped stages; who comes in later meets the new revision, so that one way through does.

    A page is planned again when somebody else changed one of its deals in between.
    """
    from oppcore.proof.migrating import find_place

    guard = Guard(Key("pipeline", pipeline.key, desk.tenant), pipeline.revision)
    cursor, attempt, moved, obstacles = None, 0, 0, _Obstacles()
    while True:
        page = yield from _find_page(desk, pipeline, mapping, cursor)
        writes: list[Write] = []
        stuck: list[tuple[Record, Problem]] = []
        for stored in page.items:
            record: Record = stored.record
            changes, problems = find_place(record, pipeline, mapping, at=at, actor=actor)
            stuck += [(record, problem) for problem in problems]
            if changes:
                writes.append(_write(stored.key, record, changes))
        try:
            if writes:
                yield from requests.commit(Commit(tenant=desk.tenant, writes=writes, guards=[guard]))
        except VersionConflict as conflict:
            if conflict.kind == "pipeline" or attempt >= desk.retries:
                raise
            yield from requests.pause(attempt)
            attempt += 1
            continue
        for record, problem in stuck:
            obstacles.add(record.progress.stage, problem, [record.id])
        cursor, attempt, moved = page.cursor, 0, moved + len(writes)
        if cursor is None:
            break
    if problems := tuple(obstacles.problems()):
        raise RevisionRefused(pipeline.key, pipeline.revision, problems, published=True)
    return moved


def _write(key: Key, record: Record, changes: tuple[Moved, ...]) -> Write:
    return Write(key, record.progress.version, evolve(record, *changes), changes)
