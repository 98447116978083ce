"""Asking for approvals and signing them: who may, when, and what an approval is worth once the content has changed."""

from decimal import Decimal

import attrs
import pytest

from oppcore.engine import form, request_approval, unmet, unmet_request
from oppcore.errors import MoveRefused
from oppcore.money import Money
from oppcore.pipeline import Approval, load_pipeline
from oppcore.records import Actor, Competitor
from tests.engine.deals import Deal
from tests.engine.examples import T0

PIPELINE = load_pipeline("""
key = "p"
currency = "EUR"
fields = [{ key = "rebate", type = "number" }, { key = "salary", type = "money", personal = true }]
flow = { reopen = {} }
permissions = { merge = {} }
stages = [
    { key = "offer", kind = "open" },
    { key = "contract", kind = "open", entry = [{ approved = "quote" }] },
    { key = "locked", kind = "open", stay = [{ approved = "quote" }] },
    { key = "fresh", kind = "open", entry = [{ not = { approved = "quote" } }] },
    { key = "won", kind = "won" },
]
[[approvals]]
key = "quote"
roles = ["seller"]
covers = ["amount", { at_most = "rebate" }]
steps = [
    { key = "sales", roles = ["manager"] },
    { key = "board", roles = ["director"], when = { compare = "rebate", gt = 0.2 } },
]
""")
ANN, BEN = Actor("ann", {"seller"}), Actor("ben", {"seller"})
MIA, MAX, DAN = Actor("mia", {"manager"}), Actor("max", {"manager"}), Actor("dan", {"director"})
BOTH = Actor("bo", {"manager", "director"})
RICH = {"amount": Money(900, "EUR"), "rebate": Decimal("0.3")}
PLAIN = {"amount": Money(900, "EUR"), "rebate": Decimal("0.1")}


def pipeline_with(**approval):
    """The pipeline with another approval of quotes."""
    return attrs.evolve(PIPELINE, approvals=[attrs.evolve(PIPELINE.approvals[0], **approval)])


def in_mode(mode, **more):
    steps = [attrs.evolve(step, when=None) for step in PIPELINE.approvals[0].steps]
    return pipeline_with(mode=mode, steps=steps, **more)


def asked(values=PLAIN, pipeline=PIPELINE):
    """A deal whose quote somebody has asked to approve."""
    deal = Deal(pipeline, **values)
    assert deal.request(actor=ANN) == []
    return deal


def granted(values=PLAIN):
    """A deal whose quote was approved."""
    deal = asked(values)
    assert deal.sign(actor=MIA) == []
    return deal


# Asking.


def test_somebody_who_may_asks_and_the_steps_that_are_needed_are_copied():
    assert [step.key for step in asked(RICH).round.steps] == ["sales", "board"]
    assert [step.key for step in asked(PLAIN).round.steps] == ["sales"]


def test_nobody_asks_without_the_role():
    deal = Deal(PIPELINE, **PLAIN)

    assert deal.request(actor=MIA) == ["role.needed"]
    assert deal.problems[0].params == {"need": ("seller",), "have": "mia", "subject": "quote"}


def test_an_approval_that_there_is_not_is_named_with_those_there_are():
    deal = Deal(PIPELINE, **PLAIN)

    assert deal.request("quot", actor=ANN) == ["approval.unknown"]
    assert deal.problems[0].params == {"have": "quot", "need": ["quote"], "suggestion": "quote"}


def test_nobody_asks_twice_at_once_nor_for_what_is_approved():
    deal = asked()

    assert deal.request(actor=BEN) == ["approval.under_way"]
    deal.sign(actor=MIA)
    assert deal.request(actor=BEN) == ["approval.standing"]


def test_a_step_of_which_nobody_can_say_whether_it_is_needed_stops_the_request():
    deal = Deal(PIPELINE, amount=Money(1, "EUR"))

    assert deal.request(actor=ANN) == ["approval.step_unknown"]
    assert [part.code for part in deal.problems[0].parts] == ["field.missing_to_compare"]
    deal.amend({"rebate": Decimal(0)})
    assert deal.request(actor=ANN) == []


def test_an_unknown_step_prints_no_personal_value():
    secret = load_pipeline("""
    key = "p"
    fields = [{ key = "salary", type = "money", personal = true }]
    stages = [{ key = "a", kind = "open" }]
    [[approvals]]
    key = "quote"
    steps = [{ key = "m", roles = ["manager"], when = { compare = "salary", gt = { amount = "1", currency = "EUR" } } }]
    """)
    deal = Deal(secret, salary=Money(70007, "USD"))

    assert deal.request(actor=ANN) == ["approval.step_unknown"]
    assert "70" not in f"{deal.problems} {deal.problems[0]} {deal.problems[0].detail()}"


