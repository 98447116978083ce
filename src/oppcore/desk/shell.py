"""What every command does around the engine: recall, load, decide, ask, commit; and again after a conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar, final

import attrs

from oppcore.desk import requests
from oppcore.desk.digest import digest_of
from oppcore.desk.limits import Limit, check_limits
from oppcore.desk.loading import get_history, get_pipeline, get_record, kind_for
from oppcore.desk.requests import Receipt, Steps
from oppcore.engine import Change, evolve, replay
from oppcore.errors import CommandMismatch, OppcoreError, VersionConflict
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Key, Record
from oppcore.repository.commit import Commit, Committed, Guard, Write
from oppcore.repository.powers import Powers

__all__ = ["Command", "Decide", "Proposal", "Shell"]

R = TypeVar("R", bound=Record)
T = TypeVar("T")

Decide: TypeAlias = Callable[[Pipeline, R], Sequence[Change]]
"""What the engine says to a loaded record: its changes, or a refusal that is raised."""


@final
@attrs.frozen(kw_only=True)
class Command:
    """Who wants what done to which record. `asked` is what makes it this command when its id comes a second time."""

    action: str
    id: str
    actor: Actor | None = None
    expected_version: int | None = None
    command_id: str | None = None
    asked: object = None

    def digest(self, kind: str) -> str | None:
        """Give the digest of what is asked of a kind of record; who asks is part of it, when and on which facts not."""
        if self.command_id is None:
            return None
        return digest_of(kind, self.action, self.id, None if self.actor is None else self.actor.id, self.asked)


@final
@attrs.frozen
class Proposal(Generic[R]):
    """What a command wants to be committed, and what it says once it is.

    The first write is that of the record the command is about, which was `earlier` before; every pipeline that was
    asked guards the commit.
    """

    receipt: Receipt[R]
    writes: tuple[Write, ...]
    pipelines: tuple[Pipeline, ...]
    earlier: R | None = None

    def with_write(self, *others: Write) -> Proposal[R]:
        """Give the same, with what happens to another record in the same commit."""
        return attrs.evolve(self, writes=(*self.writes, *others))


@final
@attrs.frozen
class Shell(Generic[R]):
    """How commands of one tenant on one kind of record are carried out."""

    tenant: str
    of: type[R]
    retries: int = attrs.field(validator=attrs.validators.ge(0))
    powers: Powers = Powers()
    limits: tuple[Limit, ...] = ()

    # Ask.

    def key(self, id: str) -> Key:
        """Give the key of a record."""
        return Key(kind_for(self.of), id, self.tenant)

    def load(self, id: str) -> Steps[tuple[Pipeline, R]]:
        """Load a record and the pipeline it is in. Raises `NotFound`."""
        record = yield from get_record(self.tenant, id, self.of)
        pipeline = yield from get_pipeline(self.tenant, record.progress.pipeline)
        return pipeline, record

    def load_past(self, record: R) -> Steps[tuple[Change, ...]]:
        """Load the changes that made a record what it is, and none that came after."""
        return get_history(self.tenant, record.id, self.of, until=record.progress.version)

    def ask(self, id: str, question: Callable[[Pipeline, R], T]) -> Steps[T]:
        """Load a record and its pipeline, and ask the engine something about them. Raises `NotFound`."""
        pipeline, record = yield from self.load(id)
        return question(pipeline, record)

    # Do.

    def create(
        self, command: Command, pipeline_key: str, decide: Callable[[Pipeline], Sequence[Change]]
    ) -> Steps[Receipt[R]]:
        """Bring a record into being. Raises `NotFound` for the pipeline, `VersionConflict` when the record exists."""

        def propose() -> Steps[Proposal[R]]:
            pipeline = yield from get_pipeline(self.tenant, pipeline_key)
            key = self.key(command.id)
            yield from self.expect_nothing(key)
            changes = tuple(decide(pipeline))
            record = replay(changes, of=self.of)
            yield from requests.ask_to(command.action, command.actor, record)
            receipt = Receipt(record, record.progress.version, changes)
            return Proposal(receipt, (Write(key, 0, record, changes),), (pipeline,))

        return self.carry_out(command, propose)

    def change(self, command: Command, decide: Decide[R]) -> Steps[Receipt[R]]:
        """Change a record. Raises `NotFound`, and `VersionConflict` when it is not at the expected version."""

        def propose() -> Steps[Proposal[R]]:
            pipeline, record = yield from self.load_for(command)
            return self.propose(record, decide(pipeline, record), pipeline)

        return self.carry_out(command, propose)

    def load_for(self, command: Command) -> Steps[tuple[Pipeline, R]]:
        """Load the record of a command and its pipeline, and ask whether the actor may do this to it.

        Raises `NotFound`, and `VersionConflict` when the record is not at the expected version.
        """
        pipeline, record = yield from self.load(command.id)
        self.expect_version(record, command.expected_version)
        yield from requests.ask_to(command.action, command.actor, record)
        return pipeline, record

    def expect_version(self, record: R, expected: int | None) -> None:
        """Raise `VersionConflict` when a record is not at the version its user saw, if there is one."""
        found = record.progress.version
        if expected is not None and found != expected:
            raise VersionConflict(kind_for(self.of), record.id, expected, found)

    def expect_nothing(self, key: Key) -> Steps[None]:
        """Raise `VersionConflict` when there is something."""
        stored = yield from requests.load(key)
        if stored is not None:
            raise VersionConflict(key.kind, key.id, 0, stored.version)

    def propose(self, record: R, changes: Sequence[Change], *pipelines: Pipeline) -> Proposal[R]:
        """Say what is to be committed for changes of a record, decided under these pipelines."""
        after = evolve(record, *changes)
        receipt = Receipt(after, after.progress.version, tuple(changes))
        write = Write(self.key(record.id), record.progress.version, after, changes)
        return Proposal(receipt, (write,), pipelines, record)

    def carry_out(self, command: Command, propose: Callable[[], Steps[Proposal[R]]]) -> Steps[Receipt[R]]:
        """Commit what is proposed, once; after a conflict with others, what is proposed then."""
        command_id, digest = command.command_id, command.digest(kind_for(self.of))
        attempt = 0
        while True:
            if (earlier := (yield from self.recall(command_id, digest))) is not None:
                return (yield from self._look_back(earlier))
            try:
                proposal = yield from propose()
                if self.limits and proposal.receipt.changes:
                    counters = check_limits(self.limits, command.action, self.tenant, proposal.earlier, proposal.writes)
                    proposal = proposal.with_write(*(yield from counters))
            except OppcoreError:
                # The same command may have been carried out meanwhile, and be what stands in its own way now.
                if (earlier := (yield from self.recall(command_id, digest))) is not None:
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

    def _commit(self, proposal: Proposal[R], command_id: str | None, digest: str | None) -> Commit:
        guards = tuple(Guard(Key("pipeline", one.key, self.tenant), one.revision) for one in proposal.pipelines)
        return Commit(tenant=self.tenant, writes=proposal.writes, guards=guards, command_id=command_id, digest=digest)

    def recall(self, command_id: str | None, digest: str | None) -> Steps[Committed | None]:
        """Give what a command did before. Raises `CommandMismatch` when the id was another command's."""
        if command_id is None:
            return None
        earlier = yield from requests.recall(self.tenant, command_id)
        if earlier is not None and earlier.digest != digest:
            raise CommandMismatch(command_id)
        return earlier

    def _look_back(self, earlier: Committed) -> Steps[Receipt[R]]:
        """Say again what a command said when it was carried out."""
        written = earlier.written[0]  # that of the record the command is about
        record = yield from get_record(self.tenant, written.key.id, self.of)
        if record.progress.version == written.version:
            changes = yield from get_history(
                self.tenant, written.key.id, self.of, after=written.expected, until=written.version
            )
        else:
            past = yield from get_history(self.tenant, written.key.id, self.of, until=written.version)
            record, changes = replay(past, of=self.of), past[written.expected :]
        return Receipt(record, written.version, changes, repeated=True)
