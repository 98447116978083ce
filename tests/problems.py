"""What every problem owes its reader: the place that its code is known by, and all that its sentence says."""

import re

from oppcore.errors import MoveRefused
from oppcore.messages.en import TEXTS, WORDS

__all__ = ["assert_filled", "assert_refusal_is_told", "assert_said", "assert_told", "place_of"]

PLACEHOLDER = re.compile(r"\{(\w+)")
OPTIONAL = re.compile(r"\[\[.*?\]\]")
# Where what is refused is. A code that is not here is about a field, and its path is the name of one.
PLACES = {
    "action.unknown": "action",
    "approval.": "approvals",
    "approval.no_step": "step",
    "approval.not_yet": "actor",
    "approval.not_yours": "actor",
    "approval.own": "actor signer",
    "approval.signer_missing": "signer",
    "approval.signer_unexpected": "signer",
    "approval.twice": "actor signer",
    "change.before_it_happens": "recorded_at",
    "change.out_of_order": "at recorded_at",
    "correction.": "happened_at",
    "correction.image": "version",
    "correction.kind": "version",
    "correction.transferred": "version",
    "correction.unknown": "version",
    "elapsed.": "entered opened last_activity",
    "flow.": "to",
    "lead.convert": "to",
    "merge.itself": "absorbed",
    "move.": "to",
    "move.unknown_stage": "stage to",
    "override.": "override",
    "permission.": "actor",
    "pipeline.kind": "into pipeline",
    "pipeline.other": "pipeline",
    "reason.": "reason",
    "role.": "actor",
    "stage.ambiguous": "to",
    "stage.archived": "stage to",
    "stage.no_entry": "stage",
    "stage.not_skippable": "to",
    "state.illegal": "outcome to",
    "transfer.fields": "fields",
    "transfer.itself": "into",
    "transfer.stage": "to",
    "transition.missing": "to",
}
NOWHERE = {"criteria.", "record.removed", "record.merged", "record.there", "transfer.closed"}
# What a host may want to know beyond the sentence.
BESIDE = {
    "approval.": {"have", "need", "number", "subject", "suggestion", "verdict"},
    "correction.": {"have", "version"},
    "criterion.": {"have", "known", "suggestion"},
    "field.": {"comparison"},
    "override.": {"have", "kind", "need", "rule"},
    "record.": {"into"},
    "stage.": {"kind"},
}
# What there may be none of, and the sentence says so: nobody, no time, nothing opened yet.
NONE = {
    "role.": "have",
    "override.": "have",
    "correction.": "have",
    "image.": "have",
    "flow.": "source",
    "document.": "have",
    "story.": "actor",
}
FIELD = re.compile(r"[a-z_]*")
OTHER = re.compile(r"^d-\d(: |$)")  # of the other deal in a merger


def places(code):
    """Give the places that a code names; None where it names a field."""
    group = code.partition(".")[0] + "."
    if code in NOWHERE or (group in NOWHERE and code not in PLACES):
        return {""}
    found = PLACES.get(code) or PLACES.get(group)
    return found and set(found.split())


def place_of(problem):
    """Give the path of a problem within its record."""
    return OTHER.sub("", problem.path)


def assert_filled(code, params):
    """Hold parameters against the sentence of a code: nothing is missing, nothing is kept back."""
    group, sentence = code.partition(".")[0] + ".", TEXTS[code].replace("{{", "")
    needed = set(PLACEHOLDER.findall(OPTIONAL.sub("", sentence))) - {"path"}
    known = set(PLACEHOLDER.findall(sentence)) | BESIDE.get(group, set())
    said = {name for name, value in params.items() if value is not None}

    assert code != "key.unknown" or params["what"] in WORDS["word"], params
    assert needed - {NONE.get(group)} <= said, (code, params)
    assert set(params) <= known, (code, params)


def assert_said(problem):
    """Hold a problem, and what explains it, against its sentence."""
    assert isinstance(problem.path, str)
    assert isinstance(problem.rule, str)
    assert_filled(problem.code, problem.params)
    for part in problem.parts:
        assert_said(part)


def assert_told(problem):
    """Hold what refuses an act against its sentence and its place, and what explains it as well."""
    where, path = places(problem.code), place_of(problem)

    assert_said(problem)
    assert path in where if where else FIELD.fullmatch(path), (problem.code, path)
    for part in problem.parts:
        assert_told(part)


def assert_refusal_is_told(refusal):
    """Hold a refusal, what was wished and each of its problems against what they say."""
    assert isinstance(refusal, MoveRefused)
    assert_filled(refusal.wish.code, refusal.wish.params)
    for problem in refusal.problems:
        assert_told(problem)
