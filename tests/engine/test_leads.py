"""Leads go through the same engine; won only by conversion, both records or neither."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.codec import decode, encode
from oppcore.criteria import Criterion
from oppcore.engine import (
    Converted,
    Moved,
    Opened,
    adopt,
    amend,
    convert,
    evolve,
    find_violations,
    move,
    open_lead,
    open_opportunity,
    options,
    replay,
    unmet,
    unmet_conversion,
)
from oppcore.errors import InvalidPipeline, MoveRefused
from oppcore.history import rows_of
from oppcore.money import Money
from oppcore.pipeline import Stage, load_pipeline
from oppcore.records import (
    FIELDS,
    LEAD_FIELDS,
    Activity,
    Interest,
    Lead,
    Member,
    Need,
    Opportunity,
    Outcome,
    RecordKind,
    get_field,
    with_fields,
)
from oppcore.testing import actors, criteria, field_values, leads, pipelines
from tests.laws.lives import quarter
from tests.problems import assert_told

DAY = datetime(2026, 3, 2, tzinfo=UTC)
LEADS = load_pipeline("""
key = "leads"
kind = "lead"
stages = [
    { key = "new", kind = "open" },
    { key = "qualified", kind = "open", exit = [{ present = "email" }] },
    { key = "converted", kind = "won", roles = ["seller"] },
]
reasons = [{ key = "no_budget", outcome = "lost" }]
fields = [{ key = "size", type = "number" }, { key = "wish", type = "text" }]
flow.reopen = {}
""")
DEALS = load_pipeline("""
key = "deals"
continues = "leads"
stages = [
    { key = "first", kind = "open", entry = [{ present = "needs" }] },
    { key = "won", kind = "won" },
]
fields = [{ key = "size", type = "number" }, { key = "wish", type = "flag" }]
""")
NEEDS = (Need(text="speed"),)


def seller():
    from oppcore.records import Actor

    return Actor("ann", {"seller"})


def lead(stage="qualified", **values):
    record = replay(open_lead(LEADS, "l-1", values, at=DAY), of=Lead)
    return record if stage == "new" else evolve(record, *move(LEADS, record, stage, at=DAY))


def converting(record, **wish):
    return {"into": DEALS, "opportunity_id": "d-1", "at": DAY, "actor": seller()} | wish


def test_a_lead_is_won_by_conversion_and_by_nothing_else():
    record = lead(email="x@example.com", needs=NEEDS)
    [won] = [option for option in options(LEADS, record, at=DAY, actor=seller()) if option.target.stage == "converted"]

    assert [problem.code for problem in unmet(LEADS, record, "converted", at=DAY, actor=seller())] == ["lead.convert"]
    assert [problem.code for problem in unmet(LEADS, record, outcome="won", at=DAY, actor=seller())] == ["lead.convert"]
    assert [problem.code for problem in won.problems] == ["lead.convert"]
    with pytest.raises(MoveRefused):
        move(LEADS, record, "converted", at=DAY, actor=seller())


def test_a_conversion_gives_both_changes_and_the_deal_names_its_lead():
    record = lead(email="x@example.com", needs=NEEDS)
    converted, opened = convert(LEADS, record, **converting(record))
    after, deal = evolve(record, converted), evolve(None, opened)

    assert (type(converted), type(opened)) == (Converted, Opened)
    assert (after.progress.outcome, after.progress.stage, after.progress.closed_at) == ("won", "converted", DAY)
    assert (converted.opportunity_id, deal.id, deal.origin.lead_id) == ("d-1", "d-1", "l-1")
    assert (converted.stamp.kind, opened.stamp.kind) == (RecordKind.LEAD, RecordKind.OPPORTUNITY)
    assert converted.stamp.version == record.progress.version + 1


def test_a_conversion_explains_both_gates_and_gives_neither_change():
    record = lead("qualified")
    problems = unmet_conversion(LEADS, record, **converting(record, actor=None))
    with pytest.raises(MoveRefused) as raised:
        convert(LEADS, record, **converting(record, actor=None))

    assert [(one.code, one.path) for one in problems] == [
        ("role.needed", "actor"),
        ("field.missing", "email"),
        ("field.missing", "needs"),
    ]
    assert raised.value.problems == problems


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"into": LEADS}, "pipeline.kind"),
        ({"at": DAY - timedelta(days=1)}, "change.out_of_order"),
        ({"values": {"needs": "x"}}, "field.type"),
        ({"values": {"nothing": "x"}}, "field.unknown"),
    ],
)
def test_what_cannot_be_converted_is_said(wish, code):
    record = lead(email="x@example.com", needs=NEEDS)
    problems = unmet_conversion(LEADS, record, **converting(record, **wish))

    assert code in [problem.code for problem in problems]
    with pytest.raises(MoveRefused):
        convert(LEADS, record, **converting(record, **wish))


def test_of_two_won_stages_a_conversion_cannot_say_which_is_meant():
    process = attrs.evolve(LEADS, stages=[*LEADS.stages, Stage(key="sold", kind="won")])
    record = lead(email="x@example.com", needs=NEEDS)

    assert [one.code for one in unmet_conversion(process, record, **converting(record))] == ["stage.ambiguous"]


def test_a_lead_that_was_converted_is_not_converted_again():
    record = lead(email="x@example.com", needs=NEEDS)
    after = evolve(record, convert(LEADS, record, **converting(record))[0])

    assert [one.code for one in unmet_conversion(LEADS, after, **converting(after))] == ["move.no_way"]


def test_conversion_carries_over_what_both_have_and_what_is_said_goes_before_it():
    said = {
        "email": "x@example.com",
        "name": "Wang Wei",
        "needs": NEEDS,
        "budget": Money(9, "EUR"),
        "price_sensitivity": "high",
        "visibility": "latent",
        "source": "fair",
        "owner_id": "ann",
        "members": (Member(id="ann"),),
        "interests": (Interest(signal="webinar", at=DAY),),
        "activities": (Activity(kind="call", at=DAY),),
        "answers": {"who": "x"},
        "size": Decimal(3),
        "wish": "fast",
    }
    record = lead(**said)
    [_, opened] = convert(LEADS, record, **converting(record, values={"source": "web", "name": "Mills"}))
    deal = opened.record

    for name in said.keys() - {"source", "email", "name", "answers", "wish"}:
        assert get_field(deal, name) == get_field(record, name), name
    assert (deal.origin.source, deal.name, deal.progress.answers) == ("web", "Mills", {})
    assert get_field(deal, "wish") is None  # a text there, a flag here
    assert "Wang" not in encode(opened)


def test_a_field_of_a_lead_is_not_carried_over_into_a_derived_one():
    leads = load_pipeline("""
        key = "leads"
        kind = "lead"
        stages = [{ key = "new", kind = "open" }, { key = "converted", kind = "won" }]
        fields = [{ key = "quote_amount", type = "money" }]
    """)
    record = replay(open_lead(leads, "l", {"quote_amount": Money(5, "EUR")}, at=DAY), of=Lead)
    [_, opened] = convert(leads, record, into=DEALS, opportunity_id="d", values={"needs": NEEDS}, at=DAY)

    assert get_field(record, "quote_amount") == Money(5, "EUR")
    assert get_field(opened.record, "quote_amount") is None


def test_recycling_a_lead_is_reopening_it():
    record = lead()
    lost = evolve(record, *move(LEADS, record, outcome="lost", reason="no_budget", at=DAY))
    again = evolve(lost, *move(LEADS, lost, "new", at=DAY))

    assert (lost.progress.reason, lost.progress.closed_at) == ("no_budget", DAY)
    assert (again.progress.reason, again.progress.closed_at, again.progress.outcome) == (None, None, "open")


def test_a_move_of_a_lead_says_nothing_of_probability():
    record = lead("new")
    [moved] = move(LEADS, record, "qualified", at=DAY)

    assert isinstance(moved, Moved)
    assert (moved.probability, moved.forecast_category, moved.stamp.kind) == (None, None, "lead")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ('stages = [{ key = "a", kind = "open", probability = 0.5 }]', "lead.forecast"),
        ('stages = [{ key = "a", kind = "open", forecast_category = "commit" }]', "lead.forecast"),
        ('stages = [{ key = "a", kind = "open" }, { key = "s", kind = "post_sale" }]', "lead.post_sale"),
        ('stages = [{ key = "a", kind = "open" }]\nreasons = [{ key = "x", outcome = "won" }]', "lead.reason"),
        ('stages = [{ key = "a", kind = "open", entry = [{ present = "amount" }] }]', "key.unknown"),
        ('stages = [{ key = "a", kind = "open" }]\nfields = [{ key = "email", type = "text" }]', "field.built_in"),
    ],
)
def test_a_lead_pipeline_refuses_what_leads_do_not_have(more, code):
    with pytest.raises(InvalidPipeline) as raised:
        load_pipeline(f'key = "p"\nkind = "lead"\n{more}')

    assert code in {problem.code for problem in raised.value.problems}


@pytest.mark.parametrize("name", ["amount", "probability", "forecast_category", "expected_close_on"])
def test_a_lead_has_no_amount_and_no_forecast(name):
    record = lead("new")
    with pytest.raises(MoveRefused) as raised:
        amend(LEADS, record, {name: None}, at=DAY)

    assert [problem.code for problem in raised.value.problems] == ["field.unknown"]


def test_a_record_of_the_other_kind_is_refused_everywhere():
    record, deal = lead("new"), replay(open_opportunity(DEALS, "d", {"needs": NEEDS}, at=DAY))

    assert [one.code for one in unmet(DEALS, record, "won", at=DAY)] == ["pipeline.kind", "pipeline.other"]
    assert [one.code for one in unmet(LEADS, deal, "new", at=DAY)] == ["pipeline.kind", "pipeline.other"]
    for problem in (*unmet(DEALS, record, "won", at=DAY), *unmet(LEADS, deal, "new", at=DAY)):
        assert_told(problem)
    for refused in (
        lambda: open_lead(DEALS, "x", at=DAY),
        lambda: open_opportunity(LEADS, "x", at=DAY),
        lambda: adopt(DEALS, record, at=DAY),
        lambda: adopt(LEADS, deal, at=DAY),
    ):
        with pytest.raises(MoveRefused) as raised:
            refused()
        assert "pipeline.kind" in [problem.code for problem in raised.value.problems]


def test_replay_says_which_kind_it_makes():
    changes = open_lead(LEADS, "l", at=DAY)

    assert isinstance(replay(changes, of=Lead), Lead)
    with pytest.raises(TypeError, match="Lead"):
        replay(changes)


def test_the_changes_of_a_lead_are_rows_too():
    record = lead(email="x@example.com", needs=NEEDS)
    first = open_lead(LEADS, "l-1", {"email": "x@example.com", "needs": NEEDS}, at=DAY)
    moved = move(LEADS, replay(first, of=Lead), "qualified", at=DAY)
    converted, opened = convert(LEADS, record, **converting(record))
    rows = list(rows_of([*first, *moved, converted, opened]))

    assert [(row.stage, row.outcome) for row in rows] == [
        ("new", "open"),
        ("qualified", "open"),
        ("converted", "won"),
        ("first", "open"),
    ]


def test_no_row_says_who_is_behind_a_lead():
    first = open_lead(LEADS, "l-1", {"email": "x@example.com"}, at=DAY)
    told = amend(LEADS, replay(first, of=Lead), {"email": "y@example.com", "name": "Wang", "industry": "paper"}, at=DAY)

    assert [row.further for row in rows_of([*first, *told])] == [{}, {}]


def test_a_lead_is_adopted_as_it_stands_and_what_does_not_hold_is_found():
    image = attrs.evolve(lead("new"), progress=attrs.evolve(lead("new").progress, outcome="lost", closed_at=DAY))
    [opened] = adopt(LEADS, image, at=DAY)

    assert (opened.stamp.origin, opened.record.progress.outcome) == ("adopted", "lost")
    [violation] = find_violations(LEADS, [opened.record], at=DAY)
    assert [problem.code for problem in violation.problems] == ["reason.missing"]


# A lead and an opportunity with equal progress.

SHARED = [field for name, field in FIELDS.items() if LEAD_FIELDS.get(name) == field]
BARE = load_pipeline('key = "bare"\nstages = [{ key = "a", kind = "open" }, { key = "won", kind = "won" }]')


@st.composite
def twins(draw):
    """A deal and a lead that stand alike, in processes equal but for their kind: (pipeline, record) of each."""
    made = attrs.evolve(draw(pipelines(kind="lead", max_open_stages=4, gates=False)), approvals=())
    gates: st.SearchStrategy[list[Criterion]] = st.lists(criteria(fields=SHARED, max_depth=1), max_size=2)
    stages = [attrs.evolve(stage, entry=draw(gates), exit=draw(gates)) for stage in made.stages]
    processes = [attrs.evolve(made, kind=kind, stages=stages) for kind in RecordKind]
    record = draw(leads(processes[1]))
    names = draw(st.lists(st.sampled_from([field.name for field in SHARED]), max_size=5))
    values = {**record.fields, **{name: draw(field_values(FIELDS[name])) for name in names}}
    blank = [kind(id=record.id, progress=record.progress) for kind in (Opportunity, Lead)]
    return [(process, with_fields(one, values)) for process, one in zip(processes, blank, strict=True)]


def told_apart(problems):
    """Problems without what they say twice; two gates may want the same."""
    return tuple(dict.fromkeys(problems))


@quarter
@given(twins(), st.none() | actors())
def test_a_lead_and_an_opportunity_with_equal_progress_are_treated_alike(found, actor):
    (_, deal), (leads_, record) = found
    at = deal.progress.changed_at
    ours, theirs = (options(p, r, at=at, actor=actor) for p, r in found)
    conversion = unmet_conversion(leads_, record, into=BARE, opportunity_id="d", at=at, actor=actor)

    assert [(one.target, one.directions) for one in ours] == [(one.target, one.directions) for one in theirs]
    for one, other in zip(ours, theirs, strict=True):
        if one.target.outcome is not Outcome.WON:
            assert one.problems == other.problems
        else:
            assert [problem.code for problem in other.problems] == ["lead.convert"]
            assert one.problems == told_apart(conversion)


@quarter
@given(twins(), st.none() | actors(), st.data())
def test_what_is_asked_of_twins_is_answered_alike(found, actor, data):
    (deals, deal), (leads_, record) = found
    stages = st.sampled_from([stage.key for stage in deals.stages])
    wish = {
        "to": data.draw(st.none() | stages),
        "outcome": data.draw(st.sampled_from([None, Outcome.OPEN, Outcome.LOST, Outcome.ABANDONED])),
        "reason": data.draw(st.sampled_from([None, "price", "no_answer"])),
        "amending": {
            field.name: data.draw(field_values(field)) for field in data.draw(st.sets(st.sampled_from(SHARED)))
        },
        "at": deal.progress.changed_at,
        "actor": actor,
    }
    ours, theirs = unmet(deals, deal, **wish), unmet(leads_, record, **wish)

    if [problem.code for problem in theirs] != ["lead.convert"]:
        assert ours == theirs
        if not ours:
            after = evolve(deal, *move(deals, deal, **wish)), evolve(record, *move(leads_, record, **wish))
            assert after[0].progress == after[1].progress


@quarter
@given(twins(), st.none() | actors())
def test_what_happens_to_twins_leaves_them_twins(found, actor):
    (deals, deal), (leads_, record) = found
    at = deal.progress.changed_at
    for option in options(deals, deal, at=at, actor=actor):
        reasons = deals.reasons_for(option.target.outcome)
        wish = {"to": option.target.stage, "outcome": option.target.outcome, "at": at, "actor": actor}
        wish["reason"] = reasons[0] if reasons else None
        if unmet(deals, deal, **wish):
            continue
        if option.target.outcome is Outcome.WON:
            changes = convert(leads_, record, into=BARE, opportunity_id="d", at=at, actor=actor)[:1]
        else:
            changes = move(leads_, record, **wish)
        after = evolve(deal, *move(deals, deal, **wish)), evolve(record, *changes)

        assert after[0].progress == after[1].progress
        assert decode(encode(after[1])) == after[1]
