"""Rounds of approval: what was asked for, on which content, by which rules, and who has signed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias, final

import attrs

from oppcore.money import Money
from oppcore.records.checks import (
    aware,
    key_text,
    made_of,
    optional_key,
    optional_text,
    texts,
    to_texts,
    to_utc,
    version_number,
)

__all__ = [
    "Bound",
    "Covered",
    "Mode",
    "Round",
    "RoundStatus",
    "Signature",
    "Step",
    "Verdict",
    "lies_within",
]


class Mode(StrEnum):
    """Which steps of a round must be signed: one of them, all in any order, or all one after the other."""

    ANY = "any"
    ALL = "all"
    SEQUENCE = "sequence"


class Bound(StrEnum):
    """How far a value may move from what was approved: not at all, only down, or only up."""

    EQUAL = "equal"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class Verdict(StrEnum):
    """What somebody says in a round of approval."""

    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"
    WITHDRAW = "withdraw"
    ADD_SIGNER = "add_signer"


class RoundStatus(StrEnum):
    """How far a round of approval has come; `stale`: the content was changed before it was granted."""

    OPEN = "open"
    GRANTED = "granted"
    REJECTED = "rejected"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    STALE = "stale"


_ENDED_BY = {
    Verdict.REJECT: RoundStatus.REJECTED,
    Verdict.RETURN: RoundStatus.RETURNED,
    Verdict.WITHDRAW: RoundStatus.WITHDRAWN,
}


def _to_tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(items)


def _several(type_: type[Any]) -> Any:
    return attrs.field(default=(), converter=_to_tuple, validator=made_of(type_))


@final
@attrs.frozen(kw_only=True)
class Step:
    """One signature that is wanted: of anybody with one of the roles, or of one of the named signers.

    `added` steps were asked for by a signer during the round; they must be signed whatever the mode.
    """

    key: str = attrs.field(validator=key_text)
    roles: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    signers: tuple[str, ...] = attrs.field(default=(), converter=to_texts, validator=texts)
    added: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def admits(self, actor_id: str, roles: Iterable[str]) -> bool:
        """Say whether somebody may sign here."""
        return actor_id in self.signers or not set(self.roles).isdisjoint(roles)

    def __str__(self) -> str:
        return " / ".join((*self.roles, *self.signers))

    def say(self, call: Callable[[str, str], str], /) -> str:
        """Give who may sign here, with what `call` says roles and actors are called (see `oppcore.messages`)."""
        return " / ".join((*(call("role", one) for one in self.roles), *(call("actor", one) for one in self.signers)))


FieldContent: TypeAlias = Any
"""What a field held when an approval was asked for: any value a record can hold."""


def _hidden(_value: object) -> str:
    return "…"


@final
@attrs.frozen(kw_only=True)
class Covered:
    """A field that an approval is about: what it held when the approval was asked for. The value is not printed."""

    field: str = attrs.field(validator=key_text)
    value: FieldContent = attrs.field(repr=_hidden)
    bound: Bound = attrs.field(default=Bound.EQUAL, converter=Bound)

    def holds(self, value: FieldContent) -> bool:
        """Say whether the approval still speaks of a value the field has now."""
        return lies_within(self.bound, value, self.value)


def lies_within(bound: Bound, value: FieldContent, approved: FieldContent) -> bool:
    """Say whether a value is the approved one or, where the bound is one-sided, on its good side.

    Money in another currency, a missing value and a value of another kind are only ever equal or not.
    """
    if value == approved:
        return True
    if bound is Bound.EQUAL or value is None or approved is None or type(value) is not type(approved):
        return False
    if isinstance(value, Money) and value.currency != approved.currency:
        return False
    return bool(value < approved if bound is Bound.AT_MOST else value > approved)


@final
@attrs.frozen(kw_only=True)
class Signature:
    """What one person said in a round. `step` is the step signed; `signer` was added, before or after that step."""

    actor_id: str = attrs.field(validator=key_text)
    verdict: Verdict = attrs.field(converter=Verdict)
    at: datetime = attrs.field(converter=to_utc, validator=aware)
    step: str | None = attrs.field(default=None, validator=optional_key)
    comment: str | None = attrs.field(default=None, validator=optional_text)
    signer: str | None = attrs.field(default=None, validator=optional_key)
    before: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))


@final
@attrs.frozen(kw_only=True)
class Round:
    """One round of approval of a subject: the rules and the content as they were when it was asked for.

    A later revision of the pipeline changes nothing in a round. `number` counts the rounds of the subject from 1.
    With `separate` nobody signs twice, and not who asked; without it, who asked is still never the only one to sign.
    """

    subject: str = attrs.field(validator=key_text)
    number: int = attrs.field(validator=version_number)
    requested_by: str = attrs.field(validator=key_text)
    requested_at: datetime = attrs.field(converter=to_utc, validator=aware)
    mode: Mode = attrs.field(default=Mode.ALL, converter=Mode)
    separate: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    steps: tuple[Step, ...] = _several(Step)
    covered: tuple[Covered, ...] = _several(Covered)
    signatures: tuple[Signature, ...] = _several(Signature)
    is_stale: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    @property
    def signed(self) -> frozenset[str]:
        """The keys of the steps that were approved."""
        return frozenset(one.step for one in self.signatures if one.verdict is Verdict.APPROVE and one.step is not None)

    @property
    def status(self) -> RoundStatus:
        """How far the round has come, whatever the record holds now."""
        ended = next((_ENDED_BY[one.verdict] for one in self.signatures if one.verdict in _ENDED_BY), None)
        if ended is not None:
            return ended
        if self.is_stale:
            return RoundStatus.STALE
        return RoundStatus.GRANTED if self._is_granted() else RoundStatus.OPEN

    def _is_granted(self) -> bool:
        signed = self.signed
        own = [step for step in self.steps if not step.added]
        enough = any if self.mode is Mode.ANY and own else all
        if not enough(step.key in signed for step in own) or any(
            step.added and step.key not in signed for step in self.steps
        ):
            return False
        others = {one.actor_id for one in self.signatures if one.verdict is Verdict.APPROVE} - {self.requested_by}
        return bool(others) or not self.steps

    @property
    def waiting(self) -> tuple[Step, ...]:
        """The steps that can be signed now, none where the round has ended.

        In a sequence, those are the first step without a signature; otherwise all without one.
        """
        if self.status is not RoundStatus.OPEN:
            return ()
        signed = self.signed
        left = tuple(step for step in self.steps if step.key not in signed)
        return left[:1] if self.mode is Mode.SEQUENCE else left

    def with_signature(self, signature: Signature) -> Round:
        """Give the round with one more signature, and with the step it adds, if it does."""
        signatures = (*self.signatures, signature)
        if signature.verdict is not Verdict.ADD_SIGNER or signature.signer is None:
            return attrs.evolve(self, signatures=signatures)
        added = Step(key=self._fresh_key(), signers=(signature.signer,), added=True)
        places = [place for place, step in enumerate(self.steps) if step.key == signature.step]
        place = (places[0] if places else len(self.steps)) + (not signature.before)
        steps = (*self.steps[:place], added, *self.steps[place:])
        return attrs.evolve(self, signatures=signatures, steps=steps)

    def _fresh_key(self) -> str:
        known = {step.key for step in self.steps}
        return next(key for number in range(1, len(known) + 2) if (key := f"added {number}") not in known)
