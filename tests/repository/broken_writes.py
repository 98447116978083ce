"""Stores that write wrongly. Each is right but for one step, and says which case of the contract finds it out.

`by` is the case; `error` the exception that the case ends with, exactly.
"""

import time
import unicodedata
from decimal import Decimal

import attrs

from oppcore.errors import Busy, VersionConflict
from oppcore.records import Opportunity
from oppcore.repository import Written
from tests.repository.plain import PlainStore

# Versions.


class LosesUpdates(PlainStore):
    """The second of two writers overwrites the first."""

    by, error = "test_a_stale_version_conflicts_and_writes_nothing", "Failed"

    def check_writes(self, writes):
        for write in writes:
            if (found := self.version(write.key)) < write.expected or (not write.expected and found):
                self.expect(write.key, write.expected)


class CreatesOverWhatIsThere(PlainStore):
    """Creating is the same as replacing."""

    by, error = "test_a_record_is_created_once", "Failed"

    def check_writes(self, writes):
        super().check_writes([write for write in writes if write.expected])


class TakesVersionsFromTheFuture(PlainStore):
    """Only what is older than the record is refused."""

    by, error = "test_a_version_from_the_future_conflicts", "Failed"

    def expect(self, key, expected):
        if not 0 < self.version(key) < expected:
            super().expect(key, expected)


class UpdatesWhatIsNotThere(PlainStore):
    """An update makes the record it does not find."""

    by, error = "test_a_change_of_what_is_not_there_conflicts", "Failed"

    def check_writes(self, writes):
        super().check_writes([write for write in writes if self.version(write.key)])


class WritesByHalves(PlainStore):
    """Each write is checked when its turn comes."""

    by, error = "test_one_conflict_keeps_all_of_a_commit_out", "AssertionError"

    def check_writes(self, writes):
        for write in writes:
            self.expect(write.key, write.expected)
            self.put(write)


class KeepsTheHistoryOfConflicts(PlainStore):
    """The changes are written before the version is checked."""

    by, error = "test_a_stale_version_conflicts_and_writes_nothing", "AssertionError"

    def check_writes(self, writes):
        for write in writes:
            if self.version(write.key) != write.expected:
                self.add_changes(write)
            self.expect(write.key, write.expected)


class CountsOneTooMany(PlainStore):
    """The version in the answer is the one that comes next."""

    by, error = "test_versions_grow_by_one_change_at_a_time", "AssertionError"

    def written(self, commit):
        return tuple(Written(write.key, write.expected, write.version + 1) for write in commit.writes)


class CountsCommitsNotChanges(PlainStore):
    """The stored version grows by one, whatever was written."""

    by, error = "test_a_commit_of_several_changes_keeps_them_all_in_order", "AssertionError"

    def put(self, write):
        super().put(write)
        name = self.name(write.key)
        self.stored[name] = attrs.evolve(self.stored[name], version=write.expected + 1)


class SkipsEmptyWrites(PlainStore):
    """A write without changes is not looked at."""

    by, error = "test_a_write_without_changes_checks_the_version_only", "Failed"

    def check_writes(self, writes):
        super().check_writes([write for write in writes if write.version > write.expected])


class ChecksOutsideTheTransaction(PlainStore):
    """Between looking and writing there is time for others."""

    by, error = "test_writers_at_once_lose_nothing", "AssertionError"

    def commit(self, commit, /):
        return self.carry_out(commit)

    def check_writes(self, writes):
        super().check_writes(writes)
        time.sleep(0.0005)


class StaysLockedAfterConflicts(PlainStore):
    """A transaction that met a conflict is never ended."""

    by, error = "test_a_conflict_leaves_the_session_usable", "Busy"
    is_locked = False

    def commit(self, commit, /):
        if self.is_locked:
            raise Busy("locked")
        try:
            return super().commit(commit)
        except VersionConflict:
            self.is_locked = True
            raise


# History.


class KeepsNoHistory(PlainStore):
    """Only the newest image is kept."""

    by, error = "test_every_change_is_in_the_history", "AssertionError"

    def add_changes(self, write):
        pass


class TurnsHistoryAround(PlainStore):
    """The newest change comes first."""

    by, error = "test_every_change_is_in_the_history", "AssertionError"

    def add_changes(self, write):
        for change in write.changes:
            self.changes.setdefault(self.name(write.key), []).insert(0, change)


class KeepsTheLastChangeOfACommit(PlainStore):
    """One commit, one row of history."""

    by, error = "test_a_commit_of_several_changes_keeps_them_all_in_order", "AssertionError"

    def add_changes(self, write):
        self.changes.setdefault(self.name(write.key), []).extend(write.changes[-1:])


