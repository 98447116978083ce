"""What Hypothesis finds through its entry point: so that `st.from_type(Opportunity)` works for hosts.

Nothing of this is loaded before Hypothesis is, and no strategy (and so no pytest) before somebody asks for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["register"]

_STRATEGIES = {
    "oppcore.money.Money": "values.moneys",
    "oppcore.records.Actor": "values.actors",
    "oppcore.records.Lead": "records.leads",
    "oppcore.records.Opportunity": "records.opportunities",
    "oppcore.pipeline.Pipeline": "pipelines.pipelines",
    "oppcore.criteria.Situation": "records.situations",
}
"""Which strategy of this room makes values of a type."""


def _maker(place: str) -> Any:
    """Give what looks up a strategy when it is needed."""
    module, _, name = place.partition(".")

    def make(_type: object) -> Any:
        return getattr(import_module(f"oppcore.testing.{module}"), name)()

    return make


def register() -> None:
    """Tell Hypothesis how to make values of the types of oppcore."""
    from hypothesis import strategies as st

    for name, place in _STRATEGIES.items():
        module, _, type_ = name.rpartition(".")
        st.register_type_strategy(getattr(import_module(module), type_), _maker(place))
