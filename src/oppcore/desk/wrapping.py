"""How a method is shown that was made from steps: `help` and signatures say what the steps say."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["show_as"]

F = TypeVar("F", bound=Callable[..., Any])


def show_as(method: F, steps: Callable[..., Any]) -> F:
    """Give the method the name, text and signature of its steps; what it returns is what the steps result in."""
    signature = inspect.signature(steps)
    _, *parameters = signature.parameters.values()
    desk = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    result = str(signature.return_annotation).removeprefix("Steps[").removesuffix("]")
    shown = signature.replace(parameters=[desk, *parameters], return_annotation=result)
    for name, value in {
        "__name__": steps.__name__,
        "__qualname__": steps.__qualname__,
        "__doc__": steps.__doc__,
        "__signature__": shown,
    }.items():
        setattr(method, name, value)
    return method
