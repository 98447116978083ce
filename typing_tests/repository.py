"""What type checkers see: which class is which kind of repository. Checked by `mypy --strict`, never run."""

from datetime import UTC, datetime

from oppcore.desk import AsyncDesk, Desk
from oppcore.records import Lead, Opportunity
from oppcore.repository import (
    AsyncFeed,
    AsyncFilter,
    AsyncMemoryRepository,
    AsyncRepository,
    Feed,
    Filter,
    MemoryRepository,
    Repository,
    SqliteRepository,
)

plain: Repository = MemoryRepository()
file: Repository = SqliteRepository("deals.db")
awaited: AsyncRepository = AsyncMemoryRepository()

not_plain: Repository = AsyncMemoryRepository()  # type: ignore[assignment]
not_awaited: AsyncRepository = MemoryRepository()  # type: ignore[assignment]

follower: Feed = MemoryRepository()
file_follower: Feed = SqliteRepository("deals.db")
awaited_follower: AsyncFeed = AsyncMemoryRepository()
not_followed: Feed = AsyncMemoryRepository()  # type: ignore[assignment]
not_awaited_follower: AsyncFeed = SqliteRepository("deals.db")  # type: ignore[assignment]
searcher: Filter = SqliteRepository("deals.db")
awaited_searcher: AsyncFilter = AsyncMemoryRepository()
not_searched: AsyncFilter = MemoryRepository()  # type: ignore[assignment]


def follow_it(plain_only: Repository) -> None:
    """A store has the five methods; a power is asked for by its own name."""
    plain_only.follow(None, limit=1)  # type: ignore[attr-defined]
    needs_feed: Feed = plain_only  # type: ignore[assignment]
    needs_feed.follow("main", limit=1)


Desk(MemoryRepository())
AsyncDesk(AsyncMemoryRepository())
Desk(AsyncMemoryRepository())  # type: ignore[call-overload]
AsyncDesk(SqliteRepository("deals.db"))  # type: ignore[call-overload]


def read(desk: Desk, leads: Desk[Lead]) -> tuple[Opportunity, Lead]:
    """A desk is one of deals where nothing else is said."""
    leads.convert("l", into="p", opportunity_id="d", at=datetime.now(UTC))
    desk.convert("d", into="p", opportunity_id="d", at=datetime.now(UTC))  # type: ignore[misc]
    return desk.get("d"), leads.get("l")


read(Desk(MemoryRepository()), Desk(MemoryRepository(), of=Lead))
