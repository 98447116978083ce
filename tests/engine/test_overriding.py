"""Rules that bend in the open: only those that are named, only for whom the pipeline says, and never without trace."""

import pytest

from oppcore.codec import decode, encode
from oppcore.engine import Override, Waived, open_lead, options, replay, unmet, unmet_opening
from oppcore.money import Money
from oppcore.pipeline import load_pipeline, rules_of
from oppcore.records import Actor, Lead
from tests.engine.deals import Deal
from tests.engine.examples import T0

PIPELINE = load_pipeline("""
key = "p"
currency = "EUR"
flow = { revert = { allowed = false }, reopen = { roles = ["head"] } }
permissions = { correct = {}, merge = {}, remove = { roles = ["head"] } }
reasons = [{ key = "price", outcome = "lost" }]
opens_in = ["lead"]
stages = [
    { key = "old", kind = "open", archived = true },
    { key = "lead", kind = "open", exit = [{ present = "needs" }] },
    { key = "offer", kind = "open", entry = [{ present = "budget" }], stay = [{ compare = "amount", ge = 1000 }] },
    { key = "contract", kind = "open", entry = [{ present = "budget" }, { any = [{ approved = "quote" }, { present = "proposal" }] }] },
    { key = "won", kind = "won", roles = ["seller"] },
]
approvals = [{ key = "quote", covers = ["amount"], steps = [{ key = "sales", roles = ["manager"] }] }]

[[overrides]]
roles = ["manager"]
waives = ["criteria", "roles"]

[[overrides]]
roles = ["director"]
waives = ["criteria", "approvals", "flow", "roles"]
""")  # noqa: E501 - a document of its own
ANN, MIA, DAN = Actor("ann"), Actor("mia", {"manager"}), Actor("dan", {"director"})
NEEDS, BUDGET, AMOUNT = "stages.lead.exit[0]", "stages.offer.entry[0]", "stages.offer.stay[0]"
LARGE, SMALL = {"amount": Money(1200, "EUR")}, {"amount": Money(900, "EUR")}


def bend(*rules, reason="the board wants it"):
    return Override(reason, rules)


def offered():
    """A deal that came to its offer without needs and budget."""
    deal = Deal(PIPELINE, **LARGE)
    assert deal.move("offer", actor=MIA, override=bend(NEEDS, BUDGET)) == []
    return deal


# What is waived.


def test_each_problem_names_its_rule():
    deal = Deal(PIPELINE)
    deal.move("offer")

    assert [problem.rule for problem in deal.problems] == [NEEDS, BUDGET, AMOUNT]
    assert {problem.detail()["rule"] for problem in deal.problems} <= set(rules_of(PIPELINE))


def test_what_is_not_named_still_holds():
    assert Deal(PIPELINE, **LARGE).move("offer", actor=MIA, override=bend(NEEDS)) == ["field.missing"]


def test_an_override_of_nothing_waives_nothing():
    assert Deal(PIPELINE, **LARGE).move("offer", actor=MIA, override=bend()) == ["field.missing", "field.missing"]


def test_the_change_keeps_who_why_and_what_but_no_values():
    [*_, moved] = offered().changes

    assert (moved.stamp.actor_id, moved.stamp.waiver.reason) == ("mia", "the board wants it")
    assert moved.stamp.waiver.waived == (
        Waived(NEEDS, "field.missing", "needs"),
        Waived(BUDGET, "field.missing", "budget"),
    )
    assert decode(encode(moved)) == moved


def test_what_was_met_is_not_waived():
    deal = Deal(PIPELINE, budget=Money(1, "EUR"), **LARGE)
    deal.move("offer", actor=MIA, override=bend(NEEDS, BUDGET))

    assert [one.rule for one in deal.changes[-1].stamp.waiver.waived] == [NEEDS]


def test_an_override_without_need_leaves_no_trace():
    deal = Deal(PIPELINE)
    deal.amend({"name": "x"}, actor=MIA, override=bend(AMOUNT))

    assert deal.changes[-1].stamp.waiver is None


def test_a_rule_named_twice_is_waived_once():
    deal = Deal(PIPELINE, budget=Money(1, "EUR"), **LARGE)

    assert deal.move("offer", actor=MIA, override=bend(NEEDS, NEEDS)) == []
    assert len(deal.changes[-1].stamp.waiver.waived) == 1


