"""Goals: what must be so for criteria to answer as wanted, in terms of single fields, roles, answers and clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, final

import attrs

from oppcore.criteria.approved import Approved
from oppcore.criteria.combinators import AllOf, AnyOf, Criterion, Exists, Not, SomeOf, leaves_of
from oppcore.criteria.leaf import Leaf
from oppcore.criteria.leaves import Answered, Compare, Elapsed, Present, Role, Since, Text
from oppcore.criteria.situation import Situation
from oppcore.errors import Problem
from oppcore.records import FIELDS, Field, FieldType

__all__ = [
    "NOT_TRUE",
    "TRUE",
    "Choice",
    "Goal",
    "Goals",
    "Known",
    "Literal",
    "Literals",
    "Subject",
    "Want",
    "Wanted",
    "about_quote",
    "replaced",
]

Want: TypeAlias = frozenset[bool | None]
"""The answers that will do: true alone, false alone, or either with unknown."""
TRUE: Want = frozenset({True})
FALSE: Want = frozenset({False})
NOT_TRUE: Want = frozenset({False, None})
_ANY: Want = frozenset({True, False, None})

Subject: TypeAlias = tuple[str, str]
"""What is asked about, and its name: a `field`, the `items` of a collection (with `quotes` goes the current one), the
`clocks`, an `answer` to a checklist or whether there are any `answers`, an `approval` of a subject, a `role` or whether
there is an `actor`, the answer of a `host`'s own criterion."""

Literals: TypeAlias = tuple[tuple[Any, Want], ...]
"""Leaves about one subject, and what is wanted of each."""

_SEVERAL = frozenset({FieldType.TEXTS, FieldType.ITEMS, FieldType.ANSWERS})


@final
@attrs.frozen
class Known:
    """A criterion whose answer is known: what stands for one that is not asked."""

    answer: bool | None

    def judge(self, _situation: Situation, /) -> bool | None:
        """Give the answer."""
        return self.answer

    def problem(self, _situation: Situation, _wanted: bool, /) -> Problem:
        """Say nothing of use; nobody asks."""
        return Problem("criteria.impossible", "", {"number": 1, "of": 1})


@final
@attrs.frozen
class Wanted:
    """What is true where a criterion answers as wanted, and false elsewhere."""

    leaf: Leaf
    want: Want

    def judge(self, situation: Situation, /) -> bool:
        """Say whether the answer is wanted."""
        return self.leaf.judge(situation) in self.want

    def problem(self, situation: Situation, wanted: bool, /) -> Problem:
        """Say what the criterion says; nobody asks."""
        return self.leaf.problem(situation, wanted)


@attrs.frozen
class Literal:
    """An answer wanted of a leaf; one that is about a `role`, an `answer` or an `approval` alone has no leaf."""

    subject: Subject
    leaf: Any
    want: Want


@attrs.frozen
class Choice:
    """So many of these goals."""

    number: int
    goals: tuple[Goal, ...]


Goal: TypeAlias = Literal | Choice


def _both(*goals: Goal) -> Choice:
    return Choice(len(goals), goals)


def replaced(criterion: Criterion, replace: Callable[[Any], Any]) -> Criterion:
    """Give a criterion with other leaves."""
    match criterion:
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            return attrs.evolve(criterion, parts=[replaced(part, replace) for part in parts])
        case Not(part):
            return Not(replaced(part, replace))
        case _:
            found: Criterion = replace(criterion)
            return found


def about_quote(field: Field) -> str:
    """Give the field of quotes that a field of the record reads of the current one; empty where it does not."""
    return "id" if field == FIELDS["current_quote_id"] else field.quote_field


