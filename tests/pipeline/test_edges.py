"""The table of moves, against one written by hand from what the words mean."""

import attrs
import pytest
from hypothesis import given

from oppcore.criteria import Present
from oppcore.pipeline import Direction, Pipeline, Stage, StageKind
from oppcore.pipeline.edges import find_edge, find_edges, find_state_problem, legal_outcomes, open_edge
from oppcore.records import Outcome, State
from oppcore.testing import pipelines
from tests.laws.lives import quarter

PIPELINE = Pipeline(
    key="p",
    stages=[
        Stage(key="a", kind="open"),
        Stage(key="b", kind="open"),
        Stage(key="c", kind="open", may_be_skipped=True),
        Stage(key="won", kind="won"),
        Stage(key="care", kind="post_sale"),
        Stage(key="end", kind="post_sale"),
        Stage(key="lost", kind="lost"),
        Stage(key="lost2", kind="lost"),
    ],
)
LEGAL = {"open": "open lost abandoned", "won": "won lost", "post_sale": "won lost", "lost": "lost abandoned"}


@pytest.mark.parametrize("kind", StageKind)
def test_each_kind_of_stage_has_its_outcomes(kind):
    assert [str(outcome) for outcome in legal_outcomes(kind)] == LEGAL[kind].split()
    for stage in PIPELINE.stages_of(kind):
        legal = [o for o in Outcome if find_state_problem(PIPELINE, State(stage.key, o)) is None]
        assert {str(outcome) for outcome in legal} == set(LEGAL[kind].split())


# From one representative of every legal pair: target → directions. What is not listed is no move.
OUT_OF_CLOSED = "a open: reopen; b open: reopen; c open: reopen; "
TABLE = {
    "a open": "b open: advance; c open: jump; a lost: lose; a abandoned: abandon; won won: win jump;"
    " care won: win jump; end won: win jump; lost lost: lose; lost2 lost: lose; lost abandoned: abandon;"
    " lost2 abandoned: abandon",
    "c open": "a open: revert; b open: revert; c lost: lose; c abandoned: abandon; won won: win; care won: win jump;"
    " end won: win jump; lost lost: lose; lost2 lost: lose; lost abandoned: abandon; lost2 abandoned: abandon",
    "b lost": OUT_OF_CLOSED + "b abandoned: reclassify; won won: overturn; care won: overturn; end won: overturn;"
    " lost lost: reclassify; lost2 lost: reclassify; lost abandoned: reclassify; lost2 abandoned: reclassify",
    "b abandoned": OUT_OF_CLOSED + "b lost: reclassify; won won: overturn; care won: overturn; end won: overturn;"
    " lost lost: reclassify; lost2 lost: reclassify; lost abandoned: reclassify; lost2 abandoned: reclassify",
    "won won": OUT_OF_CLOSED + "won lost: overturn; care won: deliver; end won: deliver; lost lost: overturn;"
    " lost2 lost: overturn; lost abandoned: overturn; lost2 abandoned: overturn",
    "care won": OUT_OF_CLOSED + "won won: deliver; care lost: overturn; end won: deliver; lost lost: overturn;"
    " lost2 lost: overturn; lost abandoned: overturn; lost2 abandoned: overturn",
    "won lost": OUT_OF_CLOSED + "won won: overturn; care won: overturn; end won: overturn; lost lost: reclassify;"
    " lost2 lost: reclassify; lost abandoned: reclassify; lost2 abandoned: reclassify",
    "care lost": OUT_OF_CLOSED + "won won: overturn; care won: overturn; end won: overturn; lost lost: reclassify;"
    " lost2 lost: reclassify; lost abandoned: reclassify; lost2 abandoned: reclassify",
    "lost lost": OUT_OF_CLOSED + "won won: overturn; care won: overturn; end won: overturn; lost abandoned: reclassify;"
    " lost2 lost: reclassify; lost2 abandoned: reclassify",
    "lost abandoned": OUT_OF_CLOSED + "won won: overturn; care won: overturn; end won: overturn; lost lost: reclassify;"
    " lost2 lost: reclassify; lost2 abandoned: reclassify",
}


def state(text):
    stage, outcome = text.split()
    return State(stage, Outcome(outcome))


