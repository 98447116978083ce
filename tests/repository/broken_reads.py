"""Stores that read wrongly. Each is right but for one step, and says which case of the contract finds it out.

`by` is the case; `error` the exception that the case ends with, exactly.
"""

import base64
import json
import time
import unicodedata
from fnmatch import fnmatchcase
from itertools import count

import attrs

from oppcore.criteria import Compare, Present
from oppcore.repository import CommittedChange, Page, Powers
from oppcore.repository.paging import check_limit, make_feed_cursor, read_cursor
from tests.repository.plain import PlainStore

# Loading.


class RaisesForWhatIsNotThere(PlainStore):
    """A dictionary's own manners."""

    by, error = "test_what_was_never_written_is_not_there", "KeyError"

    def load(self, key, /):
        return self.stored[self.name(key)]


class LoadsAnotherVersion(PlainStore):
    """The version column counts from somewhere else."""

    by, error = "test_what_was_committed_is_loaded", "AssertionError"

    def load(self, key, /):
        stored = super().load(key)
        return stored and attrs.evolve(stored, version=stored.version + 1)


class HandsOutItsOwnLists(PlainStore):
    """What a caller does to a page, it does to the store."""

    by, error = "test_nothing_that_is_handed_out_can_be_changed", "AssertionError"

    def history(self, key, /, *, after=0, limit):
        page = super().history(key, after=after, limit=limit)
        own = self.changes.get(self.name(key))
        return Page(own) if own is not None and page.items == tuple(own) else page


class RemembersWhatItRead(PlainStore):
    """Each session has a cache that nobody empties."""

    by, error = "test_a_session_sees_what_another_committed", "AssertionError"

    def open_session(self):
        session = RemembersWhatItRead()
        session.__dict__.update(self.__dict__, read={})
        return session

    def load(self, key, /):
        if "read" not in self.__dict__:
            return super().load(key)
        return self.read.setdefault(key, super().load(key))


class RetriesWithWhatIsThere(PlainStore):
    """In a session other than the first, a conflict is a reason to try again with the newest version."""

    by, error = "test_of_two_sessions_that_saw_the_same_version_one_wins", "Failed"

    def open_session(self):
        session = RetriesWithWhatIsThere()
        session.__dict__.update(self.__dict__, insists=True)
        return session

    def check_writes(self, writes):
        if "insists" not in self.__dict__:
            super().check_writes(writes)


class KeepsTheLedgerInTheSession(PlainStore):
    """Commands are remembered where they arrived."""

    by, error = "test_a_command_delivered_to_two_sessions_is_carried_out_once", "VersionConflict"

    def open_session(self):
        session = KeepsTheLedgerInTheSession()
        session.__dict__.update(self.__dict__, commands={})
        return session


class TakesLeadsForDeals(PlainStore):
    """One table, one key, whatever the kind."""

    by, error = "test_a_lead_is_kept_with_its_history", "VersionConflict"

    def name(self, key):
        return ("record" if key.kind in ("lead", "opportunity") else key.kind, key.id, key.tenant)


class KeepsOneRevision(PlainStore):
    """The copy of an earlier revision is the newest one."""

    by, error = "test_earlier_revisions_of_a_pipeline_are_kept_beside_the_newest", "AssertionError"

    def load(self, key, /):
        stored = super().load(key)
        if stored is None or key.kind != "revision":
            return stored
        return attrs.evolve(stored, record=self.stored["pipeline", stored.record.key, key.tenant].record)


class HasNoPipelines(PlainStore):
    """A pipeline's version is not kept."""

    by, error = "test_a_pipeline_is_a_record_whose_version_is_its_revision", "AssertionError"

    def load(self, key, /):
        stored = super().load(key)
        return attrs.evolve(stored, version=1) if stored is not None and key.kind == "pipeline" else stored


# History.


