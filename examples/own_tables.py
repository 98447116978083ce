"""Deals in a table that a product has already, without a column for the version: the history is the lock."""

import json
import sqlite3

from oppcore.codec import decode, decode_change, encode
from oppcore.errors import Unsupported, VersionConflict
from oppcore.records import Key
from oppcore.repository import Committed, Page, Powers, Stored, Written
from oppcore.repository.paging import check_limit, page_of
from oppcore.repository.powers import check_where

SCHEMA = """
CREATE TABLE IF NOT EXISTS deals (account, number, title, phase, seller, sheet, PRIMARY KEY (account, number));
CREATE TABLE IF NOT EXISTS steps (account, kind, number, step, entry, PRIMARY KEY (account, kind, number, step));
CREATE TABLE IF NOT EXISTS requests (account, id, digest, done, PRIMARY KEY (account, id));
"""
LAST = "SELECT step, entry FROM steps WHERE (account, kind, number) = (?, ?, ?) ORDER BY step DESC LIMIT 1"
NEXT = "SELECT entry FROM steps WHERE (account, kind, number) = (?, ?, ?) AND step > ? ORDER BY step LIMIT ?"


class OwnTables:
    def __init__(self, path):
        self.db = sqlite3.connect(path, timeout=30, isolation_level=None)
        self.db.executescript(SCHEMA)

    def load(self, key, /):
        if key.kind == "opportunity":
            sheet = "SELECT sheet FROM deals WHERE (account, number) = (?, ?)"
            row = self.db.execute(sheet, (key.tenant, key.id)).fetchone()
            return row and Stored(key, deal := decode(row[0]), deal.progress.version)
        row = self.db.execute(LAST, (key.tenant, key.kind, key.id)).fetchone()
        return row and Stored(key, row[1] and decode(row[1]), row[0])

    def find(self, query, /):
        check_where(Powers(), query.where)
        known = "SELECT DISTINCT number FROM steps WHERE (account, kind) = (?, ?)"
        numbers = self.db.execute(known, (query.tenant, query.kind)).fetchall()
        return page_of(query, [self.load(Key(query.kind, number, query.tenant)) for (number,) in numbers])

    def history(self, key, /, *, after=0, limit):
        values = (key.tenant, key.kind, key.id, min(after, 2**62), check_limit(limit) + 1)
        rows = self.db.execute(NEXT, values).fetchall() if key.kind == "opportunity" else []
        page = tuple(decode_change(entry) for (entry,) in rows[:limit])
        return Page(page, str(page[-1].stamp.version) if len(rows) > limit else None)

    def recall(self, tenant, command_id, /):
        done = "SELECT digest, done FROM requests WHERE (account, id) = (?, ?)"
        row = self.db.execute(done, (tenant, command_id)).fetchone()
        parts = [Written(Key(kind, id, tenant), *versions) for kind, id, *versions in json.loads(row[1])] if row else []
        return row and Committed(tuple(parts), row[0], repeated=True)

    def commit(self, commit, /):
        with self.db:  # ends with COMMIT, or with ROLLBACK when something is raised
            self.db.execute("BEGIN IMMEDIATE")
            if commit.is_done(earlier := self.recall(commit.tenant, commit.command_id)):
                return earlier
            for condition in commit.conditions:
                key = condition.key
                found, _ = self.db.execute(LAST, (key.tenant, key.kind, key.id)).fetchone() or (0, None)
                if found != condition.version:
                    raise VersionConflict(key.kind, key.id, condition.version, found)
            for write in commit.writes:
                self.write(write.key, write.record, write.expected, write.changes)
            done = [(one.key.kind, one.key.id, one.expected, one.version) for one in commit.outcome.written]
            if commit.command_id:
                values = (commit.tenant, commit.command_id, commit.digest, json.dumps(done))
                self.db.execute("INSERT INTO requests VALUES (?, ?, ?, ?)", values)
            return commit.outcome

    def write(self, key, record, expected, changes):
        if key.kind == "lead":
            raise Unsupported("keeping leads")
        entries = map(encode, changes) if key.kind == "opportunity" else [record and encode(record)]
        rows = [(key.tenant, key.kind, key.id, *one) for one in enumerate(entries, expected + 1)]
        self.db.executemany("INSERT INTO steps VALUES (?, ?, ?, ?, ?)", rows)
        if key.kind == "opportunity":
            row = (key.tenant, key.id, record.name, record.progress.stage, record.team.owner_id, encode(record))
            self.db.execute("INSERT OR REPLACE INTO deals VALUES (?, ?, ?, ?, ?, ?)", row)