def test_two_rules_with_one_sentence_are_both_to_be_named():
    two = load_pipeline("""
    key = "p"
    overrides = [{ roles = ["manager"] }]
    stages = [
        { key = "a", kind = "open", exit = [{ present = "budget" }] },
        { key = "b", kind = "open", entry = [{ present = "budget" }] },
    ]
    """)
    deal = Deal(two)

    assert deal.move("b", actor=MIA, override=bend("stages.a.exit[0]")) == ["field.missing"]
    assert deal.problems[0].rule == "stages.b.entry[0]"
    assert deal.move("b", actor=MIA, override=bend("stages.a.exit[0]", "stages.b.entry[0]")) == []


# Who may.


@pytest.mark.parametrize("actor", [None, ANN, Actor("x", {"seller"})], ids=str)
def test_nobody_overrides_without_the_role(actor):
    deal = Deal(PIPELINE, **LARGE)

    assert deal.move("offer", actor=actor, override=bend(NEEDS, BUDGET)) == [
        "field.missing",
        "field.missing",
        "override.forbidden",
        "override.forbidden",
    ]
    assert deal.problems[-1].params["need"] == ["director", "manager"]


def test_each_kind_of_rule_has_its_own_people():
    deal = offered()
    contract = bend(*(f"stages.contract.entry[{number}]" for number in (0, 1)))

    assert deal.move("contract", actor=MIA, override=contract)[-1] == "override.forbidden"
    assert deal.problems[-1].params["kind"] == "approvals"
    assert deal.move("contract", actor=DAN, override=contract) == []
    assert deal.move("lead", actor=MIA, override=bend("flow.revert"))[-1] == "override.forbidden"
    assert deal.move("lead", actor=DAN, override=bend("flow.revert")) == []


def test_the_role_for_a_stage_is_waived_like_a_criterion():
    deal = offered()
    deal.move("contract", actor=DAN, override=bend(*(f"stages.contract.entry[{number}]" for number in (0, 1))))

    assert deal.move("won", actor=ANN) == ["role.needed"]
    assert deal.move("won", actor=MIA, override=bend("stages.won.roles")) == []


def test_a_kind_that_nobody_may_waive_says_so():
    strict = load_pipeline("""
    key = "p"
    stages = [{ key = "a", kind = "open" }, { key = "b", kind = "open", entry = [{ present = "budget" }] }]
    """)

    assert Deal(strict).move("b", actor=DAN, override=bend("stages.b.entry[0]")) == ["field.missing", "override.never"]


def test_a_rule_that_there_is_not_is_named_with_one_that_there_is():
    deal = Deal(PIPELINE, **LARGE)

    assert deal.move("offer", actor=DAN, override=bend("stages.offer.entri[0]"))[-1] == "override.unknown"
    assert deal.problems[-1].params == {"have": "stages.offer.entri[0]", "suggestion": BUDGET}


def test_a_reason_is_needed():
    assert Deal(PIPELINE, **LARGE).move("offer", actor=DAN, override=bend(NEEDS, BUDGET, reason=" "))[-1] == (
        "override.reason"
    )


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Override(None, ["a"]), TypeError),
        (lambda: Override("x\0", ["a"]), ValueError),
        (lambda: Override("x", "flow.jump"), TypeError),
        (lambda: Override("x", [1]), TypeError),
    ],
)
def test_an_override_is_a_reason_and_a_list_of_names(make, error):
    with pytest.raises(error):
        make()


# What can never be waived.


def test_what_no_rule_says_stands():
    everything = bend(*rules_of(PIPELINE))
    wish = {"actor": DAN, "override": everything}
    deal = offered()

    assert deal.move(outcome="lost", **wish) == ["reason.missing"]
    assert deal.move("nowhere", **wish) == ["move.unknown_stage"]
    assert deal.move("offer", outcome="won", **wish) == ["state.illegal"]
    assert deal.move("old", **wish) == ["stage.archived"]
    assert deal.amend({"amount": 3}, **wish) == ["field.type"]
    assert deal.after(-1).move("contract", **wish) == ["change.out_of_order"]
    assert deal.after(2).remove(actor=DAN) == ["role.needed"]
    assert deal.remove(actor=Actor("hal", {"head"})) == []
    assert deal.move("contract", **wish) == ["record.removed"]


def test_the_empty_name_is_no_rule():
    deal = offered()

    assert deal.move(outcome="lost", actor=DAN, override=bend("")) == ["reason.missing", "override.unknown"]


def test_options_are_drawn_without_overrides_and_name_what_could_be_bent():
    deal = offered()
    ways = {one.target.stage: one.problems for one in options(PIPELINE, deal.record, at=deal.now, actor=DAN)}

    assert [problem.rule for problem in ways["lead"]] == ["flow.revert"]
    rules = bend(*(problem.rule for problem in ways["contract"]))
    assert unmet(PIPELINE, deal.record, "contract", at=deal.now, actor=DAN, override=rules) == ()


