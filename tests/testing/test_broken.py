"""Each broken pipeline is caught by what should catch it, at the place where it is broken."""

import pytest
from hypothesis import given, settings

from oppcore.errors import InvalidPipeline
from oppcore.pipeline import load_pipeline
from oppcore.proof import check
from oppcore.testing import broken_pipelines
from oppcore.testing.broken import _DOUBTFUL, _SPOILED

CODES = sorted({code for code, _ in (*_SPOILED, *_DOUBTFUL)})
FEW = settings(max_examples=4, derandomize=True, database=None)


def problems_of(broken):
    """What loading says, or else the check."""
    try:
        pipeline = load_pipeline(broken.document)
    except InvalidPipeline as error:
        return False, error.problems
    return True, [finding.problem for finding in check(pipeline)]


@pytest.mark.parametrize("code", CODES)
def test_the_fault_is_said_with_its_code_and_path(code):
    @FEW
    @given(broken_pipelines(codes=[code]))
    def look(broken):
        loads, problems = problems_of(broken)

        assert broken.code == code
        assert (code, broken.path) in {(problem.code, problem.path) for problem in problems}
        assert loads is broken.loads
        assert all(problem.text() and problem.text("zh") for problem in problems)

    look()


def test_there_are_faults_of_many_kinds():
    assert len(_SPOILED) + len(_DOUBTFUL) >= 40
    assert len(CODES) >= 35


def test_a_code_that_no_fault_has_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no broken pipeline has stage\.unreachble; there are: .*stage\.unreachable"):
        broken_pipelines(codes=["stage.unreachble"])
