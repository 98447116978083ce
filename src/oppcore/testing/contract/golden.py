"""What releases have written: records, changes and pipelines as JSON lines, which load for ever."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from oppcore.codec import decode
from oppcore.engine import Change
from oppcore.pipeline import Pipeline
from oppcore.records import Lead, Opportunity

__all__ = ["golden_changes", "golden_pipelines"]


@cache
def _golden() -> tuple[Opportunity | Lead | Change | Pipeline, ...]:
    text = files("oppcore.testing.contract").joinpath("codec-schema-1.jsonl").read_text(encoding="utf-8")
    return tuple(decode(line) for line in text.rstrip("\n").split("\n"))


def golden_changes() -> tuple[Change, ...]:
    """Give a change of every kind; the deals and leads that are opened there have every field."""
    return tuple(value for value in _golden() if not isinstance(value, (Opportunity, Lead, Pipeline)))


def golden_pipelines() -> tuple[Pipeline, ...]:
    """Give pipelines, one of them with every key."""
    return tuple(value for value in _golden() if isinstance(value, Pipeline))