class KeepsTheHistoryOfTheFirstRecord(PlainStore):
    """A commit of several records has the history of one."""

    by, error = "test_a_lead_and_the_deal_it_becomes_are_written_together_or_not_at_all", "AssertionError"

    def put(self, write):
        if write.key.kind == "opportunity" and isinstance(write.record, Opportunity) and write.record.origin.lead_id:
            return
        super().put(write)


class WritesTheFirstRecordOnly(PlainStore):
    """A commit of several records writes one."""

    by, error = "test_two_records_of_one_commit_are_both_there", "AssertionError"

    def carry_out(self, commit):
        super().carry_out(attrs.evolve(commit, writes=commit.writes[:1]))
        return super().find_earlier(commit) or attrs.evolve(
            super().carry_out(attrs.evolve(commit, writes=(), command_id=None, digest=None)),
            written=self.written(commit),
        )


# Values.


class DropsAField(PlainStore):
    """A table without a column for budget, intent and decision."""

    by, error = "test_what_an_earlier_release_wrote_is_kept_unchanged", "AssertionError"

    def keep(self, record):
        if not isinstance(record, Opportunity):
            return record
        return attrs.evolve(record, qualification=type(record.qualification)())


class DropsAFieldOfLeads(PlainStore):
    """A table of leads without a column for the company."""

    by, error = "test_leads_that_an_earlier_release_wrote_are_kept_unchanged", "AssertionError"

    def keep(self, record):
        return attrs.evolve(record, company=type(record.company)()) if hasattr(record, "company") else record


class DropsTheRulesOfAPipeline(PlainStore):
    """Pipelines are kept without their flow."""

    by, error = "test_pipelines_that_an_earlier_release_wrote_are_kept_unchanged", "AssertionError"

    def keep(self, record):
        return attrs.evolve(record, claims=()) if hasattr(record, "claims") else record


class GoesThroughFloats(PlainStore):
    """Numbers are kept as the database's floats."""

    by, error = "test_numbers_and_amounts_come_back_exactly", "AssertionError"

    def keep(self, record):
        if not isinstance(record, Opportunity):
            return record
        fields = {
            name: Decimal(str(float(value))) if isinstance(value, Decimal) else value
            for name, value in record.fields.items()
        }
        return attrs.evolve(record, fields=fields)


def _with_time(record, change):
    """The same record with another instant, past all checks."""
    if not hasattr(record, "progress"):
        return record
    progress = attrs.evolve(record.progress)
    object.__setattr__(progress, "changed_at", change(progress.changed_at))
    object.__setattr__(progress, "opened_at", change(progress.opened_at))
    copy = attrs.evolve(record)
    object.__setattr__(copy, "progress", progress)
    return copy


class ForgetsTheTimeZone(PlainStore):
    """A column without a time zone; as every list is ordered by instants, it goes wrong where they are first used."""

    by, error = "test_instants_come_back_to_the_microsecond_and_aware", "AssertionError"

    def load(self, key, /):
        stored = super().load(key)
        return stored and attrs.evolve(stored, record=_with_time(stored.record, lambda at: at.replace(tzinfo=None)))


class KeepsWholeSeconds(PlainStore):
    """A column that rounds."""

    by, error = "test_instants_come_back_to_the_microsecond_and_aware", "AssertionError"

    def keep(self, record):
        return _with_time(record, lambda at: at.replace(microsecond=0))


class NormalisesValues(PlainStore):
    """Texts are composed before they are kept."""

    by, error = "test_texts_are_not_normalised", "AssertionError"

    def keep(self, record):
        name = getattr(record, "name", None)
        return attrs.evolve(record, name=unicodedata.normalize("NFKC", name)) if name else record


class CutsTexts(PlainStore):
    """A column of 10,000 characters."""

    by, error = "test_long_texts_are_kept_whole", "AssertionError"

    def keep(self, record):
        name = getattr(record, "name", None)
        return attrs.evolve(record, name=name[:10_000]) if name else record


# Guards.


class IgnoresGuards(PlainStore):
    """Only what is written is checked."""

    by, error = "test_a_guard_at_another_version_refuses_the_commit", "Failed"

    def check_guards(self, guards):
        pass


class ChecksTheFirstGuardOnly(PlainStore):
    """One guard must be enough."""

    by, error = "test_every_guard_counts", "Failed"

    def check_guards(self, guards):
        super().check_guards(guards[:1])


class ChecksThatThereIsAPipeline(PlainStore):
    """The pipeline of a guard has to exist, at whatever revision."""

    by, error = "test_a_new_revision_of_the_pipeline_stops_what_the_old_one_decided", "Failed"

    def check_guards(self, guards):
        super().check_guards([guard for guard in guards if self.version(guard.key) < 2])


