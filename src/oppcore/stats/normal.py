"""How far from the middle a normal variable lies, and what that says about confidence."""

from __future__ import annotations

__all__ = ["check_confidence", "check_inner", "normal_quantile", "two_sided_quantile"]


def normal_quantile(probability: float) -> float:
    """Give the value below which a standard normal variable lies with a probability (between 0 and 1)."""
    from statistics import NormalDist  # slow to import

    check_inner(probability)
    return NormalDist().inv_cdf(probability)


def two_sided_quantile(confidence: float) -> float:
    """Give how many standard errors to either side of a normal estimate hold the truth with a confidence."""
    check_confidence(confidence)
    return -normal_quantile((1 - confidence) / 2)


def check_confidence(confidence: float) -> None:
    """Raise `ValueError` where a confidence does not lie between 0 and 1."""
    if not 0 < confidence < 1:
        message = f"a confidence lies between 0 and 1, not {confidence}"
        raise ValueError(message)


def check_inner(probability: float) -> None:
    """Raise `ValueError` where a probability is not between 0 and 1, or at one of them."""
    if not 0 < probability < 1:
        message = f"a probability lies between 0 and 1, not {probability}"
        raise ValueError(message)
