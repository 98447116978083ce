"""Gates made ready to be asked often: the same answers as `judge`, in a fraction of its time.

Whether a criterion is true, and whether it is false, are two plain questions: `not` swaps them, and "at least n of k
are not true" asks for false parts. So nothing here is three-valued, and nothing unknown is carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from oppcore.criteria.combinators import AllOf, AnyOf, Criterion, Exists, Not, SomeOf
from oppcore.criteria.predicates import Place, Predicate, make_predicate, turned
from oppcore.criteria.situation import Situation
from oppcore.records import ITEM_FIELDS, Field, Lead, Opportunity, RecordKind, fields_of
from oppcore.records.fields import kind_of_fields

__all__ = ["compile_gate"]


def compile_gate(criteria: Iterable[Criterion], fields: Mapping[str, Field]) -> Callable[[Situation], bool]:
    """Give a function that says whether every one of the criteria is true in a situation; unknown is not enough.

    It says what `judge` says, for records of the kind whose fields these are; of others, and of criteria of the host's
    own, `judge` is asked. A criterion that no longer matters is not asked, so what it would raise stays unsaid.

    >>> from oppcore.criteria import Present
    >>> from oppcore.records import FIELDS
    >>> compile_gate([Present("budget")], FIELDS).__name__
    'holds'
    """
    gate = AllOf(criteria)
    kind = kind_of_fields(fields)
    expected = Lead if kind is RecordKind.LEAD else Opportunity
    tests = _tests(gate, True, Place(fields_of(kind)), every=True)

    def holds(situation: Situation) -> bool:
        record = situation.record
        if type(record) is not expected:
            return gate.judge(situation) is True
        for test in tests:  # noqa: SIM110 - a generator would take as long as the tests
            if not test(record, situation):
                return False
        return True

    return holds


def _needed(criterion: AllOf | AnyOf | SomeOf, want: bool) -> int:
    """Give how many parts must be as wanted for the whole to be."""
    match criterion:
        case AllOf(parts):
            number = len(parts)
        case AnyOf():
            number = 1
        case SomeOf(number, _):
            pass
    return number if want else len(criterion.parts) - number + 1


def _flatten(criterion: Criterion, want: bool, *, every: bool) -> Iterator[tuple[Criterion, bool]]:
    """Give the criteria that must all be as wanted (or of which one must), through `all`, `any` and `not`."""
    if isinstance(criterion, Not):
        yield from _flatten(criterion.part, not want, every=every)
    elif isinstance(criterion, (AllOf, AnyOf, SomeOf)) and _needed(criterion, want) == (
        len(criterion.parts) if every else 1
    ):
        for part in criterion.parts:
            yield from _flatten(part, want, every=every)
    else:
        yield criterion, want


def _tests(criterion: Criterion, want: bool, place: Place, *, every: bool) -> tuple[Predicate, ...]:
    return tuple(_test(part, wanted, place) for part, wanted in _flatten(criterion, want, every=every))


def _test(criterion: Criterion, want: bool, place: Place) -> Predicate:
    if isinstance(criterion, Not):
        return _test(criterion.part, not want, place)
    if isinstance(criterion, (AllOf, AnyOf, SomeOf)):
        needed = _needed(criterion, want)
        if needed == len(criterion.parts):
            return _every(_tests(criterion, want, place, every=True))
        if needed == 1:
            return _any(_tests(criterion, want, place, every=False))
        return _enough(needed, tuple(_test(part, want, place) for part in criterion.parts))
    if isinstance(criterion, Exists) and criterion.collection in ITEM_FIELDS and criterion.collection in place.fields:
        return turned(_exists(criterion, place), want)
    return make_predicate(criterion, want, place) or _asked(criterion, want, place)


def _every(tests: tuple[Predicate, ...]) -> Predicate:
    def every(record: Any, situation: Situation) -> bool:
        for test in tests:  # noqa: SIM110
            if not test(record, situation):
                return False
        return True

    return every


def _any(tests: tuple[Predicate, ...]) -> Predicate:
    def any_(record: Any, situation: Situation) -> bool:
        for test in tests:  # noqa: SIM110
            if test(record, situation):
                return True
        return False

    return any_


def _enough(needed: int, tests: tuple[Predicate, ...]) -> Predicate:
    return lambda record, situation: sum(test(record, situation) for test in tests) >= needed


def _asked(criterion: Any, want: bool, place: Place) -> Predicate:
    """Ask the criterion itself."""
    if place.is_item:
        return lambda item, situation: criterion.judge(attrs.evolve(situation, record=item)) is want
    return lambda _record, situation: criterion.judge(situation) is want


def _exists(leaf: Exists, place: Place) -> Predicate:
    read, at_least = place.reader(leaf.collection), leaf.at_least
    if leaf.where is None:
        return lambda record, _situation: len(read(record)) >= at_least
    test = _test(leaf.where, True, Place(ITEM_FIELDS[leaf.collection], is_item=True))

    def exists(record: Any, situation: Situation) -> bool:
        found = 0
        for item in read(record):
            if test(item, situation):
                found += 1
                if found == at_least:
                    return True
        return False

    return exists
