"""The contract of a store as tests: inherit them, say how to make a store, and see whether it keeps every promise."""

from __future__ import annotations

import pytest

_CASES = ("keeping", "versions", "commands", "finding", "texts", "sessions", "powers", "lockstep", "machine")
pytest.register_assert_rewrite(*(f"{__name__}.{cases}" for cases in _CASES))

from oppcore.testing.contract.contract import AsyncRepositoryContract, Part, RepositoryContract  # noqa: E402

__all__ = ["AsyncRepositoryContract", "Part", "RepositoryContract"]
