"""Strategies for pipelines with one fault each, for whoever checks documents that others wrote."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, final

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from oppcore.pipeline import Flow, write_pipeline
from oppcore.pipeline.structure import MAX_NODES, MAX_STAGES
from oppcore.testing.pipelines import pipelines

__all__ = ["BrokenPipeline", "broken_pipelines"]


@final
@attrs.frozen
class BrokenPipeline:
    """The document of a pipeline (JSON) with a fault: the code of the problem that must be said, and where.

    What `loads` has a fault that only `oppcore.proof.check` finds; of the others `load_pipeline` says so.
    """

    document: str
    code: str
    path: str
    loads: bool = False


_Document: TypeAlias = dict[str, Any]
_Spoil: TypeAlias = Callable[[_Document], str]
"""Puts a fault into a document; gives its path."""


def _first(document: _Document, kind: str) -> tuple[int, _Document]:
    """Give the first stage of a kind that is in use, and its place; where none is, one is taken into use again."""
    found = [(place, stage) for place, stage in enumerate(document["stages"]) if stage["kind"] == kind]
    place, stage = next((one for one in found if not one[1].get("archived")), found[0])
    stage.pop("archived", None)
    return place, stage


def _entry(gate: list[Any], path: str = "") -> _Spoil:
    """Give the first open stage an entry gate."""

    def spoil(document: _Document) -> str:
        place, stage = _first(document, "open")
        stage["entry"] = gate
        return f"stages[{place}].entry{path}"

    return spoil


def _checked_entry(gate: list[Any], number: int) -> _Spoil:
    def spoil(document: _Document) -> str:
        _, stage = _first(document, "open")
        stage["entry"], stage["exit"], stage["stay"], stage["roles"] = gate, [], [], []
        return f"stages.{stage['key']}.entry[{number}]"

    return spoil


def _part(name: str, part: Mapping[str, Any], path: str) -> _Spoil:
    """Add one more to a list of the document."""

    def spoil(document: _Document) -> str:
        document[name] = [*document.get(name, []), part]
        return f"{name}[{len(document[name]) - 1}]{path}"

    return spoil


def _of_stage(kind: str, name: str, value: Any, path: str = "") -> _Spoil:
    """Let the first stage of a kind say something."""

    def spoil(document: _Document) -> str:
        place, stage = _first(document, kind)
        stage[name] = value
        return f"stages[{place}].{name}{path}"

    return spoil


def _of_pipeline(name: str, value: Any, path: str) -> _Spoil:
    def spoil(document: _Document) -> str:
        document[name] = value
        return path

    return spoil


def _twice(document: _Document) -> str:
    document["stages"].append(copy.deepcopy(document["stages"][0]))
    return f"stages[{len(document['stages']) - 1}].key"


def _no_open_stage(document: _Document) -> str:
    document["stages"] = [stage for stage in document["stages"] if stage["kind"] != "open"]
    return "stages"


def _no_key(document: _Document) -> str:
    del document["stages"][0]["key"]
    return "stages[0].key"


def _too_many(document: _Document) -> str:
    document["stages"] = [{"key": f"s{number}", "kind": "open"} for number in range(MAX_STAGES + 1)]
    return "stages"


def _lead_forecast(document: _Document) -> str:
    document["kind"] = "lead"
    place, stage = _first(document, "open")
    stage["probability"] = "0.5"
    return f"stages[{place}].probability"


def _loop(document: _Document) -> str:
    key = document["stages"][0]["key"]
    document["transitions"] = [{"source": key, "target": key}]
    return "transitions[0]"


def _island(document: _Document) -> str:
    _, stage = _first(document, "open")
    _, won = _first(document, "won")
    document["stages"].append({"key": "island", "kind": "open"})
    document["transitions"] = [{"source": stage["key"], "target": won["key"]}]
    return "stages.island"


def _trap(document: _Document) -> str:
    _, stage = _first(document, "open")
    _, won = _first(document, "won")
    document["stages"].insert(document["stages"].index(stage) + 1, {"key": "trap", "kind": "open"})
    document["flow"] = {name: {"allowed": False} for name in ("lose", "abandon")}
    document["opens_in"] = [stage["key"]]
    document["transitions"] = [{"source": stage["key"], "target": key} for key in ("trap", won["key"])]
    return "stages.trap"


def _no_loss(document: _Document) -> str:
    document["flow"] = {"lose": {"allowed": False}}
    return "flow.lose"


def _no_win(document: _Document) -> str:
    document["flow"] = {"win": {"allowed": False}}
    return "stages"


def _falling(document: _Document) -> str:
    used = [stage for stage in document["stages"] if stage["kind"] == "open" and not stage.get("archived")]
    for stage in used:
        stage.pop("probability", None)
    document["stages"].insert(document["stages"].index(used[0]) + 1, {"key": "later", "kind": "open"})
    used[0]["probability"], document["stages"][document["stages"].index(used[0]) + 1]["probability"] = "0.9", "0.1"
    return "stages.later.probability"


def _days(document: _Document) -> str:
    _, stage = _first(document, "open")
    stage |= {"expected_days": 30, "maximum_days": 3}
    return f"stages.{stage['key']}.expected_days"


def _half_labelled(document: _Document) -> str:
    _, stage = _first(document, "open")
    stage["labels"] = {"fr": "Début"}
    return "labels"


def _unused(document: _Document) -> str:
    part = {"key": "unheard", "steps": [{"key": "one", "roles": ["manager"]}]}
    document["approvals"] = [*document.get("approvals", []), part]
    return "approvals.unheard"


def _misspelt_role(document: _Document) -> str:
    _, stage = _first(document, "open")
    _, won = _first(document, "won")
    stage["roles"], won["roles"] = ["controller"], ["controler"]
    document["actions"] = [{"key": "send", "roles": ["controller"]}]
    return f"stages.{won['key']}.roles"


def _idle_gate(document: _Document) -> str:
    document["stages"].append({"key": "gone", "kind": "lost", "entry": [{"present": "budget"}]})
    return "stages.gone.entry"


def _nobody(document: _Document) -> str:
    _, stage = _first(document, "open")
    stage["roles"], stage["exit"], stage["stay"] = ["manager"], [], []
    stage["entry"] = [{"not": {"role": ["manager"]}}]
    return f"stages.{stage['key']}.entry[0]"


_BUDGET: Mapping[str, Any] = {"present": "budget"}
_SPOILED: tuple[tuple[str, _Spoil], ...] = (
    ("key.twice", _twice),
    ("key.unknown", _of_pipeline("opens_in", ["nowhere"], "opens_in[0]")),
    ("key.unknown", _entry([{"present": "bugdet"}], "[0].present")),
    ("key.unknown", _entry([{"approved": "nothing of the kind"}], "[0]")),
    ("key.unknown", _of_pipeline("currency", "EURO", "currency")),
    ("pipeline.no_open_stage", _no_open_stage),
    ("pipeline.too_many_stages", _too_many),
    ("document.missing", _no_key),
    ("key.unknown", _of_stage("open", "probabilty", "0.5")),
    ("document.type", _of_stage("open", "may_be_skipped", "yes")),
    ("document.choice", _of_stage("won", "kind", "closed won")),
    ("stage.probability", _of_stage("won", "probability", "0.5")),
    ("stage.category", _of_stage("open", "forecast_category", "closed")),
    ("field.built_in", _part("fields", {"key": "amount", "type": "money"}, ".key")),
    ("field.kind", _part("fields", {"key": "called_at", "type": "instant"}, ".type")),
    ("field.choices", _part("fields", {"key": "size", "type": "choice"}, ".choices")),
    ("stay.criterion", _of_stage("open", "stay", [{"role": ["manager"]}], "[0]")),
    ("approval.no_steps", _part("approvals", {"key": "unsigned"}, ".steps")),
    ("approval.nobody", _part("approvals", {"key": "by nobody", "steps": [{"key": "one"}]}, ".steps[0]")),
    (
        "approval.bound",
        _part(
            "approvals",
            {"key": "odd", "covers": [{"at_most": "account_id"}], "steps": [{"key": "one", "roles": ["manager"]}]},
            ".covers[0]",
        ),
    ),
    ("transition.loop", _loop),
    ("reason.open", _part("reasons", {"key": "undecided", "outcome": "open"}, ".outcome")),
    ("lead.forecast", _lead_forecast),
    ("criterion.kind", _entry([{"presnt": "budget"}], "[0]")),
    ("criterion.one_of", _entry([{"compare": "probability", "ge": 0, "le": 1}], "[0]")),
    ("gate.too_large", _entry([_BUDGET] * (MAX_NODES + 1))),
)
_DOUBTFUL: tuple[tuple[str, _Spoil], ...] = (
    ("criterion.never", _checked_entry([{"compare": "probability", "gt": 1}], 0)),
    ("criterion.always", _checked_entry([{"any": [_BUDGET, {"not": _BUDGET}]}], 0)),
    ("criterion.implied", _checked_entry([{"compare": "probability", "ge": "0.5"}, {"present": "probability"}], 1)),
    ("criterion.empty_all", _checked_entry([{"any": [_BUDGET, {"all": []}]}], 0)),
    ("criterion.empty_any", _checked_entry([{"any": [_BUDGET, {"any": []}]}], 0)),
    ("criterion.too_few", _checked_entry([{"any": [_BUDGET, {"some": 2, "of": [_BUDGET]}]}], 0)),
    ("answers.no_item", _checked_entry([{"answered": ["never asked"]}], 0)),
    ("gate.impossible", _checked_entry([_BUDGET, {"not": _BUDGET}], 0)),
    ("gate.nobody", _nobody),
    ("gate.idle", _idle_gate),
    ("stage.unreachable", _island),
    ("stage.trap", _trap),
    ("stage.probability_falls", _falling),
    ("stage.days", _days),
    ("pipeline.no_loss", _no_loss),
    ("pipeline.no_win", _no_win),
    ("label.missing", _half_labelled),
    ("approval.unused", _unused),
    ("role.similar", _misspelt_role),
)


_ALL: tuple[tuple[str, _Spoil, bool], ...] = (
    *((code, spoil, False) for code, spoil in _SPOILED),
    *((code, spoil, True) for code, spoil in _DOUBTFUL),
)


def broken_pipelines(*, codes: Iterable[str] | None = None) -> SearchStrategy[BrokenPipeline]:
    """Generate documents of pipelines with one fault each, be it in what they say or in what that comes to.

    `codes` names the problems to be drawn from; all there are, if none are named. There may be further problems.
    Raises `ValueError` for a code that no fault of these has.
    """
    known = sorted({code for code, _, _ in _ALL})
    wanted = set(known) if codes is None else set(codes)
    if unknown := sorted(wanted - set(known)):
        message = f"no broken pipeline has {', '.join(unknown)}; there are: {', '.join(known)}"
        raise ValueError(message)
    return _broken(sorted(wanted))


@st.composite
def _broken(draw: DrawFn, codes: list[str]) -> BrokenPipeline:
    code, spoil, loads = draw(st.sampled_from([one for one in _ALL if one[0] in codes]))
    generated = draw(pipelines(gates=False, max_open_stages=4))
    document = write_pipeline(attrs.evolve(generated, flow=Flow(), transitions=(), opens_in=()))
    path = spoil(document)
    return BrokenPipeline(json.dumps(document, ensure_ascii=False, indent=2), code, path, loads)
