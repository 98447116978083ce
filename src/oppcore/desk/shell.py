"""What every command does around the engine: recall, load, decide, ask, commit; and again after a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeAlias, final

import attrs

from oppcore.codec import encode
from oppcore.desk import requests
from oppcore.desk.digest import digest_of
from oppcore.desk.questions import get_history, get_opportunity, get_pipeline
from oppcore.desk.requests import Receipt, Saved, Steps
from oppcore.engine import Change, evolve, replay
from oppcore.errors import CommandMismatch, OppcoreError, VersionConflict
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Key, Opportunity
from oppcore.repository.protocol import Commit, Committed, Guard, Write

__all__ = ["Command", "Decide", "Shell"]

_BATCH = 500  # records that are saved in one commit

Decide: TypeAlias = Callable[[Pipeline, Opportunity], Sequence[Change]]
"""What the engine says to a loaded record: its changes, or a refusal that is raised."""


@final
@attrs.frozen(kw_only=True)
class Command:
    """Who wants what done to which deal. `asked` is what makes it this command when its id comes a second time."""

    action: str
    id: str
    actor: Actor | None = None
    command_id: str | None = None
    asked: object = None

    @property
    def digest(self) -> str | None:
        """The digest of what was asked; who asks is part of it, when and on which facts is not."""
        if self.command_id is None:
            return None
        return digest_of(self.action, self.id, None if self.actor is None else self.actor.id, self.asked)


@final
@attrs.frozen
class _Proposal:
    """What a command wants to be committed, and what it says once it is."""

    receipt: Receipt[Opportunity]
    write: Write
    pipeline: Pipeline


@final
@attrs.frozen
class Shell:
    """How commands of one tenant are carried out."""

    tenant: str
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
    ) -> Steps[Receipt[Opportunity]]:
        """Bring a deal into being. Raises `NotFound` for the pipeline, and `VersionConflict` when the deal exists."""

        def propose() -> Steps[_Proposal]:
            pipeline = yield from get_pipeline(self.tenant, pipeline_key)
            stored = yield from requests.load(self._key(command.id))
            if stored is not None:
                raise VersionConflict("opportunity", command.id, 0, stored.version)
            changes = tuple(decide(pipeline))
            record = replay(changes)
            yield from requests.ask_to(command.action, command.actor, record)
            return self._proposal(pipeline, 0, record, changes)

        return self._carry_out(command, propose)

    def change(self, command: Command, decide: Decide, *, expected_version: int | None) -> Steps[Receipt[Opportunity]]:
        """Change a deal. Raises `NotFound`, and `VersionConflict` when it is not at the expected version."""

        def propose() -> Steps[_Proposal]:
            record = yield from get_opportunity(self.tenant, command.id)
            version = record.progress.version
            if expected_version is not None and version != expected_version:
                raise VersionConflict("opportunity", command.id, expected_version, version)
            pipeline = yield from get_pipeline(self.tenant, record.progress.pipeline)
            yield from requests.ask_to(command.action, command.actor, record)
            changes = tuple(decide(pipeline, record))
            return self._proposal(pipeline, version, evolve(record, *changes), changes)

        return self._carry_out(command, propose)

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
            record = evolve((yield from get_opportunity(self.tenant, key.id)) if expected else None, *history)
            yield from requests.ask_to("save", actor, record)
            writes.append(Write(key, expected, record, tuple(history)))
            revisions[last.pipeline] = max(last.revision, revisions.get(last.pipeline, 0))
        for pipeline_key in revisions:
            yield from get_pipeline(self.tenant, pipeline_key)
        guards = tuple(Guard(Key("pipeline", name, self.tenant), revision) for name, revision in revisions.items())
        commit = Commit(tenant=self.tenant, writes=tuple(writes), guards=guards, command_id=command_id, digest=digest)
        yield from requests.commit(commit)

    def _carry_out(self, command: Command, propose: Callable[[], Steps[_Proposal]]) -> Steps[Receipt[Opportunity]]:
        command_id, digest = command.command_id, command.digest
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

    def _commit(self, proposal: _Proposal, command_id: str | None, digest: str | None) -> Commit:
        guard = Guard(Key("pipeline", proposal.pipeline.key, self.tenant), proposal.pipeline.revision)
        return Commit(
            tenant=self.tenant, writes=(proposal.write,), guards=(guard,), command_id=command_id, digest=digest
        )

    def _proposal(
        self, pipeline: Pipeline, expected: int, record: Opportunity, changes: tuple[Change, ...]
    ) -> _Proposal:
        receipt = Receipt(record, record.progress.version, changes)
        return _Proposal(receipt, Write(self._key(record.id), expected, record, changes), pipeline)

    def _recall(self, command_id: str | None, digest: str | None) -> Steps[Committed | None]:
        if command_id is None:
            return None
        earlier = yield from requests.recall(self.tenant, command_id)
        if earlier is not None and earlier.digest != digest:
            raise CommandMismatch(command_id)
        return earlier

    def _look_back(self, earlier: Committed) -> Steps[Receipt[Opportunity]]:
        """Say again what a command said when it was carried out."""
        [written] = earlier.written
        record = yield from get_opportunity(self.tenant, written.key.id)
        if record.progress.version == written.version:
            changes = yield from get_history(self.tenant, written.key.id, after=written.expected)
        else:
            past = yield from get_history(self.tenant, written.key.id, until=written.version)
            record, changes = replay(past), past[written.expected :]
        return Receipt(record, written.version, changes, repeated=True)

    def _key(self, id: str) -> Key:
        return Key("opportunity", id, self.tenant)
