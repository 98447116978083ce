"""A deal that people work on; whatever is done to it is asked for first, and the question and the deed must agree."""

import pytest

from oppcore.engine import (
    amend,
    correct,
    hold,
    merge,
    move,
    open_opportunity,
    remove,
    replay,
    request_approval,
    restore,
    sign,
    transfer,
    unmet,
    unmet_amendment,
    unmet_correction,
    unmet_merging,
    unmet_removal,
    unmet_request,
    unmet_restoration,
    unmet_signature,
    unmet_transfer,
)
from oppcore.errors import MoveRefused
from oppcore.history import make_history, rows_of, take_snapshot
from tests.engine.examples import DAY, T0
from tests.problems import assert_refusal_is_told


class Deal:
    """A deal, its pipeline, everything that happened to it, and what time it is.

    Each act gives the codes of the problems that refuse it, and none where it is done.
    """

    def __init__(self, pipeline, *, id="d-1", stage=None, override=None, actor=None, **values):
        self.pipeline, self.now = pipeline, T0
        self.changes = [*open_opportunity(pipeline, id, values, stage=stage, override=override, actor=actor, at=T0)]
        self.problems = ()

    @property
    def record(self):
        """The deal as it stands."""
        return replay(self.changes)

    @property
    def progress(self):
        """Where it stands."""
        return self.record.progress

    @property
    def round(self):
        """The newest round of approval."""
        return self.progress.approvals[-1]

    def after(self, days=1):
        """The same deal, some days later."""
        self.now += days * DAY
        return self

    def move(self, to=None, **wish):
        return self._do(unmet, move, to, **wish)

    def amend(self, values, **wish):
        return self._do(unmet_amendment, amend, values, **wish)

    def hold(self, **wish):
        self.changes += hold(self.pipeline, self.record, **{"at": self.now} | wish)

    def request(self, subject="quote", **wish):
        return self._do(unmet_request, request_approval, subject, **wish)

    def sign(self, verdict="approve", subject="quote", **wish):
        return self._do(unmet_signature, sign, subject, verdict, **wish)

    def correct(self, version, happened_at, **wish):
        return self._do(unmet_correction, correct, self.changes, version, happened_at=happened_at, **wish)

    def remove(self, **wish):
        return self._do(unmet_removal, remove, **wish)

    def restore(self, **wish):
        return self._do(unmet_restoration, restore, **wish)

    def transfer(self, into, to=None, **wish):
        refused = self._do(unmet_transfer, transfer, into, to, **wish)
        self.pipeline = self.pipeline if refused else into
        return refused

    def merge(self, other, values=None, **wish):
        """Absorb another deal, which is changed as well."""
        wish = {"at": self.now} | wish
        found = self._ask(unmet_merging, merge, other.record, values, **wish)
        if found:
            self.changes.append(found[0])
            other.changes.append(found[1])
        return [problem.code for problem in self.problems]

    def _do(self, ask, act, *args, **wish):
        self.changes += self._ask(ask, act, *args, **{"at": self.now} | wish)
        return [problem.code for problem in self.problems]

    def _ask(self, ask, act, *args, **wish):
        before = self.record
        self.problems = ask(self.pipeline, before, *args, **wish)
        if not self.problems:
            return act(self.pipeline, before, *args, **wish)
        with pytest.raises(MoveRefused) as refused:
            act(self.pipeline, before, *args, **wish)
        assert refused.value.problems == self.problems
        assert_refusal_is_told(refused.value)
        return ()


def snapshot(pipeline, *deals, **moment):
    """The pipeline as these deals have made it."""
    return take_snapshot(make_history(row for deal in deals for row in rows_of(deal.changes)), pipeline, **moment)
