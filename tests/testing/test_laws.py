"""The laws that the machine asks see what they should: changes that no engine would make."""

from datetime import timedelta

import attrs
import pytest

from oppcore.criteria import Situation
from oppcore.engine import amend, evolve, move, open_opportunity
from oppcore.money import Money
from oppcore.pipeline import load_pipeline
from oppcore.records import Outcome, State, with_progress
from oppcore.testing.deciding import Deed
from oppcore.testing.laws import find_broken_laws
from tests.engine.examples import DAY, T0

PIPELINE = load_pipeline("""
key = "sales"
stages = [
    {key = "offer", kind = "open", exit = [{present = "budget"}]},
    {key = "final", kind = "open", stay = [{present = "budget"}]},
    {key = "won", kind = "won"},
]
""")
PAID = {"budget": Money(1, "EUR")}
PAST = open_opportunity(PIPELINE, "d", PAID, at=T0)
DEAL = evolve(None, *PAST)
[MOVED] = move(PIPELINE, DEAL, "final", at=T0 + DAY)
FINAL = evolve(DEAL, MOVED)


def laws(change=MOVED, record=FINAL, *, before=DEAL, past=PAST):
    situation = Situation(record=before, at=change.stamp.at)
    return {problem.code for problem in find_broken_laws(PIPELINE, past, Deed(change, situation), record)}


def stamped(change, **parts):
    return attrs.evolve(change, stamp=attrs.evolve(change.stamp, **parts))


def placed(**parts):
    return with_progress(FINAL, attrs.evolve(FINAL.progress, **parts))


def test_what_the_engine_does_breaks_none():
    assert laws() == set()


@pytest.mark.parametrize(
    ("change", "record", "code"),
    [
        (MOVED, placed(version=5), "law.version"),
        (stamped(MOVED, version=7), FINAL, "law.version"),
        (MOVED, placed(entered_at=T0), "law.replay"),
        (stamped(MOVED, at=T0 - DAY, recorded_at=T0 - DAY), FINAL, "law.times"),
        (MOVED, placed(stage="nowhere"), "law.state"),
        (attrs.evolve(MOVED, target=State("won", Outcome.LOST)), FINAL, "law.edge"),
    ],
)
def test_each_law_is_seen_to_be_broken(change, record, code):
    assert code in laws(change, record)


def test_a_gate_that_was_not_met_is_seen():
    poor = evolve(DEAL, *amend(PIPELINE, DEAL, {"budget": None}, at=T0))

    assert "law.gate" in laws(before=poor)


def test_what_had_to_stay_true_is_seen_to_be_broken():
    [amended] = amend(PIPELINE, FINAL, {"budget": Money(2, "EUR")}, at=T0 + DAY)
    [edit] = amended.edits
    cleared = attrs.evolve(amended, edits=(attrs.evolve(edit, new=None),))
    record = evolve(FINAL, cleared)

    assert laws(amended, evolve(FINAL, amended), before=FINAL, past=(*PAST, MOVED)) == set()
    assert laws(cleared, record, before=FINAL, past=(*PAST, MOVED)) == {"law.stay"}


def test_late_is_not_out_of_order():
    late = stamped(MOVED, recorded_at=MOVED.stamp.recorded_at + timedelta(days=3))

    assert laws(late, evolve(DEAL, late)) == set()
