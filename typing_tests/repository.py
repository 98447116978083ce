"""What type checkers see: which class is which kind of repository. Checked by `mypy --strict`, never run."""

from oppcore.desk import AsyncDesk, Desk
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
Desk(AsyncMemoryRepository())  # type: ignore[arg-type]
AsyncDesk(SqliteRepository("deals.db"))  # type: ignore[arg-type]