def test_a_round_without_any_step_left_is_granted_at_once():
    only_large = pipeline_with(steps=PIPELINE.approvals[0].steps[1:])

    assert asked(PLAIN, only_large).round.status == "granted"


def test_no_cheap_approval_is_kept_for_a_larger_rebate():
    only_large = pipeline_with(steps=PIPELINE.approvals[0].steps[1:])
    deal = asked(PLAIN, only_large)
    deal.amend({"rebate": Decimal("0.3")})

    assert deal.move("contract") == ["approval.outdated"]


# Signing.


def test_nobody_signs_where_nobody_has_asked():
    assert Deal(PIPELINE, **PLAIN).sign(actor=MIA) == ["approval.no_round"]
    assert Deal(PIPELINE, **PLAIN).sign(subject="contract", actor=MIA) == ["approval.no_round"]


def test_nobody_signs_a_round_that_has_ended():
    for ended in ("approve", "reject", "return"):
        deal = asked()
        deal.sign(ended, actor=MIA)

        assert deal.sign(actor=MAX) == ["approval.no_round"]


def test_only_those_sign_whom_a_step_admits():
    deal = asked()

    for verdict in ("approve", "reject", "return"):
        assert deal.sign(verdict, actor=DAN) == ["approval.not_yours"]
    assert deal.sign("add_signer", signer="zoe", actor=DAN) == ["approval.not_yours"]


def test_a_sequence_is_signed_in_its_order():
    deal = asked(RICH, in_mode("sequence"))

    assert deal.sign(actor=DAN) == ["approval.not_yet"]
    assert deal.sign(actor=MIA) == []
    assert deal.sign(actor=MAX) == ["approval.not_yours"]
    assert deal.sign(actor=DAN) == []
    assert deal.round.status == "granted"


def test_one_signature_is_enough_where_any_is():
    deal = asked(RICH, in_mode("any"))

    assert deal.sign(actor=DAN) == []
    assert deal.round.status == "granted"


def test_whoever_was_added_signs_even_where_any_signature_is_enough():
    deal = asked(RICH, in_mode("any"))
    deal.sign("add_signer", signer="zoe", actor=DAN)
    deal.sign(actor=DAN)

    assert deal.move("contract") == ["approval.open"]
    assert deal.sign(actor=Actor("zoe")) == []
    assert deal.move("contract") == []


def test_a_step_is_signed_by_name():
    deal = asked(RICH)

    assert deal.sign(step="bord", actor=BOTH) == ["approval.no_step"]
    assert deal.sign(step="sales", actor=DAN) == ["approval.not_yours"]
    assert deal.sign(step="board", actor=BOTH) == []
    assert deal.round.signed == {"board"}


def test_who_asked_does_not_sign_and_nobody_signs_twice():
    deal = Deal(PIPELINE, **RICH)
    deal.request(actor=Actor("ann", {"seller", "manager"}))

    assert deal.sign(actor=Actor("ann", {"manager"})) == ["approval.own"]
    assert deal.sign(actor=BOTH) == []
    assert deal.sign(actor=BOTH) == ["approval.twice"]


def test_without_separation_who_asked_is_still_never_the_only_one():
    deal = Deal(pipeline_with(separate=False), **PLAIN)
    boss = Actor("ann", {"seller", "manager"})
    deal.request(actor=boss)

    assert deal.sign(actor=boss) == ["approval.own"]
    assert deal.sign(actor=MIA) == []


def test_adding_a_signer_needs_one_and_no_other_verdict_takes_one():
    deal = asked()

    assert deal.sign("add_signer", actor=MIA) == ["approval.signer_missing"]
    assert deal.sign("approve", signer="zoe", actor=MIA) == ["approval.signer_unexpected"]


@pytest.mark.parametrize(("signer", "code"), [("ann", "approval.own"), ("mia", "approval.twice")])
def test_neither_who_asked_nor_oneself_is_added(signer, code):
    assert asked().sign("add_signer", signer=signer, actor=MIA) == [code]


def test_a_verdict_that_there_is_not_is_an_error_of_the_program():
    with pytest.raises(ValueError, match="bless"):
        asked().sign("bless", actor=MIA)


