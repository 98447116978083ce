"""What every command does around the engine: recall, load, decide, ask, commit; and again after a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Generic, TypeAlias, TypeVar, final

import attrs

from oppcore.codec import encode
from oppcore.desk import requests
from oppcore.desk.digest import digest_of
from oppcore.desk.questions import get_history, get_pipeline, get_record, kind_for, type_for
from oppcore.desk.requests import Receipt, Saved, Steps
from oppcore.engine import Change, Converted, Opened, evolve, replay
from oppcore.errors import CommandMismatch, OppcoreError, VersionConflict
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Key, Lead, Record
from oppcore.repository.protocol import Commit, Committed, Guard, Write

__all__ = ["Command", "Decide", "Shell"]

_BATCH = 500  # records that are saved in one commit

R = TypeVar("R", bound=Record)

Decide: TypeAlias = Callable[[Pipeline, R], Sequence[Change]]
"""What the engine says to a loaded record: its changes, or a refusal that is raised."""


@final
@attrs.frozen(kw_only=True)
class Command:
    """Who wants what done to which record. `asked` is what makes it this command when its id comes a second time."""

    action: str
    id: str
    actor: Actor | None = None
    command_id: str | None = None
    asked: object = None

    def digest(self, kind: str) -> str | None:
        """Give the digest of what is asked of a kind of record; who asks is part of it, when and on which facts not."""
        if self.command_id is None:
            return None
        return digest_of(kind, self.action, self.id, None if self.actor is None else self.actor.id, self.asked)


@final
@attrs.frozen
class _Proposal(Generic[R]):
    """What a command wants to be committed, and what it says once it is."""

    receipt: Receipt[R]
    writes: tuple[Write, ...]
    pipelines: tuple[Pipeline, ...]


@final
@attrs.frozen
class Shell(Generic[R]):
    """How commands of one tenant on one kind of record are carried out."""

    tenant: str
    of: type[R]
    retries: int = attrs.field(validator=attrs.validators.ge(0))

    def publish(self, pipeline: Pipeline, *, actor: Actor | None) -> Steps[Receipt[Pipeline]]:
        """Make a pipeline the one that decides. Raises `VersionConflict` unless it is the next revision."""
        key = Key("pipeline", pipeline.key, self.tenant)
        write = Write(key, pipeline.revision - 1, pipeline)
        attempt = 0
        while True:
            stored = yield from requests.load(key)
            if stored is not None and stored.record == pipeline:
                return Receipt(pipeline, pipeline.revision)
            found = 0 if stored is None else stored.version
            if found != write.expected:
                raise VersionConflict(key.kind, key.id, write.expected, found)
            yield from requests.ask_to("publish", actor, pipeline)
            try:
                yield from requests.commit(Commit(tenant=self.tenant, writes=(write,)))
            except VersionConflict:  # perhaps somebody published the same: look again
                if attempt >= self.retries:
                    raise
            else:
                return Receipt(pipeline, pipeline.revision)
            yield from requests.pause(attempt)
            attempt += 1

    def create(
        self, command: Command, pipeline_key: str, decide: Callable[[Pipeline], Sequence[Change]]
    ) -> Steps[Receipt[R]]:
        """Bring a record into being. Raises `NotFound` for the pipeline, `VersionConflict` when the record exists."""

        def propose() -> Steps[_Proposal[R]]:
            pipeline = yield from get_pipeline(self.tenant, pipeline_key)
            yield from self._expect_nothing(self._key(command.id))
            changes = tuple(decide(pipeline))
            record = replay(changes, of=self.of)
            yield from requests.ask_to(command.action, command.actor, record)
            return self._proposal(pipeline, 0, record, changes)

        return self._carry_out(command, propose)

    def change(self, command: Command, decide: Decide[R], *, expected_version: int | None) -> Steps[Receipt[R]]:
        """Change a record. Raises `NotFound`, and `VersionConflict` when it is not at the expected version."""

        def propose() -> Steps[_Proposal[R]]:
            record, pipeline = yield from self._load(command, expected_version)
            changes = tuple(decide(pipeline, record))
            return self._proposal(pipeline, record.progress.version, evolve(record, *changes), changes)

        return self._carry_out(command, propose)

    def convert(
        self: Shell[Lead],
        command: Command,
        into: str,
        opportunity_id: str,
        decide: Callable[[Pipeline, Lead, Pipeline], tuple[Converted, Opened]],
        *,
        expected_version: int | None,
    ) -> Steps[Receipt[Lead]]:
        """Turn a lead into a deal of another pipeline, both in one commit. Raises what `change` and `create` raise."""

        def propose() -> Steps[_Proposal[Lead]]:
            lead, pipeline = yield from self._load(command, expected_version)
            target = yield from get_pipeline(self.tenant, into)
            key = Key("opportunity", opportunity_id, self.tenant)
            yield from self._expect_nothing(key)
            converted, opened = decide(pipeline, lead, target)
            yield from requests.ask_to("open", command.actor, opened.record)
            found = self._proposal(pipeline, lead.progress.version, evolve(lead, converted), (converted,))
            writes = (*found.writes, Write(key, 0, opened.record, (opened,)))
            return _Proposal(found.receipt, writes, (pipeline, target))

        return self._carry_out(command, propose)

    def _load(self, command: Command, expected_version: int | None) -> Steps[tuple[R, Pipeline]]:
        record = yield from get_record(self.tenant, command.id, self.of)
        version = record.progress.version
        if expected_version is not None and version != expected_version:
            raise VersionConflict(kind_for(self.of), command.id, expected_version, version)
        pipeline = yield from get_pipeline(self.tenant, record.progress.pipeline)
        yield from requests.ask_to(command.action, command.actor, record)
        return record, pipeline

    def _expect_nothing(self, key: Key) -> Steps[None]:
        stored = yield from requests.load(key)
        if stored is not None:
            raise VersionConflict(key.kind, key.id, 0, stored.version)

    def save(
        self, histories: Iterable[Iterable[Change]], *, actor: Actor | None, command_id: str | None
    ) -> Steps[Saved]:
        """Save changes that were decided elsewhere, some hundred records in each commit."""
        rest = filter(None, map(tuple, histories))
        records = changes = 0
        for number, batch in enumerate(iter(lambda: list(islice(rest, _BATCH)), [])):
            yield from self._save(batch, number, actor, command_id)
            records += len(batch)
            changes += sum(map(len, batch))
        return Saved(records, changes)

    def _save(
        self, batch: Sequence[Sequence[Change]], number: int, actor: Actor | None, command_id: str | None
    ) -> Steps[None]:
        digest = None
        if command_id is not None:
            command_id = f"{command_id}/{number}"
            digest = digest_of([[encode(change) for change in history] for history in batch])
            if (yield from self._recall(command_id, digest)) is not None:
                return
        writes: list[Write] = []
        revisions: dict[str, int] = {}
        for history in batch:
            first, last = history[0].stamp, history[-1].stamp
            key, expected = Key(first.kind, first.record_id, self.tenant), first.version - 1
            of = type_for(first.kind)
            earlier: Any = (yield from get_record(self.tenant, key.id, of)) if expected else None
            record: Record = replay(history, of=of) if earlier is None else evolve(earlier, *history)
            yield from requests.ask_to("save", actor, record)
            writes.append(Write(key, expected, record, tuple(history)))
            revisions[last.pipeline] = max(last.revision, revisions.get(last.pipeline, 0))
        for pipeline_key in revisions:
            yield from get_pipeline(self.tenant, pipeline_key)
        guards = tuple(Guard(Key("pipeline", name, self.tenant), revision) for name, revision in revisions.items())
        commit = Commit(tenant=self.tenant, writes=tuple(writes), guards=guards, command_id=command_id, digest=digest)
        yield from requests.commit(commit)

    def _carry_out(self, command: Command, propose: Callable[[], Steps[_Proposal[R]]]) -> Steps[Receipt[R]]:
        command_id, digest = command.command_id, command.digest(kind_for(self.of))
        attempt = 0
        while True:
            if (earlier := (yield from self._recall(command_id, digest))) is not None:
                return (yield from self._look_back(earlier))
            try:
                proposal = yield from propose()
            except OppcoreError:
                # The same command may have been carried out meanwhile, and be what stands in its own way now.
                if (earlier := (yield from self._recall(command_id, digest))) is not None:
                    return (yield from self._look_back(earlier))
                raise
            if command_id is None and not proposal.receipt.changes:
                return proposal.receipt
            try:
                committed = yield from requests.commit(self._commit(proposal, command_id, digest))
            except VersionConflict:
                if attempt >= self.retries:
                    raise
            else:
                return (yield from self._look_back(committed)) if committed.repeated else proposal.receipt
            yield from requests.pause(attempt)
            attempt += 1

    def _commit(self, proposal: _Proposal[R], command_id: str | None, digest: str | None) -> Commit:
        guards = tuple(Guard(Key("pipeline", one.key, self.tenant), one.revision) for one in proposal.pipelines)
        return Commit(tenant=self.tenant, writes=proposal.writes, guards=guards, command_id=command_id, digest=digest)

    def _proposal(self, pipeline: Pipeline, expected: int, record: R, changes: tuple[Change, ...]) -> _Proposal[R]:
        receipt = Receipt(record, record.progress.version, changes)
        return _Proposal(receipt, (Write(self._key(record.id), expected, record, changes),), (pipeline,))

    def _recall(self, command_id: str | None, digest: str | None) -> Steps[Committed | None]:
        if command_id is None:
            return None
        earlier = yield from requests.recall(self.tenant, command_id)
        if earlier is not None and earlier.digest != digest:
            raise CommandMismatch(command_id)
        return earlier

    def _look_back(self, earlier: Committed) -> Steps[Receipt[R]]:
        """Say again what a command said when it was carried out."""
        written = earlier.written[0]  # of a conversion, that of the lead
        record = yield from get_record(self.tenant, written.key.id, self.of)
        if record.progress.version == written.version:
            changes = yield from get_history(self.tenant, written.key.id, self.of, after=written.expected)
        else:
            past = yield from get_history(self.tenant, written.key.id, self.of, until=written.version)
            record, changes = replay(past, of=self.of), past[written.expected :]
        return Receipt(record, written.version, changes, repeated=True)

    def _key(self, id: str) -> Key:
        return Key(kind_for(self.of), id, self.tenant)
