"""What can go wrong, as objects: one root, a few classes worth catching, and problems with codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import attrs

from oppcore import messages

__all__ = [
    "Busy",
    "CommandMismatch",
    "Corrupt",
    "CurrencyMismatch",
    "InvalidDocument",
    "InvalidPipeline",
    "MoveRefused",
    "NotFound",
    "OppcoreError",
    "Problem",
    "Unavailable",
    "UnreadableChanges",
    "Unsupported",
    "VersionConflict",
]


def _to_params(params: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(params)


@final
@attrs.frozen
class Problem:
    """One reason or fault: a stable `code`, where it is, and what fills the sentence.

    `path` is a field name (`budget`), a place in a document (`stages[2].entry[0].ge`) or a row (`row 17`).
    `parts` are the problems of which one (or some) must be solved, where a choice was offered. `rule` is the name of
    the rule of the pipeline that says so; empty for what no override can waive.
    `str(problem)` is one line in English; the wording is not API, the code is.
    """

    code: str
    path: str = ""
    params: Mapping[str, Any] = attrs.field(factory=dict[str, Any], converter=_to_params, hash=False)
    parts: tuple[Problem, ...] = ()
    rule: str = attrs.field(default="", eq=False, kw_only=True)

    def __str__(self) -> str:
        return self.text()

    def text(self, language: str = "en") -> str:
        """Say it in one line. Raises `LookupError` for a language that is not shipped."""
        parts = [part.text(language) for part in self.parts]
        return messages.render(self.code, self.path, self.params, parts, language)

    def detail(self) -> dict[str, Any]:
        """Give the problem as plain data, ready for JSON."""
        found: dict[str, Any] = {"code": self.code, "path": self.path, "message": self.text()}
        found["params"] = {name: messages.plain(value) for name, value in self.params.items()}
        if self.rule:
            found["rule"] = self.rule
        if self.parts:
            found["parts"] = [part.detail() for part in self.parts]
        return found


class OppcoreError(Exception):
    """The root of everything oppcore raises on purpose. `code` is API; the wording is not."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    """A hint for hosts that answer over HTTP."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The reasons, where there are several; empty where the error says it all."""
        return ()

    def detail(self) -> dict[str, Any]:
        """Give the error as plain data, ready for JSON."""
        found: dict[str, Any] = {"code": self.code, "message": str(self).partition("\n")[0]}
        if self.problems:
            found["problems"] = [problem.detail() for problem in self.problems]
        return found


_MOST_LISTED = 50


def _list(headline: str, problems: tuple[Problem, ...]) -> str:
    lines = [headline, *(f"  - {problem}" for problem in problems[:_MOST_LISTED])]
    if len(problems) > _MOST_LISTED:
        lines.append(f"  … and {len(problems) - _MOST_LISTED} more")
    return "\n".join(lines)


@final
@attrs.frozen(eq=False)
class MoveRefused(OppcoreError):
    """A change of a record was asked for and is not allowed; `problems` holds every reason."""

    code: ClassVar[str] = "move.refused"
    http_status: ClassVar[int] = 422

    record_id: str
    wish: str
    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]

    def __str__(self) -> str:
        return _list(f"{self.record_id}: {self.wish} is refused:", self.problems)


@final
@attrs.frozen(eq=False)
class InvalidPipeline(OppcoreError, ValueError):
    """A pipeline document or definition has faults; `problems` holds every one with its path."""

    code: ClassVar[str] = "pipeline.invalid"
    http_status: ClassVar[int] = 422

    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]

    def __str__(self) -> str:
        return _list("the pipeline is not valid:", self.problems)


@final
@attrs.frozen(eq=False)
class InvalidDocument(OppcoreError, ValueError):
    """A stored or received document cannot be read; `problems` holds every fault with its path."""

    code: ClassVar[str] = "document.invalid"
    http_status: ClassVar[int] = 422

    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]

    def __str__(self) -> str:
        return _list("the document is not valid:", self.problems)


@final
@attrs.frozen(eq=False)
class UnreadableChanges(OppcoreError, ValueError):
    """Rows of a change table cannot be read; `problems` names the rows and what would help.

    `rows` is the number of rows looked at.
    """

    code: ClassVar[str] = "changes.unreadable"
    http_status: ClassVar[int] = 422

    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]
    rows: int

    def __str__(self) -> str:
        return _list(f"the change table cannot be read ({self.rows} rows seen):", self.problems)


@final
@attrs.frozen(eq=False)
class CurrencyMismatch(OppcoreError, ValueError):
    """Two amounts in unlike currencies were to be added or compared."""

    code: ClassVar[str] = "currency.mismatch"
    http_status: ClassVar[int] = 422

    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.left} and {self.right} cannot be added or compared; convert one of them first"


@final
@attrs.frozen(eq=False)
class NotFound(OppcoreError, LookupError):
    """There is no such record."""

    code: ClassVar[str] = "not_found"
    http_status: ClassVar[int] = 404

    kind: str
    id: str

    def __str__(self) -> str:
        return f"there is no {self.kind} {self.id!r}"


@final
@attrs.frozen(eq=False)
class VersionConflict(OppcoreError):
    """Somebody else changed the record since it was read; load it again and decide again.

    `found` is the version that is there now: 0 where nothing is.
    """

    code: ClassVar[str] = "version.conflict"
    http_status: ClassVar[int] = 409

    kind: str
    id: str
    expected: int
    found: int

    def __str__(self) -> str:
        return f"{self.kind} {self.id!r} is at version {self.found}, not {self.expected}: load it again"


@final
@attrs.frozen(eq=False)
class Busy(OppcoreError):
    """The store is locked by others just now; the same unit of work may be run again."""

    code: ClassVar[str] = "store.busy"
    http_status: ClassVar[int] = 503

    reason: str

    def __str__(self) -> str:
        return f"the store is busy: {self.reason}"


@final
@attrs.frozen(eq=False)
class CommandMismatch(OppcoreError):
    """A command id was used before, for another command."""

    code: ClassVar[str] = "command.mismatch"
    http_status: ClassVar[int] = 409

    command_id: str

    def __str__(self) -> str:
        return f"command id {self.command_id!r} was already used for another command; use a new id"


@final
@attrs.frozen(eq=False)
class Unsupported(OppcoreError):
    """The adapter does not have this power."""

    code: ClassVar[str] = "store.unsupported"
    http_status: ClassVar[int] = 501

    power: str

    def __str__(self) -> str:
        return f"not supported here: {self.power}"


@final
@attrs.frozen(eq=False)
class Unavailable(OppcoreError):
    """The store cannot be reached, written or opened; whether a commit happened may be unknown."""

    code: ClassVar[str] = "store.unavailable"
    http_status: ClassVar[int] = 503

    reason: str

    def __str__(self) -> str:
        return f"the store is not available: {self.reason}"


@final
@attrs.frozen(eq=False)
class Corrupt(OppcoreError):
    """What is stored is not what was written."""

    code: ClassVar[str] = "store.corrupt"

    reason: str

    def __str__(self) -> str:
        return f"the stored data cannot be trusted: {self.reason}"
