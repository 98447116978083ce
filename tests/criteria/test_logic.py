"""Kleene's three-valued logic, against brute force."""

from itertools import product

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import AllOf, AnyOf, Not, SomeOf
from tests.criteria.situations import ANSWERS, Known, asked, trees

HERE = asked()


def completions(criterion):
    """The criterion with every unknown decided in every way."""
    match criterion:
        case Known(None):
            yield from (Known(True), Known(False))
        case Not(part):
            yield from map(Not, completions(part))
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            for chosen in product(*(list(completions(part)) for part in parts)):
                yield attrs.evolve(criterion, parts=chosen)
        case _:
            yield criterion


def brute(criterion):
    """The classical truth value of a criterion without unknowns."""
    match criterion:
        case Known(answer):
            return answer
        case Not(part):
            return not brute(part)
        case AllOf(parts):
            return all(brute(part) for part in parts)
        case AnyOf(parts):
            return any(brute(part) for part in parts)
        case SomeOf(number, parts):
            return sum(brute(part) for part in parts) >= number


def supervalue(criterion):
    """True or false where every completion is; as no unknown occurs twice, that is Kleene's value."""
    found = {brute(one) for one in completions(criterion)}
    return found.pop() if len(found) == 1 else None


TABLE = [tuple(map(Known, answers)) for size in range(4) for answers in product(ANSWERS, repeat=size)]


@pytest.mark.parametrize("parts", TABLE, ids=lambda parts: "-".join(str(part.answer) for part in parts) or "none")
def test_kleenes_tables_hold(parts):
    combined = [AllOf(parts), AnyOf(parts), *(SomeOf(number, parts) for number in (1, 2, 3))]

    assert [one.judge(HERE) for one in combined] == [supervalue(one) for one in combined]


@pytest.mark.parametrize(("answer", "turned"), [(True, False), (False, True), (None, None)])
def test_not_turns_around_what_is_known(answer, turned):
    assert Not(Known(answer)).judge(HERE) is turned


@given(trees())
def test_kleenes_logic_holds_in_trees(criterion):
    assert criterion.judge(HERE) is supervalue(criterion)


def test_all_of_nothing_is_true_and_any_of_nothing_is_false():
    assert (AllOf(()).judge(HERE), AnyOf(()).judge(HERE)) == (True, False)


def reordered(criterion, shuffle):
    match criterion:
        case Not(part):
            return Not(reordered(part, shuffle))
        case AllOf(parts) | AnyOf(parts) | SomeOf(_, parts):
            return attrs.evolve(criterion, parts=shuffle([reordered(part, shuffle) for part in parts]))
        case _:
            return criterion


@given(trees(), st.randoms(use_true_random=False))
def test_evaluation_order_never_matters(criterion, random):
    def shuffle(parts):
        return random.sample(parts, len(parts))

    assert reordered(criterion, shuffle).judge(HERE) is criterion.judge(HERE)


@given(trees(negations=False), st.data())
def test_weakening_a_criterion_never_refuses_more_without_not(criterion, data):
    weaker = weakened(criterion, lambda: data.draw(st.booleans()))

    assert criterion.judge(HERE) is not True or weaker.judge(HERE) is True


def weakened(criterion, choose):
    """Make leaves truer, demands fewer, alternatives more, at some places."""
    match criterion:
        case Known(answer):
            return Known({False: None, None: True, True: True}[answer]) if choose() else criterion
        case AllOf(parts):
            kept = [weakened(part, choose) for part in parts if not choose()]
            return AnyOf(kept) if kept and choose() else AllOf(kept)
        case AnyOf(parts):
            return AnyOf([*(weakened(part, choose) for part in parts), *([Known(True)] if choose() else [])])
        case SomeOf(number, parts):
            return SomeOf(max(1, number - choose()), [weakened(part, choose) for part in parts])


@pytest.mark.parametrize("number", [0, -1, 1.5, "1"])
def test_some_needs_a_number_of_at_least_one(number):
    with pytest.raises((TypeError, ValueError)):
        SomeOf(number, ())
