"""Records that are taken out, brought back, and made one: their histories stay, and no count changes silently."""

import attrs
import pytest

from oppcore.codec import decode, encode
from oppcore.engine import (
    convert,
    correct,
    find_violations,
    merge,
    open_lead,
    options,
    remove,
    replay,
    restore,
    unmet_action,
    unmet_adoption,
    unmet_merging,
)
from oppcore.errors import MoveRefused
from oppcore.funnel import measure_funnel
from oppcore.history import fold_history, make_history, rows_of
from oppcore.money import Money
from oppcore.pipeline import Permissions, load_pipeline
from oppcore.records import Actor, Lead
from tests.engine.deals import Deal, snapshot
from tests.engine.examples import DAY, T0

PIPELINE = load_pipeline("""
key = "p"
currency = "EUR"
permissions = { remove = { roles = ["admin"] }, restore = { roles = ["admin"] }, merge = {}, correct = {} }
flow = { transfer = {} }
stages = [
    { key = "lead", kind = "open", checklist = [{ key = "who" }, { key = "when" }] },
    { key = "offer", kind = "open", stay = [{ answered = ["who"] }] },
    { key = "won", kind = "won" },
]
actions = [{ key = "send_quote" }]
approvals = [{ key = "quote", covers = ["amount"], steps = [{ key = "m", roles = ["manager"] }] }]
""")
ADMIN = Actor("ada", {"admin"})


def euro(number):
    return {"amount": Money(number, "EUR")}


def gone(**values):
    """A deal that was removed after a day."""
    deal = Deal(PIPELINE, **values).after()
    assert deal.remove(actor=ADMIN) == []
    return deal.after()


# Removing and restoring.


def test_removing_and_restoring_need_their_roles():
    assert Deal(PIPELINE).remove() == ["role.needed"]
    assert gone().restore() == ["role.needed"]
    silent = attrs.evolve(PIPELINE, permissions=Permissions())
    assert Deal(silent).remove(actor=ADMIN) == ["permission.forbidden"]
    assert Deal(silent).merge(Deal(silent, id="d-2")) == ["permission.forbidden"]


def test_a_removed_deal_stands_where_it_stood_and_says_when_it_was_removed():
    deal = gone()

    assert (deal.progress.stage, deal.progress.outcome, deal.progress.removal.at) == ("lead", "open", T0 + DAY)
    [removed] = remove(PIPELINE, Deal(PIPELINE).record, at=T0, actor=ADMIN, comment="opened by mistake")
    assert (removed.comment, decode(encode(removed))) == ("opened by mistake", removed)


def test_nothing_but_restoring_is_done_to_a_removed_deal():
    deal, other = gone(), Deal(PIPELINE, id="d-2")
    partners = attrs.evolve(PIPELINE, key="q")

    refused = [
        deal.move("offer"),
        deal.amend({"name": "x"}),
        deal.request(actor=ADMIN),
        deal.sign(actor=ADMIN),
        deal.correct(1, T0 - DAY),
        deal.remove(actor=ADMIN),
        deal.merge(other),
        other.after(2).merge(deal),
        deal.transfer(partners, "lead"),
    ]
    assert refused == [["record.removed"]] * len(refused)
    for act in (deal.hold, lambda: options(PIPELINE, deal.record, at=deal.now)):
        with pytest.raises(MoveRefused, match="removed"):
            act()


def test_no_action_is_done_for_a_removed_deal_or_that_of_another_pipeline():
    for deal, code in ((gone(), "record.removed"), (Deal(attrs.evolve(PIPELINE, key="q")), "pipeline.other")):
        problems = unmet_action(PIPELINE, deal.record, "send_quote", at=deal.now)

        assert [problem.code for problem in problems] == [code]


def test_a_deal_that_is_there_is_not_restored():
    assert Deal(PIPELINE).restore(actor=ADMIN) == ["record.there"]


def test_restoring_brings_it_back_as_it_was():
    deal = gone(**euro(5))
    deal.restore(actor=ADMIN)

    assert (deal.progress.removal, deal.progress.stage, deal.record.amount) == (None, "lead", Money(5, "EUR"))
    assert deal.amend({"answers": {"who": "her"}}) == deal.move("offer") == []