@final
class Goals:
    """Makes goals of criteria on a record, or on the items of a collection."""

    def __init__(
        self, fields: Mapping[str, Field], blank: Situation, leaves: Iterable[Any], *, is_record: bool
    ) -> None:
        self._fields, self._blank, self._is_record = fields, blank, is_record
        self._hosts: list[Any] = []
        self._items_asked = {item: None for leaf in leaves if isinstance(leaf, Answered) for item in leaf.items}

    def of(self, criterion: Criterion, want: Want) -> Goal:
        """Give what must be so for a criterion to answer as wanted."""
        match criterion:
            case Not(part):
                return self.of(part, frozenset(None if answer is None else not answer for answer in want))
            case AllOf(parts):
                return self._some(len(parts), parts, want)
            case AnyOf(parts):
                return self._some(1, parts, want)
            case SomeOf(number, parts):
                return self._some(number, parts, want)
            case Wanted(leaf, answers):
                return self.of(leaf, answers if True in want else _ANY - answers)
            case Present(name) | Compare(name) | Text(name) | Exists(name) if name in self._fields:
                return self._about_field(criterion, self._fields[name], want)
            case Approved(subject) if self._is_record:
                answers = want - {None}  # it is never unknown
                if len(answers) != 1:
                    return Choice(0 if answers else 1, ())
                return self._flag(("approval", subject), True in answers)
            case Role() | Elapsed() | Answered() if self._is_record:
                return self._about_situation(criterion, want)
            case Present() | Compare() | Text() | Exists() | Role() | Elapsed() | Answered() | Approved() | Known():
                # It asks for what is not there: an item has no clock, and nothing is in a field that is not known.
                return Choice(0 if criterion.judge(self._blank) in want else 1, ())
            case _:
                return self._host(criterion, want)

    def _some(self, number: int, parts: Sequence[Criterion], want: Want) -> Choice:
        # To keep "at least n of k" from being true (or from being more than false), k - n + 1 parts must not be.
        needed = number if True in want else len(parts) - number + 1
        return Choice(needed, tuple(self.of(part, want) for part in parts))

    def _host(self, criterion: Any, want: Want) -> Goal:
        if criterion not in self._hosts:
            self._hosts.append(criterion)
        return Literal(("host", str(self._hosts.index(criterion))), criterion, want)

    def _about_field(self, leaf: Any, field: Field, want: Want) -> Goal:
        if field.type is FieldType.ITEMS and isinstance(leaf, (Present, Exists)):
            return self._exists(Exists(field.name) if isinstance(leaf, Present) else leaf, want)
        if isinstance(leaf, Exists) or (isinstance(leaf, Compare) and field.type in _SEVERAL):
            return self._host(leaf, want)  # no document says this
        if about_quote(field):
            return Literal(("items", "quotes"), leaf, want)
        if field.type is FieldType.ANSWERS and isinstance(leaf, Present):
            some = self._flag(("answers", ""), True in want)
            return (
                some
                if True in want
                else _both(some, *(self._flag(("answer", item), False) for item in self._items_asked))
            )
        return Literal(("field", field.name), leaf, want)

    def _exists(self, exists: Exists, want: Want) -> Goal:
        where = exists.where
        role = None if where is None else next((leaf for leaf in leaves_of(where) if isinstance(leaf, Role)), None)
        if where is None or role is None:
            return Literal(("items", exists.collection), exists, want)
        ways: list[Goal] = []
        for answer in (True, False, None):
            assumed = attrs.evolve(exists, where=_assume(where, role, answer))
            ways.append(_both(self.of(role, frozenset({answer})), self._exists(assumed, want)))
        return Choice(1, tuple(ways))

    @staticmethod
    def _flag(subject: Subject, answer: bool) -> Literal:
        return Literal(subject, None, TRUE if answer else FALSE)

    def _about_situation(self, leaf: Role | Elapsed | Answered, want: Want) -> Goal:
        ways: list[Goal] = []
        known = want - {None}
        match leaf:
            case Role(roles):
                acts = self._flag(("actor", ""), True)
                if True in want:
                    ways.append(_both(acts, Choice(1, tuple(self._flag(("role", role), True) for role in roles))))
                if False in want:
                    ways.append(_both(acts, *(self._flag(("role", role), False) for role in roles)))
                if None in want:
                    ways.append(self._flag(("actor", ""), False))
            case Answered(items):
                if True in want:
                    answered = (self._flag(("answer", item), True) for item in items)
                    ways.append(_both(self._flag(("answers", ""), True), *answered))
                if False in want:
                    ways += [self._flag(("answer", item), False) for item in items]
            case Elapsed(since):
                dated = Present("last_activity_at")
                last = since is Since.LAST_ACTIVITY
                if known:
                    passed = Literal(("clocks", ""), leaf, known)
                    ways.append(_both(passed, self.of(dated, TRUE)) if last else passed)
                if last and None in want:
                    ways.append(self.of(dated, FALSE))
        return Choice(1, tuple(ways))


def _assume(criterion: Criterion, role: Role, answer: bool | None) -> Criterion:
    return replaced(criterion, lambda leaf: Known(answer) if leaf == role else leaf)
