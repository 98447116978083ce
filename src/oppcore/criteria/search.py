"""The search behind `solve`: which goals to reach, and the items of collections that reach them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, final

import attrs

from oppcore.criteria.combinators import AllOf, Criterion, Exists, leaves_of
from oppcore.criteria.domains import ANY_MOMENT
from oppcore.criteria.goals import (
    NOT_TRUE,
    TRUE,
    Choice,
    Goal,
    Goals,
    Literal,
    Literals,
    Subject,
    Wanted,
    about_quote,
)
from oppcore.criteria.leaves import Compare, Comparison, Present, Text
from oppcore.criteria.values import Values
from oppcore.money import sum_exactly
from oppcore.records import ITEM_FIELDS, ITEM_TYPES, CompetitorStatus, Field, FieldType, Item, Member, Record

__all__ = ["Exhausted", "Level", "Run", "State"]

State: TypeAlias = Mapping[Subject, Literals]
"""What is asked of each subject."""

_UNIQUE = frozenset({"quotes", "members"})


class Exhausted(Exception):
    """The budget is used up."""


@attrs.define
class Run:
    """One run of the search: what is left of its budget, and what keeps a failure from being a proof.

    With `trusts_hosts` a criterion of the host's may answer whatever is wanted; without, it answers nothing.
    """

    budget: int
    trusts_hosts: bool = False
    doubts: list[str] = attrs.field(factory=list[str])
    asked_host: str | None = None

    def tick(self) -> None:
        """Count one step."""
        self.budget -= 1
        if self.budget < 0:
            raise Exhausted


@attrs.frozen
class _Limit:
    """So many items at least, and at most, meet a criterion."""

    where: Criterion
    least: int = 0
    most: int | None = None

    @classmethod
    def of(cls, exists: Exists, *, is_least: bool) -> _Limit:
        where = AllOf(()) if exists.where is None else exists.where
        return cls(where, exists.at_least) if is_least else cls(where, most=exists.at_least - 1)


@final
class Level:
    """What can be asked of a record, or of the items of one collection, and what answers as wanted."""

    def __init__(
        self,
        run: Run,
        fields: Mapping[str, Field],
        make: Callable[[Mapping[str, Any]], Record | Item],
        criteria: Iterable[Criterion],
        *,
        collection: str | None = None,
    ) -> None:
        self._run, self._fields, self._make, self._collection = run, fields, make, collection
        self._leaves = [leaf for criterion in criteria for leaf in leaves_of(criterion)]
        self.values = Values(fields, make, self._leaves, run.doubts)
        self._blank = self.values.seen({})
        self.goals = Goals(fields, self._blank, self._leaves, is_record=collection is None)
        self._memo: dict[Hashable, Any] = {}  # by identity, and so with the leaves, which must live as long
        self._below: dict[str, Level] = {}

    def states(self, goals: Iterable[Goal]) -> Iterator[State]:
        """Give every way to reach the goals in which each subject can be as it is asked to be."""
        stack: list[tuple[tuple[Goal, ...], State]] = [(tuple(goals), {})]
        while stack:
            self._run.tick()
            pending, state = stack.pop()
            taken = self._take(pending, state)
            if taken is None:
                continue
            branches, state = taken
            if not branches:
                yield state
                continue
            first = min(branches, key=lambda choice: len(choice.goals) - choice.number)
            others = tuple(choice for choice in branches if choice is not first)
            goal, *rest = first.goals
            stack.append(((Choice(first.number, tuple(rest)), *others), state))
            stack.append(((goal, Choice(first.number - 1, tuple(rest)), *others), state))

    def _take(self, pending: Iterable[Goal], state: State) -> tuple[list[Choice], State] | None:
        """Take on everything that leaves no choice, until only choices are left; None where that cannot be."""
        found = dict(state)
        queue: list[Goal] = list(pending)
        branches: list[Choice] = []
        while queue or branches:
            while queue:
                goal = queue.pop()
                if isinstance(goal, Literal):
                    literals = (*found.get(goal.subject, ()), (goal.leaf, goal.want))
                    if not self._fits(goal.subject, literals):
                        return None
                    found[goal.subject] = literals
                elif goal.number == len(goal.goals):
                    queue.extend(goal.goals)
                elif goal.number > len(goal.goals):
                    return None
                elif goal.number > 0:
                    branches.append(goal)
            left = [Choice(choice.number, self._open_ways(choice, found)) for choice in branches]
            queue += [choice for choice in left if choice.number >= len(choice.goals)]
            branches = [choice for choice in left if choice.number < len(choice.goals)]
            if not queue:
                break
        return branches, found

    def _open_ways(self, choice: Choice, state: State) -> tuple[Goal, ...]:
        def is_open(goal: Goal) -> bool:
            if isinstance(goal, Choice):
                return goal.number <= len(goal.goals)
            return self._fits(goal.subject, (*state.get(goal.subject, ()), (goal.leaf, goal.want)))

        return tuple(goal for goal in choice.goals if is_open(goal))

    def _fits(self, subject: Subject, literals: Literals) -> bool:
        key = (subject, frozenset((id(leaf), want) for leaf, want in literals))
        if key not in self._memo:
            self._memo[key] = literals, self._can_be(subject, literals)
        found: bool = self._memo[key][1]
        if not found and subject[0] == "host":
            self._run.asked_host = type(literals[0][0]).__name__
        return found

    def _can_be(self, subject: Subject, literals: Literals) -> bool:
        match subject:
            case ("field", name):
                return self.values.pick(name, literals) is not None
            case ("items", name):
                return self.items(name, literals) is not None
            case ("clocks", _):
                return self.values.passed(literals) is not None
            case ("host", _) if not self._run.trusts_hosts:
                return False
            case _:  # a flag, or the answer of a criterion of the host's
                return bool(frozenset({True, False, None}).intersection(*(want for _, want in literals)))

    def below(self, name: str) -> Level:
        """Give the level of the items of a collection."""
        if name not in self._below:
            type_, fields = ITEM_TYPES[name], ITEM_FIELDS[name]
            required = {
                one.name: ANY_MOMENT if fields[one.name].type is FieldType.INSTANT else "x"
                for one in attrs.fields(type_)
                if one.default is attrs.NOTHING
            }
            wheres = [leaf.where for leaf in self._leaves if isinstance(leaf, Exists) and leaf.collection == name]
            asked = [where for where in wheres if where is not None]
            if name == "quotes":
                asked += [on_quote for leaf in self._leaves if (on_quote := self._as_quote(leaf)) is not None]
            self._below[name] = Level(
                self._run, fields, lambda values: type_(**{**required, **values}), asked, collection=name
            )
        return self._below[name]

    def _as_quote(self, leaf: Any) -> Present | Compare | Text | None:
        """Give a criterion on the current quote as one on quotes; None for any other."""
        if not isinstance(leaf, (Present, Compare, Text)) or leaf.field not in self._fields:
            return None
        name = about_quote(self._fields[leaf.field])
        return attrs.evolve(leaf, field=name) if name else None

    def current_quote(self, literals: Literals) -> Criterion | None:
        """Give what the current quote is asked to be as a criterion on quotes; None where none need be current."""
        asked = [(on_quote, leaf, want) for leaf, want in literals if (on_quote := self._as_quote(leaf)) is not None]
        if all(leaf.judge(self._blank) in want for _, leaf, want in asked):
            return None
        return AllOf(Wanted(on_quote, want) for on_quote, _, want in asked)

    def items(self, name: str, literals: Literals) -> tuple[Item, ...] | None:
        """Give items of which there are as many of each kind as wanted; None where that cannot be."""
        key = ("made", name, frozenset((id(leaf), want) for leaf, want in literals))
        if key not in self._memo:
            self._memo[key] = literals, self._make_items(name, literals)
        found: tuple[Item, ...] | None = self._memo[key][1]
        return found

    def _make_items(self, name: str, literals: Literals) -> tuple[Item, ...] | None:
        limits = [_Limit.of(leaf, is_least=True in want) for leaf, want in literals if isinstance(leaf, Exists)]
        if (current := self.current_quote(literals)) is not None:
            limits.append(_Limit(current, least=1))
        if not any(limit.least for limit in limits):
            return ()
        level = self.below(name)
        if name == "competitors":
            limits.append(_Limit(Compare("status", Comparison.EQ, CompetitorStatus.WON_DEAL.value), most=1))
        if name in _UNIQUE and sum(limit.least for limit in limits) > 1:
            about = [leaf for leaf in level.values.about("id") if isinstance(leaf, Compare)]
            ids = {value: None for leaf in about for value in leaf.operands}
            limits += [_Limit(Compare("id", Comparison.EQ, value), most=1) for value in ids]
        kinds = list(level.kinds(limits, (), ()))
        counts = self._count(kinds, [limit.least for limit in limits], [limit.most for limit in limits])
        if counts is None:
            return None
        made: list[Item] = []
        for (_, state), count in zip(kinds, counts, strict=True):
            for _ in range(count):
                self._run.tick()
                made.append(level.make_item(state, copy=len(made)))
        return tuple(_whole(made))

    def kinds(
        self, limits: Sequence[_Limit], truths: tuple[bool, ...], goals: tuple[Goal, ...]
    ) -> Iterator[tuple[tuple[bool, ...], State]]:
        """Give every kind of item there can be: which of the criteria it meets, and what makes it so."""
        self._run.tick()
        state = next(self.states(goals), None)
        if state is None:
            return
        if len(truths) == len(limits):
            yield truths, state
            return
        limit = limits[len(truths)]
        for truth in (True, False) if limit.least else (False, True):
            if not truth or limit.most != 0:
                goal = self.goals.of(limit.where, TRUE if truth else NOT_TRUE)
                yield from self.kinds(limits, (*truths, truth), (*goals, goal))

    def _count(
        self, kinds: Sequence[tuple[tuple[bool, ...], State]], needs: list[int], most: list[int | None]
    ) -> list[int] | None:
        """Give how many items of each kind there should be; None where no numbers will do."""
        self._run.tick()
        if not any(need > 0 for need in needs):
            return [0] * len(kinds)
        if not kinds:
            return None
        truths = kinds[0][0]
        useful = max((need for need, truth in zip(needs, truths, strict=True) if truth), default=0)
        room = [left for left, truth in zip(most, truths, strict=True) if truth and left is not None]
        for count in range(max(0, min([useful, *room])), -1, -1):
            still = [need - count * truth for need, truth in zip(needs, truths, strict=True)]
            left = [None if one is None else one - count * truth for one, truth in zip(most, truths, strict=True)]
            if (others := self._count(kinds[1:], still, left)) is not None:
                return [count, *others]
        return None

    def make_item(self, state: State, *, copy: int) -> Any:
        """Make an item as it is asked to be; each copy has an id of its own."""
        asked = {name: literals for (kind, name), literals in state.items() if kind == "field"}
        if self._collection in _UNIQUE:
            asked.setdefault("id", ())
        values = {
            name: found[0] for name, literals in asked.items() if (found := self.values.pick(name, literals, copy=copy))
        }
        return self._make(values)


def _whole(items: list[Item]) -> list[Item]:
    """Add a member that takes what is left of the credit, where some of it is given out."""
    members = [item for item in items if isinstance(item, Member)]
    splits = [member.split for member in members if member.split is not None]
    left = sum_exactly([Decimal(1), *(-split for split in splits)])
    if not splits or left <= 0:
        return items
    return [*items, Member(id="x" * (1 + max(len(member.id) for member in members)), split=left)]