@pytest.mark.parametrize("source", TABLE)
def test_the_directions_are_those_of_the_table(source):
    wanted = dict(entry.strip().split(": ") for entry in TABLE[source].split(";"))
    found = {
        f"{edge.target.stage} {edge.target.outcome}": " ".join(edge.directions)
        for edge in find_edges(PIPELINE, state(source))
    }

    assert found == wanted


@quarter
@given(pipelines(gates=False))
def test_every_edge_leads_from_one_legal_state_to_another(pipeline):
    for stage in pipeline.stages:
        for outcome in legal_outcomes(stage.kind):
            for edge in find_edges(pipeline, State(stage.key, outcome)):
                assert edge.source == State(stage.key, outcome) != edge.target
                assert find_state_problem(pipeline, edge.target) is None
                assert edge == find_edge(pipeline, edge.source, edge.target)
                assert edge.directions != ()
                assert all(not pipeline.stage(key).may_be_skipped for key in edge.skipped)
                assert bool(edge.skipped) <= (Direction.JUMP in edge.directions)


@quarter
@given(pipelines())
def test_losing_and_giving_up_are_possible_from_everywhere_open_and_never_gated(pipeline):
    for stage in pipeline.open_stages:
        edges = {edge.target: edge for edge in find_edges(pipeline, State(stage.key, Outcome.OPEN))}
        for outcome in (Outcome.LOST, Outcome.ABANDONED):
            edge = edges[State(stage.key, outcome)]
            assert (edge.gate, edge.roles, edge.skipped) == ((), (), ())


@pytest.mark.parametrize(
    ("source", "target", "skipped"),
    [("a open", "c open", "b"), ("b open", "won won", ""), ("a open", "won won", "b"), ("a open", "care won", "b won")],
)
def test_a_jump_names_the_stages_that_may_not_be_skipped(source, target, skipped):
    assert find_edge(PIPELINE, state(source), state(target)).skipped == tuple(skipped.split())


@pytest.mark.parametrize("key", ["a", "won", "lost"])
def test_opening_is_an_edge_from_nothing(key):
    edge = open_edge(PIPELINE, key)

    assert (edge.source, edge.directions, edge.target.stage) == (None, (Direction.OPEN,), key)


def test_an_unknown_stage_comes_with_the_nearest_one():
    problem = find_state_problem(PIPELINE, State("lots", Outcome.LOST))

    assert (problem.code, problem.params["suggestion"]) == ("move.unknown_stage", "lost")


def test_closing_where_the_deal_does_not_stand_is_no_move():
    assert find_edge(PIPELINE, state("a open"), state("b lost")) is None
    assert find_edge(PIPELINE, state("a open"), state("won lost")) is None
    assert find_edge(PIPELINE, state("won won"), state("care lost")) is None


def test_a_gate_is_exit_and_entry_forward_and_entry_alone_backward():
    stages = [attrs.evolve(s, entry=[Present("amount")], exit=[Present("budget")]) for s in PIPELINE.stages]
    gated = attrs.evolve(PIPELINE, stages=stages)
    gates = {
        text: tuple(rule.criterion for rule in find_edge(gated, state("b open"), state(text)).gate)
        for text in ("c open", "a open", "won won", "b lost")
    }

    assert gates == {
        "c open": (Present("budget"), Present("amount")),
        "a open": (Present("amount"),),
        "won won": (Present("budget"), Present("amount")),
        "b lost": (),
    }


def gated(source, target):
    stages = [attrs.evolve(stage, exit=[Present("budget")]) for stage in PIPELINE.stages]
    edge = find_edge(attrs.evolve(PIPELINE, stages=stages), state(source), state(target))
    return tuple(rule.id for rule in edge.gate)


def test_a_lost_deal_comes_back_ahead_only_past_the_exit_of_its_stage():
    assert gated("b lost", "c open") == gated("b lost", "won won") == ("stages.b.exit[0]",)
    assert gated("b lost", "b open") == gated("b lost", "a open") == gated("won won", "c open") == ()


def test_an_archived_stage_is_left_out_by_nobody():
    stages = [attrs.evolve(stage, archived=stage.key == "b", may_be_skipped=False) for stage in PIPELINE.stages]
    edge = find_edge(attrs.evolve(PIPELINE, stages=stages, opens_in=("a",)), state("a open"), state("c open"))

    assert (edge.directions, edge.skipped) == (("advance",), ())
