"""Deals that go over to another pipeline: what comes along, what stays behind, and whose rules hold."""

from decimal import Decimal

import attrs
import pytest

from oppcore.engine import Override, find_violations, move, open_lead, replay, transfer, unmet_transfer
from oppcore.forecast import weigh_forecast
from oppcore.funnel import measure_funnel
from oppcore.history import fold_history, make_history, rows_of
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Actor, Lead
from tests.engine.deals import Deal, snapshot
from tests.engine.examples import DAY, T0
from tests.problems import assert_told

SALES = load_pipeline("""
key = "sales"
currency = "EUR"
fields = [{ key = "region", type = "text" }, { key = "floor", type = "number" }]
flow = { transfer = { roles = ["mover"] } }
permissions = { correct = {} }
stages = [
    { key = "lead", kind = "open", probability = 0.1, checklist = [{ key = "who" }] },
    { key = "offer", kind = "open", probability = 0.5, stay = [{ present = "amount" }] },
    { key = "won", kind = "won" },
]
approvals = [{ key = "quote", covers = ["amount"], steps = [{ key = "sales", roles = ["manager"] }] }]
overrides = [{ roles = ["sales head"] }]
""")
PARTNERS = load_pipeline("""
key = "partners"
revision = 7
currency = "EUR"
fields = [{ key = "region", type = "text" }, { key = "partner", type = "text" }]
flow = { transfer = {} }
stages = [
    { key = "offer", kind = "open", probability = 0.3, roles = ["partner manager"], entry = [{ present = "partner" }] },
    { key = "gone", kind = "open", archived = true },
    { key = "contact", kind = "open", probability = 0.2 },
    { key = "won", kind = "won" },
]
overrides = [{ roles = ["partner head"] }]
""")
CLOSED = attrs.evolve(SALES, flow=attrs.evolve(SALES.flow, transfer=PARTNERS.flow.reopen))
MOVER = Actor("max", {"mover"})
BOTH = Actor("bo", {"mover", "partner manager"})


def transferred(**wish):
    """A deal that went over on the second day, and was given an amount on the way."""
    deal = Deal(SALES).after()
    assert deal.transfer(PARTNERS, "contact", actor=MOVER, amending={"amount": Money(5, "EUR")} | wish) == []
    return deal


# What comes along.


def test_fields_come_along_and_answers_and_approvals_stay_behind():
    deal = Deal(SALES, region="north", amount=Money(5, "EUR"), answers={"who": "her"})
    deal.request(actor=MOVER)
    deal.hold(reason="holidays")
    assert deal.after().transfer(PARTNERS, "contact", actor=MOVER) == []

    assert (deal.record.fields["region"], deal.record.amount) == ("north", Money(5, "EUR"))
    assert (dict(deal.progress.answers), deal.progress.approvals) == ({}, ())
    assert (deal.progress.hold.hold_reason, deal.progress.opened_at, deal.progress.entered_at) == (
        "holidays",
        T0,
        deal.now,
    )


def test_there_and_back_an_approval_is_asked_for_again():
    deal = Deal(SALES, amount=Money(5, "EUR"))
    deal.request(actor=Actor("ann"))
    deal.sign(actor=Actor("mia", {"manager"}))
    deal.transfer(PARTNERS, "contact", actor=MOVER)
    deal.transfer(SALES, "lead", actor=MOVER)

    assert deal.progress.approvals == ()
    assert deal.request(actor=Actor("ann")) == []


def test_the_stage_of_the_same_name_is_meant_if_none_is_named():
    deal = Deal(SALES)
    assert deal.transfer(PARTNERS, actor=MOVER) == ["move.unknown_stage"]
    deal.amend({"amount": Money(5, "EUR")})
    deal.move("offer")
    assert deal.transfer(PARTNERS, actor=BOTH, amending={"partner": "Acme"}) == []

    assert (deal.progress.pipeline, deal.progress.stage) == ("partners", "offer")
    assert (deal.changes[-1].stamp.revision, deal.changes[-1].stamp.origin) == (7, "transferred")


# Whose rules hold.


def test_the_new_stage_is_entered_by_its_own_gate_and_roles():
    assert Deal(SALES).transfer(PARTNERS, "offer", actor=MOVER) == ["role.needed", "field.missing"]


def test_both_pipelines_must_allow_it():
    assert Deal(SALES).transfer(PARTNERS, "contact") == ["role.needed"]
    assert Deal(CLOSED).transfer(PARTNERS, "contact", actor=MOVER) == ["permission.forbidden"]
    assert Deal(SALES).transfer(attrs.evolve(PARTNERS, flow=CLOSED.flow), "contact", actor=MOVER) == ["flow.forbidden"]


def test_nobody_bends_the_rules_of_one_pipeline_by_a_role_in_the_other():
    override = Override("they agreed", ["flow.transfer"])
    theirs, ours = Actor("pia", {"partner head"}), Actor("sue", {"sales head"})

    assert Deal(CLOSED).transfer(PARTNERS, "contact", actor=theirs, override=override) == [
        "permission.forbidden",
        "override.forbidden",
    ]
    assert Deal(CLOSED).transfer(PARTNERS, "contact", actor=ours, override=override) == []
    shut = attrs.evolve(PARTNERS, flow=CLOSED.flow)
    assert Deal(CLOSED).transfer(shut, "contact", actor=ours, override=override) == [
        "flow.forbidden",
        "override.forbidden",
    ]
    assert Deal(CLOSED).transfer(shut, "contact", actor=Actor("x", ours.roles | theirs.roles), override=override) == []