class NamesThePageNotTheVersion(PlainStore):
    """The cursor of a history counts pages."""

    by, error = "test_history_comes_in_pages", "AssertionError"

    def history(self, key, /, *, after=0, limit):
        page = super().history(key, after=after, limit=limit)
        return page if page.cursor is None else attrs.evolve(page, cursor=str(int(page.cursor) // limit))


class GivesAnyAmount(PlainStore):
    """A limit is a wish."""

    by, error = "test_a_page_of_history_has_a_size", "Failed"

    def history(self, key, /, *, after=0, limit):
        return super().history(key, after=after, limit=min(max(limit, 1), 1000))


# Texts and tenants.


class ComposesIds(PlainStore):
    """A collation for which é is é."""

    by, error = "test_hostile_ids_are_ids", "VersionConflict"

    def name(self, key):
        return (key.kind, unicodedata.normalize("NFC", key.id), key.tenant)


class TrimsTenants(PlainStore):
    """A column that drops blanks at the end."""

    by, error = "test_hostile_tenants_are_tenants", "VersionConflict"

    def name(self, key):
        return (key.kind, key.id, key.tenant.rstrip())


class SearchesWithWildcards(PlainStore):
    """Ids are compared as patterns are."""

    by, error = "test_hostile_ids_are_ids", "AssertionError"

    def terms(self, query, key, record):
        terms = super().terms(attrs.evolve(query, ids=None), key, record)
        if query.ids is not None:
            terms.append(any(fnmatchcase(key.id, id.replace("%", "*").replace("_", "?")) for id in query.ids))
        return terms


class LosesItsWayAmongIds(PlainStore):
    """A cursor keeps the first hundred characters."""

    by, error = "test_pages_go_through_hostile_ids", "AssertionError"

    def read_cursor(self, query):
        behind = super().read_cursor(query)
        return behind and tuple(part[:100] for part in behind)


class ShowsAllTenants(PlainStore):
    """A list without a condition on the tenant."""

    by, error = "test_tenants_do_not_see_each_other", "AssertionError"

    def admits(self, query, stored):
        return super().admits(attrs.evolve(query, tenant=stored.key.tenant), stored)


class SharesCommands(PlainStore):
    """A command's id is unique in the world."""

    by, error = "test_a_command_id_belongs_to_its_tenant", "AssertionError"

    def command(self, tenant, command_id):
        return command_id


class SharesPipelines(PlainStore):
    """All tenants sell in the same way."""

    by, error = "test_pipelines_and_counters_belong_to_their_tenant", "VersionConflict"

    def name(self, key):
        return (key.kind, key.id, None if key.kind == "pipeline" else key.tenant)


class SharesVersions(PlainStore):
    """A version is looked up by id."""

    by, error = "test_versions_belong_to_their_tenant", "VersionConflict"

    def version(self, key):
        return max(one.version for one in self.stored.values() if one.key.id == key.id) if (super().version(key)) else 0


# Finding.


class OrdersByOpening(PlainStore):
    """A list in the order in which deals were opened."""

    by, error = "test_records_come_in_the_order_of_their_last_change", "AssertionError"

    def place(self, stored, query):
        if query.order == "id" or not hasattr(stored.record, "progress"):
            return super().place(stored, query)
        return (stored.record.progress.opened_at.isoformat(), stored.key.id)


class OrdersLikeADictionary(PlainStore):
    """Capitals and small letters are the same to it."""

    by, error = "test_records_come_in_the_order_of_their_ids", "AssertionError"

    def place(self, stored, query):
        return tuple(part.casefold() for part in super().place(stored, query))


class IgnoresOwners(PlainStore):
    """A filter that is forgotten."""

    by, error = "test_each_filter_admits_what_it_says", "AssertionError"

    def terms(self, query, key, record):
        return super().terms(query if query.owners == () else attrs.evolve(query, owners=None), key, record)


class AdmitsWhatMeetsOneFilter(PlainStore):
    """OR in place of AND."""

    by, error = "test_filters_hold_together", "AssertionError"

    def holds(self, terms):
        return any(terms[:-1]) if len(terms) > 2 else all(terms)


class AsksForLater(PlainStore):
    """A greater-than where at-least was asked for."""

    by, error = "test_changed_since_admits_that_very_instant", "AssertionError"

    def terms(self, query, key, record):
        since, at = query.changed_since, record.progress.changed_at
        return [*super().terms(query, key, record), since is None or at > since]


class KeepsAStaleIndex(PlainStore):
    """The column of owners is filled when a deal is opened."""

    by, error = "test_filters_ask_for_what_is_there_now", "AssertionError"

    def terms(self, query, key, record):
        opened = self.changes[self.name(key)][0].record
        return super().terms(query, key, attrs.evolve(record, team=opened.team))


class TakesNoneForAny(PlainStore):
    """An empty filter filters nothing."""

    by, error = "test_an_empty_filter_admits_none", "AssertionError"

    def terms(self, query, key, record):
        emptied = {name: getattr(query, name) or None for name in ("ids", "stages", "outcomes", "owners")}
        return super().terms(attrs.evolve(query, **emptied), key, record)


class ShowsWhatWasRemoved(PlainStore):
    """Removed deals are listed as if they were not."""

    by, error = "test_removed_records_are_found_when_they_are_asked_for", "AssertionError"

    def terms(self, query, key, record):
        return super().terms(attrs.evolve(query, removed=query.removed or None), key, record)


class FindsNoPipelines(PlainStore):
    """Only deals are listed."""

    by, error = "test_pipelines_are_found_by_kind", "AssertionError"

    def admits(self, query, stored):
        return query.kind != "pipeline" and super().admits(query, stored)


class FindsNoCounters(PlainStore):
    """Counters are nowhere."""

    by, error = "test_a_counter_has_no_history_and_is_no_deal", "AssertionError"

    def admits(self, query, stored):
        return query.kind != "guard" and super().admits(query, stored)


class SkipsTies(PlainStore):
    """A cursor that knows the instant only."""

    by, error = "test_pages_give_each_record_once_in_order", "AssertionError"

    def read_cursor(self, query):
        behind = super().read_cursor(query)
        return behind if behind is None or len(behind) == 1 else (behind[0], "\U0010ffff")


class HasNoLastPage(PlainStore):
    """A full page always has a next one."""

    by, error = "test_the_last_page_has_no_cursor", "AssertionError"

    def next_cursor(self, query, page, rest):
        return super().next_cursor(query, page, [*rest, *rest]) if len(page) == query.limit else None


class CountsRows(PlainStore):
    """OFFSET: what moves away takes the next record with it."""

    by, error = "test_a_cursor_stands_where_its_record_stood", "AssertionError"

    def find(self, query, /):
        start = 0 if read_cursor(query) is None else int(read_cursor(query)[0])
        everything = super().find(attrs.evolve(query, cursor=None, limit=1000)).items
        page = super().find(attrs.evolve(query, cursor=None, limit=1))
        items, end = everything[start : start + query.limit], start + query.limit
        if len(everything) <= end:
            return Page(items)
        mark = json.loads(base64.urlsafe_b64decode(page.cursor))[0]
        parts = [mark, str(end)] if query.order == "id" else [mark, str(end), ""]
        return Page(items, base64.urlsafe_b64encode(json.dumps(parts).encode()).decode())


class TakesASnapshotOfEachList(PlainStore):
    """Who began to read a list reads what was there then."""

    by, error = "test_whoever_pages_by_change_misses_nothing_that_others_write", "AssertionError"

    def find(self, query, /):
        if query.cursor is None:
            self.frozen = dict(self.stored)
        live, self.stored = self.stored, self.frozen if query.cursor else self.stored
        try:
            return super().find(query)
        finally:
            self.stored = live


class TakesAnyCursor(PlainStore):
    """A cursor is a place in any list."""

    by, error = "test_a_cursor_fits_its_own_query_only", "Failed"

    def read_cursor(self, query):
        if query.cursor is None:
            return None
        try:
            _, *place = json.loads(base64.urlsafe_b64decode(query.cursor))
        except ValueError:
            return super().read_cursor(query)
        return tuple(place)


class BreaksOnNonsense(PlainStore):
    """A cursor is read as it comes."""

    by, error = "test_a_cursor_that_nobody_handed_out_is_refused", "JSONDecodeError"

    def read_cursor(self, query):
        if query.cursor is not None:
            json.loads(base64.urlsafe_b64decode(query.cursor))
        return super().read_cursor(query)


# Powers.


class FeedsOneChangeOfACommit(PlainStore):
    """The outbox has one row for each commit."""

    by, error = "test_all_changes_of_a_commit_are_in_the_feed", "AssertionError"

    def publish(self, commit):
        super().publish(attrs.evolve(commit, writes=commit.writes[:1]))


class FeedsByRecord(PlainStore):
    """The feed is ordered by the instants of the changes: what happened early and was told late is passed over."""

    by, error = "test_whoever_follows_goes_on_behind_what_they_dealt_with", "AssertionError"

    def publish(self, commit):
        super().publish(commit)
        self.log.sort(key=lambda entry: entry[1].stamp.at)


class FeedsTheNewestFirst(PlainStore):
    """The feed shows the last change first."""

    by, error = "test_every_change_is_in_the_feed_in_the_order_of_versions", "AssertionError"

    def publish(self, commit):
        super().publish(commit)
        self.log.sort(key=lambda entry: -entry[1].stamp.version)


class FeedsWhatWasRefused(PlainStore):
    """The message is sent before the commit."""

    by, error = "test_what_was_refused_or_repeated_is_not_in_the_feed", "AssertionError"

    def carry_out(self, commit):
        if self.find_earlier(commit) is None:
            super().publish(commit)
        return super().carry_out(commit)

    def publish(self, commit):
        pass


class FeedsAllTenants(PlainStore):
    """The feed of one tenant is that of all."""

    by, error = "test_one_tenant_can_be_followed_or_all", "AssertionError"

    def follow(self, tenant, /, *, after=None, limit):
        check_limit(limit)
        start = 0 if after is None else json.loads(base64.urlsafe_b64decode(after))[2]
        return tuple(
            CommittedChange(key, change, make_feed_cursor(tenant, place))
            for place, (key, change) in enumerate(self.log[start : start + limit], start + 1)
        )


class TakesAnyFeedCursor(PlainStore):
    """A place in one feed is a place in another."""

    by, error = "test_a_cursor_of_another_feed_is_refused", "Failed"

    def follow(self, tenant, /, *, after=None, limit):
        if after is not None:
            after = make_feed_cursor(tenant, json.loads(base64.urlsafe_b64decode(after))[2])
        return super().follow(tenant, after=after, limit=limit)


class FeedsAnyAmount(PlainStore):
    """A limit is a wish."""

    by, error = "test_a_part_of_the_feed_has_a_size", "Failed"

    def follow(self, tenant, /, *, after=None, limit):
        return super().follow(tenant, after=after, limit=min(max(limit, 1), 1000))


class NumbersBeforeItCommits(PlainStore):
    """Places in the feed are given out when a commit begins; what ends later stands before what is read already."""

    by, error = "test_whoever_follows_while_others_write_misses_nothing", "AssertionError"

    def __init__(self):
        super().__init__()
        self.numbers, self.entries = count(), []

    def commit(self, commit, /):
        number = next(self.numbers)
        time.sleep(0.05 if number % 3 == 1 else 0)  # long enough for others to commit and be read
        with self.lock:
            self.number = number
            return self.carry_out(commit)

    def publish(self, commit):
        self.entries += [(self.number, write.key, change) for write in commit.writes for change in write.changes]
        self.entries.sort(key=lambda entry: entry[0])
        self.log = [(key, change) for _, key, change in self.entries]


class DeclaresWhatItDoesNotDo(PlainStore):
    """A condition is taken, and read otherwise."""

    by, error = "test_a_condition_leaves_out_nothing_of_which_it_is_true", "AssertionError"
    powers = Powers(filters=(Present, Compare))

    def terms(self, query, key, record):
        named = getattr(record, "name", None) is not None
        return [*super().terms(query, key, record), query.where is None or named]


class FindsEverythingForUnknownConditions(PlainStore):
    """A condition that it cannot ask is left out silently."""

    by, error = "test_a_condition_that_is_not_declared_is_refused", "Failed"

    def find(self, query, /):
        return super().find(attrs.evolve(query, where=None))


class ForgetsTheConditionInTheCursor(PlainStore):
    """A cursor fits any condition."""

    by, error = "test_a_condition_goes_through_pages", "Failed"
    powers = Powers(filters=(Present,))

    def find(self, query, /):
        return super().find(attrs.evolve(query, where=None))


class AppliesConditionsToPipelines(PlainStore):
    """What has no fields meets every condition."""

    by, error = "test_a_condition_on_what_has_no_fields_finds_nothing", "AssertionError"
    powers = Powers(filters=(Present,))
