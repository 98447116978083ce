"""A pipeline from a history: the order is found, the meaning asked."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.errors import InvalidPipeline
from oppcore.history import Row, make_history
from oppcore.history.inference import infer_pipeline

START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(*walks):
    return [
        Row(opportunity_id=str(deal), stage=stage, at=START + timedelta(days=day), number=day + 1)
        for deal, walk in enumerate(walks)
        for day, stage in enumerate(walk)
    ]


def kinds(pipeline):
    return [(stage.key, str(stage.kind)) for stage in pipeline.stages]


def refusals(*args, **settings):
    with pytest.raises(InvalidPipeline) as caught:
        infer_pipeline(*args, **settings)
    return {problem.code: problem for problem in caught.value.problems}


WALKS = (["a", "b", "c", "won"], ["a", "b", "lost"], ["a", "lost"], ["a", "c", "b", "c", "won", "help"])


def test_stages_come_in_mean_order_and_by_kind():
    pipeline = infer_pipeline(rows(*WALKS), key="p", won=["won"], lost=["lost"], post_sale=["help"])

    assert pipeline.key == "p"
    assert kinds(pipeline) == [
        ("a", "open"),
        ("b", "open"),
        ("c", "open"),
        ("won", "won"),
        ("help", "post_sale"),
        ("lost", "lost"),
    ]


def test_steps_say_the_order():
    pipeline = infer_pipeline(rows(["b", "a"]), won=(), lost=(), steps=["a", "b"])

    assert [stage.key for stage in pipeline.stages] == ["a", "b"]


def test_short_deals_do_not_pull_a_stage_back():
    walks = [["a", "b", "c", "d"]] + [["a", "d"]] * 9 + [["a", "c"]] * 20

    assert [stage.key for stage in infer_pipeline(rows(*walks), won=(), lost=()).stages] == ["a", "b", "c", "d"]


def test_what_stages_mean_is_asked():
    problem = refusals(rows(*WALKS), lost=["lost"])["infer.ask"]

    assert problem.params["missing"] == ["won"]
    assert problem.params["candidates"] == [
        "lost (2 of 2 deals end there)",
        "help (1 of 1 deals end there)",
        "won (1 of 2 deals end there)",
    ]
    assert problem.params["flag"] == "--won STAGE"


def test_none_is_an_answer():
    assert kinds(infer_pipeline(rows(["a"]), won=(), lost=())) == [("a", "open")]


def test_wrong_answers_are_told_all_at_once():
    found = refusals(rows(*WALKS), won=["wonn", "lost"], lost=["lost"], steps=["a"])

    assert found["infer.unknown"].params["suggestion"] == "won"
    assert found["infer.twice"].params["stage"] == "lost"
    assert found["infer.not_placed"].params["stages"][0] == "b (3 deals)"


def test_too_many_stages_are_no_pipeline():
    assert list(refusals(rows([f"s{n}" for n in range(300)]))) == ["infer.too_many"]


def test_a_text_is_no_list_of_stages():
    with pytest.raises(TypeError, match="list of stages"):
        infer_pipeline(rows(["a"]), won="a", lost=())


STAGES = list("abcdef")


@given(st.lists(st.lists(st.sampled_from(STAGES), min_size=1, max_size=8), min_size=1, max_size=10), st.randoms())
def test_the_order_of_the_rows_does_not_matter(walks, random):
    told = rows(*walks)
    shuffled = random.sample(told, len(told))

    assert infer_pipeline(shuffled, won=(), lost=()) == infer_pipeline(make_history(told), won=(), lost=())


@given(st.permutations(STAGES), st.lists(st.integers(1, 6), min_size=1, max_size=20))
def test_an_order_that_every_deal_keeps_is_found(order, lengths):
    walks = [order[:length] for length in [6, *lengths]]

    assert [stage.key for stage in infer_pipeline(rows(*walks), won=(), lost=()).stages] == order
