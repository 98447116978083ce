"""What comes of a claim: proved, refuted by a story that really happens, or undecided."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias, cast, final

import attrs

from oppcore.criteria import Undecided
from oppcore.engine import (
    Amended,
    Change,
    Converted,
    Corrected,
    Moved,
    Opened,
    Origination,
    Removed,
    Requested,
    Restored,
    Signed,
)
from oppcore.errors import Problem
from oppcore.messages import Names
from oppcore.records import ITEM_TYPES, RecordKind

__all__ = ["Answer", "Proved", "Refuted", "Story"]


@final
@attrs.frozen
class Story:
    """What happens to one record, from its opening on: changes that the engine has made, and nothing else."""

    changes: tuple[Change, ...]

    @property
    def moves(self) -> int:
        """How many times the record moves, its opening not counted."""
        return sum(isinstance(change, (Moved, Converted)) for change in self.changes)

    @property
    def lines(self) -> tuple[Problem, ...]:
        """What each change is, said by code: what `tell` puts in words."""
        return tuple(_line(change) for change in self.changes)

    def tell(self, language: str = "en", *, names: Names | None = None) -> str:
        """Tell it, a line for each change. Raises `LookupError` for a language that there is not."""
        lines = (line.text(language, names=names) for line in self.lines)
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))

    def __str__(self) -> str:
        return self.tell()


def _line(change: Change) -> Problem:
    at, actor, is_lead = change.stamp.at, change.stamp.actor_id, change.stamp.kind is RecordKind.LEAD
    params: dict[str, Any] = {"at": f"{at:%Y-%m-%d %H:%M}", "actor": actor}
    origin = change.stamp.origin
    if change.stamp.waiver is not None:
        params["rules"] = ", ".join(dict.fromkeys(one.rule for one in change.stamp.waiver.waived))
    match change:
        case Opened(record=record):
            code = "story.opened_lead" if is_lead else "story.opened"
            code = "story.adopted" if origin is Origination.ADOPTED else code
            return Problem(code, "", params | {"target": record.progress.state})
        case Moved(source=source, target=target) | Converted(source=source, target=target):
            code = "story.moved_lead" if is_lead else "story.moved"
            code = "story.migrated" if origin is Origination.MIGRATED else code
            return Problem(code, "", params | {"source": source, "target": target})
        case Amended(edits=edits):
            said = ", ".join(f"{edit.field} = {_shown(edit.new)}" for edit in edits)
            return Problem("story.amended", "", params | {"edits": said})
        case Requested(round=round_):
            return Problem("story.requested", "", params | {"subject": round_.subject})
        case Signed(subject=subject, signature=signature):
            return Problem("story.signed", "", params | {"subject": subject, "verdict": signature.verdict})
        case Corrected(corrects=version, happened_at=None):
            return Problem("story.voided", "", params | {"version": version})
        case Corrected(corrects=version, happened_at=datetime() as happened_at):
            return Problem(
                "story.dated", "", params | {"version": version, "happened_at": f"{happened_at:%Y-%m-%d %H:%M}"}
            )
        case Removed():
            return Problem("story.removed", "", params)
        case Restored():
            return Problem("story.restored", "", params)
        case _:
            return Problem("story.other", "", params | {"what": type(change).__name__.lower()})


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, tuple):
        parts: tuple[Any, ...] = value  # pyright: ignore[reportUnknownVariableType]
        return ", ".join(map(_shown, parts))
    if type(value) in ITEM_TYPES.values():
        item: Any = cast("Any", type(value))
        fields: Any = attrs.fields(item)
        given = ((field, getattr(value, field.name)) for field in fields)
        said = (f"{field.name} {_shown(one)}" for field, one in given if one not in (field.default, None))
        return f"[{', '.join(said)}]"
    return str(value)


@final
@attrs.frozen
class Proved:
    """The claim holds of every deal, as long as the assumptions do."""

    assumptions: tuple[Problem, ...]


@final
@attrs.frozen
class Refuted:
    """The claim does not hold: this is a story in which it fails, shorter ways having been tried first."""

    story: Story


Answer: TypeAlias = Proved | Refuted | Undecided
"""What can come of a claim; `Undecided` says what stands in the way: the budget, a criterion of the host's, a lock."""
