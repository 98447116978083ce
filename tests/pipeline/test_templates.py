"""The templates: clean, in both languages, never hard to lose, and each can be walked from its opening to its win."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from oppcore import Money, adopt, evolve, find_violations, load_pipeline, template
from oppcore.criteria import Answered, Approved, Situation, Witness, find_witness
from oppcore.criteria.combinators import leaves_of
from oppcore.engine import amend, convert, move, open_lead, open_opportunity, options, request_approval, sign
from oppcore.history import rows_of
from oppcore.pipeline import Numbers, StageKind, dump_pipeline, template_keys, template_text
from oppcore.pipeline.edges import find_edge, find_edges, legal_outcomes, open_edge
from oppcore.pipeline.structure import find_faults
from oppcore.proof import Proved, prove_claims
from oppcore.records import Actor, Outcome, Quote, RecordKind, State

DAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN = Actor("ann")
# Keys and Chinese labels as the articles have them.
STAGES = {
    "full_cycle": "initial_contact 初步接触 needs_analysis 需求分析 solution_design 方案制定 "
    "quote_negotiation 报价与谈判 contract_signing 合同签订 implementation 实施与跟踪 after_sales 售后服务",
    "lifecycle": "identification 识别 assessment 评估 proposal 提案 negotiation 谈判 closing 成交 after_sales 售后",
    "needs_led": "needs_confirmation 需求确认 solution_design 方案设计 negotiation 谈判 contract_signing 合同签订",
    "status_8": "discovered 发现机会 confirmed 确认机会 needs_analysis 需求分析 proposal_submitted 方案提交 "
    "commercial_negotiation 商务谈判 contract_signed 正式签约 project_delivery 项目交付 lost_to_competitor 竞争丢失",
    "milestones": "interest_shown 客户对你的产品表现出兴趣 product_understood 客户深入了解你的产品 "
    "concerns_resolved 解决客户的顾虑和需求 quoting 开始报价 competitors_eliminated 竞争对手排除 "
    "contract_approval 合同审批 won 赢单",
    "lead_funnel": "lead_generation 线索挖掘 qualified 合格 quoting 报价 agreement 协议 won 赢单 lost 丢失",
    "process": "contact_customer 接触客户 discover_opportunity 发现商机 follow_up 跟进商机 advance_stage 推进销售阶段 "
    "won 赢单 contract_processing 销售合同处理",
    "customer_view": "potential 潜在客户 intent 意向客户 negotiation 谈判 closed_won 成交",
}
each = pytest.mark.parametrize("pipeline", [pytest.param(template(key), id=key) for key in template_keys()])


def states(pipeline):
    for stage in pipeline.stages:
        for outcome in legal_outcomes(stage.kind):
            yield State(stage.key, outcome)


def criteria_of(pipeline):
    for stage in pipeline.stages:
        yield from (*stage.entry, *stage.exit, *stage.stay)


def test_the_eight_of_the_articles_are_there_and_three_more():
    assert set(template_keys()) == {*STAGES, "leads", "salesforce", "hubspot"}
    for key, words in STAGES.items():
        told = [word for stage in template(key).stages for word in (stage.key, stage.label("zh"))]
        assert told == words.split(), key


@each
def test_it_is_clean_and_what_it_says_is_all_of_it(pipeline):
    assert list(find_faults(pipeline)) == []
    assert load_pipeline(dump_pipeline(pipeline)) == pipeline
    assert load_pipeline(dump_pipeline(pipeline, format="json")) == pipeline
    assert template_text(pipeline.key).startswith("# ")


@each
def test_everything_has_its_words_in_both_languages(pipeline):
    steps = [step for approval in pipeline.approvals for step in approval.steps]
    items = [item for stage in pipeline.stages for item in stage.checklist]
    parts = [pipeline, *pipeline.stages, *pipeline.reasons, *pipeline.fields, *pipeline.actions, *pipeline.approvals]
    for part in (*parts, *steps, *items):
        assert [language for language, _ in part.labels] == ["en", "zh"], part
        assert dict(part.labels)["en"].isascii(), part
    for stage in pipeline.stages:
        assert [language for language, _ in stage.guidance] == ["en", "zh"], stage.key
        for labels in (stage.guidance, *(item.labels for item in stage.checklist)):
            assert not dict(labels)["zh"].isascii()
    for kind in ("stage", "reason"):
        for language in ("en", "zh"):
            names = list(pipeline.names(language)[kind].values())
            assert len(names) == len(set(names)), (kind, language)


@each
def test_it_says_where_it_opens_why_it_closes_and_whose_its_numbers_are(pipeline):
    outcomes = [Outcome.LOST, Outcome.ABANDONED]
    outcomes += [] if pipeline.kind is RecordKind.LEAD else [Outcome.WON]

    assert pipeline.opens_in
    assert pipeline.opens_in[0] == pipeline.open_stages[0].key
    assert all(len(pipeline.reasons_for(outcome)) >= 2 for outcome in outcomes)
    assert pipeline.numbers is Numbers.EXAMPLE
    for stage in pipeline.open_stages:
        assert stage.asks
        assert stage.checklist
        assert stage.expected_days < stage.maximum_days
        assert (stage.probability is None) == (pipeline.kind is RecordKind.LEAD)
    probabilities = [stage.probability or 0 for stage in pipeline.open_stages]
    assert probabilities == sorted(probabilities)


@each
def test_a_gate_asks_for_three_things_at_most_and_can_be_passed(pipeline):
    edges = [edge for state in states(pipeline) for edge in find_edges(pipeline, state)]
    for edge in [*edges, *(open_edge(pipeline, key) for key in pipeline.entries)]:
        closed = edge.source is not None and edge.source.outcome in (Outcome.LOST, Outcome.ABANDONED)
        assert len(edge.gate) <= 3 or edge.skipped or closed, edge  # who comes back ahead passes two gates at once
        found = find_witness([rule.criterion for rule in edge.gate], fields=pipeline.known_fields)
        assert isinstance(found, Witness), edge


@each
def test_a_checklist_that_a_gate_asks_for_is_that_of_the_stage(pipeline):
    for stage in pipeline.stages:
        for leaf in itertools.chain.from_iterable(map(leaves_of, stage.exit)):
            if isinstance(leaf, Answered):
                assert leaf.items == tuple(item.key for item in stage.checklist)
    keys = [item.key for stage in pipeline.stages for item in stage.checklist]
    asked = {
        item
        for criterion in criteria_of(pipeline)
        for leaf in leaves_of(criterion)
        if isinstance(leaf, Answered)
        for item in leaf.items
    }
    assert all(keys.count(item) == 1 for item in asked)  # an answer given in one stage is no answer in another


@each
def test_every_approval_is_asked_for_by_a_gate(pipeline):
    leaves = [leaf for criterion in criteria_of(pipeline) for leaf in leaves_of(criterion)]

    assert {leaf.subject for leaf in leaves if isinstance(leaf, Approved)} == {one.key for one in pipeline.approvals}


class Walk:
    """A deal on its way, always doing the least that its next gate asks for."""

    def __init__(self, pipeline):
        self.pipeline, self.at = pipeline, DAY
        opening = open_lead if pipeline.kind is RecordKind.LEAD else open_opportunity
        self.changes = [*opening(pipeline, "d-1", at=DAY, actor=ANN)]
        self.record = self.changes[0].record

    def now(self):
        self.at += timedelta(days=1)
        return self.at

    def keep(self, changes):
        self.changes += changes
        self.record = evolve(self.record, *changes)

    def prepare(self, target):
        """What the gate asks for: approvals are obtained, the rest is given to be filled in on the way."""
        edge = find_edge(self.pipeline, self.record.progress.state, target)
        gate = [rule.criterion for rule in edge.gate]
        witness = find_witness(gate, fields=self.pipeline.known_fields)
        values = witness.values
        for subject in witness.approved:
            if values:
                self.keep(amend(self.pipeline, self.record, values, at=self.now(), actor=ANN))
                values = {}
            self.keep(request_approval(self.pipeline, self.record, subject, at=self.now(), actor=ANN))
            while waiting := self.record.progress.approvals[-1].waiting:
                signer = Actor(f"signer of {waiting[0].key}", waiting[0].roles)
                self.keep(sign(self.pipeline, self.record, subject, "approve", at=self.now(), actor=signer))
        return values

    def go(self, stage):
        target = State(stage.key, stage.kind.outcome)
        values = self.prepare(target)
        reason = self.pipeline.reasons_for(Outcome.WON)[0] if stage.kind is StageKind.WON else None
        self.keep(move(self.pipeline, self.record, stage.key, at=self.now(), actor=ANN, reason=reason, amending=values))


def walk(pipeline):
    """Open a deal and take it through every stage up to the last one that is not lost; give each standing."""
    deal = Walk(pipeline)
    yield deal
    for stage in pipeline.stages[1:]:
        if stage.kind is not StageKind.LOST and not (pipeline.kind is RecordKind.LEAD and stage.kind is StageKind.WON):
            deal.go(stage)
            yield deal


@each
def test_a_deal_is_walked_to_its_win_and_can_be_lost_from_everywhere_before(pipeline):
    for deal in walk(pipeline):
        if deal.record.progress.outcome is not Outcome.OPEN:
            continue
        for outcome in (Outcome.LOST, Outcome.ABANDONED):
            for reason in pipeline.reasons_for(outcome):
                stages = [deal.record.progress.stage, *(stage.key for stage in pipeline.stages_of(StageKind.LOST))]
                for stage in stages:
                    move(pipeline, deal.record, stage, outcome=outcome, reason=reason, at=deal.at, actor=ANN)
        back = [one for one in options(pipeline, deal.record, at=deal.at, actor=ANN) if "revert" in one.directions]
        assert all(one.is_allowed for one in back)
    assert list(find_violations(pipeline, [deal.record], at=deal.at)) == []
    if pipeline.kind is RecordKind.LEAD:
        funnel = template("lead_funnel")
        assert funnel.continues == pipeline.key
        values = deal.prepare(State("converted", Outcome.WON))
        deal.keep(amend(pipeline, deal.record, values, at=deal.now(), actor=ANN))
        converted, opened = convert(pipeline, deal.record, into=funnel, opportunity_id="d-2", at=deal.now(), actor=ANN)
        assert (converted.opportunity_id, opened.record.progress.pipeline) == ("d-2", "lead_funnel")
    else:
        assert deal.record.progress.outcome is Outcome.WON
        assert pipeline.stage(deal.record.progress.stage).kind is not StageKind.OPEN
        entered = [row.stage for row in rows_of(deal.changes) if row.stage is not None]
        assert entered == [stage.key for stage in pipeline.stages if stage.kind is not StageKind.LOST]


@each
def test_giving_up_and_losing_have_no_gate(pipeline):
    for state in states(pipeline):
        for edge in find_edges(pipeline, state):
            if edge.target.outcome in (Outcome.LOST, Outcome.ABANDONED):
                assert edge.gate == ()
                assert edge.roles == ()
    assert pipeline.flow.lose.allowed
    assert pipeline.flow.abandon.allowed
    assert not pipeline.flow.lose.roles + pipeline.flow.abandon.roles


def test_a_template_is_made_ones_own_by_another_key():
    own = attrs.evolve(template("customer_view"), key="new-business", numbers="own")

    assert own.key == "new-business"
    assert own.numbers is Numbers.OWN
    assert template("customer_view").key == "customer_view"


@pytest.mark.parametrize(
    "key", ["", "Full_cycle", "../pipeline", "full_cycle.toml", "__init__", "fullcycle", "x" * 9999]
)
def test_a_template_that_there_is_not_is_told_with_those_there_are(key):
    with pytest.raises(LookupError, match="there are: customer_view, full_cycle,") as raised:
        template(key)
    assert len(str(raised.value)) < 500


def test_a_deal_of_salesforce_is_taken_over_wherever_it_stands():
    pipeline = template("salesforce")
    opened = open_opportunity(pipeline, "d-1", at=DAY, stage="Proposal/Price Quote")[0].record
    for state in states(pipeline):
        closed = state.outcome is not Outcome.OPEN
        progress = attrs.evolve(
            opened.progress, stage=state.stage, outcome=state.outcome, closed_at=DAY if closed else None
        )
        [taken] = adopt(pipeline, attrs.evolve(opened, progress=progress), at=DAY)
        assert taken.record.progress.state == state


@pytest.mark.parametrize("key", ["full_cycle", "lead_funnel"])
@pytest.mark.parametrize(
    ("discount", "signers"),
    [
        (None, ["manager"]),
        ("0.1", ["manager"]),
        ("0.15", ["manager", "finance"]),
        ("0.25", ["manager", "finance", "director"]),
    ],
)
def test_a_higher_discount_is_signed_by_more_and_was_approved_for_no_higher_one(key, discount, signers):
    pipeline = template(key)
    given = None if discount is None else Decimal(discount)
    quote = Quote(id="q-1", amount=Money(1000, "CNY"), discount=given)
    values = {"quotes": (quote,), "current_quote_id": "q-1"}
    deal = evolve(None, *open_opportunity(pipeline, "d-1", values, at=DAY, actor=ANN))
    deal = evolve(deal, *request_approval(pipeline, deal, "quote", at=DAY, actor=ANN))
    asked = []
    while waiting := deal.progress.approvals[-1].waiting:
        asked.append(waiting[0].key)
        signer = Actor(f"signer {len(asked)}", waiting[0].roles)
        deal = evolve(deal, *sign(pipeline, deal, "quote", "approve", at=DAY, actor=signer))
    higher = attrs.evolve(quote, discount=Decimal("0.3"))
    changed = evolve(deal, *amend(pipeline, deal, {"quotes": (higher,)}, at=DAY, actor=ANN))

    assert asked == signers
    assert Approved("quote").judge(Situation(record=deal, at=DAY))
    assert not Approved("quote").judge(Situation(record=changed, at=DAY))


@each
def test_every_claim_it_makes_is_proved(pipeline):
    assert pipeline.claims
    assert [type(answer) for answer in prove_claims(pipeline)] == [Proved] * len(pipeline.claims)
    assert all({language for language, _ in claim.labels} == {"en", "zh"} for claim in pipeline.claims)
