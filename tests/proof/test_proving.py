"""Claims about pipelines: proved where no deal can break them, refuted by stories that the engine lets happen."""

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Compare, Elapsed, Present, Situation, Undecided
from oppcore.engine import Converted, Moved, Opened, evolve, replay
from oppcore.money import Money
from oppcore.pipeline import Claim, Flow, OverridePolicy, Permissions, Policy, dump_pipeline, load_pipeline
from oppcore.proof import Proved, Refuted, Story, prove, prove_claims
from oppcore.records import Lead, Opportunity, Outcome, RecordKind, get_field
from oppcore.testing import criteria, histories, pipelines
from tests.golden.values import SCHEMA_1
from tests.laws.lives import actor_of, quarter
from tests.problems import assert_said

APPROVAL = """
[[approvals]]
key = "quote"
covers = ["quote_amount", { at_most = "quote_discount" }]
steps = [{ key = "m", roles = ["manager"] }]
"""


def sales(negotiation="", won="", rest=""):
    """Need, quote, negotiation, won; a quote is approved before it is negotiated."""
    return load_pipeline(f"""
key = "p"
currency = "EUR"
stages = [
    {{ key = "need", kind = "open" }},
    {{ key = "quote", kind = "open", entry = [{{ present = "budget" }}] }},
    {{ key = "negotiation", kind = "open", entry = [{{ approved = "quote" }}]{negotiation} }},
    {{ key = "won", kind = "won"{won} }},
]
reasons = [{{ key = "price", outcome = "lost" }}]
{rest}
{APPROVAL}
[[claims]]
key = "won deals are approved"
outcome = "won"
holds = [{{ approved = "quote" }}]
[[claims]]
key = "nobody skips the negotiation"
outcome = "won"
passed = "negotiation"
[[claims]]
key = "no trap"
closes = true
""")


def answers(pipeline):
    keys = [claim.key for claim in pipeline.claims]
    return dict(zip(keys, prove_claims(pipeline), strict=True))


def kinds(pipeline):
    return [type(answer).__name__ for answer in prove_claims(pipeline)]


def test_an_innocent_pipeline_has_a_hole_and_its_story_is_told():
    answer = answers(sales())["won deals are approved"]

    assert isinstance(answer, Refuted)
    assert [line.partition(": ")[2] for line in str(answer.story).splitlines()] == [
        "ann opens a deal in need",
        "ann sets budget = 1.00 EUR",
        "ann moves it from need to quote",
        "requester asks for the approval of quote",
        "signer 4 signs quote: approve",
        "ann moves it from quote to negotiation",
        "requester signs quote: withdraw",
        "ann moves it from negotiation to won (won)",
    ]
    assert replay(answer.story.changes).progress.outcome is Outcome.WON


@pytest.mark.parametrize(
    "mended", [{"negotiation": ', stay = [{ approved = "quote" }]'}, {"won": ', entry = [{ approved = "quote" }]'}]
)
def test_the_hole_is_mended_by_asking_at_the_end_or_by_locking_what_was_approved(mended):
    assert kinds(sales(**mended)) == ["Proved", "Proved", "Proved"]


def test_a_stage_that_may_be_skipped_is_a_way_round():
    pipeline = sales(negotiation=", may_be_skipped = true", won=', entry = [{ approved = "quote" }]')
    answer = answers(pipeline)["nobody skips the negotiation"]

    assert isinstance(answer, Refuted)
    assert answer.story.moves == 2


def test_a_way_that_needs_a_role_is_a_way():
    pipeline = sales(negotiation=", may_be_skipped = true", rest='flow.jump.roles = ["manager"]')

    assert isinstance(answers(pipeline)["nobody skips the negotiation"], Refuted)


def test_where_nobody_may_lose_and_the_way_on_is_closed_there_is_a_trap():
    pipeline = sales(
        won=', entry = [{ present = "budget" }, { not = { present = "budget" } }]',
        rest="flow.lose.allowed = false\nflow.abandon.allowed = false",
    )
    answer = answers(pipeline)["no trap"]

    assert isinstance(answer, Refuted)
    assert answer.story.moves == 0


def test_what_a_gate_asks_for_is_not_kept_unless_it_must_stay():
    paid = Claim(key="paid", outcome="won", holds=[Present("budget")])
    need, quote, negotiation, won = sales().stages
    locked = attrs.evolve(sales(), stages=[need, quote, attrs.evolve(negotiation, stay=[Present("budget")]), won])

    assert isinstance(prove(sales(), paid), Refuted)
    assert isinstance(prove(locked, paid), Proved)


