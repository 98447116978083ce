"""Moves drawn one by one, and stages nobody enters any more."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Present
from oppcore.engine import evolve, find_violations, move, open_opportunity, options, unmet, unmet_opening
from oppcore.errors import InvalidPipeline
from oppcore.pipeline import Flow, Pipeline, Policy, Stage, Transition, as_graph, load_pipeline
from oppcore.pipeline.edges import find_edges
from oppcore.records import Actor, Outcome, State
from oppcore.testing import actors, opportunities, pipelines
from tests.laws.lives import quarter
from tests.problems import assert_told

DAY = datetime(2026, 3, 2, tzinfo=UTC)
DRAWN = load_pipeline("""
key = "p"
stages = [
    { key = "a", kind = "open", exit = [{ present = "intent" }] },
    { key = "b", kind = "open" },
    { key = "c", kind = "open" },
    { key = "w", kind = "won" },
    { key = "s", kind = "post_sale" },
    { key = "l", kind = "lost" },
]
transitions = [
    { source = "a", target = "c", gate = [{ present = "needs" }], roles = ["seller"] },
    { source = "c", target = "b" },
    { source = "c", target = "w" },
]
flow.reopen = {}
""")
ANN = Actor("ann", {"seller"})


def deal(stage="a", **values):
    pipeline = attrs.evolve(DRAWN, opens_in=(stage,))
    return evolve(None, *open_opportunity(pipeline, "d", values, at=DAY))


def codes(record, to=None, actor=ANN, **wish):
    problems = unmet(DRAWN, record, to, at=DAY, actor=actor, **wish)
    for problem in problems:
        assert_told(problem)
    return [problem.code for problem in problems]


def test_only_drawn_moves_are_possible():
    assert codes(deal(intent="x"), "b") == ["transition.missing"]
    assert codes(deal("c"), "b") == []
    assert codes(deal("b"), "c") == ["transition.missing"]
    assert codes(deal("c"), "w") == []
    assert codes(evolve(deal("c"), *move(DRAWN, deal("c"), "w", at=DAY)), "s") == ["transition.missing"]


def test_a_drawn_move_may_leave_stages_out_and_has_its_own_gate_and_roles_besides():
    assert codes(deal(), "c", actor=None) == ["role.needed", "field.missing", "field.missing"]
    assert codes(deal(), "c") == ["field.missing", "field.missing"]
    assert codes(deal(intent="x"), "c", amending={"needs": None}) == ["field.missing"]


def test_losing_and_reopening_need_no_line():
    lost = evolve(deal(), *move(DRAWN, deal(), "l", at=DAY))

    assert codes(deal(), outcome="abandoned") == []
    assert codes(lost, "b") == []


@pytest.mark.parametrize(
    ("ends", "path", "code"),
    [
        (("a", "x"), "transitions[0].target", "key.unknown"),
        (("x", "a"), "transitions[0].source", "key.unknown"),
        (("a", "a"), "transitions[0]", "transition.loop"),
    ],
)
def test_a_line_leads_from_one_stage_to_another(ends, path, code):
    with pytest.raises(InvalidPipeline) as raised:
        Pipeline(
            key="p", stages=[Stage(key="a", kind="open")], transitions=[Transition(source=ends[0], target=ends[1])]
        )

    assert (path, code) in [(problem.path, problem.code) for problem in raised.value.problems]


def test_a_line_is_drawn_once_and_its_gate_speaks_of_fields():
    line = Transition(source="a", target="b", gate=[Present("budgte")])
    with pytest.raises(InvalidPipeline) as raised:
        Pipeline(key="p", stages=[Stage(key="a", kind="open"), Stage(key="b", kind="open")], transitions=[line, line])

    assert {problem.code for problem in raised.value.problems} == {"key.twice", "key.unknown"}


@st.composite
def orders(draw):
    """A pipeline whose order says which moves there are, and a deal in it."""
    pipeline = attrs.evolve(draw(pipelines(max_open_stages=4)), transitions=())
    return pipeline, draw(opportunities(pipeline))


@quarter
@given(orders(), st.none() | actors())
def test_an_order_and_its_graph_decide_alike(found, actor):
    pipeline, record = found
    graph = as_graph(pipeline)
    at = record.progress.changed_at
    one, other = (options(rules, record, at=at, actor=actor) for rules in (pipeline, graph))

    assert [(option.target, option.directions, option.is_allowed) for option in one] == [
        (option.target, option.directions, option.is_allowed) for option in other
    ]
    for ours, theirs in zip(one, other, strict=True):
        wish = {"to": ours.target.stage, "outcome": ours.target.outcome, "at": at, "actor": actor}
        assert bool(unmet(pipeline, record, **wish)) == bool(unmet(graph, record, **wish))
        if not {"stage.not_skippable", "transition.missing"} & {p.code for p in (*ours.problems, *theirs.problems)}:
            assert ours.problems == theirs.problems


@quarter
@given(pipelines(max_open_stages=4))
def test_what_is_drawn_already_is_its_own_graph(pipeline):
    graph = as_graph(pipeline)

    assert as_graph(graph) == graph
    assert not pipeline.transitions or graph == pipeline


@quarter
@given(pipelines(max_open_stages=4).filter(lambda pipeline: pipeline.transitions))
def test_every_allowed_move_between_stages_forward_or_back_is_drawn(pipeline):
    for stage in pipeline.open_stages:
        for edge in find_edges(pipeline, State(stage.key, Outcome.OPEN)):
            if edge.drawn and edge.target.outcome in (Outcome.OPEN, Outcome.WON):
                assert pipeline.transition(stage.key, edge.target.stage) is not None


# Archived stages.

FLOW = Flow(reopen=Policy())
OLD = Pipeline(
    key="p",
    stages=[
        Stage(key="a", kind="open"),
        Stage(key="b", kind="open", archived=True, may_be_skipped=True),
        Stage(key="c", kind="open"),
        Stage(key="w", kind="won"),
    ],
    flow=FLOW,
)
BEFORE = attrs.evolve(
    OLD, stages=[attrs.evolve(stage, archived=False) for stage in OLD.stages], opens_in=("a", "b", "c")
)


def standing(stage):
    return evolve(None, *open_opportunity(BEFORE, "d", at=DAY, stage=stage))


def test_an_archived_stage_is_left_and_not_entered():
    assert [problem.code for problem in unmet(OLD, standing("a"), "b", at=DAY)] == ["stage.archived"]
    assert [problem.code for problem in unmet(OLD, standing("c"), "b", at=DAY)] == ["stage.archived"]
    assert [unmet(OLD, standing("b"), to, at=DAY) for to in ("a", "c")] == [(), ()]
    assert unmet(OLD, standing("a"), "c", at=DAY) == ()
    assert unmet(OLD, standing("b"), outcome="lost", at=DAY) == ()


def test_nothing_opens_in_an_archived_stage():
    assert [problem.code for problem in unmet_opening(OLD, "d", at=DAY, stage="b")][:1] == ["stage.no_entry"]
    with pytest.raises(InvalidPipeline):
        attrs.evolve(OLD, opens_in=("b",))
    with pytest.raises(InvalidPipeline, match="open stage"):
        Pipeline(key="p", stages=[Stage(key="a", kind="open", archived=True)])


def test_the_first_open_stage_that_is_not_archived_is_the_entry():
    first = attrs.evolve(OLD, stages=[attrs.evolve(OLD.stages[0], archived=True), *OLD.stages[1:]])

    assert first.entries == ("c",)


def test_an_archived_stage_keeps_its_rank_and_its_deals_are_found():
    assert [OLD.rank(key) for key in "abcw"] == [0, 1, 2, 3]
    [violation] = find_violations(OLD, [standing("a"), standing("b")], at=DAY)
    assert [problem.code for problem in violation.problems] == ["stage.archived"]
