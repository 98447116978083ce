"""Limits on work in progress: at most so many open deals at once, counted under a guard so that nobody slips in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, final

import attrs

from oppcore.desk import requests
from oppcore.desk.digest import digest_of
from oppcore.desk.requests import Steps
from oppcore.engine import Origination
from oppcore.errors import MoveRefused, Problem, Wish
from oppcore.records import Key, Lead, Opportunity, Outcome, Record, kind_of
from oppcore.records.checks import key_text, texts, to_texts
from oppcore.repository.commit import Write
from oppcore.repository.query import MAX_PAGE, Query

__all__ = ["Limit", "check_limits"]

_MOST = MAX_PAGE - 100  # what is counted fits into one page, with what the commit itself writes


def _number(_instance: object, attribute: Any, value: Any) -> None:
    if type(value) is not int or not 0 <= value <= _MOST:
        message = f"{attribute.name} is a number from 0 to {_MOST}, not {value!r}"
        raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class Limit:
    """At most so many open deals in some stages of a pipeline at once: of each owner, or (`per=None`) altogether.

    It is asked whenever a command brings a deal under it: by opening, moving, giving it to another owner, restoring,
    transferring. What is there already is never sent away, and what is adopted, saved or migrated is counted and not
    refused. Per owner, deals that nobody owns are not limited. No override waives it.
    """

    pipeline: str = attrs.field(validator=key_text)
    stages: tuple[str, ...] = attrs.field(converter=to_texts, validator=[texts, attrs.validators.min_len(1)])
    most: int = attrs.field(validator=_number)
    per: Literal["owner"] | None = attrs.field(default="owner", validator=attrs.validators.in_(("owner", None)))

    def group_of(self, record: Record) -> str | None:
        """Give the owner under whose limit a deal falls (empty text: everybody's); None where it falls under none."""
        progress = record.progress
        concerned = (
            progress.pipeline == self.pipeline
            and progress.stage in self.stages
            and progress.outcome is Outcome.OPEN
            and progress.removal is None
        )
        if not concerned:
            return None
        return "" if self.per is None else record.team.owner_id

    def guard_for(self, group: str, tenant: str) -> Key:
        """Give the counter that every commit moves which brings a deal under the limit."""
        return Key("guard", f"limit:{digest_of(self.pipeline, sorted(self.stages), self.per, group)}", tenant)


def check_limits(
    limits: Iterable[Limit], action: str, tenant: str, earlier: Record | None, writes: tuple[Write, ...]
) -> Steps[tuple[Write, ...]]:
    """Give the counters that go into a commit, so that of two that come under a limit at once one counts again.

    `earlier` is the record of the first write as it was. Raises `MoveRefused` where there are too many already.
    """
    counters: list[Write] = []
    for limit in limits:
        for group in sorted(_entered(limit, earlier, writes)):
            key = limit.guard_for(group, tenant)
            stored = yield from requests.load(key)  # before counting: who comes in after this moves it
            if (yield from _count(limit, group, tenant, writes)) > limit.most:
                params = {"stage": limit.stages, "most": limit.most, "owner": group or None}
                problem = Problem("limit.reached", "stage", params)
                raise MoveRefused(writes[0].key.id, Wish("wish.limited", {"action": action}), (problem,))
            counters.append(Write(key, 0 if stored is None else stored.version))
    return tuple(counters)


def _entered(limit: Limit, earlier: Record | None, writes: tuple[Write, ...]) -> set[str]:
    found: set[str] = set()
    for number, write in enumerate(writes):
        before, after = (earlier if number == 0 else None), write.record
        if not isinstance(after, (Opportunity, Lead)) or not write.changes:
            continue
        if all(change.stamp.origin in (Origination.ADOPTED, Origination.MIGRATED) for change in write.changes):
            continue
        group = limit.group_of(after)
        if group is not None and (before is None or limit.group_of(before) != group):
            found.add(group)
    return found


def _count(limit: Limit, group: str, tenant: str, writes: tuple[Write, ...]) -> Steps[int]:
    """Count the deals under a limit as they will be: those of the commit as it writes them, all others as they are."""
    ours = [write.record for write in writes if isinstance(write.record, (Opportunity, Lead))]
    under = [record for record in ours if limit.group_of(record) == group]
    query = Query(
        kind=kind_of(under[0]),
        tenant=tenant,
        pipeline=limit.pipeline,
        stages=limit.stages,
        outcomes=(Outcome.OPEN,),
        owners=None if limit.per is None else (group,),
        limit=limit.most + len(ours) + 1,
    )
    page = yield from requests.find(query)
    keys = {write.key for write in writes}
    return len(under) + sum(stored.key not in keys for stored in page.items)
