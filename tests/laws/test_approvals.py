"""Laws of approvals: what is approved, by whom, and for which content. The changes alone are the oracle."""

from datetime import UTC, datetime, timedelta

import attrs
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Approved, Situation
from oppcore.engine import (
    Amended,
    Merged,
    Requested,
    Signed,
    amend,
    evolve,
    open_opportunity,
    request_approval,
    sign,
    unmet_request,
    unmet_signature,
)
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Bound, Mode, Verdict, get_field
from oppcore.testing import moments
from oppcore.testing.approvals import SUBJECTS, approvals
from oppcore.testing.values import ROLES
from tests.laws.lives import lives, quarter, record_of

T0 = datetime(2026, 3, 2, tzinfo=UTC)
ENDS = (Verdict.REJECT, Verdict.RETURN, Verdict.WITHDRAW)


def is_approved(record, subject):
    return Approved(subject).judge(Situation(record=record, at=record.progress.changed_at))


def images(changes):
    return [record_of(changes[: n + 1]) for n in range(len(changes))]


def fits(bound, now, then):
    """Whether a value is what was seen, or better where only one side is bound."""
    if now == then:
        return True
    if bound is Bound.EQUAL or None in (now, then) or type(now) is not type(then):
        return False
    if isinstance(now, Money) and now.currency != then.currency:
        return False
    return now < then if bound is Bound.AT_MOST else now > then


def count_approved(changes, subject):
    """Whether a subject is approved after these changes, worked out from what happened and nothing else."""
    pictures = images(changes)
    covers = {
        n: [(cover.field, cover.bound) for cover in one.round.covered]
        for n, one in enumerate(changes)
        if isinstance(one, Requested)
    }
    for asked_at, fields in covers.items():
        one = changes[asked_at].round
        if one.subject != subject:
            continue
        seen = {field: get_field(pictures[asked_at], field) for field, _ in fields}
        still_to_sign = {step.key for step in one.steps}
        demanded = set(still_to_sign) if one.mode is not Mode.ANY else set()
        signers, signed, ended, stale = [], set(), False, False
        for n in range(asked_at + 1, len(changes)):
            change = changes[n]
            granted = _is_granted(one, demanded, signed, signers, still_to_sign)
            content_same = all(fits(bound, get_field(pictures[n], field), seen[field]) for field, bound in fields)
            if not content_same and not granted and not ended:
                stale = True
            if not isinstance(change, Signed) or (change.subject, change.number) != (subject, one.number):
                continue
            given_ = change.signature
            if given_.verdict in ENDS:
                ended = True
            elif given_.verdict is Verdict.APPROVE:
                signers.append(given_.actor_id)
                signed.add(given_.step)
            else:
                now = pictures[n].progress.approvals
                steps = next(r for r in now if (r.subject, r.number) == (subject, one.number)).steps
                demanded |= {step.key for step in steps if step.added}
        same = all(fits(bound, get_field(pictures[-1], field), seen[field]) for field, bound in fields)
        if not ended and not stale and same and _is_granted(one, demanded, signed, signers, still_to_sign):
            return True
    return False


def _is_granted(one, demanded, signed, signers, own):
    if not own and not demanded:
        return True
    enough = bool(signed & own) if one.mode is Mode.ANY and own else own <= signed
    return enough and demanded <= signed and bool(set(signers) - {one.requested_by})


PIPELINE = load_pipeline('key = "p"\ncurrency = "EUR"\nstages = [{ key = "a", kind = "open" }]')
FIELDS = tuple(PIPELINE.field(name) for name in ("amount", "intent"))
PEOPLE = tuple(Actor(name, ROLES) for name in ("ann", "bo", "chen"))
VERDICTS = st.sampled_from([*[Verdict.APPROVE] * 8, *Verdict])
VALUES = st.sampled_from(
    [{"intent": "weak"}, {"intent": None}, *({"amount": Money(n, "EUR")} for n in (1, 2, 3)), {"amount": None}]
)


