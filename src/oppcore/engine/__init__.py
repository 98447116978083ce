"""The only way a record changes: ask, decide, evolve, replay."""

from __future__ import annotations

from oppcore.engine.amending import amend, hold, resume, unmet_amendment
from oppcore.engine.approving import request_approval, sign, unmet_request, unmet_signature
from oppcore.engine.changes import (
    Amended,
    Change,
    Converted,
    Corrected,
    Edit,
    Merged,
    Moved,
    Opened,
    Origination,
    Removed,
    Requested,
    Restored,
    Signed,
    Stamp,
    Waived,
    Waiver,
)
from oppcore.engine.converting import convert, unmet_conversion
from oppcore.engine.correcting import correct, unmet_correction
from oppcore.engine.evolution import evolve, replay
from oppcore.engine.forms import Form, Question, form, require_action, unmet_action
from oppcore.engine.migrating import migrate, unmet_migration
from oppcore.engine.moving import Option, move, options, unmet
from oppcore.engine.opening import adopt, open_lead, open_opportunity, unmet_adoption, unmet_opening
from oppcore.engine.overriding import Override
from oppcore.engine.removing import merge, remove, restore, unmet_merging, unmet_removal, unmet_restoration
from oppcore.engine.transferring import transfer, unmet_transfer
from oppcore.engine.violations import Violation, find_violations

__all__ = [
    "Amended",
    "Change",
    "Converted",
    "Corrected",
    "Edit",
    "Form",
    "Merged",
    "Moved",
    "Opened",
    "Option",
    "Origination",
    "Override",
    "Question",
    "Removed",
    "Requested",
    "Restored",
    "Signed",
    "Stamp",
    "Violation",
    "Waived",
    "Waiver",
    "adopt",
    "amend",
    "convert",
    "correct",
    "evolve",
    "find_violations",
    "form",
    "hold",
    "merge",
    "migrate",
    "move",
    "open_lead",
    "open_opportunity",
    "options",
    "remove",
    "replay",
    "request_approval",
    "require_action",
    "restore",
    "resume",
    "sign",
    "transfer",
    "unmet",
    "unmet_action",
    "unmet_adoption",
    "unmet_amendment",
    "unmet_conversion",
    "unmet_correction",
    "unmet_merging",
    "unmet_migration",
    "unmet_opening",
    "unmet_removal",
    "unmet_request",
    "unmet_restoration",
    "unmet_signature",
    "unmet_transfer",
]
