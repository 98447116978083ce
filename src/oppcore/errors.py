"""What can go wrong, as objects: one root, a few classes worth catching, and problems with codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

import attrs

from oppcore import messages
from oppcore.messages import Names

__all__ = [
    "Busy",
    "CommandMismatch",
    "Corrupt",
    "CurrencyMismatch",
    "InvalidDocument",
    "InvalidHierarchy",
    "InvalidPipeline",
    "MoveRefused",
    "NotFound",
    "OppcoreError",
    "Problem",
    "RevisionRefused",
    "Unavailable",
    "UnreadableChanges",
    "Unsupported",
    "VersionConflict",
    "Wish",
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

    def said_by(self, rule: str) -> Problem:
        """Give the same problem, said by a rule."""
        return Problem(self.code, self.path, self.params, self.parts, rule=rule)

    def text(self, language: str = "en", *, names: Names | None = None) -> str:
        """Say it in one line; `names` gives the host's names of stages, fields … (see `Pipeline.names`).

        Raises `LookupError` for a language that there is not.
        """
        parts = [part.text(language, names=names) for part in self.parts]
        return messages.render(self.code, self.path, self.params, parts, language=language, names=names)

    def detail(self) -> dict[str, Any]:
        """Give the problem as plain data, ready for JSON."""
        found: dict[str, Any] = {"code": self.code, "path": self.path, "message": self.text()}
        found["params"] = {name: messages.plain(value) for name, value in self.params.items()}
        if self.rule:
            found["rule"] = self.rule
        if self.parts:
            found["parts"] = [part.detail() for part in self.parts]
        return found


_MOST_LISTED = 50


def _parameters(type_: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(type_) if field.name != "problems")


@final
@attrs.frozen
class Wish:
    """What was asked for and refused: a code, and what fills its words. `str(wish)` is in English."""

    code: str
    params: Mapping[str, Any] = attrs.field(factory=dict[str, Any], converter=_to_params, hash=False)

    def __str__(self) -> str:
        return self.text()

    def text(self, language: str = "en", *, names: Names | None = None) -> str:
        """Say it as part of a sentence. Raises `LookupError` for a language that there is not."""
        return messages.render(self.code, "", self.params, language=language, names=names)


class OppcoreError(Exception):
    """The root of everything oppcore raises on purpose. `code` is API; the wording is not."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    """A hint for hosts that answer over HTTP."""

    def __str__(self) -> str:
        return self.text()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The reasons, where there are several; empty where the error says it all."""
        return ()

    def text(self, language: str = "en", *, names: Names | None = None) -> str:
        """Say it in a line, and in one more for each problem; `names` as for `Problem.text`.

        Raises `LookupError` for a language that there is not.
        """
        if not attrs.has(type(self)):
            return Exception.__str__(self)  # a host's own, with a text of its own
        params = {name: getattr(self, name) for name in _parameters(type(self))}
        if isinstance(wish := params.get("wish"), Wish):
            params["wish"] = wish.text(language, names=names)
        lines = [messages.render(self.code, "", params, language=language, names=names)]
        lines += [f"  - {problem.text(language, names=names)}" for problem in self.problems[:_MOST_LISTED]]
        if (more := len(self.problems) - _MOST_LISTED) > 0:
            lines.append(f"  {messages.render('problems.more', '', {'count': more}, language=language)}")
        return "\n".join(lines)

    def detail(self) -> dict[str, Any]:
        """Give the error as plain data, ready for JSON."""
        found: dict[str, Any] = {"code": self.code, "message": str(self).partition("\n")[0]}
        if self.problems:
            found["problems"] = [problem.detail() for problem in self.problems]
        return found


@final
@attrs.frozen(eq=False)
class MoveRefused(OppcoreError):
    """A change of a record was asked for and is not allowed; `problems` holds every reason.

    `wish` is what was asked for; as a text it is in the host's own words and said as it is.
    """

    code: ClassVar[str] = "move.refused"
    http_status: ClassVar[int] = 422

    record_id: str
    wish: Wish | str
    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]


@final
@attrs.frozen(eq=False)
class RevisionRefused(OppcoreError):
    """A revision of a pipeline is refused because deals are in its way; `problems` says which, and what each needs.

    `published` says that the revision decides already, and only these deals could not be taken where they belong.
    """

    code: ClassVar[str] = "revision.refused"
    http_status: ClassVar[int] = 409

    pipeline: str
    revision: int
    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]
    published: bool = False


@final
@attrs.frozen(eq=False)
class InvalidPipeline(OppcoreError, ValueError):
    """A pipeline document or definition has faults; `problems` holds every one with its path."""

    code: ClassVar[str] = "pipeline.invalid"
    http_status: ClassVar[int] = 422

    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]


@final
@attrs.frozen(eq=False)
class InvalidDocument(OppcoreError, ValueError):
    """A stored or received document cannot be read; `problems` holds every fault with its path."""

    code: ClassVar[str] = "document.invalid"
    http_status: ClassVar[int] = 422

    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]


@final
@attrs.frozen(eq=False)
class InvalidHierarchy(OppcoreError, ValueError):
    """A hierarchy of people or territories cannot be rolled up; `problems` holds every fault with its node."""

    code: ClassVar[str] = "hierarchy.invalid"
    http_status: ClassVar[int] = 422

    problems: tuple[Problem, ...]  # pyright: ignore[reportIncompatibleMethodOverride]


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


@final
@attrs.frozen(eq=False)
class CurrencyMismatch(OppcoreError, ValueError):
    """Two amounts in unlike currencies were to be added or compared."""

    code: ClassVar[str] = "currency.mismatch"
    http_status: ClassVar[int] = 422

    left: str
    right: str


@final
@attrs.frozen(eq=False)
class NotFound(OppcoreError, LookupError):
    """There is no such record."""

    code: ClassVar[str] = "not_found"
    http_status: ClassVar[int] = 404

    kind: str
    id: str


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


@final
@attrs.frozen(eq=False)
class Busy(OppcoreError):
    """The store is locked by others just now; the same unit of work may be run again."""

    code: ClassVar[str] = "store.busy"
    http_status: ClassVar[int] = 503

    reason: str


@final
@attrs.frozen(eq=False)
class CommandMismatch(OppcoreError):
    """A command id was used before, for another command."""

    code: ClassVar[str] = "command.mismatch"
    http_status: ClassVar[int] = 409

    command_id: str


@final
@attrs.frozen(eq=False)
class Unsupported(OppcoreError):
    """The adapter does not have this power."""

    code: ClassVar[str] = "store.unsupported"
    http_status: ClassVar[int] = 501

    power: str


@final
@attrs.frozen(eq=False)
class Unavailable(OppcoreError):
    """The store cannot be reached, written or opened; whether a commit happened may be unknown."""

    code: ClassVar[str] = "store.unavailable"
    http_status: ClassVar[int] = 503

    reason: str


@final
@attrs.frozen(eq=False)
class Corrupt(OppcoreError):
    """What is stored is not what was written."""

    code: ClassVar[str] = "store.corrupt"

    reason: str
