"""What is to be written, all or nothing, under which conditions; and what was written."""

from __future__ import annotations

from typing import Any, final

import attrs

from oppcore.engine import Change
from oppcore.errors import CommandMismatch
from oppcore.pipeline import Pipeline
from oppcore.records import Key, Record, kind_of
from oppcore.records.checks import key_text, optional_key

__all__ = ["Commit", "Committed", "Guard", "Write", "Written", "places_of", "revision_id"]


def _count(_instance: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or value < 0:
        message = f"{attribute.name} is a version, 0 or more, not {value!r}"
        raise ValueError(message)


def places_of(pipeline: Pipeline) -> list[tuple[str, str, int]]:
    """Give kind, id and version under which a pipeline may be kept: as the newest revision, or as an earlier one."""
    return [
        ("pipeline", pipeline.key, pipeline.revision),
        ("revision", revision_id(pipeline.key, pipeline.revision), 1),
    ]


def revision_id(pipeline: str, revision: int) -> str:
    """Give the id under which an earlier revision of a pipeline is kept, as a record of kind `revision`."""
    return f"{pipeline}@{revision}"


def _find_write_fault(write: Write) -> str | None:
    key, record = write.key, write.record
    if record is None or isinstance(record, Pipeline):
        names = [("guard", key.id, write.version)] if record is None else places_of(record)
        fits = not write.changes and (key.kind, key.id, write.version) in names
        return None if fits else "a guard or pipeline has no changes, its own kind and name, and the next version"
    if (kind_of(record), record.id, record.progress.version) != (key.kind, key.id, write.version):
        found = f"{kind_of(record)} {record.id!r} at version {record.progress.version}"
        return f"the record is {found}, not what the key and the changes say"
    for version, change in enumerate(write.changes, write.expected + 1):
        stamp = change.stamp
        if (stamp.kind, stamp.record_id, stamp.version) != (key.kind, key.id, version):
            return f"change {version} is stamped {stamp.kind} {stamp.record_id!r} version {stamp.version}"
    return None


@final
@attrs.frozen
class Write:
    """One record to be saved: the version it must have now (0: it must not exist), its next image, and what happened.

    Each change counts one version; a pipeline or guard without changes goes one version up. A record without changes
    keeps its version: nothing is written, but the version is checked. Raises `ValueError` for parts that do not fit.
    """

    key: Key
    expected: int = attrs.field(validator=_count)
    record: Record | Pipeline | None = None
    changes: tuple[Change, ...] = attrs.field(default=(), converter=tuple[Change, ...])

    def __attrs_post_init__(self) -> None:
        if (fault := _find_write_fault(self)) is not None:
            message = f"{self.key.kind} {self.key.id!r} cannot be written: {fault}"
            raise ValueError(message)

    @property
    def version(self) -> int:
        """The version the record has afterwards."""
        return self.expected + (
            len(self.changes) if self.record is not None and not isinstance(self.record, Pipeline) else 1
        )


@final
@attrs.frozen
class Guard:
    """A condition of a commit: this key is at this version (0: nothing is there). Nothing is written."""

    key: Key
    version: int = attrs.field(validator=_count)


@final
@attrs.frozen(kw_only=True)
class Commit:
    """All or nothing: what to write and under which guards, all in one tenant.

    With a `command_id` the store remembers what was done: the same id and digest again do nothing and give the first
    outcome, another digest raises `CommandMismatch`. Raises `ValueError` for parts that do not fit together.
    """

    tenant: str = attrs.field(validator=key_text)
    writes: tuple[Write, ...] = attrs.field(converter=tuple[Write, ...])
    guards: tuple[Guard, ...] = attrs.field(default=(), converter=tuple[Guard, ...])
    command_id: str | None = attrs.field(default=None, validator=optional_key)
    digest: str | None = attrs.field(default=None, validator=optional_key)

    def __attrs_post_init__(self) -> None:
        parts: tuple[Write | Guard, ...] = (*self.writes, *self.guards)
        for part in parts:
            if part.key.tenant != self.tenant:
                message = f"a commit stays in its tenant {self.tenant!r}"
                raise ValueError(message)
        if len(self.writes) > 1 and len({write.key for write in self.writes}) != len(self.writes):
            message = "a commit writes each record once"
            raise ValueError(message)
        if (self.command_id is None) != (self.digest is None):
            message = "a command id and the digest of the command go together"
            raise ValueError(message)

    @property
    def conditions(self) -> tuple[Guard, ...]:
        """Every version that must be found: of what is guarded first, then of what is written."""
        return (*self.guards, *(Guard(write.key, write.expected) for write in self.writes))

    @property
    def outcome(self) -> Committed:
        """What is done once this is written."""
        return Committed(tuple(Written(one.key, one.expected, one.version) for one in self.writes), self.digest)

    def is_done(self, earlier: Committed | None) -> bool:
        """Say whether this was carried out, as its command id recalls. Raises `CommandMismatch` for another command."""
        if earlier is None or self.command_id is None:
            return False
        if earlier.digest != self.digest:
            raise CommandMismatch(self.command_id)
        return True


@final
@attrs.frozen
class Written:
    """What a commit did to one record: it went from a version to a version."""

    key: Key
    expected: int
    version: int


@final
@attrs.frozen
class Committed:
    """What a commit did. `repeated` says that it did nothing now, because its command was carried out before."""

    written: tuple[Written, ...]
    digest: str | None = None
    repeated: bool = False