class TakesAGuardOfNothingForNone(PlainStore):
    """Version 0 says nothing."""

    by, error = "test_a_guard_of_version_0_demands_that_nothing_is_there", "Failed"

    def check_guards(self, guards):
        super().check_guards([guard for guard in guards if guard.version])


class GuardsPipelinesOnly(PlainStore):
    """A guard is a pipeline's revision."""

    by, error = "test_a_guard_may_be_a_record_of_any_kind", "Failed"

    def check_guards(self, guards):
        super().check_guards([guard for guard in guards if guard.key.kind in ("pipeline", "guard")])


class LetsCountersGo(PlainStore):
    """Counters are counted, but hold nobody up."""

    by, error = "test_a_counter_with_a_name_guards_what_spans_records", "Failed"

    def check_writes(self, writes):
        super().check_writes([write for write in writes if write.key.kind != "guard"])


# Commands.


class ForgetsCommands(PlainStore):
    """There is no ledger."""

    by, error = "test_a_command_is_carried_out_once", "VersionConflict"

    def remember(self, commit, committed):
        pass


class RemembersWhatWasRefused(PlainStore):
    """The ledger is written first, in a transaction of its own."""

    by, error = "test_a_refused_command_leaves_nothing_and_may_come_again", "AssertionError"

    def check_guards(self, guards):
        self.is_early = True
        super().check_guards(guards)

    def carry_out(self, commit):
        if (earlier := self.find_earlier(commit)) is not None:
            return earlier
        from oppcore.repository import Committed

        self.remember(commit, Committed(self.written(commit), commit.digest))
        return super().carry_out(attrs.evolve(commit, command_id=None, digest=None))


class WritesTheLedgerLater(PlainStore):
    """The command is written to the ledger with the next commit, not with its own."""

    by, error = "test_what_a_command_did_can_be_recalled", "VersionConflict"
    late = ()

    def remember(self, commit, committed):
        for one in self.late:
            super().remember(*one)
        self.late = ((commit, committed),)


class ComparesNoDigests(PlainStore):
    """The id alone makes a command."""

    by, error = "test_another_digest_under_the_same_id_is_refused", "Failed"

    def compare(self, commit, earlier):
        pass


class ComparesDigestsOnly(PlainStore):
    """What is asked for makes a command, under whatever id."""

    by, error = "test_commands_of_different_ids_are_different", "AssertionError"

    def find_earlier(self, commit):
        return None if commit.digest is None else self.commands.get((commit.tenant, commit.digest))

    def recall(self, tenant, command_id, /):
        return super().recall(tenant, "first")

    def remember(self, commit, committed):
        super().remember(commit and attrs.evolve(commit, command_id=commit.digest), committed)


class RemembersCommandsWithoutIds(PlainStore):
    """The same again is taken for a repetition."""

    by, error = "test_commands_without_an_id_are_not_remembered", "Failed"

    def carry_out(self, commit):
        if commit.command_id is None and commit in self.__dict__.setdefault("done", []):
            return self.written(commit)
        committed = super().carry_out(commit)
        self.__dict__.setdefault("done", []).append(commit)
        return committed


class RemembersOneRecord(PlainStore):
    """The ledger has room for one record."""

    by, error = "test_a_command_remembers_every_record_it_wrote", "AssertionError"

    def remember(self, commit, committed):
        super().remember(commit, attrs.evolve(committed, written=committed.written[:1]))


class AnswersWithWhatIsThereNow(PlainStore):
    """A repeated command hears of later versions."""

    by, error = "test_a_repeated_command_is_answered_even_after_later_changes", "AssertionError"

    def find_earlier(self, commit):
        earlier = super().find_earlier(commit)
        return earlier and attrs.evolve(
            earlier, written=tuple(attrs.evolve(one, version=self.version(one.key)) for one in earlier.written)
        )


class ChecksGuardsBeforeTheLedger(PlainStore):
    """A repeated command is decided once more."""

    by, error = "test_a_repeated_command_is_answered_whatever_its_guards", "VersionConflict"

    def carry_out(self, commit):
        self.check_guards(commit.guards)
        return super().carry_out(commit)


class LooksIntoTheLedgerTooEarly(PlainStore):
    """Two deliveries at once both find nothing there; the second one takes its own command for somebody else's."""

    by, error = "test_a_command_delivered_many_times_at_once_is_carried_out_once", "VersionConflict"

    def commit(self, commit, /):
        if (earlier := self.find_earlier(commit)) is not None:
            return earlier
        time.sleep(0.002)
        with self.lock:
            self.check_guards(commit.guards)
            self.check_writes(commit.writes)
            return super().carry_out(commit)
