"""The standard funnel: what share should go on from each stage, and how long a stay should take."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self, final

import attrs

from oppcore.pipeline import Pipeline
from oppcore.spelling import choose, hint

__all__ = ["Standard", "StandardFunnel", "find_standard"]


class Standard(StrEnum):
    """What a group is held against.

    `pipeline`: what the stages of the pipeline expect. `rest`: all deals of the other groups together.
    """

    PIPELINE = "pipeline"
    REST = "rest"


def _to_mapping(value: Mapping[str, Decimal | float]) -> Mapping[str, Decimal | float]:
    return dict(value)


def _check_shares(_instance: Any, attribute: Any, value: Mapping[str, Decimal | float]) -> None:
    for stage, share in value.items():
        if not 0 <= share <= 1:
            message = f"{attribute.name} of {stage!r} lies between 0 and 1, not {share}"
            raise ValueError(message)


def _check_days(_instance: Any, attribute: Any, value: Mapping[str, Decimal | float]) -> None:
    for stage, days in value.items():
        if not 0 < days < float("inf"):
            message = f"{attribute.name} of {stage!r} is a finite number above 0, not {days}"
            raise ValueError(message)


@final
@attrs.frozen(kw_only=True)
class StandardFunnel:
    """The share of deals that should go on from a stage (0 to 1), and the days by which half of the stays should end.

    A stage that is not named is not compared.
    """

    conversion: Mapping[str, Decimal | float] = attrs.field(
        factory=dict[str, Decimal | float], converter=_to_mapping, validator=_check_shares, hash=False
    )
    days: Mapping[str, Decimal | float] = attrs.field(
        factory=dict[str, Decimal | float], converter=_to_mapping, validator=_check_days, hash=False
    )

    @classmethod
    def of(cls, pipeline: Pipeline) -> Self:
        """Give what the open stages of a pipeline expect: `expected_conversion` and `expected_days`."""
        stages = pipeline.open_stages
        return cls(
            conversion={s.key: s.expected_conversion for s in stages if s.expected_conversion is not None},
            days={s.key: s.expected_days for s in stages if s.expected_days},
        )


def find_standard(standard: Standard | StandardFunnel | str, pipeline: Pipeline) -> StandardFunnel | None:
    """Give the standard funnel that is meant; None stands for the rest of the team.

    Raises `ValueError` for stages that are not open ones of the pipeline, and where no stage has a standard.
    """
    if isinstance(standard, str):
        if choose(Standard, standard, "standard") is Standard.REST:
            return None
        standard = StandardFunnel.of(pipeline)
        if not standard.conversion and not standard.days:
            message = (
                f"no open stage of pipeline {pipeline.key!r} says expected_conversion or expected_days: say them there,"
                " give a StandardFunnel, or compare with the rest"
            )
            raise ValueError(message)
    known = [stage.key for stage in pipeline.open_stages]
    for name in (*standard.conversion, *standard.days):
        if name not in known:
            message = f"{name!r} is no open stage of pipeline {pipeline.key!r}; {hint(name, known)}"
            raise ValueError(message)
    return standard
