"""SQLite against the reference, step by step: whatever is done, both say the same."""

import tempfile
from pathlib import Path

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from oppcore.criteria import Compare, Not, Present
from oppcore.engine import replay
from oppcore.errors import OppcoreError
from oppcore.records import Key
from oppcore.repository import Commit, Committed, MemoryRepository, Query, SqliteRepository, Write
from tests.repository.stores import PIPELINE, at, guard, key, naming, opening, publishing

IDS = st.sampled_from(["o%", "o_", "o", "客户-3", "it's", 'a"b', "𝔘", "\uffff"])
TENANTS = st.sampled_from(["a", "b%"])
NAMES = st.sampled_from(["x", "y", "", "% OR 1=1 --"])
DAYS = st.integers(0, 3)
COMMANDS = st.sampled_from([None, None, "c-1", "c-2", "o%"])
DIGESTS = st.sampled_from(["one", "two"])
GUARDS = st.sampled_from([None, 0, 1, 2])
SOME = st.none() | st.lists(IDS, max_size=3)


class Lockstep(RuleBasedStateMachine):
    """A file and a dictionary."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "deals.db"
        self.model, self.file = MemoryRepository(), SqliteRepository(self.path)
        self.seen = []  # every image there ever was: stale ones are written, too

    def both(self, ask):
        """Ask both; the answers, or what was raised, must be equal."""
        answers = []
        for store in (self.model, self.file):
            try:
                answers.append(ask(store))
            except OppcoreError as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]
        return answers[0]

    def commit(self, commit):
        """Commit to both, and remember the images that were written."""
        answer = self.both(lambda store: store.commit(commit))
        if isinstance(answer, Committed) and not answer.repeated:
            self.seen += [(commit.tenant, write.record) for write in commit.writes if write.key.kind == "opportunity"]

    @rule(
        id=IDS,
        tenant=TENANTS,
        name=NAMES,
        owner=st.none() | IDS,
        days=DAYS,
        command=COMMANDS,
        digest=DIGESTS,
        at_=GUARDS,
    )
    def open(self, id, tenant, name, owner, days, command, digest, at_):
        guards = () if at_ is None else (guard(at_, tenant),)
        values = {"name": name, "owner_id": owner}
        self.commit(opening(id, tenant=tenant, days=days, command=command, values=values, digest=digest, guards=guards))

    @rule(pick=st.randoms(use_true_random=False), name=NAMES, days=DAYS, command=COMMANDS, digest=DIGESTS)
    def rename(self, pick, name, days, command, digest):
        if not self.seen:
            return
        tenant, record = pick.choice(self.seen)
        days = max(days, (record.progress.changed_at - at()).days)
        if name != record.name:
            self.commit(naming(record, name, tenant=tenant, days=days, command=command, digest=digest))

    @rule(first=IDS, second=IDS, tenant=TENANTS, days=DAYS)
    def open_two(self, first, second, tenant, days):
        if first != second:
            writes = opening(first, tenant=tenant, days=days).writes + opening(second, tenant=tenant).writes
            self.commit(Commit(tenant=tenant, writes=writes))

    @rule(tenant=TENANTS, revision=st.integers(1, 3))
    def publish(self, tenant, revision):
        self.commit(publishing(attrs.evolve(PIPELINE, revision=revision), tenant))

    @rule(tenant=TENANTS, id=IDS, version=st.integers(0, 3))
    def count(self, tenant, id, version):
        self.commit(Commit(tenant=tenant, writes=(Write(Key("guard", id, tenant), version),)))

    @rule()
    def reopen(self):
        self.file.close()
        self.file = SqliteRepository(self.path)

    @rule(tenant=TENANTS, command=COMMANDS.filter(bool))
    def recall(self, tenant, command):
        self.both(lambda store: store.recall(tenant, command))

    @rule(tenant=TENANTS, id=IDS, after=st.integers(0, 3), limit=st.integers(1, 3))
    def history(self, tenant, id, after, limit):
        self.both(lambda store: store.history(key(id, tenant), after=after, limit=limit))

    @rule(tenant=st.none() | TENANTS, limit=st.integers(1, 3))
    def follow(self, tenant, limit):
        cursor = None
        while fed := self.both(lambda store, cursor=cursor: store.follow(tenant, after=cursor, limit=limit)):
            cursor = fed[-1].cursor

    @rule(
        tenant=TENANTS,
        kind=st.sampled_from(["opportunity", "opportunity", "pipeline", "guard"]),
        stages=st.sampled_from([None, ["qualified"], []]),
        owners=SOME,
        ids=SOME,
        since=st.none() | DAYS,
        removed=st.sampled_from([False, True, None]),
        where=st.sampled_from([None, Present("name"), Not(Present("owner_id")), Compare("name", "ge", "x")]),
        order=st.sampled_from(["id", "changed_at"]),
        limit=st.integers(1, 3),
    )
    def find(self, tenant, kind, stages, owners, ids, since, removed, where, order, limit):
        query = Query(
            tenant=tenant,
            kind=kind,
            stages=stages,
            owners=owners,
            ids=ids,
            changed_since=None if since is None else at(since),
            removed=removed,
            where=where,
            order=order,
            limit=limit,
        )
        while query is not None:
            cursor = self.both(lambda store, query=query: store.find(query)).cursor
            query = None if cursor is None else attrs.evolve(query, cursor=cursor)

    def teardown(self):
        for where in {key(record.id, tenant) for tenant, record in self.seen}:
            stored = self.both(lambda store, where=where: store.load(where))
            assert stored.record == replay(self.file.history(where, limit=1000).items)
        self.file.close()
        self.folder.cleanup()


Lockstep.TestCase.settings = settings(
    stateful_step_count=20, max_examples=max(1, settings().max_examples // 4), deadline=None
)
TestLockstep = Lockstep.TestCase