def test_what_is_locked_by_an_approval_must_be_right_from_the_start():
    claim = Claim(key="small", outcome="won", holds=[Compare("quote_discount", "le", Decimal("0.2"))])
    answer = prove(sales(negotiation=', stay = [{ approved = "quote" }]'), claim)

    assert isinstance(answer, Refuted)


def test_time_passes_in_stories():
    rest = ""
    pipeline = sales(won=', entry = [{ elapsed = "entered", at_least_days = 3 }]', rest=rest)
    answer = answers(pipeline)["won deals are approved"]

    assert isinstance(answer, Refuted)
    first, last = answer.story.changes[0].stamp.at, answer.story.changes[-1].stamp.at
    assert (last - first).days == 3


def test_claims_that_outwit_the_clocks_are_undecided_rather_than_wrong():
    waits = sales(
        negotiation=', exit = [{ elapsed = "entered", at_least_days = 3 }]',
        won=', entry = [{ elapsed = "opened", at_least_days = 2 }]',
    )
    quote = waits.stage("quote")
    slow = attrs.evolve(quote, exit=[Elapsed("entered", at_least_days=Decimal(2))])
    waits = attrs.evolve(waits, stages=[slow if one is quote else one for one in waits.stages], claims=())

    def after(days):
        return prove(waits, Claim(key="slow", outcome="won", holds=[Elapsed("opened", at_least_days=Decimal(days))]))

    assert isinstance(after(3), Proved)
    assert after(5) == Undecided("clocks", 20_000)  # it holds, but two clocks are not added up
    assert isinstance(after(6), Refuted)


def test_a_way_that_closes_as_time_passes_is_no_way_out():
    pipeline = load_pipeline("""
key = "p"
flow = { lose = { allowed = false }, abandon = { allowed = false } }
stages = [
    { key = "new", kind = "open" },
    { key = "won", kind = "won", entry = [{ elapsed = "entered", at_most_days = 3 }] },
]
""")
    assert prove(pipeline, Claim(key="c", closes=True)) == Undecided("clocks", 20_000)


def test_an_approval_that_cannot_be_asked_for_is_no_way_out():
    pipeline = load_pipeline("""
key = "p"
flow = { lose = { allowed = false }, abandon = { allowed = false } }
stages = [
    { key = "new", kind = "open" },
    { key = "won", kind = "won", entry = [{ approved = "quote" }, { not = { present = "probability" } }] },
]
[[approvals]]
key = "quote"
covers = ["probability"]
steps = [{ key = "m", roles = ["manager"], when = { compare = "probability", gt = 0.5 } }]
""")
    assert prove(pipeline, Claim(key="c", closes=True)) == Undecided("approvals", 20_000)


def test_a_lead_is_not_converted_where_nobody_says_into_which_won_stage():
    leads = load_pipeline("""
key = "l"
kind = "lead"
stages = [{ key = "new", kind = "open" }, { key = "one", kind = "won" }, { key = "other", kind = "won" }]
""")
    assert isinstance(prove(leads, Claim(key="c", closes=True, outcome="won")), Refuted)


def test_a_criterion_of_the_hosts_own_leaves_a_claim_undecided():
    @attrs.frozen
    class Reviewed:
        def judge(self, situation):
            return situation.facts.get("reviewed")

        def problem(self, situation, wanted):
            raise NotImplementedError

    stages = [attrs.evolve(one, entry=[Reviewed()]) if one.key == "won" else one for one in sales().stages]
    pipeline = attrs.evolve(sales(), stages=stages, claims=())
    answer = prove(pipeline, Claim(key="paid", outcome="won", holds=[Present("budget")]))

    assert isinstance(answer, Undecided)
    assert answer.what == "Reviewed"
    proved = prove(pipeline, Claim(key="through", outcome="won", passed="negotiation"))
    assert "assumed.hosts" in {one.code for one in proved.assumptions}


def test_a_proof_says_what_it_assumes():
    free = Policy()
    pipeline = attrs.evolve(
        sales(won=', entry = [{ approved = "quote" }]'),
        overrides=[OverridePolicy(roles=["boss"])],
        permissions=Permissions(correct=free),
        flow=Flow(transfer=free),
    )
    [first, *_] = prove_claims(pipeline)

    assert [str(one) for one in first.assumptions] == [
        "all moves are decided under revision 1 of p",
        "no deal is taken over from elsewhere",
        "nobody overrides a rule",
        "nobody corrects the past",
        "no deal comes from another pipeline",
    ]


def test_claims_are_part_of_the_document():
    assert load_pipeline(dump_pipeline(sales())) == sales()
    assert [claim.key for claim in sales().claims] == [
        "won deals are approved",
        "nobody skips the negotiation",
        "no trap",
    ]


