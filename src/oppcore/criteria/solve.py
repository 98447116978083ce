"""The one solver of conditions: can they all hold at once, in which situation, and does one follow from others?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any, final

import attrs

from oppcore.criteria.approved import Approved
from oppcore.criteria.combinators import Criterion, Exists
from oppcore.criteria.domains import ANY_MOMENT
from oppcore.criteria.goals import NOT_TRUE, TRUE, Known, Literals, Want, replaced
from oppcore.criteria.leaves import Answered, Compare, Elapsed, Present, Role, Since, Text
from oppcore.criteria.search import Exhausted, Level, Run, State
from oppcore.criteria.situation import Situation
from oppcore.records import (
    FIELDS,
    Actor,
    CustomFields,
    Field,
    FieldValue,
    Lead,
    Opportunity,
    Progress,
    Record,
    RecordKind,
    Round,
    with_fields,
)
from oppcore.records.fields import kind_of_fields

__all__ = [
    "Impossible",
    "Undecided",
    "Witness",
    "find_counterexample",
    "find_witness",
    "implies",
    "is_always_true",
    "is_satisfiable",
]

BUDGET = 20_000

_BUILT_IN = (Present, Compare, Text, Elapsed, Role, Answered, Approved, Known)
_PROGRESS = Progress(
    pipeline="p",
    stage="s",
    version=1,
    opened_at=ANY_MOMENT,
    entered_at=ANY_MOMENT,
    changed_at=ANY_MOMENT,
    recorded_at=ANY_MOMENT,
)
_DEAL = Opportunity(id="x", progress=_PROGRESS)
_LEAD = Lead(id="x", progress=_PROGRESS)


@final
@attrs.frozen(kw_only=True)
class Witness:
    """A way to make criteria true: everything they ask about, and nothing else.

    `values` go into fields by name, as `amending` takes them (None clears one; answers are added to those there are).
    `roles` are those the actor has; None where nobody need act. `elapsed` says what has passed since; `at` is the
    moment to ask at where it matters, None where any will do. `approved` says which subjects are, and which are not.
    """

    values: Mapping[str, FieldValue | Mapping[str, Any]]
    roles: frozenset[str] | None = None
    elapsed: Mapping[Since, timedelta] = attrs.field(factory=dict[Since, timedelta])
    at: datetime | None = None
    approved: Mapping[str, bool] = attrs.field(factory=dict[str, bool])

    def apply(self, record: Record, *, at: datetime) -> Situation:
        """Give the situation that a record is in once all this is so; `at` counts where the witness names no moment.

        Raises `TypeError` or `ValueError` where the record refuses a value.
        """
        now = at if self.at is None else self.at
        values: dict[str, Any] = dict(self.values)
        if values.get("answers"):
            values["answers"] = CustomFields({**record.progress.answers, **values["answers"]})
        if Since.LAST_ACTIVITY in self.elapsed:
            values["last_activity_at"] = now - self.elapsed[Since.LAST_ACTIVITY]
        progress = record.progress
        entered_at, opened_at = min(progress.entered_at, now), min(progress.opened_at, now)
        if Since.ENTERED in self.elapsed:
            entered_at = now - self.elapsed[Since.ENTERED]
            opened_at = min(opened_at, entered_at)
        if Since.OPENED in self.elapsed:
            opened_at = now - self.elapsed[Since.OPENED]
            entered_at = max(opened_at, entered_at)
        changed_at = max(entered_at, min(progress.changed_at, now))
        placed = attrs.evolve(
            progress,
            opened_at=opened_at,
            entered_at=entered_at,
            changed_at=changed_at,
            approvals=self._approvals(progress.approvals, now),
        )
        actor = None if self.roles is None else Actor("x", self.roles)
        return Situation(record=with_fields(attrs.evolve(record, progress=placed), values), at=now, actor=actor)

    def _approvals(self, rounds: tuple[Round, ...], now: datetime) -> tuple[Round, ...]:
        """Give rounds as they must be: one that asked nobody, and so was granted, for each subject approved."""
        kept = [one for one in rounds if one.subject not in self.approved]
        granted = [
            Round(subject=subject, number=1, requested_by="x", requested_at=now)
            for subject, is_approved in self.approved.items()
            if is_approved
        ]
        return (*kept, *granted)


@final
@attrs.frozen
class Impossible:
    """There is no situation in which all criteria are true."""


@final
@attrs.frozen
class Undecided:
    """No answer, and what stands in the way.

    `what` is `budget`, the class of a criterion of the host's, the name of a text field, or `record` where no
    record was found that holds all the values together.
    """

    what: str
    budget: int


def find_witness(
    criteria: Iterable[Criterion], *, fields: Mapping[str, Field] = FIELDS, budget: int = BUDGET
) -> Witness | Impossible | Undecided:
    """Find a situation in which every one of the criteria is true, over records with these fields.

    `Impossible` is a proof: every situation leaves some criterion false or unknown. Fields are free, as far as a
    record can hold the values; the opening is not later than the stage was entered, nor that later than now.
    Criteria of the host's own are never asked; where they decide, or `budget` steps are not enough, the answer is
    `Undecided`, as it may be where texts are asked for both alphabetical order and parts, or splits of a team for
    more than that one is there.

    >>> from oppcore.criteria import Compare, Role
    >>> from oppcore.money import Money
    >>> find_witness([Compare("amount", "ge", Money(100, "EUR")), Role(("manager",))]).values
    {'amount': Money('100', 'EUR')}
    >>> find_witness([Compare("probability", "gt", 1)])
    Impossible()
    """
    return _solve([(criterion, TRUE) for criterion in criteria], fields, budget)


def is_satisfiable(
    criteria: Iterable[Criterion], *, fields: Mapping[str, Field] = FIELDS, budget: int = BUDGET
) -> bool | None:
    """Say whether all criteria can be true at once; None where that is undecided."""
    found = find_witness(criteria, fields=fields, budget=budget)
    return None if isinstance(found, Undecided) else isinstance(found, Witness)


def implies(
    criteria: Iterable[Criterion],
    criterion: Criterion,
    *,
    fields: Mapping[str, Field] = FIELDS,
    budget: int = BUDGET,
) -> bool | None:
    """Say whether a criterion is true in every situation in which all of `criteria` are; None where undecided.

    >>> from oppcore.criteria import Compare, Present
    >>> implies([Compare("owner_id", "ne", "ann")], Present("owner_id"))
    True
    """
    found = find_counterexample(criteria, criterion, fields=fields, budget=budget)
    return None if isinstance(found, Undecided) else isinstance(found, Impossible)


def find_counterexample(
    criteria: Iterable[Criterion],
    criterion: Criterion,
    *,
    fields: Mapping[str, Field] = FIELDS,
    budget: int = BUDGET,
) -> Witness | Impossible | Undecided:
    """Find a situation in which all of `criteria` are true and a criterion is not; `Impossible` where it follows."""
    return _solve([*((one, TRUE) for one in criteria), (criterion, NOT_TRUE)], fields, budget)


def is_always_true(criterion: Criterion, *, fields: Mapping[str, Field] = FIELDS, budget: int = BUDGET) -> bool | None:
    """Say whether a criterion is true in every situation; None where that is undecided."""
    return implies((), criterion, fields=fields, budget=budget)


def _solve(
    wanted: list[tuple[Criterion, Want]], fields: Mapping[str, Field], budget: int
) -> Witness | Impossible | Undecided:
    """Search without criteria of the host's; only if they were in the way, see whether they would have helped."""
    blank: Record = _LEAD if kind_of_fields(fields) is RecordKind.LEAD else _DEAL
    known = {**fields, "last_activity_at": FIELDS["last_activity_at"]}
    run = Run(budget)
    try:
        found = _search(run, wanted, known, blank)
        if found is None and run.asked_host is not None:
            trusting = Run(run.budget, trusts_hosts=True)
            if _search(trusting, wanted, known, blank) is not None:
                return Undecided(run.asked_host, budget)
            run = trusting
    except Exhausted:
        return Undecided("budget", budget)
    if found is not None:
        return found
    return Undecided(run.doubts[0], budget) if run.doubts else Impossible()