# What is said of an approval that is not there.


def test_every_state_of_an_approval_has_its_own_words():
    deal = Deal(PIPELINE, **PLAIN)
    assert deal.move("contract") == ["approval.missing"]
    deal.request(actor=ANN)
    assert deal.move("contract") == ["approval.open"]
    deal.sign("reject", actor=MIA)
    assert deal.move("contract") == ["approval.rejected"]
    deal.request(actor=ANN)
    deal.sign("return", actor=MIA)
    assert deal.move("contract") == ["approval.returned"]
    deal.request(actor=ANN)
    deal.amend({"amount": Money(1, "EUR")})
    assert deal.move("contract") == ["approval.stale"]
    deal.request(actor=ANN)
    deal.sign(actor=MIA)
    assert deal.move("fresh")[-1] == "approval.granted"
    deal.amend({"amount": Money(2, "EUR")})
    assert deal.move("contract") == ["approval.outdated"]
    deal.sign("withdraw", actor=ANN)
    assert deal.move("contract") == ["approval.withdrawn"]
    assert [one.number for one in deal.progress.approvals] == [1, 2, 3, 4]


def test_a_form_says_which_approvals_are_wanting():
    assert form(PIPELINE, asked().record, "contract").approvals == ("quote",)
    assert form(PIPELINE, granted().record, "contract").approvals == ()


# Content that changes.


def test_whoever_edits_a_deal_that_waits_has_to_ask_again():
    """Salesforce locks the record; others go on with an approval of what nobody saw."""
    deal = asked()
    deal.amend({"amount": Money(1, "EUR")})
    deal.amend({"amount": PLAIN["amount"]})

    assert deal.round.status == "stale"
    assert deal.sign(actor=MIA) == ["approval.no_round"]


def test_changing_it_in_the_form_of_a_move_is_no_way_around():
    deal = granted()

    assert deal.move("contract", amending={"amount": Money(1, "EUR")}) == ["approval.outdated"]
    waiting = asked()
    waiting.move(outcome="lost", amending={"amount": Money(1, "EUR")})
    assert waiting.round.status == "stale"


def test_taking_values_over_from_another_deal_is_no_way_around():
    deal, other = asked(), Deal(PIPELINE, id="d-2")
    deal.merge(other, {"amount": Money(1, "EUR")})

    assert deal.round.status == "stale"


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({"rebate": Decimal("0.1")}, []),
        ({"rebate": Decimal("0.10")}, []),
        ({"rebate": Decimal("0.05")}, []),
        ({"rebate": Decimal("0.11")}, ["approval.outdated"]),
        ({"rebate": None}, ["approval.outdated"]),
        ({"amount": Money("900.00", "EUR")}, []),
        ({"amount": Money(900, "USD")}, ["approval.outdated"]),
        ({"amount": Money(899, "EUR")}, ["approval.outdated"]),
        ({"amount": None}, ["approval.outdated"]),
        ({"name": "another"}, []),
    ],
    ids=str,
)
def test_an_approval_is_worth_what_it_saw_or_better(values, codes):
    deal = granted()
    deal.amend(values)

    assert deal.move("contract") == codes


def test_one_sided_money_is_bound_to_its_currency():
    deal = asked(PLAIN, pipeline_with(covers=[attrs.evolve(PIPELINE.approvals[0].covers[1], field="amount")]))
    deal.sign(actor=MIA)
    for amount, codes in ((Money(1, "USD"), ["approval.outdated"]), (Money(1, "EUR"), [])):
        deal.amend({"amount": amount})

        problems = unmet(deal.pipeline, deal.record, "contract", at=deal.now)
        assert [problem.code for problem in problems] == codes


def test_setting_the_values_back_restores_what_was_granted():
    deal = granted()
    deal.amend({"amount": Money(1, "EUR")})
    deal.amend({"amount": PLAIN["amount"]})

    assert deal.move("contract") == []


def test_an_older_round_counts_again_with_its_content_though_a_newer_one_was_rejected():
    deal = granted()
    deal.amend({"amount": Money(950, "EUR")})
    deal.request(actor=ANN)
    deal.sign("reject", actor=MIA)
    assert deal.move("contract") == ["approval.rejected"]
    deal.amend({"amount": PLAIN["amount"]})

    assert deal.move("contract") == []