def test_a_lead_pipeline_is_won_by_conversion_in_stories_too():
    leads = load_pipeline("""
key = "l"
kind = "lead"
stages = [{ key = "new", kind = "open" }, { key = "met", kind = "open" }, { key = "converted", kind = "won" }]
""")
    answer = prove(leads, Claim(key="reachable", outcome="won", holds=[Present("email")]))

    assert isinstance(answer, Refuted)
    assert isinstance(answer.story.changes[-1], Converted)
    assert isinstance(prove(leads, Claim(key="met", outcome="won", passed="met")), Proved)


# Laws.


@st.composite
def questions(draw):
    """A small pipeline in which nothing is overridden or corrected, and a claim about it."""
    kind = draw(st.sampled_from(RecordKind))
    made = draw(pipelines(kind=kind, max_open_stages=3))
    pipeline = attrs.evolve(made, overrides=(), permissions=Permissions())
    places = [{"stage": one.key} for one in pipeline.stages] + [{"outcome": one} for one in Outcome]
    place = draw(st.sampled_from(places))
    fields = tuple(pipeline.field(name) for name in ("budget", "needs", "intent"))
    subjects = tuple(one.key for one in pipeline.approvals)
    holds = draw(criteria(fields=fields, subjects=subjects, max_depth=1, of_the_record=True))
    stages = st.sampled_from([one.key for one in pipeline.stages])
    claim = draw(
        st.one_of(
            st.just(Claim(key="c", holds=[holds], **place)),
            stages.map(lambda stage: Claim(key="c", passed=stage, **place)),
        )
    )
    return pipeline, claim


def images(changes, of):
    return [replay(changes[: n + 1], of=of) for n in range(len(changes))]


def breaks(claim, changes):
    """The number of moves after which a claim is broken in a history; None where it never is."""
    of = Lead if isinstance(changes[0].record, Lead) else Opportunity
    pictures, moves, passed = images(changes, of), 0, set()
    for n, change in enumerate(changes):
        if not isinstance(change, (Opened, Moved, Converted)):
            continue
        target = change.record.progress.state if isinstance(change, Opened) else change.target
        decided = pictures[0] if n == 0 else pictures[n - 1]
        moves += n > 0
        passed.add(target.stage)
        if target.stage == claim.stage or (claim.stage is None and target.outcome is claim.outcome):
            situation = Situation(record=decided, at=change.stamp.at, actor=actor_of(change))
            if claim.passed is not None and claim.passed not in passed:
                return moves
            if any(one.judge(situation) is not True for one in claim.holds):
                return moves
    return None


@given(questions(), st.data())
def test_no_history_breaks_what_is_proved_or_is_shorter_than_the_story(question, data):
    pipeline, claim = question
    answer = prove(pipeline, claim, budget=5_000)
    changes = data.draw(histories(pipeline, max_steps=8))
    if changes[0].stamp.origin != "live" or isinstance(answer, Undecided):
        return
    broken = breaks(claim, changes)

    assert broken is None or isinstance(answer, Refuted)
    assert broken is None or answer.story.moves <= broken


@given(questions())
def test_every_story_is_one_that_the_engine_tells_and_breaks_the_claim_at_its_end(question):
    pipeline, claim = question
    answer = prove(pipeline, claim, budget=5_000)
    if isinstance(answer, Refuted):
        of = Lead if pipeline.kind is RecordKind.LEAD else Opportunity
        changes = answer.story.changes

        assert replay(changes, of=of).progress.pipeline == pipeline.key
        assert {change.stamp.revision for change in changes} == {pipeline.revision}
        assert breaks_without_roles(claim, changes, answer.story.moves)
        assert len(str(answer.story).splitlines()) == len(changes)


def breaks_without_roles(claim, changes, moves):
    """The claim asks neither clocks nor roles, so that the record alone tells."""
    return breaks(claim, changes) == moves


@quarter
@given(questions())
def test_hardly_anything_is_left_undecided(question):
    pipeline, claim = question
    answer = prove(pipeline, claim)

    assert not isinstance(answer, Undecided) or answer.what not in ("budget",)


CHANGES = SCHEMA_1[5:27]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{type(change).__name__} {change.stamp.version}")
def test_a_story_says_of_every_change_when_it_was_who_did_it_and_what_became_of_it(change):
    story = Story((change,))
    [line] = story.lines

    assert_said(line)
    assert (line.path, line.params["actor"]) == ("", change.stamp.actor_id)
    assert f"1. {change.stamp.at:%Y-%m-%d %H:%M}: " in story.tell()


def test_a_story_is_told_with_the_hosts_names():
    story = Story(tuple(CHANGES[:1]))
    stage = CHANGES[0].record.progress.stage

    assert "a stage of ours" in story.tell(names={"stage": {stage: "a stage of ours"}})
    assert "a stage of ours" not in story.tell()


