"""Bugs and gaps of other systems, as tests that we do not have them. Threads as listed in the study of the field."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from oppcore import Desk, MemoryRepository
from oppcore.engine import (
    Override,
    adopt,
    amend,
    correct,
    evolve,
    find_violations,
    hold,
    move,
    open_lead,
    open_opportunity,
    options,
    remove,
    replay,
    request_approval,
    sign,
    transfer,
    unmet,
    unmet_opening,
    unmet_signature,
    unmet_transfer,
)
from oppcore.errors import InvalidPipeline, MoveRefused, VersionConflict
from oppcore.forecast import weigh_forecast
from oppcore.funnel import measure_funnel
from oppcore.history import make_history, rows_of, take_snapshot
from oppcore.money import Money
from oppcore.pipeline import Permissions, Policy, load_pipeline
from oppcore.records import Actor, Competitor, Key, Lead
from oppcore.repository import Commit, Guard, Write

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
BOSS = Actor("bea", {"boss"})
PIPELINE = load_pipeline("""
key = "p"
currency = "EUR"
reasons = [{ key = "price", outcome = "lost" }]
stages = [
    { key = "qualified", kind = "open", labels = { zh = "需求确认" }, probability = 0.1, may_be_skipped = true },
    { key = "offered", kind = "open", labels = { zh = "报价" }, probability = 0.5, entry = [{ present = "budget" }] },
    { key = "won", kind = "won", labels = { zh = "赢单" } },
]
[flow]
reopen = { roles = ["boss"] }
overturn = { roles = ["boss"] }
""")
VALUES = {"budget": Money(1, "EUR"), "amount": Money(1000, "EUR"), "expected_close_on": date(2026, 6, 30)}


class Life:
    """A deal with everything that happened to it, a day each."""

    def __init__(self, id="d-1", pipeline=PIPELINE, **values):
        self.pipeline, self.changes = pipeline, open_opportunity(pipeline, id, VALUES | values, at=T0)

    @property
    def deal(self):
        return replay(self.changes)

    def move(self, to=None, **wish):
        at = self.deal.progress.changed_at + DAY
        self.changes += move(self.pipeline, self.deal, to, **{"at": at, "actor": BOSS} | wish)
        return self

    def amend(self, **values):
        self.changes += amend(self.pipeline, self.deal, values, at=self.deal.progress.changed_at + DAY)
        return self

    def lose(self):
        return self.move(outcome="lost", reason="price")


def history(*lives):
    return make_history(row for life in lives for row in rows_of(life.changes))


def counts(*lives, rule="touched"):
    return [step.count for step in measure_funnel(history(*lives), PIPELINE, count=rule).steps]


# Closing and reopening.


def test_reopening_leaves_no_stale_reason_and_no_stale_closing():
    """Axelor had to add "clear lost reason when reopening" (#9783); Cordys' reopening clears neither reason nor end."""
    life = Life().lose().move("qualified", outcome="open")

    assert (life.deal.progress.reason, life.deal.progress.closed_at) == (None, None)
    assert [change.reason for change in life.changes if getattr(change, "reason", None)] == ["price"]


def test_lost_deals_have_a_closing_date_too():
    """Frappe sets the closed date on Won only, never on Lost, and never clears it on reopening."""
    life = Life().lose()

    assert life.deal.progress.closed_at == T0 + DAY
    assert life.move("qualified", outcome="open").deal.progress.closed_at is None


def test_the_expected_day_and_the_actual_one_are_two_fields():
    """Django-CRM has one `closed_on` for both; it is stamped only if empty, and reopening keeps it."""
    life = Life().move("offered").move("won")

    assert life.deal.timing.expected_close_on == date(2026, 6, 30)
    assert life.deal.progress.closed_at == T0 + 2 * DAY


def test_closing_again_is_another_closing_and_both_are_kept():
    """Dynamics keeps a close as a record of its own; others overwrite the first."""
    life = Life().lose().move("qualified", outcome="open").lose()

    assert [row.at for row in rows_of(life.changes) if row.outcome == "lost"] == [T0 + DAY, T0 + 3 * DAY]
    assert life.deal.progress.closed_at == T0 + 3 * DAY


def test_a_lost_deal_keeps_its_stage():
    """Cordys #305: show only the path taken before 失败; Odoo PR #75780: the stage of an archived lead can change."""
    life = Life().move("offered").lose()

    assert (life.deal.progress.stage, life.deal.progress.outcome) == ("offered", "lost")
    codes = [problem.code for problem in unmet(PIPELINE, life.deal, "qualified", outcome="lost", at=T0 + 9 * DAY)]
    assert codes == ["move.no_way"]


@pytest.mark.parametrize("wish", [{"to": "offered", "outcome": "open"}, {"outcome": "lost", "reason": "price"}])
def test_a_closed_deal_is_not_moved_without_permission(wish):
    """margince #610: a won deal back in Proposal takes revenue out of a reported quarter."""
    life = Life().move("offered").move("won")

    assert [problem.code for problem in unmet(PIPELINE, life.deal, at=T0 + 3 * DAY, **wish)] == ["role.needed"]
    assert unmet(PIPELINE, life.deal, at=T0 + 3 * DAY, actor=BOSS, **wish) == ()


def test_taking_back_a_closing_is_forbidden_until_somebody_allows_it():
    """margince #610, Cordys 反签: either end closed is a privilege of its own."""
    closed = attrs.evolve(PIPELINE, flow=attrs.evolve(PIPELINE.flow, reopen=type(PIPELINE.flow)().reopen))

    assert [p.code for p in unmet(closed, Life().lose().deal, "offered", at=T0 + 9 * DAY, actor=BOSS)] == [
        "flow.forbidden"
    ]


def test_losing_is_never_made_hard():
    """ERPNext PR #29531: a deal could not be declared lost without a competitor; HubSpot exempts lost from approval."""
    strict = load_pipeline("""
    key = "p"
    stages = [
        { key = "a", kind = "open", exit = [{ present = "competitors" }] },
        { key = "l", kind = "lost", entry = [{ present = "competitors" }], roles = ["boss"] },
    ]
    """)
    deal = replay(open_opportunity(strict, "d", at=T0))

    assert unmet(strict, deal, "l", at=T0) == ()
    assert unmet(strict, deal, outcome="abandoned", at=T0) == ()


def test_a_refusal_names_everything():
    """ERPNext PR #57495 and Dynamics-365-Workflow-Tools #8: "complete the required steps", with no list."""
    deal = replay(open_opportunity(PIPELINE, "d", at=T0))
    with pytest.raises(MoveRefused) as refused:
        move(PIPELINE, deal, "won", at=T0)

    assert [problem.code for problem in refused.value.problems] == ["stage.not_skippable"]
    assert [problem.path for problem in unmet(PIPELINE, deal, "offered", at=T0)] == ["budget"]


# Probability and outcome.


def test_a_probability_of_ones_own_is_never_overwritten_by_a_move():
    """EspoCRM #3294: the manual value is overwritten on stage change; Odoo #67618: editing tags recomputes it."""
    life = Life(probability=Decimal("0.7")).move("offered").amend(tags=("vip",))

    assert life.deal.estimate.probability == Decimal("0.7")
    assert life.changes[-2].probability == Decimal("0.7")


def test_a_stages_default_is_not_left_behind_by_later_moves():
    """Frappe and Django-CRM write the default only where the value is empty, so later moves leave it stale."""
    life = Life().move("offered")

    assert (life.deal.estimate.probability, life.changes[-1].probability) == (None, Decimal("0.5"))
    assert life.amend(probability=Decimal("0.9")).amend(probability=None).deal.estimate.probability is None


def test_a_stage_without_a_probability_invents_none():
    """SuiteCRM-Core #591 writes stages without one; every stage of Krayin has 100."""
    silent = load_pipeline('key = "p"\nstages = [{ key = "a", kind = "open" }, { key = "b", kind = "open" }]')
    deal = replay(open_opportunity(silent, "d", VALUES, at=T0))
    [moved] = move(silent, deal, "b", at=T0)

    assert moved.probability is None
    assert [problem.path for problem in weigh_forecast([deal], silent).left_out] != []


@pytest.mark.parametrize("probability", [Decimal(0), Decimal(1)])
def test_an_outcome_is_never_inferred_from_a_probability(probability):
    """Odoo: lost was 0 % and archived, won 100 %; probability 0 left a record open and closed at once (PR #279310)."""
    life = Life().amend(probability=probability)

    assert life.deal.progress.outcome == "open"
    assert life.deal.progress.closed_at is None


def test_the_outcome_beats_ones_own_probability():
    """SuiteCRM-Core #591, EspoCRM #2119: a stage written without its probability leaves the old one standing."""
    won, lost = Life(probability=Decimal("0.4")).move("offered").move("won"), Life(probability=Decimal("0.4")).lose()

    assert (won.changes[-1].probability, lost.changes[-1].probability) == (1, 0)


def test_editing_a_definition_rewrites_no_deal():
    """Odoo: toggling `is_won` on a stage rewrites every record in it to 100 %; Salesforce: changing a type does."""
    life = Life()
    changed = attrs.evolve(
        PIPELINE,
        revision=2,
        stages=[attrs.evolve(PIPELINE.stages[0], probability=Decimal("0.9")), *PIPELINE.stages[1:]],
    )
    before = life.deal

    assert [option.target for option in options(changed, before, at=T0)]
    assert before == replay(life.changes)


def test_a_stage_turned_into_a_won_one_wins_nobody():
    """margince #1403, #5120: flipping a stage to won under live deals must not close them."""
    flipped = load_pipeline('key = "p"\nstages = [{ key = "qualified", kind = "won" }, { key = "x", kind = "open" }]')

    assert Life().deal.progress.outcome == "open"
    [violation] = find_violations(flipped, [Life().deal], at=T0)
    assert [problem.code for problem in violation.problems] == ["state.illegal"]


# Identity of stages.


def test_a_label_in_chinese_is_a_label_and_the_key_is_given():
    """Django-CRM's stage code is the upper-cased ASCII of the label: any Chinese label becomes STAGE, STAGE_2."""
    text = 'key = "p"\nstages = [{ key = "需求", kind = "open" }, { kind = "open", labels = { zh = "报价" } }]'
    with pytest.raises(InvalidPipeline) as refused:
        load_pipeline(text)

    assert [(problem.path, problem.code) for problem in refused.value.problems] == [
        ("stages[1].key", "document.missing")
    ]
    assert load_pipeline(text.replace("{ kind", '{ key = "b", kind')).stages[0].key == "需求"


def test_renaming_changes_nothing_but_the_label():
    """frappe #551 (renaming "Qualification" breaks conversion), Kademi #4422 (orphans leads), macro-inc PR #6244."""
    renamed = attrs.evolve(
        PIPELINE, stages=[attrs.evolve(stage, labels={"zh": f"新{stage.key}", "de": "x"}) for stage in PIPELINE.stages]
    )
    deal = Life().deal

    assert options(renamed, deal, at=T0 + DAY) == options(PIPELINE, deal, at=T0 + DAY)


def test_won_and_lost_are_kinds_and_no_names():
    """Krayin #2551, #1763: won and lost by code, so other languages break; frappe #1027: statuses hard-coded."""
    named = load_pipeline("""
    key = "p"
    stages = [{ key = "won", kind = "open" }, { key = "lost", kind = "open" }, { key = "丢单", kind = "won" }]
    """)
    deal = replay(open_opportunity(named, "d", at=T0))

    assert deal.progress.outcome == "open"
    assert move(named, deal, "lost", at=T0)[0].target.outcome == "open"
    assert move(named, evolve(deal, *move(named, deal, "lost", at=T0)), "丢单", at=T0)[0].target.outcome == "won"


def test_a_stage_that_is_retired_keeps_its_deals():
    """Krayin #678: deleting a stage deleted its leads; fivetran/dbt_hubspot_source #93: deleted stages null history."""
    retired = attrs.evolve(
        PIPELINE,
        opens_in=("offered",),
        stages=[attrs.evolve(PIPELINE.stages[0], archived=True), *PIPELINE.stages[1:]],
    )
    deal = Life().deal

    assert [problem.code for one in find_violations(retired, [deal], at=T0) for problem in one.problems] == [
        "stage.archived"
    ]
    assert unmet(retired, deal, "offered", at=T0) == ()
    assert measure_funnel(history(Life()), retired, count="touched").steps[0].count == 1


# One path.


def test_a_deal_is_not_created_past_the_gate():
    """HubSpot: deals cannot be created past the approval stage, also by workflow; Cordys #3032 wants any stage."""
    assert [p.code for p in unmet_opening(PIPELINE, "d", at=T0, stage="offered")][:1] == ["stage.no_entry"]
    wide = attrs.evolve(PIPELINE, opens_in=("qualified", "offered"))
    assert [p.code for p in unmet_opening(wide, "d", at=T0, stage="offered")] == ["field.missing"]
    assert [p.code for p in unmet_opening(PIPELINE, "d", at=T0, stage="won")] == ["stage.no_entry"]


def test_a_deal_taken_over_past_its_gate_is_marked_and_found():
    """margince #5344: a deal in a stage whose criteria are unmet is a finding, not an error."""
    image = attrs.evolve(Life(budget=None).deal, progress=attrs.evolve(Life().deal.progress, stage="offered"))
    [opened] = adopt(PIPELINE, image, at=T0)

    assert opened.stamp.origin == "adopted"
    assert [one.record_id for one in find_violations(PIPELINE, [opened.record], at=T0)] == ["d-1"]


def test_every_call_passes_the_same_gate():
    """Cordys checks in the browser and its server's `updateStage` does not; EspoCRM #2119: mass update sets nothing."""
    desk = Desk(MemoryRepository())
    desk.publish(PIPELINE)
    desk.open("p", "d-1", at=T0)

    assert desk.unmet("d-1", "offered", at=T0) == unmet(PIPELINE, desk.get("d-1"), "offered", at=T0)
    with pytest.raises(MoveRefused):
        desk.move("d-1", "offered", at=T0)


def test_a_decision_is_bound_to_the_revision_it_was_made_under():
    """margince #811: an admin's edit between check and write closes a deal silently."""
    store = MemoryRepository()
    desk = Desk(store)
    desk.publish(PIPELINE)
    desk.open("p", "d-1", VALUES, at=T0)
    changes = move(PIPELINE, desk.get("d-1"), "offered", at=T0)
    desk.publish(attrs.evolve(PIPELINE, revision=2))
    write = Write(Key("opportunity", "d-1"), 1, evolve(desk.get("d-1"), *changes), changes)
    with pytest.raises(VersionConflict):
        store.commit(Commit(tenant="main", writes=(write,), guards=(Guard(Key("pipeline", "p"), 1),)))


def test_what_a_row_says_is_true_after_the_change():
    """Vtiger's `potstagehistory` carries the previous stage beside the new amount: off by one."""
    life = Life().amend(amount=Money(5, "EUR")).move("offered")
    rows = list(rows_of(life.changes))

    assert [(row.stage, row.amount) for row in rows] == [
        ("qualified", Money(1000, "EUR")),
        (None, Money(5, "EUR")),  # where the deal stands, this row does not say
        ("offered", None),
    ]


def test_what_happens_to_a_lead_is_written_under_leads():
    """Frappe's log reads the *deal* status table even for leads, so that lead rows get empty types."""
    leads = load_pipeline('key = "l"\nkind = "lead"\nstages = [{ key = "new", kind = "open" }]')
    [opened] = open_lead(leads, "x", at=T0)

    assert (opened.stamp.kind, type(opened.record), next(rows_of([opened])).stage) == ("lead", Lead, "new")


# Approvals.

APPROVED = load_pipeline("""
key = "a"
currency = "EUR"
opens_in = ["quoted", "contract"]
flow = { reopen = {}, transfer = {} }
stages = [
    { key = "quoted", kind = "open" },
    { key = "contract", kind = "open", entry = [{ approved = "quote" }] },
    { key = "won", kind = "won", entry = [{ approved = "quote" }] },
]
approvals = [{ key = "quote", covers = ["amount"], steps = [{ key = "sales", roles = ["boss"] }] }]
overrides = [{ roles = ["boss"] }]
""")
ANN = Actor("ann")


class Quoted(Life):
    """A deal whose quote can be approved."""

    def __init__(self):
        super().__init__(pipeline=APPROVED)

    def ask(self):
        at = self.deal.progress.changed_at
        self.changes += request_approval(APPROVED, self.deal, "quote", at=at, actor=ANN)
        return self

    def sign(self, verdict="approve", actor=BOSS):
        self.changes += sign(APPROVED, self.deal, "quote", verdict, at=self.deal.progress.changed_at, actor=actor)
        return self

    def stopped(self, to="contract", **wish):
        return [problem.code for problem in unmet(APPROVED, self.deal, to, at=self.deal.progress.changed_at, **wish)]


def test_no_way_in_goes_around_the_approval():
    """HubSpot: deals cannot be created past the approval stage, also by workflow; a bulk import once could."""
    created = unmet_opening(APPROVED, "d", VALUES, at=T0, stage="contract")
    elsewhere = replay(open_opportunity(attrs.evolve(APPROVED, key="b"), "d", VALUES, at=T0))
    moved_over = unmet_transfer(attrs.evolve(APPROVED, key="b"), elsewhere, APPROVED, "contract", at=T0)
    image = attrs.evolve(elsewhere, progress=attrs.evolve(elsewhere.progress, pipeline="a", stage="contract"))
    [found] = find_violations(APPROVED, [adopt(APPROVED, image, at=T0)[0].record], at=T0)

    assert [[one.code for one in problems] for problems in (created, moved_over, found.problems)] == [
        ["approval.missing"]
    ] * 3


def test_reopening_is_no_way_around_the_approval():
    """margince #610: reopening is a move, and the gate of the stage it leads to is asked."""
    assert Quoted().move(outcome="lost").stopped("contract", outcome="open") == ["approval.missing"]
    assert Quoted().move(outcome="lost").stopped("quoted", outcome="open") == []


def test_losing_needs_no_approval():
    """HubSpot: no move past the approval stage without approval, except to closed lost."""
    assert Quoted().stopped(None, outcome="lost") == []
    assert Quoted().ask().stopped(None, outcome="lost") == Quoted().stopped(None, outcome="abandoned") == []


def test_an_approval_of_other_content_is_none():
    """Cordys keeps a flag "ever approved"; what was approved is compared with what is there."""
    approved = Quoted().ask().sign()
    assert approved.stopped() == []
    assert approved.amend(amount=Money(1, "EUR")).stopped() == ["approval.outdated"]
    assert approved.amend(amount=VALUES["amount"]).stopped() == []


def test_whoever_edits_a_deal_that_waits_for_approval_starts_anew():
    """Salesforce locks the whole record; elsewhere the approver signs what they have not seen."""
    waiting = Quoted().ask().amend(amount=Money(1, "EUR"))

    assert waiting.stopped() == ["approval.stale"]
    assert [
        one.code for one in unmet_signature(APPROVED, waiting.deal, "quote", "approve", at=T0 + DAY, actor=BOSS)
    ] == ["approval.no_round"]
    assert Quoted().ask().amend(name="another").sign().stopped() == []


def test_a_round_keeps_the_rules_it_began_with():
    """Salesforce: once a process is active its steps cannot be changed at all, even when it is inactive again."""
    waiting = Quoted().ask()
    steps = [attrs.evolve(APPROVED.approvals[0].steps[0], roles=["owner"])]
    newer = attrs.evolve(APPROVED, revision=2, approvals=[attrs.evolve(APPROVED.approvals[0], steps=steps)])

    assert unmet_signature(newer, waiting.deal, "quote", "approve", at=T0, actor=BOSS) == ()


def test_nobody_approves_what_they_asked_for():
    """Rules by role alone let a manager approve a request of their own."""
    at = T0
    deal = replay(Quoted().changes)
    deal = evolve(deal, *request_approval(APPROVED, deal, "quote", at=at, actor=BOSS))

    assert [one.code for one in unmet_signature(APPROVED, deal, "quote", "approve", at=at, actor=BOSS)] == [
        "approval.own"
    ]


def test_whoever_goes_around_a_rule_leaves_a_trace():
    """HubSpot's bypass list lets people and integrations past the rules, and nothing tells afterwards."""
    life = Quoted().move("contract", override=Override("agreed by phone", ["stages.contract.entry[0]"]))

    stamp = life.changes[-1].stamp
    assert (stamp.actor_id, stamp.waiver.reason, stamp.waiver.waived[0].code) == (
        BOSS.id,
        "agreed by phone",
        "approval.missing",
    )
    with pytest.raises(MoveRefused, match="role boss"):
        Quoted().move("contract", actor=ANN, override=Override("x", ["stages.contract.entry[0]"]))


def test_reopening_clears_the_winning_competitor():
    """Axelor #9783, Dynamics: what the closing said of a competitor stays on the record that is open again."""
    winner = (Competitor(name="Rival", status="won_deal"), Competitor(name="Other", status="eliminated"))
    life = (
        Life().move(outcome="lost", reason="price", amending={"competitors": winner}).move("qualified", outcome="open")
    )

    assert [one.status for one in life.deal.negotiation.competitors] == ["active", "eliminated"]
    kept = next(change for change in life.changes if getattr(change, "edits", ()))
    assert kept.edits[0].new == winner


def test_a_deal_that_waits_with_a_reason_is_neither_lost_nor_a_stage():
    """margince #4510: champion away for two months; Pipedrive's help suggests to mark the deal lost."""
    life = Life()
    life.changes += hold(PIPELINE, life.deal, at=T0, resume_on=date(2026, 9, 1), reason="champion away")

    assert (life.deal.progress.outcome, life.deal.progress.stage) == ("open", "qualified")
    assert unmet(PIPELINE, life.deal, "offered", at=T0) == ()


def test_a_deal_moves_to_another_pipeline_and_is_counted_once():
    """twentyhq/twenty #10454, EspoCRM #3623: move deals between pipelines; each pipeline has its own win rate."""
    other = attrs.evolve(APPROVED, key="b")
    life = Quoted()
    life.changes += transfer(APPROVED, life.deal, other, "quoted", at=T0 + DAY)

    assert [len(take_snapshot(history(life), one)) for one in (APPROVED, other)] == [0, 1]


def test_what_was_recorded_wrongly_is_corrected_and_last_months_report_stands():
    """Systems that overwrite the close date change reports that were already sent."""
    free = attrs.evolve(PIPELINE, permissions=Permissions(correct=Policy()))
    life = Life(pipeline=free).move("offered").move("won")
    before = take_snapshot(history(life), free, as_of=T0 + 9 * DAY, known_on=T0 + 9 * DAY)
    life.changes += correct(free, life.deal, life.changes, 3, happened_at=None, at=T0 + 10 * DAY)

    assert take_snapshot(history(life), free, as_of=T0 + 9 * DAY, known_on=T0 + 9 * DAY) == before
    assert (before.won, take_snapshot(history(life), free).won) == (1, 0)


def test_a_removed_deal_keeps_its_history():
    """fivetran/dbt_hubspot_source #93: what was deleted hard leaves holes in the history."""
    free = attrs.evolve(PIPELINE, permissions=Permissions(remove=Policy()))
    life = Life(pipeline=free)
    life.changes += remove(free, life.deal, at=T0 + DAY)

    assert len(take_snapshot(history(life), free, as_of=T0)) == 1
    assert [problem.code for problem in take_snapshot(history(life), free).left_out] == ["deals.removed"]


# Numbers.


def test_lost_deals_stay_in_the_counts():
    """Frappe `get_deal_status_change_counts` leaves out deals now lost: the more you lose, the better it looks."""
    assert counts(Life("a").move("offered").move("won"), Life("b").move("offered").lose(), Life("c").lose()) == [
        3,
        2,
        1,
    ]


def test_the_stage_a_deal_was_created_in_is_counted():
    """Frappe counts only the `to` values of its log, so the stage of creation never counts."""
    assert counts(Life("a"), Life("b")) == [2, 0, 0]


@pytest.mark.parametrize("rule", ["touched", "ordered"])
def test_a_deal_that_comes_back_is_counted_once(rule):
    """Frappe counts re-entries twice (`Count(*)`)."""
    life = Life("a").move("offered").move("qualified").move("offered").move("qualified").move("offered")

    assert counts(life, rule=rule) == [1, 1, 0]


def test_lost_deals_bring_nothing_to_the_forecast():
    """Frappe `get_forecasted_revenue`: a lost deal contributes its full, unweighted value to "forecasted"."""
    lost, given_up = Life("a").lose(), Life("b").move(outcome="abandoned")
    live = Life("c", amount=Money(100, "EUR"))
    forecast = weigh_forecast([lost.deal, given_up.deal, live.deal], PIPELINE, timezone="UTC")

    assert [(row.expected.amount, row.open_count) for row in forecast.rows] == [(Decimal(10), 1)]
