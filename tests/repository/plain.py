"""A right store, in small steps: what broken ones differ from in one step each."""

import threading

import attrs

from oppcore.errors import CommandMismatch, VersionConflict
from oppcore.records import Lead, Opportunity
from oppcore.repository import Committed, CommittedChange, Page, Powers, Stored, Written
from oppcore.repository.paging import (
    check_limit,
    make_cursor,
    make_feed_cursor,
    place_of,
    read_cursor,
    read_feed_cursor,
)
from oppcore.repository.powers import check_where


class PlainStore:
    """Everything in dictionaries, by key."""

    powers = Powers(feeds=True)

    def __init__(self):
        self.lock = threading.RLock()
        self.stored, self.changes, self.commands, self.log = {}, {}, {}, []

    # What a store is asked.

    def load(self, key, /):
        return self.stored.get(self.name(key))

    def find(self, query, /):
        check_where(self.powers, query.where)
        behind = self.read_cursor(query)
        with self.lock:
            found = [stored for stored in self.stored.values() if self.admits(query, stored)]
        places = sorted((self.place(stored, query), number) for number, stored in enumerate(found))
        rest = [(place, found[number]) for place, number in places if behind is None or place > behind]
        page = rest[: query.limit]
        return Page(tuple(stored for _, stored in page), self.next_cursor(query, page, rest))

    def history(self, key, /, *, after=0, limit):
        end = max(after, 0) + check_limit(limit)
        changes = self.changes.get(self.name(key), [])
        return Page(tuple(changes[max(after, 0) : end]), str(end) if len(changes) > end else None)

    def recall(self, tenant, command_id, /):
        return self.commands.get(self.command(tenant, command_id))

    def commit(self, commit, /):
        with self.lock:
            return self.carry_out(commit)

    def follow(self, tenant, /, *, after=None, limit):
        start, check = read_feed_cursor(tenant, after), check_limit(limit)
        return tuple(
            CommittedChange(key, change, make_feed_cursor(tenant, place))
            for place, (key, change) in enumerate(self.log[start:], start + 1)
            if tenant is None or key.tenant == tenant
        )[:check]

    # In steps.

    def name(self, key):
        return (key.kind, key.id, key.tenant)

    def command(self, tenant, command_id):
        return (tenant, command_id)

    def carry_out(self, commit):
        if (earlier := self.find_earlier(commit)) is not None:
            return earlier
        self.check_guards(commit.guards)
        self.check_writes(commit.writes)
        for write in commit.writes:
            self.put(write)
            self.add_changes(write)
        self.publish(commit)
        committed = Committed(self.written(commit), commit.digest)
        self.remember(commit, committed)
        return committed

    def find_earlier(self, commit):
        earlier = None if commit.command_id is None else self.recall(commit.tenant, commit.command_id)
        if earlier is not None:
            self.compare(commit, earlier)
        return earlier

    def compare(self, commit, earlier):
        if earlier.digest != commit.digest:
            raise CommandMismatch(commit.command_id)

    def version(self, key):
        stored = self.stored.get(self.name(key))
        return 0 if stored is None else stored.version

    def expect(self, key, expected):
        if (found := self.version(key)) != expected:
            raise VersionConflict(key.kind, key.id, expected, found)

    def check_guards(self, guards):
        for guard in guards:
            self.expect(guard.key, guard.version)

    def check_writes(self, writes):
        for write in writes:
            self.expect(write.key, write.expected)

    def put(self, write):
        self.stored[self.name(write.key)] = Stored(write.key, self.keep(write.record), write.version)

    def keep(self, record):
        return record

    def add_changes(self, write):
        self.changes.setdefault(self.name(write.key), []).extend(write.changes)

    def publish(self, commit):
        self.log += [(write.key, change) for write in commit.writes for change in write.changes]

    def written(self, commit):
        return tuple(Written(write.key, write.expected, write.version) for write in commit.writes)

    def remember(self, commit, committed):
        if commit.command_id is not None:
            self.commands[self.command(commit.tenant, commit.command_id)] = attrs.evolve(committed, repeated=True)

    # In steps: finding.

    def read_cursor(self, query):
        return read_cursor(query)

    def next_cursor(self, query, page, rest):
        return make_cursor(query, page[-1][0]) if len(rest) > len(page) else None

    def place(self, stored, query):
        return place_of(stored, query)

    def admits(self, query, stored):
        key, record = stored.key, stored.record
        if (key.kind, key.tenant) != (query.kind, query.tenant):
            return False
        if not isinstance(record, (Opportunity, Lead)):
            asked = (query.pipeline, query.stages, query.outcomes, query.owners, query.changed_since)
            return asked == (None,) * 5 and not query.removed and (query.ids is None or key.id in query.ids)
        return self.holds(self.terms(query, key, record))

    def holds(self, terms):
        return all(terms)

    def terms(self, query, key, record):
        """What each filter says; those left at None say nothing."""
        progress = record.progress
        asked = [
            (query.ids, key.id),
            (query.stages, progress.stage),
            (query.outcomes, progress.outcome),
            (query.owners, record.team.owner_id),
            (None if query.pipeline is None else [query.pipeline], progress.pipeline),
        ]
        terms = [value in admitted for admitted, value in asked if admitted is not None]
        if query.changed_since is not None:
            terms.append(progress.changed_at >= query.changed_since)
        if query.removed is not None:
            terms.append(query.removed == (progress.removal is not None))
        return terms
