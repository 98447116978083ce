"""Processes with a hole each: what should hold in them and does not, and how the shortest story of that goes on."""

from decimal import Decimal

import attrs

from oppcore.criteria import Compare
from oppcore.engine import Converted, Moved
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Outcome
from oppcore.records.fields import get_field

STAGES = """
[[stages]]
key = "need"
kind = "open"
{need}
[[stages]]
key = "review"
kind = "open"
{review}
[[stages]]
key = "offer"
kind = "open"
{offer}
[[stages]]
key = "won"
kind = "won"
{won}
"""


def process(rest="", *, kind="opportunity", **stages):
    """Four stages, each with what is said of it."""
    said = STAGES.format(**{name: stages.get(name, "") for name in ("need", "review", "offer", "won")})
    return load_pipeline(f'key = "sales"\nkind = "{kind}"\n{rest}\n{said}')


SHORT = """
[[stages]]
key = "offer"
kind = "open"
[[stages]]
key = "won"
kind = "won"
{won}
"""
QUOTE = (
    '[[approvals]]\nkey = "quote"\ncovers = [{covers}]\nsteps = [{{key = "sales", roles = ["manager"]}}{more}]\n{how}'
)


def approved(covers='"amount"', more="", how="", **stages):
    """A process in which quotes are approved."""
    quote = QUOTE.format(covers=covers, more=more, how=how)
    return process("", **{**stages, "won": f"{stages.get('won', '')}\n{quote}"})


def briefly_approved(covers="", more="", *, won):
    """A process of two stages in which quotes are approved."""
    return load_pipeline(f'key = "sales"\n{SHORT.format(won=won)}\n{QUOTE.format(covers=covers, more=more, how="")}')


def is_just_won(changes):
    return isinstance(changes[-1], (Moved, Converted)) and changes[-1].target.outcome is Outcome.WON


def rounds(deal):
    return [one for one in deal.progress.approvals if str(one.status) == "granted"]


def a_won_deal_has_a_budget(deal, changes):
    return not is_just_won(changes) or deal.qualification.budget is not None


def a_loss_happened_when_it_was_said(deal, changes):
    said = [one.stamp.at for one in changes if isinstance(one, Moved) and one.target.outcome is Outcome.LOST]
    return deal.progress.outcome is not Outcome.LOST or deal.progress.closed_at in said


def a_won_deal_was_reviewed(deal, changes):
    return not is_just_won(changes) or any(isinstance(one, Moved) and one.target.stage == "review" for one in changes)


def a_large_discount_is_signed_by_the_director(deal, changes):
    signed = {one.step for round in rounds(deal) for one in round.signatures}
    discount = next((one.discount for one in deal.solution.quotes), None)
    assert not is_just_won(changes) or (discount or 0) < Decimal("0.2") or "director" in signed, f"discount {discount}"


def both_have_signed(deal, changes):
    steps = {one.step for round in rounds(deal) for one in round.signatures}
    return not is_just_won(changes) or steps >= {"sales", "legal"}


def two_people_have_signed(deal, changes):
    people = {one.actor_id.partition("+")[0] for round in rounds(deal) for one in round.signatures}
    return not is_just_won(changes) or len(people) >= 2


def the_amount_is_the_approved_one(deal, changes):
    covered = [one.value for round in rounds(deal) for one in round.covered]
    return not is_just_won(changes) or deal.amount in covered


def no_deal_is_won_while_on_hold(deal, changes):
    held = [edit for one in changes for edit in getattr(one, "edits", ()) if edit.field == "held_since"]
    return not is_just_won(changes) or not held or held[-1].new is None


def what_is_open_is_not_removed(deal, changes):
    return deal.progress.removal is None or deal.progress.outcome is not Outcome.OPEN


def what_was_won_stays_won(deal, changes):
    return not any(isinstance(one, Moved) and one.source.outcome is Outcome.WON for one in changes)


def a_lead_is_converted_with_an_email(lead, changes):
    return not is_just_won(changes) or get_field(lead, "email") is not None


def a_reason_for_losing_stays(deal, changes):
    reasons = [one.reason for one in changes if isinstance(one, Moved) and one.target.outcome is Outcome.LOST]
    return len(set(reasons)) <= 1


def a_stay_in_review_takes_a_week(deal, changes):
    entered = None
    for one in changes:
        if isinstance(one, Moved):
            if one.source.stage == "review" and one.target.outcome is Outcome.OPEN:
                assert (one.stamp.at - entered).days >= 7, "it was left sooner"
            entered = one.stamp.at


@attrs.frozen
class Hole:
    pipeline: object
    invariant: object
    story: tuple
    """What the lines of the shortest story say, in part."""


