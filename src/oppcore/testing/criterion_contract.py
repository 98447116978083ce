"""What a criterion of the host's own must be, held against it in many situations."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn, TypeAlias

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oppcore.criteria import Leaf, Situation
from oppcore.criteria.document import CriterionReader, write_criterion
from oppcore.document import DocumentFault, parse
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline, Stage, StageKind
from oppcore.records import (
    Actor,
    FieldType,
    Item,
    Lead,
    Opportunity,
    fields_of,
    get_field,
    is_present,
    kind_of,
    with_fields,
)
from oppcore.testing.records import situations
from oppcore.testing.values import field_values
from oppcore.testing.world import find_outside_calls

__all__ = ["check_criterion"]

Facts: TypeAlias = SearchStrategy[Mapping[str, Any]]

_DEALS = Pipeline(key="deals", stages=[Stage(key="open", kind=StageKind.OPEN), Stage(key="won", kind=StageKind.WON)])
_SECRET = "Zbigniew Quorl 0150-7731"


def check_criterion(
    criterion: Leaf,
    *,
    name: str,
    pipeline: Pipeline | None = None,
    facts: Facts | None = None,
    of_items: Collection[str] = (),
    max_examples: int = 50,
) -> None:
    """Pass where a criterion of the host's own is what oppcore builds on; fail with what it is not, and where.

    `name` is what documents call it. It is asked in generated situations of the `pipeline` (of any deal, if none is
    named), with nobody, somebody and several roles acting, without facts and with those that `facts` generates; and
    about the items of the collections `of_items`, where gates ask it below an `exists`. It must

    - be frozen, equal to its copies and hashable, and come back from a document as it was;
    - answer True, False or None in every situation, raise nothing, and change nothing;
    - answer alike when asked again, whatever the order of sets, and ask no clock, dice or file;
    - say a `Problem` where the answer is not the wanted one: another when it should be false than when it should be
      true, one that is ready for JSON, and that shows no value of a personal field.

    Raises `AssertionError` with the first of these that does not hold.
    """
    _check_value(criterion)
    place = pipeline or _DEALS
    _check_document(criterion, name, place)
    strategy = _situations(place, facts, of_items)
    _search(strategy, max_examples, lambda situation: _check_in(criterion, situation))


def _fail(criterion: Leaf, what: str, situation: Situation | None = None) -> NoReturn:
    where = "" if situation is None else f"\n  asked of {_describe(situation)}"
    message = f"{type(criterion).__name__} {what}{where}"
    raise AssertionError(message)


def _describe(situation: Situation) -> str:
    """Say which situation it is without the values of fields, some of which may be personal."""
    record, actor = situation.record, situation.actor
    if isinstance(record, (Opportunity, Lead)):
        fields = {**fields_of(kind_of(record)), **record.fields}
        filled = [name for name in fields if is_present(get_field(record, name))]
        said = f"a record in {record.progress.state}, filled in: {', '.join(filled) or 'nothing'}"
    else:
        said = f"an item ({type(record).__name__})"
    who = "nobody" if actor is None else f"somebody with the roles {sorted(actor.roles)}"
    return f"{said}; at {situation.at.isoformat()}, by {who}; facts {dict(situation.facts)!r}"


def _check_value(criterion: Leaf) -> None:
    type_: Any = type(criterion)
    names = (
        [field.name for field in attrs.fields(type_)] if attrs.has(type_) else list(getattr(criterion, "__dict__", {}))
    )
    for name in [*names, "anything"]:
        try:
            setattr(copy.copy(criterion), name, None)
        except AttributeError:
            continue
        except (TypeError, ValueError):
            pass  # it would take another value
        _fail(criterion, f"is not frozen: {name} can be set; decorate the class with @attrs.frozen")
    try:
        equal = copy.deepcopy(criterion)
        alike = equal == criterion and hash(equal) == hash(criterion)
    except TypeError as error:
        _fail(criterion, f"cannot be hashed ({error}): hold tuples, not lists")
    if not alike:
        _fail(criterion, "is not equal to a copy of itself, or has another hash")


def _check_document(criterion: Leaf, name: str, pipeline: Pipeline) -> None:
    try:
        CriterionReader({}, None).read({})
    except DocumentFault as fault:
        if name in fault.problems[0].params["known"]:
            _fail(criterion, f"cannot be called {name!r}: that is a criterion of oppcore's own")
    own = {name: type(criterion)}
    reader = CriterionReader(pipeline.known_fields, pipeline.currency, own=own)
    try:
        text = json.dumps(write_criterion(criterion, own))
        found = reader.read(parse(text))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, it cannot be written or read
        said = getattr(error, "problems", None) or (error,)
        _fail(criterion, f"does not come back from a document: {'; '.join(map(str, said))}")
    if found != criterion:
        _fail(criterion, f"comes back from a document as another: {found!r}, not {criterion!r}")


def _situations(pipeline: Pipeline, facts: Facts | None, of_items: Collection[str]) -> SearchStrategy[Situation]:
    records: list[SearchStrategy[Situation]] = [situations(pipeline)]
    records += [st.builds(_about, situations(pipeline), _filled(pipeline, name)) for name in of_items]
    without: Facts = st.just(dict[str, Any]())
    return st.builds(_knowing, st.one_of(records), without if facts is None else st.one_of(without, facts))


def _about(situation: Situation, items: tuple[Item, ...]) -> Situation:
    return attrs.evolve(situation, record=items[0])


def _knowing(situation: Situation, facts: Mapping[str, Any]) -> Situation:
    return attrs.evolve(situation, facts=facts)


def _filled(pipeline: Pipeline, name: str) -> SearchStrategy[Any]:
    field = pipeline.field(name)
    if field is None or field.type is not FieldType.ITEMS:
        message = f"{name!r} is no collection of items"
        raise ValueError(message)
    return field_values(field).filter(bool)


def _search(strategy: SearchStrategy[Situation], max_examples: int, check: Callable[[Situation], None]) -> None:
    """Look for situations that fail, and raise the simplest found, without the traces of the search."""
    failures: list[str] = []

    @settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # to shrink takes long, and of the situation only names are shown
        suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
    )
    @given(strategy)
    def search(situation: Situation) -> None:
        try:
            check(situation)
        except AssertionError as failure:
            failures.append(str(failure))
            raise

    try:
        search()
    except BaseException:
        if not failures:
            raise
    if failures:
        raise AssertionError(min(failures, key=len))


def _judge(criterion: Leaf, situation: Situation) -> Any:
    try:
        return criterion.judge(situation)
    except Exception as error:  # noqa: BLE001 - the contract is that nothing is raised
        _fail(criterion, f"raises {type(error).__name__} when judging: {error}", situation)


def _check_in(criterion: Leaf, situation: Situation) -> None:
    before = copy.deepcopy(situation)
    answer = _judge(criterion, situation)
    if answer not in (True, False, None) or not isinstance(answer, (bool, type(None))):
        _fail(criterion, f"answers {answer!r}; only True, False and None are answers", situation)
    if situation != before:
        _fail(criterion, "changes the situation it is asked about", before)
    with find_outside_calls() as calls:
        again = [_judge(criterion, situation), _judge(criterion, before), _judge(copy.deepcopy(criterion), situation)]
    if calls:
        _fail(criterion, f"asks the world around it ({', '.join(calls)}); time is in situation.at", situation)
    if again[0] is answer is again[2]:  # a copy of the situation may differ in the order of its sets alone
        _check_order(criterion, situation, answer)
    if any(one is not answer for one in again):
        _fail(criterion, f"answers {answer} and then {', '.join(map(str, again))} to the same question", situation)
    for wanted in (True, False):
        if answer is not wanted:
            _check_problem(criterion, situation, wanted)


class _Ordered(frozenset[str]):
    """Roles that come in one order, as no set promises to."""

    backwards = False

    def __iter__(self) -> Any:
        return iter(sorted(set(super().__iter__()), reverse=self.backwards))


class _Backwards(_Ordered):
    backwards = True


def _check_order(criterion: Leaf, situation: Situation, answer: Any) -> None:
    if situation.actor is None:
        return
    for type_ in (_Ordered, _Backwards):
        actor = Actor(situation.actor.id)
        object.__setattr__(actor, "roles", type_(situation.actor.roles))
        if _judge(criterion, attrs.evolve(situation, actor=actor)) is not answer:
            _fail(
                criterion,
                "depends on the order in which a set is walked: its answer changes from run to run",
                situation,
            )


def _problem(criterion: Leaf, situation: Situation, wanted: bool) -> Problem:
    try:
        found: Any = criterion.problem(situation, wanted)
    except Exception as error:  # noqa: BLE001 - the contract is that nothing is raised
        _fail(criterion, f"raises {type(error).__name__} when asked for its problem: {error}", situation)
    if not isinstance(found, Problem) or not found.code.strip():
        _fail(criterion, f"gives {found!r} as its problem; a Problem with a code is wanted", situation)
    problem: Problem = found
    return problem


def _check_problem(criterion: Leaf, situation: Situation, wanted: bool) -> None:
    found = _problem(criterion, situation, wanted)
    if _problem(criterion, situation, wanted) != found:
        _fail(criterion, "gives another problem when asked again", situation)
    if _problem(criterion, situation, not wanted) == found:
        what = "gives the same problem whether it should be true or false: below a `not` that misleads"
        _fail(criterion, what, situation)
    try:
        json.dumps(found.detail())
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, it cannot be shown
        _fail(criterion, f"gives a problem that cannot be shown: {type(error).__name__}: {error}", situation)
    _check_personal(criterion, situation, wanted)


def _check_personal(criterion: Leaf, situation: Situation, wanted: bool) -> None:
    record = situation.record
    if not isinstance(record, (Opportunity, Lead)):
        return
    for name in sorted(situation.personal):
        try:
            hidden = attrs.evolve(situation, record=with_fields(record, {name: _SECRET}))
        except (TypeError, ValueError):
            continue  # no text
        if _judge(criterion, hidden) is not wanted:
            found = _problem(criterion, hidden, wanted)
            if _SECRET in json.dumps(found.detail(), ensure_ascii=False):
                _fail(criterion, f"shows what the personal field {name} holds: use situation.shown", situation)
