"""The only way a record changes: ask, decide, evolve, replay."""

from __future__ import annotations

from oppcore.engine.amending import amend, unmet_amendment
from oppcore.engine.changes import Amended, Change, Converted, Edit, Moved, Opened, Origination, Stamp
from oppcore.engine.converting import convert, unmet_conversion
from oppcore.engine.evolution import evolve, replay
from oppcore.engine.forms import Form, Question, form, require_action, unmet_action
from oppcore.engine.moving import Option, move, options, unmet
from oppcore.engine.opening import adopt, open_lead, open_opportunity, unmet_adoption, unmet_opening
from oppcore.engine.violations import Violation, find_violations

__all__ = [
    "Amended",
    "Change",
    "Converted",
    "Edit",
    "Form",
    "Moved",
    "Opened",
    "Option",
    "Origination",
    "Question",
    "Stamp",
    "Violation",
    "adopt",
    "amend",
    "convert",
    "evolve",
    "find_violations",
    "form",
    "move",
    "open_lead",
    "open_opportunity",
    "options",
    "replay",
    "require_action",
    "unmet",
    "unmet_action",
    "unmet_adoption",
    "unmet_amendment",
    "unmet_conversion",
    "unmet_opening",
]
