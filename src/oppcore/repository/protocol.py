"""What a host's store has to do, as two protocols of five methods, and the values that go in and out.

Every method raises nothing but the closed set `VersionConflict`, `Busy`, `CommandMismatch`, `Unsupported`,
`Unavailable` and `Corrupt`; a cursor that belongs to another query is refused with `InvalidDocument`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar, final

import attrs

from oppcore.engine import Change
from oppcore.pipeline import Pipeline
from oppcore.records import Key, Outcome, Record, kind_of
from oppcore.records.checks import MAX_KEY, check_text, key_text, optional_aware, optional_key

__all__ = [
    "MAX_PAGE",
    "AsyncRepository",
    "Commit",
    "Committed",
    "Guard",
    "Page",
    "Query",
    "Repository",
    "Stored",
    "Write",
    "Written",
]

MAX_PAGE = 1_000
"""Items of a page, and values of one filter of a query."""

T_co = TypeVar("T_co", covariant=True)


@final
@attrs.frozen
class Stored:
    """What is there: a record and its version. A key of kind `guard` is a bare counter and holds no record."""

    key: Key
    record: Record | Pipeline | None
    version: int


@final
@attrs.frozen
class Page(Generic[T_co]):
    """Some items in order, and the cursor for the next page; None when this is the last."""

    items: tuple[T_co, ...]
    cursor: str | None = None


def _to_texts(values: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(values, str):
        message = f"a list of texts is wanted, not the text {values!r}"
        raise TypeError(message)
    return None if values is None else tuple(values)


def _to_outcomes(values: Iterable[Outcome | str] | None) -> tuple[Outcome, ...] | None:
    texts = _to_texts(values)
    return None if texts is None else tuple(Outcome(text) for text in texts)


def _few_keys(_instance: Any, attribute: Any, values: tuple[str, ...] | None) -> None:
    if values is not None and len(values) > MAX_PAGE:
        message = f"{attribute.name}: at most {MAX_PAGE} values, not {len(values)}; ask in parts"
        raise ValueError(message)
    for value in values or ():
        check_text(value, attribute.name, limit=MAX_KEY)


def _few(_instance: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or not 1 <= value <= MAX_PAGE:
        message = f"{attribute.name} is a number from 1 to {MAX_PAGE}, not {value!r}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Query:
    """Which records of one kind and tenant, in which order. A filter left at None admits all; an empty one admits none.

    `changed_since` admits what changed at that instant or later. Orders are ascending: whoever pages by `changed_at`
    while others write sees a record twice at worst, and misses none. What ties is ordered by id.
    """

    kind: str = attrs.field(default="opportunity", validator=key_text)
    tenant: str = attrs.field(default="main", validator=key_text)
    pipeline: str | None = attrs.field(default=None, validator=optional_key)
    stages: tuple[str, ...] | None = attrs.field(default=None, converter=_to_texts, validator=_few_keys)
    outcomes: tuple[Outcome, ...] | None = attrs.field(default=None, converter=_to_outcomes)
    owners: tuple[str, ...] | None = attrs.field(default=None, converter=_to_texts, validator=_few_keys)
    ids: tuple[str, ...] | None = attrs.field(default=None, converter=_to_texts, validator=_few_keys)
    changed_since: datetime | None = attrs.field(default=None, validator=optional_aware)
    order: Literal["changed_at", "id"] = attrs.field(
        default="changed_at", validator=attrs.validators.in_(("changed_at", "id"))
    )
    cursor: str | None = None
    limit: int = attrs.field(default=100, validator=_few)


def _count(_instance: Any, attribute: Any, value: Any) -> None:
    if type(value) is not int or value < 0:
        message = f"{attribute.name} is a version, 0 or more, not {value!r}"
        raise ValueError(message)


def _find_write_fault(write: Write) -> str | None:
    key, record = write.key, write.record
    if record is None or isinstance(record, Pipeline):
        kind, name, version = (
            ("guard", key.id, write.version) if record is None else ("pipeline", record.key, record.revision)
        )
        fits = not write.changes and (kind, name, version) == (key.kind, key.id, write.version)
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
        keys = [write.key for write in self.writes]
        if any(key.tenant != self.tenant for key in (*keys, *(guard.key for guard in self.guards))):
            message = f"a commit stays in its tenant {self.tenant!r}"
            raise ValueError(message)
        if len(set(keys)) != len(keys):
            message = "a commit writes each record once"
            raise ValueError(message)
        if (self.command_id is None) != (self.digest is None):
            message = "a command id and the digest of the command go together"
            raise ValueError(message)


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


class Repository(Protocol):
    """A store. Any class with these methods is one; it inherits nothing."""

    def load(self, key: Key, /) -> Stored | None:
        """Give what is there, or None."""
        ...

    def find(self, query: Query, /) -> Page[Stored]:
        """Give a page of records."""
        ...

    def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`; nothing for an unknown key.

        The page's cursor is the last version as a text: `after=int(page.cursor)` gives the next page.
        """
        ...

    def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command did, or None where it was not carried out."""
        ...

    def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise.

        Raises `VersionConflict` when a version is not as expected, and `CommandMismatch`.
        """
        ...


class AsyncRepository(Protocol):
    """A store with the methods of `Repository`, to be awaited."""

    async def load(self, key: Key, /) -> Stored | None:
        """Give what is there, or None."""
        ...

    async def find(self, query: Query, /) -> Page[Stored]:
        """Give a page of records."""
        ...

    async def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`; nothing for an unknown key."""
        ...

    async def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command did, or None where it was not carried out."""
        ...

    async def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise."""
        ...