def _search(
    run: Run, wanted: list[tuple[Criterion, Want]], fields: Mapping[str, Field], blank: Record
) -> Witness | None:
    level = Level(run, fields, lambda values: with_fields(blank, values), [criterion for criterion, _ in wanted])
    judged = [(replaced(criterion, _without_hosts), want) for criterion, want in wanted]
    for state in level.states([level.goals.of(criterion, want) for criterion, want in wanted]):
        try:
            witness = _witness(level, state)
            situation = witness.apply(blank, at=ANY_MOMENT)
        except (TypeError, ValueError, OverflowError):
            run.doubts.append("record")  # the splits of a team, say, do not add up
            continue
        # The criteria have the last word.
        if run.trusts_hosts or all(criterion.judge(situation) in want for criterion, want in judged):
            return witness
        run.doubts.append("record")
    return None


def _without_hosts(leaf: Any) -> Any:
    if isinstance(leaf, Exists):
        return leaf if leaf.where is None else attrs.evolve(leaf, where=replaced(leaf.where, _without_hosts))
    return leaf if isinstance(leaf, _BUILT_IN) else Known(None)


def _witness(level: Level, state: State) -> Witness:
    """Make a witness of what each subject is asked to be."""
    values: dict[str, Any] = {}
    for subject, literals in state.items():
        match subject:
            case ("field", name) if found := level.values.pick(name, literals):
                values[name] = found[0]
            case ("items", name):
                values |= _items(level, name, literals)
            case _:
                pass
    elapsed = level.values.passed(state["clocks", ""]) if ("clocks", "") in state else None
    last = (elapsed or {}).get(Since.LAST_ACTIVITY)
    dated = any(isinstance(leaf, Compare) for leaf, _ in state.get(("field", "last_activity_at"), ()))
    return Witness(
        values=values | _answers(state),
        roles=_roles(state),
        elapsed=elapsed or {},
        at=values["last_activity_at"] + last if dated and last is not None else None,
        approved={name: asked[0][1] == TRUE for (kind, name), asked in state.items() if kind == "approval"},
    )


