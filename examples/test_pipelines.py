"""Seven sales processes as documents (see `pipelines/`), and for each the story of a deal that meets its rules.

A story reads as the deal's life: what it `does`, what it `cannot` do and why exactly, and how it `ends`. Both take a
function of the engine and its arguments.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oppcore import (
    Actor,
    Money,
    MoveRefused,
    Opportunity,
    adopt,
    amend,
    dump_pipeline,
    evolve,
    find_violations,
    form,
    load_pipeline,
    move,
    open_opportunity,
    options,
    replay,
    unmet,
)
from oppcore.engine import (
    Override,
    request_approval,
    require_action,
    sign,
    unmet_action,
    unmet_amendment,
    unmet_opening,
    unmet_request,
    unmet_signature,
)
from oppcore.records import Need, Objection, Progress, Quote, Stakeholder

FOLDER = Path(__file__).parent / "pipelines"
FILES = sorted(FOLDER.glob("*.toml"))
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ASK = {
    move: unmet,
    amend: unmet_amendment,
    sign: unmet_signature,
    request_approval: unmet_request,
    require_action: unmet_action,
}

ANN = Actor("ann", {"deal_owner"})
BOB = Actor("bob", {"sales_manager"})
FAY = Actor("fay", {"finance", "finance_approver"})
DAN = Actor("dan", {"director"})
SAL = Actor("sal", {"sales_approver"})
OPS = Actor("ops", {"sales_operations"})
ROOT = Actor("root", {"super_admin"})
RON = Actor("ron", {"resign"})


def load(name, **replaced):
    """Load a document of the folder, some of its text replaced."""
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in replaced.values():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return load_pipeline(text)


class Deal:
    """A deal and all its changes, as a host keeps them; each day it does one thing. Who acts is Ann if not said."""

    def __init__(self, pipeline, values=None, *, changes=None, **opening):
        self.pipeline, self.day = pipeline, START
        self.changes = changes or open_opportunity(pipeline, "deal-1", values, at=START, actor=ANN, **opening)
        self.record = replay(self.changes)

    def does(self, act, *args, actor=ANN, **named):
        self.day += timedelta(days=1)
        assert ASK[act](self.pipeline, self.record, *args, at=self.day, actor=actor, **named) == ()
        changes = act(self.pipeline, self.record, *args, at=self.day, actor=actor, **named) or ()
        self.changes, self.record = (*self.changes, *changes), evolve(self.record, *changes)

    def cannot(self, act, *args, because, actor=ANN, **named):
        with pytest.raises(MoveRefused) as refusal:
            act(self.pipeline, self.record, *args, at=self.day, actor=actor, **named)
        assert sorted(f"{one.code} {one.path}".strip() for one in refusal.value.problems) == sorted(because)
        assert ASK[act](self.pipeline, self.record, *args, at=self.day, actor=actor, **named) == refusal.value.problems

    def rounds(self):
        return [str(one.status) for one in self.record.progress.approvals]

    def stands(self, stage, outcome="open"):
        assert (self.record.progress.stage, self.record.progress.outcome) == (stage, outcome)

    def ends(self, stage, outcome):
        self.stands(stage, outcome)
        assert replay(self.changes) == self.record


def usd(amount):
    return Money(amount, "USD")


def eur(amount):
    return Money(amount, "EUR")


def cny(amount):
    return Money(amount, "CNY")


def quote(id, amount, discount="0", status="draft", **more):
    """What a form sends when one quote is written and made the current one."""
    return {
        "quotes": (Quote(id=id, amount=amount, discount=Decimal(discount), status=status, **more),),
        "current_quote_id": id,
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_document_is_read_and_written_back(path):
    pipeline = load_pipeline(path.read_bytes())

    assert pipeline.key == path.stem
    assert load_pipeline(dump_pipeline(pipeline)) == pipeline
    assert load_pipeline(dump_pipeline(pipeline, format="json")) == pipeline


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_people_see_has_a_name_in_both_languages(path):
    pipeline = load_pipeline(path.read_bytes())
    steps = [step for approval in pipeline.approvals for step in approval.steps]
    items = [item for stage in pipeline.stages for item in stage.checklist]
    named = [pipeline, *pipeline.stages, *pipeline.reasons, *pipeline.actions, *pipeline.transitions]

    for part in (*named, *pipeline.approvals, *steps, *items):
        assert dict(part.labels).keys() == {"en", "zh"}, part


def test_salesforce_asks_for_amount_and_close_date_only_when_the_stage_changes():
    deal = Deal(load("salesforce-validation"))
    deal.does(move, "needs_analysis")  # any stage may be left out
    deal.cannot(move, "proposal", because=["field.missing amount", "field.missing expected_close_on"])
    deal.cannot(move, "closed_won", because=["field.missing amount", "field.missing expected_close_on"])
    deal.does(move, "proposal", amending={"amount": usd(5000), "expected_close_on": date(2026, 6, 30)})

    deal.does(amend, {"amount": None, "owner_id": "bob"})  # nothing is looked at but a change of the stage
    deal.cannot(move, "negotiation", because=["field.missing amount"])
    deal.does(move, "qualification")  # back where no amount is needed
    deal.does(move, "negotiation", amending={"amount": usd(4500)})
    deal.does(move, "closed_won")
    deal.cannot(move, "negotiation", because=["role.needed actor"])
    deal.does(move, "negotiation", actor=OPS)
    deal.does(move, "closed_lost")  # losing asks for nothing
    deal.ends("closed_lost", "lost")


def test_salesforce_leaves_an_old_record_editable_and_lists_it_as_a_finding():
    pipeline = load("salesforce-validation")
    times = dict.fromkeys(("opened_at", "entered_at", "changed_at", "recorded_at"), START)
    old = Progress(pipeline=pipeline.key, stage="negotiation", version=1, **times)
    deal = Deal(pipeline, changes=adopt(pipeline, Opportunity(id="deal-1", progress=old), at=START))

    deal.does(amend, {"name": "A deal of 2019"})
    [found] = find_violations(pipeline, [deal.record], at=deal.day)
    assert [problem.path for problem in found.problems] == ["amount", "expected_close_on"]
    deal.cannot(move, "closed_won", because=["field.missing amount", "field.missing expected_close_on"])
    deal.does(move, "closed_won", amending={"amount": usd(900), "expected_close_on": date(2026, 3, 31)})
    deal.cannot(move, "closed_lost", because=["role.needed actor"])  # that would take it out of a closed month
    deal.ends("closed_won", "won")


def test_hubspot_holds_a_deal_to_its_rules():
    pipeline = load("hubspot-rules")
    elsewhere = unmet_opening(pipeline, "deal-2", at=START, actor=ANN, stage="contract_sent")
    assert [problem.code for problem in elsewhere] == ["stage.no_entry", "criteria.some"]

    deal = Deal(pipeline, stage="qualified_to_buy")
    deal.cannot(move, "contract_sent", because=["stage.not_skippable to", "criteria.some"])
    deal.does(move, "decision_maker_bought_in", amending={"amount": usd(25000)})  # the presentation may be left out
    deal.cannot(move, "presentation_scheduled", because=["flow.forbidden to"])
    deal.cannot(move, "contract_sent", because=["criteria.some"])

    deal.does(request_approval, "deal")
    deal.cannot(sign, "deal", "approve", because=["approval.not_yours actor"])
    deal.does(sign, "deal", "approve", actor=SAL)  # any one of them is enough
    deal.does(move, "contract_sent")
    deal.does(move, "closed_won")
    deal.ends("closed_won", "won")


def test_hubspot_can_ask_all_approvers():
    deal = Deal(load("hubspot-rules", mode=('mode = "any"', 'mode = "all"')), {"amount": usd(25000)})
    deal.does(request_approval, "deal")
    deal.does(sign, "deal", "approve", actor=SAL)
    assert deal.rounds() == ["open"]
    deal.does(sign, "deal", "approve", actor=FAY)
    assert deal.rounds() == ["granted"]


def test_hubspot_asks_for_no_approval_of_a_small_deal_or_of_a_lost_one():
    small = Deal(load("hubspot-rules"), {"amount": usd(9999)}, stage="qualified_to_buy")
    for stage in ("presentation_scheduled", "decision_maker_bought_in", "contract_sent"):
        small.does(move, stage)
    small.does(amend, {"amount": usd(25000)})  # no longer small: the next stage asks again
    small.cannot(move, "closed_won", because=["criteria.some"])
    small.does(move, "closed_won", amending={"amount": usd(9900)})
    small.ends("closed_won", "won")

    lost = Deal(load("hubspot-rules"), {"amount": usd(25000)})
    lost.does(move, "closed_lost")
    lost.ends("closed_lost", "lost")


def test_hubspot_admins_bypass_a_rule_only_by_name_and_with_a_reason():
    deal = Deal(load("hubspot-rules"), {"amount": usd(25000)})
    deal.does(move, "qualified_to_buy")
    deal.cannot(move, "appointment_scheduled", actor=ROOT, because=["flow.forbidden to"])
    mistaken = Override("It was the wrong deal", ["flow.revert"])
    refused = ["flow.forbidden to", "override.forbidden override"]  # Ann is no super admin
    deal.cannot(move, "appointment_scheduled", override=mistaken, because=refused)
    deal.does(move, "appointment_scheduled", actor=ROOT, override=mistaken)

    waiver = deal.changes[-1].stamp.waiver
    assert waiver.reason == "It was the wrong deal"
    assert [(waived.rule, waived.code) for waived in waiver.waived] == [("flow.revert", "flow.forbidden")]
    deal.ends("appointment_scheduled", "open")


def test_zoho_knows_only_the_transitions_drawn():
    deal = Deal(load("zoho-blueprint"), {"intent": "wants a demo in May"})
    deal.cannot(move, "quoted", because=["transition.missing to"])
    deal.cannot(move, "needs_analysis", actor=BOB, because=["role.needed actor"])  # Bob does not own the deal
    deal.does(move, "needs_analysis")
    deal.cannot(move, "qualification", because=["transition.missing to"])

    during = form(deal.pipeline, deal.record, "quoted")
    assert {question.field.name for question in during.questions if question.is_gated} == {
        "needs",
        "quote_amount",
        "quotes",
        "current_quote_id",
        "expected_close_on",
    }
    assert during.missing == ("proposal", "amount", "expected_close_on", "needs", "quotes", "current_quote_id")
    deal.cannot(
        move,
        "quoted",
        amending={"needs": (Need(text="less paper"),)},
        because=["field.missing expected_close_on", "field.missing quote_amount"],
    )
    filled_in = {"needs": (Need(text="less paper"),), "expected_close_on": date(2026, 5, 1)}
    filled_in |= quote("q-1", eur(8500), "0.15")
    deal.cannot(move, "quoted", amending=filled_in, actor=BOB, because=["role.needed actor"])
    deal.does(move, "quoted", amending=filled_in)

    deal.cannot(move, "negotiation", because=["field.le quote_discount"])
    deal.cannot(move, "discount_review", actor=BOB, because=["role.needed actor"])
    deal.does(move, "discount_review")
    deal.cannot(move, "negotiation", because=["role.needed actor"])  # to grant a discount is the manager's
    deal.cannot(move, "quoted", because=["role.needed actor"])  # and so it is to refuse it
    deal.does(move, "quoted", actor=BOB)
    deal.does(amend, quote("q-2", eur(9000), "0.1"))
    deal.cannot(move, "discount_review", because=["field.gt quote_discount"])
    deal.cannot(move, "negotiation", actor=BOB, because=["role.needed actor"])
    deal.does(move, "negotiation")
    deal.cannot(move, "closed_won", actor=BOB, because=["role.needed actor", "field.eq quote_status"])
    deal.does(move, "closed_won", amending=quote("q-2", eur(9000), "0.1", "accepted"))
    deal.ends("closed_won", "won")


def test_zoho_shows_the_buttons_with_their_reasons():
    deal = Deal(load("zoho-blueprint"))
    drawn = [option for option in options(deal.pipeline, deal.record, at=deal.day, actor=ANN) if not gone(option)]

    assert {option.target.stage: [one.code for one in option.problems] for option in drawn} == {
        "qualification": [],  # given up or lost where it stands
        "needs_analysis": ["field.missing"],
        "closed_lost": [],
        "lost_to_competition": [],
    }
    deal.cannot(move, outcome="lost", because=["stage.ambiguous to"])  # two states mean it: name one
    deal.does(move, "lost_to_competition")
    deal.ends("lost_to_competition", "lost")


def gone(option):
    """Whether a Blueprint would not show a button at all: nothing is drawn there."""
    return any(problem.code in ("transition.missing", "flow.forbidden") for problem in option.problems)


def test_dynamics_completes_the_steps_of_a_stage_before_the_next():
    deal = Deal(load("dynamics-process-flow"))
    deal.cannot(
        move,
        "develop",
        because=["field.missing account_id", "field.missing budget", "answers.missing answers"],
    )
    deal.does(
        move,
        "develop",
        amending={"account_id": "acme", "budget": usd(80000), "answers": {"need_confirmed": True}},
    )
    deal.cannot(
        move,
        "close",
        because=[
            "flow.forbidden to",
            "stage.not_skippable to",
            "field.missing needs",
            "field.missing stakeholders",
            "answers.missing answers",
        ],
    )
    steps = {"needs": (Need(text="one view of stock"),), "stakeholders": (Stakeholder(contact_id="c-1", role="buyer"),)}
    deal.does(amend, {**steps, "answers": {"team_named": "Ann and Fay"}})
    deal.cannot(move, "propose", because=["answers.missing answers"])  # one question is still open
    deal.does(move, "propose", amending={"answers": {"solution_fits": True}})
    deal.does(move, "develop")  # back asks for nothing
    deal.does(move, "propose")

    missing = ["field.missing proposal", "field.missing_to_compare amount", "answers.missing answers"]
    deal.cannot(move, "close", because=missing)
    steps = {"proposal": "https://files.example/p-1", "amount": usd(72000)}
    deal.does(move, "close", amending={**steps, "answers": {"internal_review": True, "presented": True}})
    deal.cannot(move, "won", because=["answers.missing answers"])
    deal.does(move, "won", amending={"answers": {"final_proposal": True}})
    deal.ends("won", "won")


def test_dynamics_reopens_as_an_act_of_its_own():
    deal = Deal(load("dynamics-process-flow"))
    deal.cannot(move, "lost", because=["reason.missing reason"])
    deal.does(move, "lost", reason="out_sold")
    closed_at = deal.record.progress.closed_at
    deal.cannot(move, "qualify", because=["role.needed actor"])
    deal.does(move, "qualify", actor=BOB)
    assert (deal.record.progress.closed_at, deal.record.progress.reason) == (None, None)

    deal.does(move, "lost", reason="canceled")
    assert deal.record.progress.closed_at > closed_at
    closings = [change.reason for change in deal.changes[1:] if change.target.outcome == "lost"]
    assert closings == ["out_sold", "canceled"]  # the history keeps both
    deal.ends("lost", "lost")


def test_business_central_leaves_out_only_the_stage_that_allows_it():
    deal = Deal(load("business-central"))
    deal.cannot(move, "presentation", because=["stage.not_skippable to"])  # qualification may not be left out
    deal.does(move, "qualification")
    deal.does(move, "proposal")  # the presentation may
    deal.cannot(move, "sign_contract", because=["items.missing quotes"])
    deal.does(move, "qualification")  # a quote is needed to go on, not to go back
    deal.does(move, "proposal")
    deal.does(move, "sign_contract", amending=quote("q-1", eur(12000)))

    deal.cannot(move, "won", because=["reason.missing reason"])
    deal.cannot(move, "won", reason="price_lost", because=["reason.unknown reason"])
    deal.does(move, "won", reason="price_won")
    deal.cannot(move, "sign_contract", actor=BOB, because=["flow.forbidden to"])
    deal.ends("won", "won")


def test_business_central_can_lose_a_deal_before_there_is_a_quote():
    deal = Deal(load("business-central"))
    deal.does(move, "qualification")
    deal.does(move, "proposal")
    deal.does(move, "lost", reason="competitor_lost")
    deal.ends("lost", "lost")


def test_cordys_goes_back_and_opens_again_as_its_two_switches_say():
    deal = Deal(load("cordys-crm"))
    deal.does(move, "procurement")  # any later stage
    deal.does(move, "needs_clear")  # 进行中回退
    deal.does(move, "failure", reason="price")
    deal.cannot(move, "needs_clear", because=["role.needed actor"])
    deal.does(move, "needs_clear", actor=BOB)  # 完结回退
    deal.ends("needs_clear", "open")

    off = load(
        "cordys-crm",
        going_back=("revert = { allowed = true }", "revert = { allowed = false }"),
        opening_again=("reopen = { allowed = true,", "reopen = { allowed = false,"),
    )
    strict = Deal(off)
    strict.does(move, "procurement")
    strict.cannot(move, "needs_clear", because=["flow.forbidden to"])
    strict.does(move, "failure", reason="price")
    strict.cannot(move, "procurement", actor=BOB, because=["flow.forbidden to"])
    strict.ends("failure", "lost")


def test_cordys_takes_back_a_won_deal_only_with_a_permission_of_its_own():
    deal = Deal(load("cordys-crm"))
    deal.does(move, "success")
    deal.cannot(move, "failure", reason="contract_dissolved", actor=BOB, because=["role.needed actor"])
    deal.does(move, "failure", reason="contract_dissolved", actor=RON)  # 反签
    deal.ends("failure", "lost")


def test_cordys_says_why_in_chinese():
    pipeline = load("cordys-crm")
    deal = Deal(pipeline)
    [problem] = unmet(pipeline, deal.record, "failure", at=deal.day, actor=ANN)

    assert problem.code == "reason.missing"
    assert "价格过高、合同解除" in problem.text("zh", names=pipeline.names("zh"))


def test_cordys_approves_a_quote_in_rounds():
    deal = Deal(load("cordys-crm"), quote("q-1", cny(100000), "0.1"))
    deal.cannot(require_action, "send_quote", because=["approval.missing approvals"])
    deal.does(request_approval, "quote")
    deal.cannot(request_approval, "quote", because=["approval.under_way approvals"])
    deal.cannot(sign, "quote", "approve", actor=FAY, because=["approval.not_yet actor"])  # first the manager
    deal.does(sign, "quote", "return", actor=BOB, comment="有效期没写")  # 退回
    deal.cannot(require_action, "send_quote", because=["approval.returned approvals"])

    dated = {"valid_until": date(2026, 6, 30)}
    deal.does(amend, quote("q-1", cny(100000), "0.1", **dated))
    deal.does(request_approval, "quote")
    deal.does(sign, "quote", "withdraw")  # 撤回, by who asked
    deal.cannot(require_action, "send_quote", because=["approval.withdrawn approvals"])

    deal.does(request_approval, "quote")
    deal.does(sign, "quote", "approve", actor=BOB)
    deal.does(sign, "quote", "reject", actor=FAY, comment="毛利太低")  # 驳回
    deal.cannot(require_action, "send_quote", because=["approval.rejected approvals"])

    deal.does(amend, quote("q-2", cny(105000), "0.05", **dated))
    deal.does(request_approval, "quote")
    deal.does(amend, quote("q-2", cny(106000), "0.05", **dated))  # changed while people read it
    deal.cannot(sign, "quote", "approve", actor=BOB, because=["approval.no_round approvals"])
    deal.cannot(require_action, "send_quote", because=["approval.stale approvals"])

    deal.does(request_approval, "quote")
    deal.does(sign, "quote", "add_signer", signer="sal", before=True, actor=BOB)  # 加签, before himself
    deal.cannot(sign, "quote", "approve", actor=BOB, because=["approval.not_yet actor"])
    deal.does(sign, "quote", "approve", actor=SAL)
    deal.does(sign, "quote", "approve", actor=BOB)
    deal.does(sign, "quote", "add_signer", signer="dan", actor=FAY)  # and after herself
    deal.does(sign, "quote", "approve", actor=FAY)
    deal.cannot(require_action, "send_quote", because=["approval.open approvals"])
    deal.does(sign, "quote", "approve", actor=DAN)

    deal.does(require_action, "send_quote")
    assert deal.rounds() == ["returned", "withdrawn", "rejected", "stale", "granted"]
    deal.does(move, "success")
    deal.ends("success", "won")


def test_article_a003_lets_nobody_jump_or_quote_blindly():
    deal = Deal(load("article-a003"))
    deal.cannot(
        move,
        "agreement",
        because=["stage.not_skippable to", "stage.not_skippable to", "approval.missing approvals"],
    )
    deal.cannot(require_action, "send_quote", because=["field.missing needs", "field.missing budget"])
    deal.does(move, "qualified")
    deal.cannot(
        move,
        "quoting",
        because=["field.missing needs", "field.missing budget", "answers.missing answers"],
    )
    deal.does(move, outcome="abandoned", reason="not_qualified")
    deal.cannot(move, "qualified", because=["role.needed actor"])
    deal.does(move, "qualified", actor=DAN)
    deal.ends("qualified", "open")


def test_article_a003_reviews_the_price_in_rounds_until_the_deal_is_won():
    deal = Deal(load("article-a003"), stage="qualified")  # 线索挖掘 was done outside of the funnel
    known = {"needs": (Need(text="库存一目了然"),), "budget": cny(500000)}
    deal.does(move, "quoting", amending={**known, "answers": {"pain": "盘点太慢", "decider": "采购总监"}})
    deal.does(require_action, "send_quote")

    # Who has to sign depends on the discount, so there has to be one.
    unknown = ["approval.step_unknown approvals", "approval.step_unknown approvals"]
    deal.cannot(request_approval, "price", because=unknown)
    deal.does(amend, quote("q-1", cny(400000), "0.3"))
    deal.cannot(move, "agreement", because=["approval.missing approvals"])

    # Round 1: manager, finance and director are asked; the manager returns it.
    deal.does(request_approval, "price")
    assert [step.key for step in deal.record.progress.approvals[-1].steps] == ["manager", "finance", "director"]
    deal.cannot(sign, "price", "approve", because=["approval.not_yours actor"])
    deal.cannot(sign, "price", "approve", actor=DAN, because=["approval.not_yet actor"])
    deal.does(sign, "price", "return", actor=BOB, comment="三成太多")
    deal.cannot(move, "agreement", because=["approval.returned approvals"])

    # Round 2: a lower discount; finance rejects it after the manager has approved.
    deal.does(amend, quote("q-2", cny(430000), "0.25"))
    deal.does(request_approval, "price")
    deal.does(sign, "price", "approve", actor=BOB)
    deal.does(sign, "price", "reject", actor=FAY, comment="低于成本线")
    deal.cannot(move, "agreement", because=["approval.rejected approvals"])

    # Round 3: low enough to do without the director, but the manager adds a signer.
    deal.does(amend, quote("q-3", cny(460000), "0.2"))
    deal.does(request_approval, "price")
    assert [step.key for step in deal.record.progress.approvals[-1].steps] == ["manager", "finance"]
    deal.does(sign, "price", "add_signer", signer="sal", actor=BOB)
    deal.does(sign, "price", "approve", actor=BOB)
    deal.cannot(sign, "price", "approve", actor=FAY, because=["approval.not_yet actor"])
    deal.does(sign, "price", "approve", actor=SAL)
    deal.cannot(move, "agreement", because=["approval.open approvals"])
    deal.does(sign, "price", "approve", actor=FAY)
    assert deal.rounds() == ["returned", "rejected", "granted"]

    # The customer wants more: what was approved no longer speaks of this price. Set back, it does again.
    deal.does(amend, quote("q-4", cny(450000), "0.22"))
    deal.cannot(move, "agreement", because=["approval.outdated approvals"])
    deal.does(amend, quote("q-3", cny(460000), "0.2"))
    deal.cannot(request_approval, "price", because=["approval.standing approvals"])
    deal.does(move, "agreement")

    # Under 协议 the approved price is a limit: more is refused, less needs no new round.
    deal.cannot(amend, quote("q-4", cny(450000), "0.22"), because=["stay.broken approvals"])
    deal.cannot(sign, "price", "withdraw", because=["stay.broken approvals"])
    deal.does(amend, {**quote("q-5", cny(470000), "0.18", "sent"), "objections": (Objection(text="交期太长"),)})

    # 合同审议, 最终条款, 消除异议.
    deal.cannot(
        move,
        "won",
        because=["answers.missing answers", "items.present objections", "field.eq quote_status"],
    )
    deal.does(amend, {"answers": {"contract_reviewed": "法务无异议", "terms_confirmed": "付款三七开"}})
    deal.does(amend, {"objections": (Objection(text="交期太长", resolved=True),)})
    deal.cannot(move, "won", because=["field.eq quote_status"])
    deal.does(move, "won", amending=quote("q-5", cny(470000), "0.18", "accepted"))
    deal.ends("won", "won")
