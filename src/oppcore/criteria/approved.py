"""The condition on approvals: somebody who may has agreed to what the record holds now."""

from __future__ import annotations

from typing import Any, final

import attrs

from oppcore.criteria.situation import Situation
from oppcore.errors import Problem
from oppcore.records import Lead, Opportunity, Round, RoundStatus, get_field
from oppcore.records.checks import key_text

__all__ = ["Approved"]


_ENDED = {
    RoundStatus.REJECTED: "approval.rejected",
    RoundStatus.RETURNED: "approval.returned",
    RoundStatus.WITHDRAWN: "approval.withdrawn",
    RoundStatus.STALE: "approval.stale",
}


@final
@attrs.frozen
class Approved:
    """A round of approval of this subject was granted, for what the record holds now. Never unknown.

    Worked out by comparison each time: it is false while a covered value differs from the one that was approved, and
    true again once it is as it was. A withdrawn round never counts.
    """

    subject: str = attrs.field(validator=key_text)

    def _rounds(self, situation: Situation) -> tuple[Round, ...]:
        record = situation.record
        if not isinstance(record, (Opportunity, Lead)):
            return ()  # an item is not approved by itself
        return record.progress.rounds_of(self.subject)

    def judge(self, situation: Situation, /) -> bool:
        """Say whether a granted round covers what the record holds."""
        return any(
            one.status is RoundStatus.GRANTED and not _changed(one, situation) for one in self._rounds(situation)
        )

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say what keeps the subject from being approved, and who can change that."""
        rounds = self._rounds(situation)
        if not wanted:
            return Problem("approval.granted", "approvals", {"subject": self.subject})
        if not rounds:
            return Problem("approval.missing", "approvals", {"subject": self.subject})
        newest = rounds[-1]
        params: dict[str, Any] = {"subject": self.subject, "number": newest.number}
        if newest.status is RoundStatus.OPEN:
            return Problem("approval.open", "approvals", params | {"need": newest.waiting})
        if (code := _ENDED.get(newest.status)) is not None:
            if newest.status is not RoundStatus.STALE:
                last = newest.signatures[-1]  # the one that ended the round
                params |= {"by": last.actor_id, "comment": last.comment or ""}
            return Problem(code, "approvals", params)
        return Problem("approval.outdated", "approvals", params | {"fields": _changed(newest, situation)})


def _changed(one: Round, situation: Situation) -> list[str]:
    """Give the covered fields that are not as they were approved."""
    return [cover.field for cover in one.covered if not cover.holds(get_field(situation.record, cover.field))]