def _items(level: Level, name: str, literals: Literals) -> dict[str, Any]:
    """Give the items of a collection, and of quotes which one is current; only that where nothing else is asked."""
    items = level.items(name, literals) or ()
    if name != "quotes":
        return {name: items}
    wanted = level.current_quote(literals)
    fitting = (one for one in items if wanted is not None and wanted.judge(Situation(record=one, at=ANY_MOMENT)))
    quote: Any = next(fitting, None)
    current = {"current_quote_id": None if quote is None else quote.id}
    asked = wanted is not None or any(isinstance(leaf, Exists) for leaf, _ in literals)
    return {name: items, **current} if asked else current


def _answers(state: State) -> dict[str, Any]:
    """Give the answers to checklists: none at all, or to some items, be it to one that nobody asks for."""
    items = {name: True if asked[0][1] == TRUE else None for (kind, name), asked in state.items() if kind == "answer"}
    some = state.get(("answers", ""))
    if some is None:
        return {"answers": items} if items else {}
    if some[0][1] != TRUE:
        return {"answers": None}
    other = next(name for length in count(1) if (name := "x" * length) not in items)
    return {"answers": items if any(items.values()) else {**items, other: True}}


def _roles(state: State) -> frozenset[str] | None:
    if state.get(("actor", ""), ((None, NOT_TRUE),))[0][1] != TRUE:
        return None
    return frozenset(name for (kind, name), asked in state.items() if kind == "role" and asked[0][1] == TRUE)