def test_a_removal_has_its_place_in_time():
    assert Deal(PIPELINE).after(-1).remove(actor=ADMIN) == ["change.out_of_order"]
    assert gone().after(-2).restore(actor=ADMIN) == ["change.out_of_order"]


def test_a_removed_deal_is_no_finding_and_is_not_adopted():
    deal = gone()

    assert list(find_violations(PIPELINE, [deal.record], at=deal.now)) == []
    assert [one.code for one in unmet_adoption(PIPELINE, deal.record, at=deal.now)] == ["record.removed"]


def test_counts_lose_a_removed_deal_from_then_on_and_say_so():
    deal = gone()
    now = snapshot(PIPELINE, deal)

    assert (len(now), [problem.code for problem in now.left_out]) == (0, ["deals.removed"])
    assert len(snapshot(PIPELINE, deal, as_of=T0)) == 1
    deal.restore(actor=ADMIN)
    assert (len(snapshot(PIPELINE, deal)), snapshot(PIPELINE, deal).left_out) == (1, ())
    assert len(snapshot(PIPELINE, deal, as_of=T0 + DAY)) == 0


def test_the_visits_of_a_removed_deal_end_in_its_removal():
    deal = gone()
    deal.restore(actor=ADMIN)
    [trail] = fold_history(make_history(rows_of(deal.changes)), PIPELINE).trails
    assert [str(visit.ended) for visit in trail.visits] == ["removed", "open"]


def test_a_deal_may_be_removed_and_restored_again_and_again():
    deal = gone()
    for _ in range(3):
        assert deal.after().restore(actor=ADMIN) == deal.after().remove(actor=ADMIN) == []

    assert [decode(encode(change)) for change in deal.changes] == deal.changes
    assert len(snapshot(PIPELINE, deal)) == 0


# Merging.


def merged(values=None):
    """A deal that took another into itself, and that other."""
    deal, other = Deal(PIPELINE, **euro(1)), Deal(PIPELINE, id="d-2", **euro(2))
    assert deal.merge(other, values) == []
    return deal, other


def test_one_stays_and_the_other_goes_in_two_changes_with_one_stamp_each():
    deal, other = merged(euro(2))
    kept, absorbed = deal.changes[-1], other.changes[-1]

    assert (kept.into_id, kept.absorbed_id) == (absorbed.into_id, absorbed.absorbed_id) == ("d-1", "d-2")
    assert (kept.stamp.record_id, absorbed.stamp.record_id) == ("d-1", "d-2")
    assert (deal.progress.removal, other.progress.removal.merged_into) == (None, "d-1")
    assert ([edit.field for edit in kept.edits], absorbed.edits) == (["amount"], ())
    assert [decode(encode(change)) for change in (kept, absorbed)] == [kept, absorbed]


def test_nothing_is_added_up_by_itself():
    assert merged()[0].record.amount == Money(1, "EUR")
    assert merged(euro(2))[0].record.amount == Money(2, "EUR")


def test_a_deal_is_not_merged_with_itself():
    deal = Deal(PIPELINE)

    assert [one.code for one in unmet_merging(PIPELINE, deal.record, deal.record, at=T0)] == ["merge.itself"]
    with pytest.raises(MoveRefused):
        merge(PIPELINE, deal.record, deal.record, at=T0)


def test_a_deal_is_merged_once():
    deal, other = merged()
    third = Deal(PIPELINE, id="d-3")

    assert deal.merge(other) == ["record.merged"]
    assert deal.problems[0].path == "d-2"
    assert third.merge(other) == ["record.merged"]
    assert other.merge(third) == ["record.merged"]


def test_only_deals_of_one_pipeline_are_merged():
    assert Deal(PIPELINE).merge(Deal(attrs.evolve(PIPELINE, key="q"), id="d-2")) == ["pipeline.other"]


def test_values_that_are_taken_over_have_to_fit():
    deal, other = Deal(PIPELINE), Deal(PIPELINE, id="d-2")

    assert deal.merge(other, {"amont": 1}) == ["field.unknown"]
    assert deal.merge(other, {"amount": 1}) == ["field.type"]
    assert deal.merge(other, {"quote_amount": Money(1, "EUR")}) == ["field.derived"]


