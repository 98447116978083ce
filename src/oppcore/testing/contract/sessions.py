"""Several sessions on the same store, in turns and at once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeAlias

import pytest

from oppcore.desk import Desk
from oppcore.engine import Amended, replay
from oppcore.errors import VersionConflict
from oppcore.repository import MAX_PAGE, Commit, Repository
from oppcore.testing.deals import at, deal_of, key, naming, opening, publishing, stored_of

__all__ = ["RETRIES", "AtOnce", "Call", "OpenSession", "Sessions", "Steps", "call_in_threads"]

OpenSession: TypeAlias = Callable[[Repository], AbstractContextManager[Repository]]
"""Gives one more way to the data of a store: another connection, say."""

Steps: TypeAlias = Generator[Any, Any, Any]
"""What one client does: it yields what its session or desk was asked, is sent the answer, and returns its result."""

Call: TypeAlias = Callable[[Any, Any], Steps]
"""Begins what a client does: with its session and a desk on it, plain or async as the store is."""

AtOnce: TypeAlias = Callable[[Repository, Sequence[Call]], list[Any]]
"""Makes calls at the same time, each in a session of its own, and gives what they returned."""

RETRIES = 1_000
_WRITERS, _CHANGES = 4, 6


def call_in_threads(repository: Repository, calls: Sequence[Call], open_session: OpenSession) -> list[Any]:
    """Make calls at the same time, each in a thread and a session of its own."""

    def make(call: Call) -> Any:
        with open_session(repository) as session:
            steps = call(session, Desk(session, retries=RETRIES))
            try:
                answer = next(steps)
                while True:
                    answer = steps.send(answer)
            except StopIteration as stop:
                return stop.value

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def _toil(writer: int) -> Call:
    def steps(desk: Any) -> Steps:
        receipts = list[tuple[str, int]]()
        for number in range(_CHANGES):
            name = f"writer {writer} change {number}"
            receipt = yield desk.amend("d-1", {"name": name}, at=at(1))
            receipts.append((name, receipt.version))
        return receipts

    return lambda session, desk: steps(desk)


def _deliver(commit: Commit) -> Call:
    def steps(session: Any) -> Steps:
        return (yield session.commit(commit))

    return lambda session, desk: steps(session)


class Sessions:
    """Everything holds between sessions, too."""

    @pytest.fixture
    def sessions(self, repository: Repository, open_session: OpenSession) -> Iterator[tuple[Repository, Repository]]:
        """Give two sessions of one store."""
        with ExitStack() as stack:
            yield repository, stack.enter_context(open_session(repository))

    def test_a_session_sees_what_another_committed(self, sessions: tuple[Repository, Repository]) -> None:
        """At once, and even if it has looked before."""
        first, second = sessions
        first.commit(opening())
        assert deal_of(second) == deal_of(first)
        for number, (reader, writer) in enumerate([(first, second), (second, first)], 1):
            writer.commit(naming(deal_of(writer), f"name {number}"))
            assert deal_of(reader).name == f"name {number}"
            assert replay(reader.history(key(), limit=9).items) == deal_of(writer)

    def test_of_two_sessions_that_saw_the_same_version_one_wins(self, sessions: tuple[Repository, Repository]) -> None:
        """The other one has to look again."""
        first, second = sessions
        first.commit(opening())
        for number in range(4):
            winner, loser = (first, second) if number % 2 else (second, first)
            seen, stale = deal_of(winner), deal_of(loser)
            winner.commit(naming(seen, f"won {number}"))
            with pytest.raises(VersionConflict):
                loser.commit(naming(stale, f"lost {number}"))
            assert deal_of(loser).name == f"won {number}"
            loser.commit(naming(deal_of(loser), f"then {number}"))

        assert stored_of(first, key()).version == 9

    def test_a_command_delivered_to_two_sessions_is_carried_out_once(
        self, sessions: tuple[Repository, Repository]
    ) -> None:
        """Whoever comes second hears of it."""
        first, second = sessions
        first.commit(opening(command="c-1"))

        assert second.commit(opening(command="c-1")).repeated
        assert second.recall("main", "c-1") == first.recall("main", "c-1")

    def test_a_conflict_leaves_the_session_usable(self, sessions: tuple[Repository, Repository]) -> None:
        """No broken transaction stays behind, and no lock."""
        first, second = sessions
        first.commit(publishing())
        for number in range(3):
            with pytest.raises(VersionConflict):
                first.commit(publishing())
            second.commit(opening(f"s-{number}"))
            first.commit(opening(f"f-{number}"))
            assert deal_of(first, f"s-{number}").id == f"s-{number}"

    def test_writers_at_once_lose_nothing(self, repository: Repository, at_once: AtOnce) -> None:
        """Every acknowledged change is in the history, each at a version of its own."""
        repository.commit(publishing())
        repository.commit(opening())
        receipts = at_once(repository, [_toil(writer) for writer in range(_WRITERS)])
        changes = repository.history(key(), limit=MAX_PAGE).items
        found = {change.edits[0].new: change.stamp.version for change in changes[1:] if isinstance(change, Amended)}

        assert [change.stamp.version for change in changes] == list(range(1, _WRITERS * _CHANGES + 2))
        assert found == {name: version for done in receipts for name, version in done}
        assert replay(changes) == deal_of(repository)

    def test_a_command_delivered_many_times_at_once_is_carried_out_once(
        self, repository: Repository, at_once: AtOnce
    ) -> None:
        """One delivery does it, all others hear of it."""
        for number in range(6):
            commit = opening(f"d-{number}", command=f"c-{number}")
            answers = at_once(repository, [_deliver(commit)] * _WRITERS)

            assert sorted(answer.repeated for answer in answers) == [False] + [True] * (_WRITERS - 1)
            assert repository.history(key(f"d-{number}"), limit=9).items == commit.writes[0].changes
