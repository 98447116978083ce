"""Opening new deals, and taking over old ones."""

import attrs
import pytest

from oppcore.engine import adopt, evolve, open_opportunity, unmet_adoption, unmet_opening
from oppcore.errors import MoveRefused
from oppcore.money import Money
from oppcore.records import CustomFields, Outcome, Progress
from tests.engine.examples import DAY, PIPELINE, SPEED, T0, opened
from tests.problems import assert_refusal_is_told


def test_a_deal_opens_in_the_first_entry_with_version_one():
    progress = opened().progress

    assert progress == Progress(
        pipeline="p", stage="lead", version=1, opened_at=T0, entered_at=T0, changed_at=T0, recorded_at=T0
    )


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"stage": "quote"}, "stage.no_entry"),
        ({"stage": "won"}, "stage.no_entry"),
        ({"stage": "leed"}, "move.unknown_stage"),
        ({"stage": "need"}, "field.missing"),
        ({"values": {"budgte": 1}}, "field.unknown"),
        ({"values": {"amount": "5"}}, "field.type"),
        ({"recorded_at": T0 - DAY}, "change.before_it_happens"),
    ],
)
def test_deals_are_not_created_past_the_gate(wish, code):
    assert [problem.code for problem in unmet_opening(PIPELINE, "d", at=T0, **wish)][:1] == [code]
    with pytest.raises(MoveRefused):
        open_opportunity(PIPELINE, "d", at=T0, **wish)


def test_fields_and_gate_are_those_of_the_opening():
    [change] = open_opportunity(PIPELINE, "d", {"needs": SPEED, "region": "north"}, stage="need", at=T0)

    assert change.record.fields == {"region": "north"}


def image(**progress):
    return attrs.evolve(opened(), progress=attrs.evolve(opened().progress, **progress))


def test_an_old_deal_keeps_its_own_times_and_starts_at_version_one():
    old = image(stage="won", outcome=Outcome.WON, version=12, closed_at=T0 + DAY, entered_at=T0 + DAY)
    record = evolve(None, *adopt(PIPELINE, old, at=T0 + 3 * DAY))

    assert (record.progress.version, record.progress.closed_at) == (1, T0 + DAY)
    assert record.progress.changed_at == record.progress.recorded_at == T0 + 3 * DAY


@pytest.mark.parametrize(
    ("old", "code"),
    [
        (image(stage="nowhere"), "move.unknown_stage"),
        (image(outcome="won", closed_at=T0), "state.illegal"),
        (image(outcome="lost"), "image.closing"),
        (image(closed_at=T0), "image.closing"),
        (image(outcome="lost", closed_at=T0 + DAY), "image.time"),
        (image(entered_at=T0 - DAY), "image.time"),
        (image(pipeline="q"), "pipeline.other"),
        (attrs.evolve(image(), fields=CustomFields({"regoin": "north"})), "field.unknown"),
        (attrs.evolve(image(), fields=CustomFields({"region": Money(1, "EUR")})), "field.type"),
        (attrs.evolve(image(), fields=CustomFields({"region": "west"})), "field.choice"),
        (attrs.evolve(image(), fields=CustomFields({"amount": Money(1, "EUR")})), "field.built_in"),
    ],
)
def test_an_old_deal_obeys_structure(old, code):
    assert [problem.code for problem in unmet_adoption(PIPELINE, old, at=T0)] == [code]
    with pytest.raises(MoveRefused) as refused:
        adopt(PIPELINE, old, at=T0)
    assert_refusal_is_told(refused.value)