BUDGET = '{present = "budget"}'
HOLES = {
    "what a gate asked for is cleared afterwards": Hole(
        process(review=f"entry = [{BUDGET}]"),
        a_won_deal_has_a_budget,
        ("opens", "budget =", "need to review", "", "", "offer to won"),
    ),
    "a stage may be left out": Hole(
        process(review="may_be_skipped = true"),
        a_won_deal_was_reviewed,
        ("opens", "need to offer", "offer to won"),
    ),
    "deals are opened behind the review": Hole(
        process('opens_in = ["need", "offer"]'),
        a_won_deal_was_reviewed,
        ("opens a deal in offer", "offer to won"),
    ),
    "a lost deal comes back behind the review": Hole(
        process("flow.reopen.allowed = true\nflow.abandon.allowed = false"),
        a_won_deal_was_reviewed,
        ("opens", "to need (lost)", "need (lost) to offer", "offer to won"),
    ),
    "a closed deal is won without being reopened": Hole(
        process("flow.overturn.allowed = true"),
        a_won_deal_was_reviewed,
        ("opens", "to need (", "to won (won)"),
    ),
    "a transition leads past the review": Hole(
        process(
            'transitions = [{source="need", target="review"}, {source="review", target="offer"}, '
            '{source="need", target="offer"}, {source="offer", target="won"}]'
        ),
        a_won_deal_was_reviewed,
        ("opens", "need to offer", "offer to won"),
    ),
    "a rule is overridden": Hole(
        process('overrides = [{roles = ["boss"], waives = ["criteria"]}]', won=f"entry = [{BUDGET}]"),
        a_won_deal_has_a_budget,
        ("opens", "need to review", "review to offer", "offer to won (won), overriding stages.won.entry[0]"),
    ),
    "a loss is dated back": Hole(
        process("permissions.correct.allowed = true"),
        a_loss_happened_when_it_was_said,
        ("opens", "to need (lost)", "ann corrects that change 2 happened on"),
    ),
    "one of two ways asks for less": Hole(
        process(won=f'entry = [{{any = [{BUDGET}, {{role = ["manager"]}}]}}]'),
        a_won_deal_has_a_budget,
        ("opens", "need to review", "review to offer", "ann (manager) moves it from offer to won"),
    ),
    "a limit is meant to be exclusive": Hole(
        process('currency = "EUR"', review='stay = [{compare = "amount", ge = 100}]'),
        lambda deal, changes: deal.progress.stage != "review" or deal.amount > Money(100, "EUR"),
        ("opens", "amount = 100.00 EUR", "need to review"),
    ),
    "approval is asked for once": Hole(
        approved(offer='entry = [{approved = "quote"}]'),
        the_amount_is_the_approved_one,
        ("opens", "need to review", "asks", "approve", "review to offer", "amount =", "offer to won"),
    ),
    "an approval covers the wrong side": Hole(
        briefly_approved(covers='{at_least = "amount"}', won='entry = [{approved = "quote"}, {present = "amount"}]'),
        the_amount_is_the_approved_one,
        ("opens", "=", "asks", "approve", "=", "offer to won (won)"),
    ),
    "anybody's signature is enough": Hole(
        approved(
            more=', {key = "legal", roles = ["counsel"]}', how='mode = "any"', won='entry = [{approved = "quote"}]'
        ),
        both_have_signed,
        ("opens", "need to review", "review to offer", "asks", "approve", "offer to won"),
    ),
    "one person signs twice": Hole(
        approved(
            more=', {key = "legal", roles = ["manager"]}', how="separate = false", won='entry = [{approved = "quote"}]'
        ),
        two_people_have_signed,
        ("opens", "need to review", "review to offer", "asks", "approve", "approve", "offer to won"),
    ),
    "the director is asked about another discount": Hole(
        briefly_approved(
            more=', {key = "director", roles = ["director"], when = {compare = "quote_discount", ge = 0.2}}',
            won='entry = [{approved = "quote"}]',
        ),
        a_large_discount_is_signed_by_the_director,
        ("opens", "=", "asks", "approve", "=", "offer to won (won)"),
    ),
    "a deal on hold is won": Hole(
        process(),
        no_deal_is_won_while_on_hold,
        ("opens", "", "", "", "to won"),
    ),
    "open deals are removed": Hole(
        process("permissions.remove.allowed = true"),
        what_is_open_is_not_removed,
        ("opens", "removes it"),
    ),
    "a victory is taken back": Hole(
        process("flow.reopen.allowed = true"),
        what_was_won_stays_won,
        ("opens", "need to review", "review to offer", "offer to won", "won (won) to"),
    ),
    "a lost deal is lost again for another reason": Hole(
        process(
            "flow.reopen.allowed = true\nflow.abandon.allowed = false\n"
            'reasons = [{key = "price", outcome = "lost"}, {key = "competitor", outcome = "lost"}]'
        ),
        lambda deal, changes: sum(isinstance(one, Moved) and one.reason is not None for one in changes) <= 1,
        ("opens", "to need (lost)", "(lost) to", "(lost)"),
    ),
    "going back takes no time": Hole(
        process(review='exit = [{elapsed = "entered", at_least_days = 7}]'),
        a_stay_in_review_takes_a_week,
        ("opens", "need to review", "review to need"),
    ),
    "a lead loses its email": Hole(
        process(kind="lead", need='exit = [{present = "email"}]'),
        a_lead_is_converted_with_an_email,
        ("opens a lead", "email =", "need to review", "", "", "offer to won"),
    ),
    "a criterion that should always be true": Hole(
        process('currency = "EUR"', won='entry = [{compare = "amount", ge = 0}]'),
        Compare("amount", "ge", Money(0, "EUR")),
        ("opens",),
    ),
}
