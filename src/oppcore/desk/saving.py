"""What comes to the desk decided already: changes decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from oppcore.codec import encode
from oppcore.desk import requests
from oppcore.desk.digest import digest_of
from oppcore.desk.loading import get_pipeline, get_record, type_for
from oppcore.desk.requests import Saved, Steps
from oppcore.desk.shell import Shell
from oppcore.engine import Change, evolve, replay
from oppcore.errors import VersionConflict
from oppcore.records import Actor, Key, Record
from oppcore.repository.commit import Commit, Guard, Write

__all__ = ["save"]

_BATCH = 500  # records that are saved in one commit


def save(
    desk: Shell[Any],
    histories: Iterable[Iterable[Change]],
    *,
    actor: Actor | None = None,
    command_id: str | None = None,
) -> Steps[Saved]:
    """Save changes that are decided already, such as those of `adopt_history`: for each record its next changes.

    Some hundred records go into each commit. Whoever was interrupted gives the same `command_id` and the same
    changes again: what was saved is not saved twice. Raises `VersionConflict` when changes do not follow what is
    there, or were decided under another revision than the newest.
    """
    rest = filter(None, map(tuple, histories))
    records = changes = 0
    for number, batch in enumerate(iter(lambda: list(islice(rest, _BATCH)), [])):
        yield from _save(desk, batch, actor, None if command_id is None else f"{command_id}/{number}")
        records += len(batch)
        changes += sum(map(len, batch))
    return Saved(records, changes)


def _save(
    desk: Shell[Any], batch: Sequence[Sequence[Change]], actor: Actor | None, command_id: str | None
) -> Steps[None]:
    digest = None
    if command_id is not None:
        digest = digest_of([[encode(change) for change in history] for history in batch])
        if (yield from desk.recall(command_id, digest)) is not None:
            return
    writes: list[Write] = []
    for history in batch:
        first = history[0].stamp
        key, expected = Key(first.kind, first.record_id, desk.tenant), first.version - 1
        of = type_for(first.kind)
        earlier: Any = (yield from get_record(desk.tenant, key.id, of)) if expected else None
        record: Record = replay(history, of=of) if earlier is None else evolve(earlier, *history)
        yield from requests.ask_to("save", actor, record)
        writes.append(Write(key, expected, record, tuple(history)))
    guards: list[Guard] = []
    for name, revision in dict.fromkeys((one.stamp.pipeline, one.stamp.revision) for one in _flat(batch)):
        newest = yield from get_pipeline(desk.tenant, name)
        if newest.revision != revision:  # a store would find only the last of several
            raise VersionConflict("pipeline", name, revision, newest.revision)
        guards.append(Guard(Key("pipeline", name, desk.tenant), revision))
    commit = Commit(
        tenant=desk.tenant, writes=tuple(writes), guards=tuple(guards), command_id=command_id, digest=digest
    )
    yield from requests.commit(commit)


def _flat(batch: Sequence[Sequence[Change]]) -> Iterable[Change]:
    for history in batch:
        yield from history
