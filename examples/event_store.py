"""A store that keeps events and nothing else: every record is what its events say, and the events are a feed."""

import json
import sqlite3

from oppcore.codec import decode, encode
from oppcore.engine import replay
from oppcore.errors import VersionConflict
from oppcore.records import Key, Lead, Opportunity
from oppcore.repository import Committed, CommittedChange, Page, Powers, Stored, Written
from oppcore.repository.paging import check_limit, make_feed_cursor, page_of, read_feed_cursor
from oppcore.repository.powers import check_where

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY AUTOINCREMENT, tenant, kind, id, version, event,
                                   UNIQUE (tenant, kind, id, version));
CREATE TABLE IF NOT EXISTS commands (tenant, id, digest, done, PRIMARY KEY (tenant, id));
"""
TYPES = {"opportunity": Opportunity, "lead": Lead}
STREAM = """
SELECT version, event FROM events
WHERE (tenant, kind, id) = (?, ?, ?) AND version > ? ORDER BY version LIMIT ?
"""
FEED = """
SELECT position, tenant, kind, id, event FROM events
WHERE position > ? AND tenant = ifnull(?, tenant) AND kind IN ('opportunity', 'lead') ORDER BY position LIMIT ?
"""


class EventStore:
    powers = Powers(feeds=True)

    def __init__(self, path):
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.executescript(SCHEMA)

    def stream(self, key, after=0, limit=-1):
        return self.db.execute(STREAM, (key.tenant, key.kind, key.id, min(after, 2**62), limit)).fetchall()

    def load(self, key, /):
        if not (rows := self.stream(key)):
            return None
        version, event = rows[-1]
        if key.kind in TYPES:
            return Stored(key, replay([decode(event) for _, event in rows], of=TYPES[key.kind]), version)
        return Stored(key, event and decode(event), version)

    def find(self, query, /):
        check_where(self.powers, query.where)
        known = "SELECT DISTINCT id FROM events WHERE (tenant, kind) = (?, ?)"
        ids = self.db.execute(known, (query.tenant, query.kind)).fetchall()
        return page_of(query, [self.load(Key(query.kind, id, query.tenant)) for (id,) in ids])

    def history(self, key, /, *, after=0, limit):
        rows = self.stream(key, after, check_limit(limit) + 1) if key.kind in TYPES else []
        page = tuple(decode(event) for _, event in rows[:limit])
        return Page(page, str(rows[limit - 1][0]) if len(rows) > limit else None)

    def follow(self, tenant, /, *, after=None, limit):
        rows = self.db.execute(FEED, (read_feed_cursor(tenant, after), tenant, check_limit(limit))).fetchall()
        return tuple(
            CommittedChange(Key(kind, id, of), decode(event), make_feed_cursor(tenant, position))
            for position, of, kind, id, event in rows
        )

    def recall(self, tenant, command_id, /):
        done = "SELECT digest, done FROM commands WHERE (tenant, id) = (?, ?)"
        row = self.db.execute(done, (tenant, command_id)).fetchone()
        parts = [Written(Key(kind, id, tenant), *versions) for kind, id, *versions in json.loads(row[1])] if row else []
        return row and Committed(tuple(parts), row[0], repeated=True)

    def commit(self, commit, /):
        with self.db:  # ends with COMMIT, or with ROLLBACK when something is raised
            self.db.execute("BEGIN IMMEDIATE")
            if commit.is_done(earlier := self.recall(commit.tenant, commit.command_id)):
                return earlier
            for condition in commit.conditions:
                key, rows = condition.key, self.stream(condition.key)
                if (found := rows[-1][0] if rows else 0) != condition.version:
                    raise VersionConflict(key.kind, key.id, condition.version, found)
            for write in commit.writes:
                key, record = write.key, write.record
                events = map(encode, write.changes) if key.kind in TYPES else [record and encode(record)]
                rows = [(key.tenant, key.kind, key.id, *one) for one in enumerate(events, write.expected + 1)]
                self.db.executemany("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?)", rows)
            done = [(one.key.kind, one.key.id, one.expected, one.version) for one in commit.outcome.written]
            if commit.command_id:
                values = (commit.tenant, commit.command_id, commit.digest, json.dumps(done))
                self.db.execute("INSERT INTO commands VALUES (?, ?, ?, ?)", values)
            return commit.outcome
