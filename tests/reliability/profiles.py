"""The same tests in two sizes: `fast` in every run, `full` with `pytest -m reliability`."""

import pytest


def sizes(*, fast, full):
    """Parametrise a test by its size."""
    return pytest.mark.parametrize(
        "size", [pytest.param(fast, id="fast"), pytest.param(full, id="full", marks=pytest.mark.reliability)]
    )