def test_an_open_deal_can_be_put_on_hold_to_pass_a_gate():
    pipeline = load_pipeline("""
key = "p"
flow = { lose = { allowed = false }, abandon = { allowed = false } }
stages = [
    { key = "new", kind = "open" },
    { key = "won", kind = "won", entry = [{ present = "hold_reason" }] },
]
""")
    assert isinstance(prove(pipeline, Claim(key="c", closes=True)), Proved)


def test_a_story_opens_where_it_has_to_and_with_what_was_done_before():
    pipeline = load_pipeline("""
key = "p"
opens_in = ["new", "old"]
stages = [
    { key = "new", kind = "open" },
    { key = "old", kind = "open", entry = [{ elapsed = "last_activity", at_least_days = 3 }] },
    { key = "won", kind = "won" },
]
""")
    answer = prove(pipeline, Claim(key="c", stage="old", holds=[Present("budget")]))

    [opened] = answer.story.changes
    assert opened.record.progress.stage == "old"
    assert opened.stamp.at - get_field(opened.record, "last_activity_at") >= timedelta(days=3)


def test_money_is_shown_in_stories():
    pipeline = attrs.evolve(sales(), claims=())
    claim = Claim(key="large", stage="quote", holds=[Compare("budget", "ge", Money(1000, "EUR"))])

    assert "budget = " in prove(pipeline, claim).story.tell()
    assert evolve(None, *prove(pipeline, claim).story.changes).progress.stage == "quote"


BENDABLE = """
[[overrides]]
roles = ["director"]
waives = ["approvals"]
[permissions]
correct = { roles = ["auditor"] }
"""


def test_what_is_allowed_besides_is_no_longer_assumed():
    pipeline = sales(won=', entry = [{ approved = "quote" }]', rest=BENDABLE)
    closes = pipeline.claims[2]

    proved = prove(pipeline, closes, allowing=["override", "adoption"])

    assert [one.code for one in proved.assumptions] == ["assumed.revision", "assumed.corrections", "assumed.people"]


def test_an_override_is_part_of_the_story_with_what_it_waives():
    pipeline = sales(won=', entry = [{ approved = "quote" }]', rest=BENDABLE)

    answer = prove(pipeline, pipeline.claims[0], allowing=["override"])

    assert str(answer.story).splitlines()[-1].endswith("to won (won), overriding stages.won.entry[0]")
    assert "stages.won.entry[0]" in answer.story.tell("zh").splitlines()[-1]
    assert answer.story.moves == 3


def test_an_override_that_nobody_may_make_changes_nothing():
    pipeline = sales(won=', entry = [{ approved = "quote" }]')

    assert [type(one) for one in prove_claims(pipeline, allowing=["override"])] == [Proved] * 3


def test_an_adopted_or_migrated_deal_passed_no_gate():
    pipeline = sales(negotiation=', stay = [{ approved = "quote" }]')
    assert kinds(pipeline) == ["Proved"] * 3

    adopted = prove(pipeline, pipeline.claims[0], allowing=["adoption"])
    migrated = prove(pipeline, pipeline.claims[0], allowing=["migration"])

    assert [line.code for line in adopted.story.lines] == ["story.adopted"]
    assert [line.code for line in migrated.story.lines] == ["story.opened", "story.migrated", "story.moved"]


def test_a_corrected_past_can_take_back_what_a_claim_needs():
    pipeline = sales(negotiation=', stay = [{ approved = "quote" }]', rest=BENDABLE)
    passed, closes = pipeline.claims[1:]

    answer = prove(pipeline, passed, allowing=["correction"])

    assert answer.story.lines[-1].code == "story.voided"
    assert prove(pipeline, closes, allowing=["correction"]) == Undecided("corrections", 20_000)
    assert isinstance(prove(sales(), passed, allowing=["correction"]), Proved)  # nobody may


def test_a_value_that_never_was_breaks_what_it_was_needed_for():
    pipeline = sales(won=', entry = [{ present = "name" }]', rest=BENDABLE)
    claim = Claim(key="named", outcome="won", holds=[Present("name")])
    assert isinstance(prove(pipeline, claim), Proved)

    answer = prove(pipeline, claim, allowing=["correction"])

    assert [line.code for line in answer.story.lines][-2:] == ["story.moved", "story.voided"]
    assert replay(answer.story.changes).name is None


def test_what_may_be_allowed_is_a_closed_list():
    pipeline = sales()

    with pytest.raises(ValueError, match="'luck' is not a valid Allowance"):
        prove(pipeline, pipeline.claims[0], allowing=["luck"])