def test_answers_are_taken_over_beside_those_there_are():
    deal, other = Deal(PIPELINE, answers={"who": "her"}), Deal(PIPELINE, id="d-2", answers={"when": "May"})
    deal.move("offer")
    assert deal.merge(other, {"answers": other.progress.answers}) == []

    assert dict(deal.progress.answers) == {"who": "her", "when": "May"}


def test_the_approvals_of_the_absorbed_deal_approve_nothing_of_the_other():
    deal, other = Deal(PIPELINE, **euro(1)), Deal(PIPELINE, id="d-2", **euro(1))
    other.request(actor=ADMIN)
    other.sign(actor=Actor("mia", {"manager"}))
    deal.merge(other)

    assert deal.progress.approvals == ()


def test_a_chain_of_mergers_is_followed_link_by_link():
    a, b, c = (Deal(PIPELINE, id=id, **euro(1)) for id in ("a", "b", "c"))
    assert b.merge(a) == c.after().merge(b.after()) == []
    assert (a.progress.removal.merged_into, b.progress.removal.merged_into) == ("b", "c")
    [problem] = snapshot(PIPELINE, a, b, c).left_out
    assert (problem.code, problem.params["count"]) == ("deals.merged", 2)

    assert a.after(2).restore(actor=ADMIN) == []
    assert c.after().merge(a) == []
    assert b.after().restore(actor=ADMIN) == []
    assert len(snapshot(PIPELINE, a, b, c)) == 2


def test_who_was_absorbed_may_absorb_the_other_once_restored():
    deal, other = merged(euro(2))
    assert other.after().restore(actor=ADMIN) == []
    assert other.after().merge(deal.after(2), euro(3)) == []

    assert (deal.progress.removal.merged_into, other.record.amount) == ("d-2", Money(3, "EUR"))
    assert len(snapshot(PIPELINE, deal, other)) == 1


def test_what_was_taken_over_stays_when_the_other_is_restored():
    deal, other = merged(euro(2))
    other.after().restore(actor=ADMIN)

    assert (deal.record.amount, other.record.amount) == (Money(2, "EUR"), Money(2, "EUR"))
    assert str(snapshot(PIPELINE, deal, other).amounts["open"]["EUR"]) == "4.00 EUR"


def test_a_merged_past_is_corrected_beside_the_merger():
    deal = Deal(PIPELINE, **euro(1)).after()
    deal.amend(euro(5))
    deal.after().merge(Deal(PIPELINE, id="d-2"), euro(2))
    deal.after()
    deal.changes += correct(PIPELINE, deal.record, deal.changes, 2, happened_at=None, at=deal.now)

    assert deal.record.amount == Money(2, "EUR")
    assert snapshot(PIPELINE, deal).standings[0].amount == Money(2, "EUR")


def test_a_funnel_counts_two_that_became_one_once():
    deal, other = merged()
    funnel = measure_funnel(make_history([*rows_of(deal.changes), *rows_of(other.changes)]), PIPELINE, count="touched")

    assert [step.count for step in funnel.steps] == [1, 0, 0]


def test_leads_are_removed_restored_and_merged_like_deals():
    leads = load_pipeline("""
    key = "leads"
    kind = "lead"
    permissions = { remove = {}, restore = {}, merge = {} }
    stages = [{ key = "new", kind = "open" }, { key = "converted", kind = "won" }]
    """)
    first, second = ([*open_lead(leads, id, {"email": "x@y"}, at=T0)] for id in ("l-1", "l-2"))
    one, two = (replay(log, of=Lead) for log in (first, second))

    kept, absorbed = merge(leads, one, two, {"phone": "1"}, at=T0)
    merged_, gone_ = replay([*first, kept], of=Lead), replay([*second, absorbed], of=Lead)
    assert (merged_.person.phone, gone_.progress.removal.merged_into) == ("1", "l-1")
    with pytest.raises(MoveRefused, match="merged into l-1"):
        convert(leads, gone_, into=PIPELINE, opportunity_id="d", at=T0)
    back = replay([*second, absorbed, *restore(leads, gone_, at=T0)], of=Lead)
    assert convert(leads, back, into=PIPELINE, opportunity_id="d", at=T0)
    assert remove(leads, merged_, at=T0)[0].stamp.kind == "lead"
    deal = Deal(PIPELINE)
    assert "pipeline.kind" in [one.code for one in unmet_merging(PIPELINE, deal.record, merged_, at=T0)]