def test_rules_of_both_pipelines_are_waived_in_one_override():
    deal = Deal(CLOSED)
    rules = ["flow.transfer", "stages.offer.entry[0]", "stages.offer.roles"]
    both = Actor("x", {"sales head", "partner head"})
    assert deal.transfer(PARTNERS, "offer", actor=both, override=Override("agreed", rules)) == []

    assert [one.rule for one in deal.changes[-1].stamp.waiver.waived] == [rules[0], rules[2], rules[1]]


def test_an_override_of_a_transfer_names_rules_that_there_are():
    deal = Deal(SALES)

    assert deal.transfer(PARTNERS, "contact", actor=MOVER, override=Override("x", ["flow.transfre"])) == [
        "override.unknown"
    ]
    assert deal.transfer(PARTNERS, "contact", actor=MOVER, override=Override(" ", [])) == ["override.reason"]


def test_what_must_stay_true_where_it_comes_from_is_not_undone_on_the_way():
    deal = Deal(SALES, amount=Money(5, "EUR"))
    deal.move("offer")
    wish = {"actor": MOVER, "amending": {"amount": None}}

    assert deal.transfer(PARTNERS, "contact", **wish) == ["stay.broken"]
    bent = wish | {"actor": Actor("m", {"mover", "sales head"}), "override": Override("x", ["stages.offer.stay[0]"])}
    assert deal.transfer(PARTNERS, "contact", **bent) == []


# What cannot be.


@pytest.mark.parametrize(
    ("into", "to", "codes"),
    [
        (SALES, "lead", ["transfer.itself"]),
        (PARTNERS, "nowhere", ["move.unknown_stage"]),
        (PARTNERS, "won", ["transfer.stage"]),
        (PARTNERS, "gone", ["stage.archived"]),
    ],
)
def test_a_transfer_leads_to_an_open_stage_of_another_pipeline(into, to, codes):
    assert Deal(SALES).transfer(into, to, actor=MOVER) == codes


def test_a_closed_deal_stays_where_it_was_closed():
    deal = Deal(SALES)
    deal.move(outcome="lost")

    assert deal.transfer(PARTNERS, "contact", actor=MOVER) == ["transfer.closed"]


def test_a_field_that_the_other_pipeline_does_not_have_holds_a_deal_back():
    deal = Deal(SALES, floor=Decimal(3))
    assert deal.transfer(PARTNERS, "contact", actor=MOVER) == ["transfer.fields"]
    deal.amend({"floor": None})
    assert deal.transfer(PARTNERS, "contact", actor=MOVER, amending={"floor": Decimal(3)}) == ["field.unknown"]
    assert deal.transfer(PARTNERS, "contact", actor=MOVER) == []


def test_a_lead_is_no_deal():
    leads = load_pipeline('key = "leads"\nkind = "lead"\nstages = [{ key = "new", kind = "open" }]\nflow.transfer = {}')
    more = attrs.evolve(leads, key="more")
    lead = replay(open_lead(leads, "l", {"email": "x@y"}, at=T0), of=Lead)

    problems = unmet_transfer(leads, lead, PARTNERS, "contact", at=T0)
    assert "pipeline.kind" in [one.code for one in problems]
    for problem in problems:
        assert_told(problem)
    [moved] = transfer(leads, lead, more, at=T0)
    assert (moved.target.stage, moved.probability) == ("new", None)


# What is counted.


def test_what_was_filled_in_on_the_way_is_counted_where_it_went():
    [standing] = snapshot(PARTNERS, deal := transferred()).standings

    assert standing.amount == deal.record.amount == Money(5, "EUR")
    assert snapshot(SALES, deal).standings == ()


def test_coming_back_with_new_values_makes_no_visit_on_the_way():
    deal = transferred().after()
    deal.transfer(SALES, "offer", actor=MOVER, amending={"amount": Money(7, "EUR")})
    [trail] = fold_history(make_history(rows_of(deal.changes)), SALES).trails

    assert [(visit.stage, str(visit.ended)) for visit in trail.visits] == [("lead", "removed"), ("offer", "open")]
    assert trail.standing.amount == Money(7, "EUR")


def test_a_deal_is_counted_in_one_pipeline_at_a_time():
    deal = transferred()
    for at, counts in ((T0, (1, 0)), (deal.now, (0, 1))):
        assert tuple(len(snapshot(one, deal, as_of=at)) for one in (SALES, PARTNERS)) == counts
    funnel = measure_funnel(make_history(rows_of(deal.changes)), SALES, count="touched")

    assert [step.count for step in funnel.steps] == [0, 0, 0]
    assert [problem.code for problem in funnel.left_out] == ["deal.elsewhere"]
    assert weigh_forecast([deal.record], PARTNERS, timezone="UTC").rows


def test_the_old_pipeline_has_no_say_any_more():
    deal = transferred()

    assert [one.code for one in unmet_transfer(SALES, deal.record, PARTNERS, "contact", at=deal.now)] == [
        "pipeline.other"
    ]
    [violation] = find_violations(SALES, [deal.record], at=deal.now)
    assert [problem.code for problem in violation.problems] == ["pipeline.other"]


def test_the_past_of_a_deal_that_was_elsewhere_is_not_corrected():
    deal = transferred().after()
    deal.transfer(SALES, "lead", actor=MOVER)

    assert deal.correct(2, T0) == ["correction.transferred"]


def test_a_transferred_deal_goes_on_by_the_new_rules():
    deal = transferred()
    deal.changes += move(PARTNERS, deal.record, "won", at=deal.now + DAY)

    assert deal.progress.outcome == "won"
