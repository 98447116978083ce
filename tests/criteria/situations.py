"""Situations to ask criteria about, and criteria whose answer is known."""

from datetime import UTC, datetime

import attrs
from hypothesis import strategies as st

from oppcore.criteria import AllOf, AnyOf, Not, Situation, SomeOf
from oppcore.errors import Problem
from oppcore.pipeline import load_pipeline
from oppcore.records import Opportunity, Progress, with_fields

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROGRESS = Progress(pipeline="p", stage="s", version=1, opened_at=T0, entered_at=T0, changed_at=T0, recorded_at=T0)
DEAL = Opportunity(id="d-1", progress=PROGRESS)
ANYTHING = load_pipeline('key = "p"\n[[stages]]\nkey = "s"\nkind = "open"\n[[stages]]\nkey = "won"\nkind = "won"\n')
ANSWERS = (True, False, None)


@attrs.frozen
class Known:
    """A criterion of the host's own, whose answer is given."""

    answer: bool | None

    def judge(self, situation):
        return self.answer

    def problem(self, situation, wanted):
        return Problem("known", "", {"have": self.answer, "wanted": wanted})


def asked(at=T0, actor=None, **values):
    """A situation with a deal that has these fields."""
    return Situation(record=with_fields(DEAL, values), at=at, actor=actor)


def trees(*, negations=True, leaves=None):
    """Criteria of known answers."""

    def wider(below):
        parts = st.lists(below, max_size=3)
        kinds = [st.builds(AllOf, parts), st.builds(AnyOf, parts), st.builds(SomeOf, st.integers(1, 3), parts)]
        return st.one_of(*kinds, *([st.builds(Not, below)] if negations else []))

    return st.recursive(st.sampled_from(ANSWERS).map(Known) if leaves is None else leaves, wider, max_leaves=6)
