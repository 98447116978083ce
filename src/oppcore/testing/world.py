"""Calls that leave the functional core: clocks, dice, files and the process around."""

from __future__ import annotations

import random
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Any

__all__ = ["find_outside_calls"]

_CLOCKS = {"now", "utcnow", "today"}
_MODULES = {"time", "posix", "nt", "_io", "_socket", "_random"}
_CALLS = {"open", "print", "input"}


@contextmanager
def find_outside_calls() -> Generator[list[str], None, None]:
    """Give the list of the clocks, dice, files and the like that are asked meanwhile, by name, each once.

    It listens to the calls of built-in functions in this thread, and leaves things as they were.
    """
    found: list[str] = []

    def listen(frame: FrameType, event: str, function: Any) -> None:
        if event != "c_call" or frame.f_globals.get("__name__", "").partition(".")[0] == "hypothesis":
            return  # the search itself looks at the clock
        if (name := _name_outside(function)) is not None and name not in found:
            found.append(name)

    before = sys.getprofile()
    sys.setprofile(listen)
    try:
        yield found
    finally:
        sys.setprofile(before)


def _name_outside(function: Any) -> str | None:
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, date) and name in _CLOCKS:
        return f"{owner.__name__}.{name}"
    if isinstance(owner, random.Random):
        return f"random.{name}"
    module = getattr(function, "__module__", None)
    if module in _MODULES or (module == "builtins" and name in _CALLS):
        return f"{module}.{name}"
    return None