# Every change that takes one.


def test_an_opening_elsewhere_is_overridden():
    rules = ("opens_in", "stages.contract.entry[0]", "stages.contract.entry[1]")
    narrow = load_pipeline("""
    key = "p"
    opens_in = ["a"]
    overrides = [{ roles = ["director"], waives = ["flow"] }]
    stages = [{ key = "a", kind = "open" }, { key = "b", kind = "open" }, { key = "won", kind = "won" }]
    """)

    assert [one.code for one in unmet_opening(narrow, "d", at=T0, stage="b")] == ["stage.no_entry"]
    assert Deal(narrow, stage="b", actor=DAN, override=bend("opens_in")).progress.stage == "b"
    closed = unmet_opening(narrow, "d", at=T0, stage="won", actor=DAN, override=bend("opens_in"))
    assert [one.code for one in closed] == ["stage.no_entry"]
    wide = Deal(PIPELINE, stage="contract", actor=DAN, override=bend(*rules))
    assert [one.rule for one in wide.changes[0].stamp.waiver.waived] == list(rules)


def test_what_must_stay_true_is_overridden_in_an_amendment_and_a_merger():
    deal = offered()
    assert deal.amend(SMALL, actor=ANN) == ["stay.broken"]
    assert deal.amend(SMALL, actor=MIA, override=bend(AMOUNT)) == []
    assert deal.amend({"amount": Money(1, "EUR")}, actor=ANN) == []

    kept, other = offered(), Deal(PIPELINE, id="d-2")
    assert kept.merge(other, SMALL) == ["stay.broken"]
    assert kept.merge(other, SMALL, actor=MIA, override=bend(AMOUNT)) == []
    assert [change.stamp.waiver.reason for change in (kept.changes[-1], other.changes[-1])] == [
        "the board wants it"
    ] * 2


def test_what_must_stay_true_is_overridden_in_a_correction():
    deal = Deal(PIPELINE, **SMALL).after()
    deal.amend(LARGE)
    deal.after().move("offer", actor=MIA, override=bend(NEEDS, BUDGET))

    assert deal.after().correct(2, None) == ["stay.broken"]
    assert deal.correct(2, None, actor=MIA, override=bend(AMOUNT)) == []
    assert deal.record.amount == SMALL["amount"]


def test_a_withdrawal_is_overridden():
    locked = load_pipeline("""
    key = "p"
    overrides = [{ roles = ["director"] }]
    stages = [{ key = "a", kind = "open" }, { key = "b", kind = "open", stay = [{ approved = "quote" }] }]
    approvals = [{ key = "quote", steps = [{ key = "sales", roles = ["manager"] }] }]
    """)
    deal = Deal(locked)
    deal.request(actor=ANN)
    deal.sign(actor=MIA)
    deal.move("b")

    assert deal.sign("withdraw", actor=MIA) == ["stay.broken"]
    assert deal.sign("withdraw", actor=MIA, override=bend("stages.b.stay[0]"))[-1] == "override.forbidden"
    boss = Actor("mia", {"manager", "director"})
    assert deal.sign("withdraw", actor=boss, override=bend("stages.b.stay[0]")) == []


def test_moves_drawn_one_by_one_are_left_by_an_override():
    drawn = load_pipeline("""
    key = "p"
    overrides = [{ roles = ["director"] }]
    stages = [{ key = "a", kind = "open" }, { key = "b", kind = "open" }, { key = "c", kind = "open" }]
    transitions = [{ source = "a", target = "b" }, { source = "b", target = "c", roles = ["boss"] }]
    """)
    deal = Deal(drawn)

    assert deal.move("c") == ["transition.missing"]
    assert deal.move("c", actor=DAN, override=bend("transitions")) == []


def test_leads_bend_like_deals():
    leads = load_pipeline("""
    key = "leads"
    kind = "lead"
    opens_in = ["new", "known"]
    overrides = [{ roles = ["director"] }]
    stages = [
        { key = "new", kind = "open" },
        { key = "known", kind = "open", entry = [{ present = "email" }], stay = [{ present = "email" }] },
        { key = "converted", kind = "won" },
    ]
    """)
    lead = replay(open_lead(leads, "l", at=T0), of=Lead)
    known = bend("stages.known.entry[0]", "stages.known.stay[0]")

    assert [one.code for one in unmet(leads, lead, "known", at=T0, actor=DAN)] == ["field.missing"]
    assert unmet(leads, lead, "known", at=T0, actor=DAN, override=known) == ()
    won = unmet(leads, lead, "converted", at=T0, actor=DAN, override=bend(*rules_of(leads)))
    assert [one.code for one in won] == ["lead.convert"]
