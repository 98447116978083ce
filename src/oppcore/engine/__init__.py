"""The only way a record changes: ask, decide, evolve, replay."""

from __future__ import annotations

from oppcore.engine.amending import amend, unmet_amendment
from oppcore.engine.changes import Amended, Change, Edit, Moved, Opened, Origination, Stamp
from oppcore.engine.evolution import evolve, replay
from oppcore.engine.moving import Option, move, options, unmet
from oppcore.engine.opening import adopt, open_opportunity, unmet_adoption, unmet_opening

__all__ = [
    "Amended",
    "Change",
    "Edit",
    "Moved",
    "Opened",
    "Option",
    "Origination",
    "Stamp",
    "adopt",
    "amend",
    "evolve",
    "move",
    "open_opportunity",
    "options",
    "replay",
    "unmet",
    "unmet_adoption",
    "unmet_amendment",
    "unmet_opening",
]