@st.composite
def approved_lives(draw, *, max_steps=14):
    """A deal of few different contents that is approved, changed and approved again."""
    found = [draw(approvals(subject, fields=FIELDS)) for subject in SUBJECTS[: draw(st.integers(1, 2))]]
    pipeline = attrs.evolve(PIPELINE, approvals=found)
    at = draw(moments())
    changes = open_opportunity(pipeline, "d", draw(VALUES), at=at)
    for _ in range(draw(st.integers(3, max_steps))):
        record, at = record_of(changes), at + timedelta(hours=1)
        if draw(st.integers(0, 3)) == 0:
            changes += amend(pipeline, record, draw(VALUES), at=at)
            continue
        subject = draw(st.sampled_from([one.key for one in found]))
        verdict = draw(VERDICTS)
        signer = draw(st.sampled_from(PEOPLE)).id if verdict is Verdict.ADD_SIGNER else None
        for actor in draw(st.permutations(PEOPLE)):
            if not unmet_request(pipeline, record, subject, at=at, actor=actor):
                changes += request_approval(pipeline, record, subject, at=at, actor=actor)
                break
            if not unmet_signature(pipeline, record, subject, verdict, at=at, actor=actor, signer=signer):
                changes += sign(pipeline, record, subject, verdict, at=at, actor=actor, signer=signer)
                break
    return pipeline, changes


@given(approved_lives())
def test_an_approval_never_counts_for_content_it_did_not_see(life):
    _, changes = life
    for n in range(1, len(changes) + 1):
        record = record_of(changes[:n])
        if record.progress.removal is None:
            for subject in SUBJECTS:
                assert is_approved(record, subject) == count_approved(changes[:n], subject)


@quarter
@given(approved_lives(), VALUES)
def test_returning_to_the_approved_content_restores_the_approval(life, other):
    pipeline, changes = life
    record = record_of(changes)
    approved = [subject for subject in SUBJECTS if is_approved(record, subject)]
    at, back = record.progress.changed_at, {name: get_field(record, name) for name in other}
    changed = evolve(record, *amend(pipeline, record, other, at=at))
    restored = evolve(changed, *amend(pipeline, changed, back, at=at))

    assert [subject for subject in SUBJECTS if is_approved(restored, subject)] == approved


@given(approvals("quote", fields=FIELDS), st.booleans(), st.lists(VERDICTS, min_size=3, max_size=8), st.data())
def test_no_sequence_of_signatures_by_one_person_satisfies_separated_roles(approval, asks, verdicts, data):
    steps = [attrs.evolve(step, when=None) for step in approval.steps]
    approval = attrs.evolve(approval, steps=steps)
    pipeline = attrs.evolve(PIPELINE, approvals=[approval])
    alone, asker = PEOPLE[0], PEOPLE[0] if asks else PEOPLE[1]
    record = record_of(open_opportunity(pipeline, "d", {"amount": Money(2, "EUR"), "intent": "x"}, at=T0))
    if unmet_request(pipeline, record, "quote", at=T0, actor=asker):
        return
    record = evolve(record, *request_approval(pipeline, record, "quote", at=T0, actor=asker))
    steps = record.progress.approvals[-1].steps
    for verdict in verdicts:
        signer = data.draw(st.sampled_from(PEOPLE)).id if verdict is Verdict.ADD_SIGNER else None
        if not unmet_signature(pipeline, record, "quote", verdict, at=T0, actor=alone, signer=signer):
            record = evolve(record, *sign(pipeline, record, "quote", verdict, at=T0, actor=alone, signer=signer))
        several = approval.separate and approval.mode is not Mode.ANY and len(steps) > 1
        if steps and (asks or several):
            assert not is_approved(record, "quote")


@quarter
@given(approved_lives())
def test_an_added_signer_never_makes_an_approval_easier(life):
    _, changes = life
    pictures = images(changes)
    for before, after, change in zip(pictures, pictures[1:], changes[1:], strict=False):
        if isinstance(change, Signed) and change.signature.verdict is Verdict.ADD_SIGNER:
            assert not is_approved(before, change.subject) or is_approved(after, change.subject)
            one = next(r for r in after.progress.approvals if (r.subject, r.number) == (change.subject, change.number))
            assert not one.signed >= {step.key for step in one.steps}


@quarter
@given(lives(max_steps=10))
def test_only_requests_and_signatures_touch_rounds_and_amendments_end_them(life):
    _, changes = life
    pictures = images(changes)
    for before, after, change in zip(pictures, pictures[1:], changes[1:], strict=False):
        old, new = before.progress.approvals, after.progress.approvals
        if old != new:
            assert isinstance(change, (Requested, Signed, Amended, Merged)) or type(change).__name__ == "Corrected"
            assert len(new) - len(old) == isinstance(change, Requested)
