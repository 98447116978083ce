"""What a host's store has to do, as two protocols of five methods, and the two powers it may have beside them.

Every method raises nothing but the closed set `VersionConflict`, `CommandMismatch`, `Busy`, `Unavailable`,
`Unsupported` and `Corrupt`; a cursor that belongs to another query is refused with `InvalidDocument`. `Busy` means that
nothing was done and the same may be asked again; after `Unavailable` it is not known whether a commit happened, and the
same command id finds out; `Unsupported` means that this store never does that; `Corrupt` that what is there is not what
was written. `oppcore.testing` holds what every store is tested with.
"""

from __future__ import annotations

from typing import Protocol

from oppcore.engine import Change
from oppcore.records import Key
from oppcore.repository.commit import Commit, Committed
from oppcore.repository.powers import CommittedChange, Powers
from oppcore.repository.query import Page, Query, Stored

__all__ = ["AsyncFeed", "AsyncFilter", "AsyncRepository", "Feed", "Filter", "Repository"]


class Repository(Protocol):
    """A store. Any class with these methods is one; it inherits nothing.

    It keeps the values it is given exactly, and what one tenant wrote is seen by no other. Who reads after a commit was
    acknowledged, in whatever thread or process, sees it.
    """

    def load(self, key: Key, /) -> Stored | None:
        """Give what is there now, or None: a record, a pipeline, or a bare counter (`guard`)."""
        ...

    def find(self, query: Query, /) -> Page[Stored]:
        """Give the records that a query admits, in its order, at most `query.limit`, from behind its cursor on.

        The page has a cursor exactly if there is more. It is opaque and says where the next page begins by the order's
        values, not by counting, so that who pages while others write misses nothing that was there all the time. It
        fits this query only: another tenant, filter or order is refused with `InvalidDocument`.

        Raises `Unsupported` for a `query.where` of kinds that `powers.filters` does not name.
        """
        ...

    def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`; nothing for an unknown key.

        All of them together replay to the record. The page's cursor is the last version as a text:
        `after=int(page.cursor)` gives the next page. Raises `ValueError` for a limit below 1 or above `MAX_PAGE`.
        """
        ...

    def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command of the tenant did, `repeated`, or None where it was not carried out."""
        ...

    def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise; when this returns, it is kept.

        In this order: a command id with the same digest that was committed before gives its first outcome, `repeated`,
        and with another digest raises `CommandMismatch`; every guard and every write must find its expected version,
        or `VersionConflict` says which did not; then all is written, with the changes, the command and the feed, in one
        transaction. Of two commits that expect the same version at once, or bring the same command id, one is carried
        out.

        Raises `Unavailable` also where it cannot be known whether the commit happened: the same command id again does.
        """
        ...


class AsyncRepository(Protocol):
    """A store with the methods of `Repository`, to be awaited; each promises what it says there.

    A task that is cancelled while it waits leaves the store as before or after the whole commit.
    """

    async def load(self, key: Key, /) -> Stored | None:
        """Give what is there now, or None."""
        ...

    async def find(self, query: Query, /) -> Page[Stored]:
        """Give the records that a query admits, in its order, at most `query.limit`, from behind its cursor on."""
        ...

    async def history(self, key: Key, /, *, after: int = 0, limit: int) -> Page[Change]:
        """Give changes in version order, from the first with a version above `after`; nothing for an unknown key."""
        ...

    async def recall(self, tenant: str, command_id: str, /) -> Committed | None:
        """Give what a command of the tenant did, `repeated`, or None where it was not carried out."""
        ...

    async def commit(self, commit: Commit, /) -> Committed:
        """Write everything, or nothing and raise; when this returns, it is kept."""
        ...


class Filter(Repository, Protocol):
    """A store that asks conditions itself: `powers.filters` names the classes of criteria it takes in `Query.where`.

    Its `find` leaves out no record of which the condition is true. It may give some of which it is not: whoever asked
    judges what comes back, as `Desk.search` does, so that a column may compare a little otherwise than a criterion.
    """

    @property
    def powers(self) -> Powers:
        """What the store can do beyond its five methods."""
        ...


class AsyncFilter(AsyncRepository, Protocol):
    """An awaited store that asks conditions itself; see `Filter`."""

    @property
    def powers(self) -> Powers:
        """What the store can do beyond its five methods."""
        ...


class Feed(Repository, Protocol):
    """A store that can be followed: an outbox of every change, for search indexes, notices, copies. `powers.feeds`."""

    @property
    def powers(self) -> Powers:
        """What the store can do beyond its five methods."""
        ...

    def follow(self, tenant: str | None, /, *, after: str | None = None, limit: int) -> tuple[CommittedChange, ...]:
        """Give what was committed behind a place, at most `limit` changes: of one tenant, or of all with None.

        Whoever goes on from the cursor of the last change they dealt with gets every committed change of every record
        at least once and in the order of its versions. A change is given late rather than passed over: nothing that is
        committed later ever comes to stand before what was given already. Nothing comes back where there is nothing new
        yet; without `after` it begins at the start.

        Raises `InvalidDocument` for a cursor of another feed, `ValueError` for a limit below 1 or above `MAX_PAGE`.
        """
        ...


class AsyncFeed(AsyncRepository, Protocol):
    """An awaited store that can be followed; see `Feed`."""

    @property
    def powers(self) -> Powers:
        """What the store can do beyond its five methods."""
        ...

    async def follow(
        self, tenant: str | None, /, *, after: str | None = None, limit: int
    ) -> tuple[CommittedChange, ...]:
        """Give what was committed behind a place, at most `limit` changes: of one tenant, or of all with None."""
        ...
