"""Assertions about moves: what they give, and what they say when they fail."""

import pytest

from oppcore.testing import assert_allowed, assert_refused
from tests.engine.examples import BOSS, DAY, PIPELINE, SPEED, T0, opened


def test_an_allowed_move_gives_the_record_after_it():
    record = assert_allowed(PIPELINE, opened(), "need", at=T0 + DAY, amending={"needs": SPEED})

    assert (record.progress.stage, record.progress.version) == ("need", 3)


def test_a_move_that_should_be_allowed_fails_with_every_reason():
    with pytest.raises(AssertionError) as failure:
        assert_allowed(PIPELINE, opened(), "won", at=T0)

    assert [line.split(":")[0] for line in str(failure.value).splitlines()[1:]] == [
        "  stage.not_skippable",
        "  role.needed",
        "  reason.missing",
    ]


def test_a_refused_move_gives_its_problems():
    [problem] = assert_refused(PIPELINE, opened(), "need", at=T0, codes={"field.missing"})

    assert problem.path == "needs"


@pytest.mark.parametrize("codes", [{"field.ge"}, {"field.missing", "field.ge"}, set(), ["x"]])
def test_a_refusal_for_other_reasons_fails_and_lists_them_with_texts(codes):
    with pytest.raises(AssertionError) as failure:
        assert_refused(PIPELINE, opened(), "need", at=T0, codes=codes)

    assert "field.missing: needs" in str(failure.value)


def test_a_move_that_should_be_refused_and_is_allowed_fails():
    with pytest.raises(AssertionError, match="the move is allowed"):
        assert_refused(PIPELINE, opened(), outcome="lost", reason="price", at=T0, actor=BOSS, codes={"role.needed"})


def test_one_code_alone_is_a_mistake():
    with pytest.raises(TypeError, match="set"):
        assert_refused(PIPELINE, opened(), "need", at=T0, codes="field.missing")
