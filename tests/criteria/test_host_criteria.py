"""Criteria of a host's own: any answer, any error, as data under the name they are given."""

from datetime import UTC, datetime

import attrs
import pytest

from oppcore.criteria import Exists, Not
from oppcore.engine import evolve, move, open_opportunity, unmet
from oppcore.errors import InvalidPipeline, Problem
from oppcore.pipeline import dump_pipeline, load_pipeline, write_pipeline
from oppcore.records import Quote

DAY = datetime(2026, 3, 2, tzinfo=UTC)


@attrs.frozen
class Says:
    """What the facts say under a name."""

    name: str
    least: int = 0

    def judge(self, situation):
        found = situation.facts.get(self.name)
        if isinstance(found, Exception):
            raise found
        return found

    def problem(self, situation, wanted):
        return Problem("host.says", self.name, {"wanted": wanted, "have": situation.facts.get(self.name)})


OWN = {"says": Says}
DOCUMENT = """
key = "p"
[[stages]]
key = "a"
kind = "open"
exit = [{ not = { says = { name = "blocked" } } }]
[[stages]]
key = "b"
kind = "open"
entry = [{ says = { name = "ready", least = 3 } }]
"""
PIPELINE = load_pipeline(DOCUMENT, criteria=OWN)
DEAL = evolve(None, *open_opportunity(PIPELINE, "d", at=DAY))


def asking(**facts):
    return [problem.path for problem in unmet(PIPELINE, DEAL, "b", at=DAY, facts=facts)]


@pytest.mark.parametrize(
    ("ready", "blocked", "paths"),
    [
        (True, False, []),
        (True, None, ["blocked"]),
        (True, True, ["blocked"]),
        (False, False, ["ready"]),
        (None, False, ["ready"]),
        (None, None, ["blocked", "ready"]),
    ],
)
def test_a_gate_needs_true_of_a_hosts_criterion_and_false_below_a_not(ready, blocked, paths):
    assert asking(ready=ready, blocked=blocked) == paths


def test_the_wanted_truth_value_is_handed_to_the_host():
    problems = unmet(PIPELINE, DEAL, "b", at=DAY, facts={"blocked": True})

    assert [problem.params["wanted"] for problem in problems] == [False, True]


@pytest.mark.parametrize("ask", [unmet, move])
def test_what_a_hosts_criterion_raises_reaches_the_caller(ask):
    with pytest.raises(ZeroDivisionError):
        ask(PIPELINE, DEAL, "b", at=DAY, facts={"ready": ZeroDivisionError(), "blocked": False})


def test_facts_are_not_kept():
    changes = move(PIPELINE, DEAL, "b", at=DAY, facts={"ready": True, "blocked": False})

    assert "facts" not in repr(changes)
    assert "ready" not in repr(changes)


@pytest.mark.parametrize("form", ["toml", "json"])
def test_what_is_written_with_the_names_reads_back_equal(form):
    assert load_pipeline(dump_pipeline(PIPELINE, format=form, criteria=OWN), criteria=OWN) == PIPELINE
    assert load_pipeline(write_pipeline(PIPELINE, criteria=OWN), criteria=OWN) == PIPELINE


@pytest.mark.parametrize("write", [write_pipeline, dump_pipeline, lambda p: write_pipeline(p, criteria={"other": int})])
def test_a_criterion_without_a_name_has_no_form_as_data(write):
    with pytest.raises(TypeError, match="Says"):
        write(PIPELINE)


@pytest.mark.parametrize(
    ("criterion", "path", "code"),
    [
        ("{ says = { } }", ".says.name", "document.missing"),
        ("{ says = { name = 'x', more = 1 } }", ".says.more", "key.unknown"),
        ("{ says = 'x' }", ".says", "document.type"),
        ("{ says = { name = 'x' }, least = 1 }", ".least", "key.unknown"),
        ("{ sais = { name = 'x' } }", "", "criterion.kind"),
    ],
)
def test_a_hosts_criterion_is_read_as_strictly_as_any_other(criterion, path, code):
    with pytest.raises(InvalidPipeline) as raised:
        load_pipeline(DOCUMENT + f"exit = [{criterion}]\n", criteria=OWN)

    assert (f"stages[1].exit[0]{path}", code) in [(one.path, one.code) for one in raised.value.problems]


def test_a_name_that_is_not_given_is_unknown():
    with pytest.raises(InvalidPipeline, match="says"):
        load_pipeline(DOCUMENT)


def test_a_hosts_criterion_may_stand_below_others():
    text = DOCUMENT + "exit = [{ exists = 'quotes', where = { not = { says = { name = 'old' } } } }]\n"
    pipeline = load_pipeline(text, criteria=OWN)

    [criterion] = pipeline.stage("b").exit
    assert criterion == Exists("quotes", Not(Says("old")))
    assert load_pipeline(write_pipeline(pipeline, criteria=OWN), criteria=OWN) == pipeline
    assert Quote(id="q") is not None
