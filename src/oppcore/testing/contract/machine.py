"""What is done to a store and to the reference, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, MutableSet
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from random import Random
from typing import Any, TypeAlias, TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from oppcore.engine import Change, replay
from oppcore.errors import OppcoreError
from oppcore.records import Key, Opportunity
from oppcore.repository import (
    MAX_PAGE,
    Commit,
    Committed,
    Guard,
    MemoryRepository,
    Page,
    Query,
    Repository,
    Stored,
    Write,
)
from oppcore.repository.powers import CommittedChange, find_powers
from oppcore.testing.contract.sessions import OpenSession
from oppcore.testing.deals import (
    PIPELINE,
    anything,
    at,
    changing,
    guard,
    key,
    naming,
    opening,
    publishing,
    stored_of,
)

__all__ = ["Machine", "OpenRepository"]

T = TypeVar("T")

OpenRepository: TypeAlias = Callable[[], AbstractContextManager[Repository]]
"""Gives a new, empty store to be entered; it is left at the end of each example."""

_IDS = st.sampled_from(["o%", "o_", "o", "客户-3", "it's", 'a"b', "𝔘", "\uffff"])
_TENANTS = st.sampled_from(["a", "b%"])
_NAMES = st.sampled_from(["x", "y", "", "% OR 1=1 --"])
_DAYS = st.integers(0, 3)
_COMMANDS = st.sampled_from([None, None, "c-1", "c-2", "o%"])
_DIGESTS = st.sampled_from(["one", "two"])
_VERSIONS = st.integers(0, 3)
_SOME = st.lists(_IDS, max_size=3)
_FILTERS = st.one_of(
    st.tuples(st.just("stages"), st.sampled_from([["qualified"], ["negotiating", "won"], []])),
    st.tuples(st.just("outcomes"), st.sampled_from([["open"], ["won", "abandoned"], []])),
    st.tuples(st.just("owners"), _SOME),
    st.tuples(st.just("ids"), _SOME),
    st.tuples(st.just("pipeline"), st.sampled_from(["new-business", "new"])),
    st.tuples(st.just("changed_since"), _DAYS.map(at)),
    st.tuples(st.just("removed"), st.sampled_from([True, None])),
)
_RANDOM = st.randoms(use_true_random=False)


_BATTERY: tuple[dict[str, Any], ...] = (
    {"stages": ["qualified"]},
    {"outcomes": ["open"]},
    {"owners": ["o_", "o", 'a"b']},
    {"owners": ["𝔘"], "outcomes": ["open"]},
    {"ids": ["o_", "客户-3"]},
    {"ids": []},
    {"pipeline": "new-business", "changed_since": at(1)},
    {"removed": None},
    {"removed": True},
)
"""What is asked at the end of each example."""


def _load(where: Key, store: Repository) -> Stored | None:
    return store.load(where)


def _read_all(where: Key, store: Repository) -> Page[Change]:
    return store.history(where, limit=MAX_PAGE)


def _scribble(value: Any) -> None:
    """Empty whatever can be emptied in what a store has handed out: it must be nobody's but the caller's."""
    of: type[Any] = value.__class__
    if issubclass(of, (MutableMapping, MutableSequence, MutableSet)):
        value.clear()
    elif issubclass(of, (tuple, Mapping)):
        for part in value.values() if issubclass(of, Mapping) else value:
            _scribble(part)
    elif attrs.has(of):
        for field in attrs.fields(of):
            _scribble(getattr(value, field.name))


class Machine(RuleBasedStateMachine):
    """A store, a second session of it, and the reference."""

    def __init__(self, open_repository: OpenRepository, open_session: OpenSession) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.model = MemoryRepository()
        first = self.stack.enter_context(open_repository())
        self.sessions = [first, self.stack.enter_context(open_session(first))]
        self.seen = list[tuple[str, Opportunity]]()  # every image there ever was: stale ones are written, too
        self.places, self.news = dict[str | None, str](), dict[str | None, list[CommittedChange]]()
        self.walks = list[Query]()  # lists that were not read to their end

    def ask(self, asked: Callable[[Repository], T]) -> T | None:
        """Ask both; the answers, or what was raised, must be equal."""
        self.sessions.reverse()
        answers = list[Any]()
        for store in (self.model, self.sessions[0]):
            try:
                answers.append(asked(store))
            except OppcoreError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return None if type(answers[0]) is tuple else answers[0]

    def commit(self, commit: Commit) -> None:
        """Commit to both, and remember the images that were written."""
        answer = self.ask(lambda store: store.commit(commit))
        if isinstance(answer, Committed) and not answer.repeated:
            images = [write.record for write in commit.writes]
            self.seen += [(commit.tenant, image) for image in images if isinstance(image, Opportunity)]

    @rule(
        id=_IDS,
        tenant=_TENANTS,
        name=_NAMES,
        owner=st.none() | _IDS,
        days=_DAYS,
        command=_COMMANDS,
        digest=_DIGESTS,
        revision=st.none() | _VERSIONS,
    )
    def open(
        self,
        id: str,
        tenant: str,
        name: str,
        owner: str | None,
        days: int,
        command: str | None,
        digest: str,
        revision: int | None,
    ) -> None:
        """Open a deal, or try to."""
        guards = () if revision is None else (guard(revision, tenant),)
        values = {"name": name, "owner_id": owner}
        self.commit(opening(id, tenant=tenant, days=days, command=command, values=values, digest=digest, guards=guards))

    @rule(pick=_RANDOM, name=_NAMES, days=_DAYS, command=_COMMANDS, digest=_DIGESTS)
    def rename(self, pick: Random, name: str, days: int, command: str | None, digest: str) -> None:
        """Amend any image there ever was."""
        if self.seen:
            tenant, record = pick.choice(self.seen)
            later = max(days, (record.progress.changed_at - at()).days)
            if name != record.name and record.progress.removal is None:
                self.commit(naming(record, name, tenant=tenant, days=later, command=command, digest=digest))

    @rule(pick=_RANDOM, days=_DAYS)
    def change(self, pick: Random, days: int) -> None:
        """Do something else to any image there ever was: move, put on hold, two things at once."""
        if self.seen:
            tenant, record = pick.choice(self.seen)
            changes = anything(pick, record, max(days, (record.progress.changed_at - at()).days))
            if changes:
                self.commit(changing(record, changes, tenant=tenant))

    @rule(pick=_RANDOM, tenant=_TENANTS, id=_IDS, version=_VERSIONS)
    def rely(self, pick: Random, tenant: str, id: str, version: int) -> None:
        """Change a deal on the condition that another one, or a counter, is at a version."""
        of_tenant = [record for one, record in self.seen if one == tenant and record.progress.removal is None]
        if of_tenant:
            record = pick.choice(of_tenant)
            rest = Guard(pick.choice([key(id, tenant), Key("guard", id, tenant)]), version)
            if record.name != "relied":
                self.commit(naming(record, "relied", tenant=tenant, days=9, guards=(rest,)))

    @rule(first=_IDS, second=_IDS, tenant=_TENANTS, days=_DAYS, counter=st.none() | _VERSIONS)
    def open_two(self, first: str, second: str, tenant: str, days: int, counter: int | None) -> None:
        """Open two deals in one commit, perhaps counting them."""
        if first != second:
            writes = opening(first, tenant=tenant, days=days).writes + opening(second, tenant=tenant).writes
            counting = () if counter is None else (Write(Key("guard", first, tenant), counter),)
            self.commit(Commit(tenant=tenant, writes=(*counting, *writes)))

    @rule(tenant=_TENANTS, revision=st.integers(1, 3))
    def publish(self, tenant: str, revision: int) -> None:
        """Publish a revision, or try to."""
        self.commit(publishing(attrs.evolve(PIPELINE, revision=revision), tenant))

    @rule(tenant=_TENANTS, id=_IDS, version=_VERSIONS)
    def count(self, tenant: str, id: str, version: int) -> None:
        """Count a counter up, or try to."""
        self.commit(Commit(tenant=tenant, writes=(Write(Key("guard", id, tenant), version),)))

    @rule(tenant=st.none() | _TENANTS, limit=st.integers(1, 9))
    def follow(self, tenant: str | None, limit: int) -> None:
        """Ask what came since the last time, where the store can be followed."""
        if find_powers(self.sessions[0]).feeds:
            feed: Any = self.sessions[0]
            part: tuple[CommittedChange, ...] = feed.follow(tenant, after=self.places.get(tenant), limit=limit)
            self.news.setdefault(tenant, []).extend(part)
            if part:
                self.places[tenant] = part[-1].cursor

    @rule(tenant=_TENANTS, command=_COMMANDS.filter(bool))
    def recall(self, tenant: str, command: str) -> None:
        """Ask what a command did."""
        self.ask(lambda store: store.recall(tenant, command))

    @rule(tenant=_TENANTS, id=_IDS, after=_VERSIONS, limit=st.integers(1, 3))
    def history(self, tenant: str, id: str, after: int, limit: int) -> None:
        """Ask for a page of history."""
        self.ask(lambda store: store.history(key(id, tenant), after=after, limit=limit))

    @rule(
        tenant=_TENANTS,
        kind=st.sampled_from([*["opportunity"] * 4, "pipeline", "guard"]),
        filters=st.lists(_FILTERS, max_size=2),
        order=st.sampled_from(["id", "changed_at"]),
        limit=st.integers(1, 3),
    )
    def find(self, tenant: str, kind: str, filters: list[tuple[str, Any]], order: Any, limit: int) -> None:
        """Begin to list records."""
        asked: Any = dict(filters)
        self.turn(Query(tenant=tenant, kind=kind, order=order, limit=limit, **asked))

    @rule(pick=_RANDOM)
    def go_on(self, pick: Random) -> None:
        """Turn the page of a list, whatever was written since."""
        if self.walks:
            self.turn(self.walks.pop(pick.randrange(len(self.walks))))

    def turn(self, query: Query) -> None:
        """Read a page; keep the cursor for later."""
        page = self.ask(lambda store: store.find(query))
        if isinstance(page, Page) and page.cursor is not None:
            self.walks.append(attrs.evolve(query, cursor=page.cursor))

    @rule(tenant=_TENANTS, id=_IDS)
    def scribble(self, tenant: str, id: str) -> None:
        """Spoil what the store has handed out."""
        store = self.sessions[0]
        _scribble(store.load(key(id, tenant)))
        _scribble(store.history(key(id, tenant), limit=9))
        _scribble(store.find(Query(tenant=tenant)))

    def teardown(self) -> None:
        """Every record is what its changes say; every list, and the feed, is read to its end."""
        try:
            for where in {key(record.id, tenant) for tenant, record in self.seen}:
                self.ask(partial(_load, where))
                self.ask(partial(_read_all, where))
                past = self.sessions[0].history(where, limit=MAX_PAGE).items
                assert stored_of(self.sessions[0], where).record == replay(past)
            for tenant in {tenant for tenant, _ in self.seen}:
                for filters in ({}, *_BATTERY):
                    for query in (
                        Query(tenant=tenant, limit=2, **filters),
                        Query(tenant=tenant, order="id", **filters),
                    ):
                        self.turn(query)
                for kind in ("pipeline", "guard"):
                    self.turn(Query(tenant=tenant, kind=kind, limit=1))
            while self.walks:
                self.turn(self.walks.pop())
            for followed in self.news:
                self.follow(followed, MAX_PAGE)
            for followed, found in self.news.items():
                for where in {key(record.id, one) for one, record in self.seen if followed in (None, one)}:
                    versions = [one.change.stamp.version for one in found if one.key == where]
                    assert list(dict.fromkeys(versions)) == list(range(1, stored_of(self.model, where).version + 1))
        finally:
            self.stack.close()
