"""What type checkers see: which class is which kind of repository. Checked by `mypy --strict`, never run."""

from datetime import UTC, datetime

from oppcore.desk import AsyncDesk, Desk
from oppcore.records import Lead, Opportunity
from oppcore.repository import (
    AsyncMemoryRepository,
    AsyncRepository,
    MemoryRepository,
    Repository,
    SqliteRepository,
)

plain: Repository = MemoryRepository()
file: Repository = SqliteRepository("deals.db")
awaited: AsyncRepository = AsyncMemoryRepository()

not_plain: Repository = AsyncMemoryRepository()  # type: ignore[assignment]
not_awaited: AsyncRepository = MemoryRepository()  # type: ignore[assignment]

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
