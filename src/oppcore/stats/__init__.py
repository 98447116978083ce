"""The few formulas the numbers need."""

from __future__ import annotations

from oppcore.stats.intervals import wilson
from oppcore.stats.ratio import Ratio, make_ratio

__all__ = ["Ratio", "make_ratio", "wilson"]