def test_the_problem_of_an_outdated_approval_names_fields_and_no_values():
    deal = granted()
    deal.amend({"amount": Money(70007, "EUR")})
    deal.move("contract")

    assert deal.problems[0].params["fields"] == ["amount"]
    assert "70" not in str(deal.problems[0].detail())


def test_no_round_prints_what_it_covers():
    secret = pipeline_with(covers=["salary"], steps=PIPELINE.approvals[0].steps[:1])
    deal = Deal(secret, salary=Money(70007, "EUR"))
    deal.request(actor=ANN)
    deal.sign(actor=MIA)

    assert "7000" not in repr(deal.changes) + repr(deal.record)


# Withdrawing.


def test_who_asked_and_who_approved_may_withdraw_and_nobody_else():
    for actor, codes in ((ANN, []), (MIA, []), (BEN, ["approval.not_yours"]), (MAX, ["approval.not_yours"])):
        assert granted().sign("withdraw", actor=actor) == codes


def test_what_must_stay_approved_is_not_withdrawn():
    deal = granted()
    assert deal.move("locked") == ["stage.not_skippable"]
    deal.move("contract")
    assert deal.move("locked") == []

    assert deal.sign("withdraw", actor=ANN) == ["stay.broken"]
    assert deal.amend({"amount": Money(1, "EUR")}) == ["stay.broken"]
    assert deal.amend({"rebate": Decimal(0)}) == []
    assert deal.merge(Deal(PIPELINE, id="d-2"), {"amount": Money(1, "EUR")}) == ["stay.broken"]
    assert deal.move("contract", amending={"amount": Money(1, "EUR")}) == ["stay.broken", "approval.outdated"]


# Revisions.


def test_a_round_under_way_goes_on_by_the_rules_it_began_with():
    deal = asked()
    deal.pipeline = attrs.evolve(
        pipeline_with(steps=[attrs.evolve(PIPELINE.approvals[0].steps[0], roles=["owner"])]), revision=2
    )

    assert deal.sign(actor=Actor("olga", {"owner"})) == ["approval.not_yours"]
    assert deal.sign(actor=MIA) == []
    assert deal.changes[-1].stamp.revision == 2


def test_a_round_goes_on_though_its_approval_was_dropped():
    deal = asked()
    deal.pipeline = attrs.evolve(PIPELINE, revision=2, approvals=(), stages=[PIPELINE.stages[0], PIPELINE.stages[-1]])

    assert deal.sign(actor=MIA) == []
    assert deal.request(actor=ANN) == ["approval.unknown"]


# Where the deal is.


def test_closed_deals_lose_nothing_and_removed_ones_take_no_signature():
    deal = granted()
    deal.move(outcome="lost")
    deal.move("offer", outcome="open")
    assert deal.move("contract") == []

    gone, other = asked(), Deal(PIPELINE, id="d-2")
    other.merge(gone)
    assert gone.sign(actor=MIA) == ["record.merged"]
    assert gone.request(actor=ANN) == ["record.merged"]


def test_losing_is_never_held_up_by_an_approval():
    assert asked().move(outcome="lost") == []
    assert Deal(PIPELINE).move(outcome="abandoned") == []


def test_requests_and_signatures_say_what_they_were_decided_by():
    deal = granted(PLAIN)

    assert [change.stamp.rules for change in deal.changes[1:]] == [("approvals.quote.steps.sales",)] * 2


def test_a_time_out_of_order_is_refused_before_anything_else():
    deal = asked().after(-1)

    assert deal.sign(actor=DAN) == ["change.out_of_order"]
    assert deal.request(actor=DAN) == ["change.out_of_order"]


def test_a_refusal_names_what_was_wished():
    with pytest.raises(MoveRefused, match="quote") as refused:
        request_approval(PIPELINE, asked().record, "quote", at=T0, actor=ANN)

    assert refused.value.wish.code == "wish.request"
    assert unmet_request(PIPELINE, asked().record, "quote", at=T0, actor=ANN) == refused.value.problems


def test_covers_are_a_list():
    with pytest.raises(TypeError, match="list of texts"):
        Approval(key="quote", covers="amount")


def test_reopening_ends_a_round_about_the_competitors_it_changes():
    deal = Deal(pipeline_with(covers=["competitors"], steps=PIPELINE.approvals[0].steps[:1]))
    deal.move(outcome="lost", amending={"competitors": (Competitor(name="Rival", status="won_deal"),)})
    deal.request(actor=ANN)
    deal.move("offer", outcome="open")

    assert deal.round.status == "stale"
