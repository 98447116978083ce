"""A pipeline as a picture: Mermaid text, from the one table of moves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, final

import attrs

from oppcore.criteria import Criterion, say_criterion
from oppcore.messages import Names, load_language, render
from oppcore.pipeline.approvals import Approval
from oppcore.pipeline.edges import Edge, find_edge
from oppcore.pipeline.flow import Direction, Policy
from oppcore.pipeline.pipeline import Pipeline
from oppcore.pipeline.rules import gate_rules
from oppcore.pipeline.stage import Stage, StageKind
from oppcore.records import Outcome, State

__all__ = ["draw"]

_MOST_LETTERS = 50_000
"""Mermaid draws no longer text, and the next number of arrows, unless the page around it says so."""
_MOST_ARROWS = 450
_AFTER = (StageKind.WON, StageKind.POST_SALE)
_GIVING_UP = (Direction.LOSE, Direction.ABANDON)
_SAFE = " .,-_/:()?!'“”：，。；？！、（）【】…→·"
_MATHS = re.compile(r"\$(?=\$)")
_SETTING = '%%{init: {"flowchart": {"wrappingWidth": 360}}}%%'
_STYLES = (
    "style doing fill:#fafafa,stroke:#cccccc",
    "classDef open fill:#eaf2fb,stroke:#4a7ebb",
    "classDef won fill:#e6f4ea,stroke:#3c8d5a",
    "classDef post_sale fill:#f1f8e9,stroke:#7a9a4e",
    "classDef lost fill:#fbeaea,stroke:#b04a4a",
    "classDef archived fill:#eeeeee,stroke:#aaaaaa,color:#888888,stroke-dasharray:4",
    "classDef note fill:#fffbe6,stroke:#c9b458",
)


def draw(pipeline: Pipeline, *, language: str = "en") -> str:
    """Give a pipeline as a Mermaid flowchart, which many pages, wikis and editors show as a picture.

    Boxes are stages with what must be true to enter them, stay in them and leave them forward. Arrows are moves: thick
    to a won stage, dotted backwards. What is possible from everywhere is said once: giving up in a box of its own,
    the policies of the flow, approvals and actions in a note. Where the order of the stages says which moves there are,
    one arrow leads to the next stage, and a stage says that it may be skipped. Of what would be too much for Mermaid,
    details are left out, then moves, which are counted.

    Raises `LookupError` for a language there is not.

    >>> from oppcore.pipeline import load_pipeline
    >>> stages = [{"key": "offer", "kind": "open"}, {"key": "won", "kind": "won"}]
    >>> print(draw(load_pipeline({"key": "shop", "stages": stages})).split("style")[0].strip())
    %%{init: {"flowchart": {"wrappingWidth": 360}}}%%
    flowchart TB
      subgraph doing["open"]
        s0["<b>offer</b>"]:::open
      end
      s1["<b>won</b>"]:::won
      start(("open"))
      start --> s0
      s0 ==> s1
      up["<b>lost, abandoned</b>"]:::lost
      doing -.-> up
      note["revert: anybody<br/>never: reopen, overturn, reclassify, transfer"]:::note
      up ~~~ note
    """
    text = ""
    for details, letters in ((True, 200), (False, 40), (False, 8)):
        text = "\n".join(_Picture(pipeline, language, pipeline.names(language), details, letters).lines()) + "\n"
        if len(text) <= _MOST_LETTERS:
            break
    return text


@final
@attrs.frozen
class _Arrow:
    source: Stage
    target: Stage
    edge: Edge


@final
@attrs.frozen
class _Picture:
    """One try to draw a pipeline: with its gates in words or only counted, and so many letters to a line."""

    pipeline: Pipeline
    language: str
    names: Names
    details: bool
    letters: int

    def lines(self) -> Iterator[str]:
        arrows = list(_arrows(self.pipeline))
        yield _SETTING
        yield "flowchart TB"
        yield f'  subgraph doing["{self._word("StageKind", "open")}"]'
        for stage in self.pipeline.open_stages:
            yield f"    {self._box(stage)}"
        yield "  end"
        for stage in self.pipeline.stages_of(*_AFTER, StageKind.LOST):
            yield f"  {self._box(stage)}"
        yield from self._openings()
        for arrow in arrows[:_MOST_ARROWS]:
            yield f"  {self._arrow(arrow)}"
        box = list(self._giving_up())
        yield from box
        if notes := list(self._notes(len(arrows))):
            yield f'  note["{self._text(notes)}"]:::note'
            yield from ["  up ~~~ note"] if box else []
        for style in _STYLES:
            yield f"  {style}"

    def _id(self, stage: Stage) -> str:
        return f"s{self.pipeline.rank(stage.key)}"

    def _say(self, code: str, **params: Any) -> str:
        return render(code, "", params, language=self.language, names=self.names)

    def _word(self, kind: str, key: str) -> str:
        return load_language(self.language)[1][kind][key]

    def _text(self, lines: Iterable[str]) -> str:
        return "<br/>".join(_escaped(line, self.letters) for line in lines)

    def _criterion(self, criterion: Criterion) -> str:
        return say_criterion(criterion, language=self.language, names=self.names)

    def _gate(self, code: str, gate: tuple[Criterion, ...]) -> Iterator[str]:
        """Say what a gate asks for, a line for each criterion."""
        if self.details:
            for criterion in gate:
                yield self._say(code, need=self._criterion(criterion))
        elif gate:
            yield self._say(code, need=self._say("diagram.criteria", count=len(gate)))

    def _box(self, stage: Stage) -> str:
        lines = [
            *self._gate("diagram.entry", stage.entry),
            *self._gate("diagram.stay", stage.stay),
            *self._gate("diagram.exit", stage.exit),
        ]
        if stage.roles and self.details:
            lines.append(self._say("diagram.roles", roles=stage.roles))
        if stage.may_be_skipped and not self.pipeline.transitions:
            lines.append(self._say("diagram.skippable"))
        if stage.archived:
            lines.append(self._say("diagram.archived"))
        title = f"<b>{_escaped(stage.label(self.language), self.letters)}</b>"
        style = "archived" if stage.archived else str(stage.kind)
        return f'{self._id(stage)}["{"<br/>".join([title, *([self._text(lines)] if lines else [])])}"]:::{style}'

    def _openings(self) -> Iterator[str]:
        entries = [self.pipeline.stage(key) for key in self.pipeline.entries]
        everywhere = len(entries) == len([stage for stage in self.pipeline.open_stages if not stage.archived]) > 1
        yield f'  start(("{self._word("Direction", "open")}"))'
        for target in ["doing"] if everywhere else [self._id(stage) for stage in entries]:
            yield f"  start --> {target}"

    def _arrow(self, arrow: _Arrow) -> str:
        transition = self.pipeline.transition(arrow.source.key, arrow.target.key)
        said: list[str] = []
        if transition is not None:
            label = dict(transition.labels).get(self.language)
            gate = [rule.criterion for rule in gate_rules("", transition.gate)]
            said += [] if label is None else [label]
            said += [self._criterion(one) for one in gate] if self.details else []
            said += [self._say("diagram.roles", roles=transition.roles)] if transition.roles and self.details else []
        line = "-->"
        if Direction.WIN in arrow.edge.directions:
            line = "==>"
        elif Direction.REVERT in arrow.edge.directions:
            line = "-.->"
        label = f'|"{self._text(said)}"|' if said else ""
        return f"{self._id(arrow.source)} {line}{label} {self._id(arrow.target)}"

    def _giving_up(self) -> Iterator[str]:
        """Draw the ways to lost and abandoned once, from all open stages together, with the reasons to choose from."""
        given = [way for way in _GIVING_UP if self.pipeline.flow.policy(way).allowed]
        if not given:
            return
        outcomes = [Outcome.LOST if way is Direction.LOSE else Outcome.ABANDONED for way in given]
        comma = load_language(self.language)[1]["mark"][", "]
        title = comma.join(self._word("Outcome", outcome) for outcome in outcomes)
        reasons = [(outcome, self.pipeline.reasons_for(outcome)) for outcome in outcomes]
        lines = [self._say("diagram.reasons", outcome=outcome, need=keys) for outcome, keys in reasons if keys]
        text = "<br/>".join([f"<b>{_escaped(title, self.letters)}</b>", *([self._text(lines)] if lines else [])])
        yield f'  up["{text}"]:::lost'
        yield "  doing -.-> up"
        for stage in self.pipeline.stages_of(StageKind.LOST):
            if not stage.archived:
                yield f"  doing -.-> {self._id(stage)}"

    def _notes(self, arrows: int) -> Iterator[str]:
        flow, forbidden = self.pipeline.flow, list[Direction]()
        drawn = {Direction.ADVANCE, Direction.WIN, Direction.DELIVER, *_GIVING_UP}
        for direction, policy in flow:
            if direction is Direction.JUMP and not any(stage.may_be_skipped for stage in self.pipeline.stages):
                continue
            if not policy.allowed:
                forbidden.append(direction)
            elif policy.roles:
                yield self._say("diagram.restricted", direction=direction, roles=policy.roles)
            elif direction not in drawn and not (self.pipeline.transitions and direction is Direction.REVERT):
                yield self._say("diagram.allowed", direction=direction)
        if forbidden:
            yield self._say("diagram.forbidden", need=forbidden)
        for approval in self.pipeline.approvals:
            yield from self._approval(approval)
        for action in self.pipeline.actions:
            for criterion in action.gate if self.details else ():
                yield self._say("diagram.action", action=action.key, need=self._criterion(criterion))
        if arrows > _MOST_ARROWS:
            yield self._say("diagram.more", count=arrows - _MOST_ARROWS)

    def _approval(self, approval: Approval) -> Iterator[str]:
        steps = [self.names["step"][step.key] for step in approval.steps]
        yield self._say("diagram.approval", subject=approval.key, mode=approval.mode, need=steps)
        for step in approval.steps if self.details else ():
            if step.when is not None:
                yield self._say("diagram.when", step=step.key, need=self._criterion(step.when))


def _escaped(text: str, letters: int) -> str:
    """Write a text so that Mermaid shows it as it is, whatever it holds: all that could be syntax as a number."""
    text = _MATHS.sub("$ ", " ".join(text.split()))
    shown = text if len(text) <= letters else text[: letters - 1] + "…"
    return "".join(
        letter if letter.isalnum() or letter in _SAFE else f"#{ord(letter)};"
        for letter in shown
        if letter.isprintable() or letter == " "
    )


def _edge(pipeline: Pipeline, source: Stage, target: Stage) -> Edge | None:
    """Give the edge between two stages with the outcomes they stand for, if anybody may take it."""
    edge = find_edge(pipeline, State(source.key, source.kind.outcome), State(target.key, target.kind.outcome))
    if edge is None or edge.closed or not edge.drawn or edge.skipped or not all(map(_allowed, edge.policies)):
        return None
    return edge


def _allowed(said: tuple[Direction, Policy]) -> bool:
    return said[1].allowed


def _arrows(pipeline: Pipeline) -> Iterator[_Arrow]:
    """Give the moves worth an arrow: those drawn, or else each from a stage to those that come next."""
    for source, targets in _pairs(pipeline):
        for target in targets:
            if (edge := _edge(pipeline, source, target)) is not None:
                yield _Arrow(source, target, edge)


def _pairs(pipeline: Pipeline) -> Iterator[tuple[Stage, list[Stage]]]:
    if pipeline.transitions:
        for transition in pipeline.transitions:
            ends = pipeline.stage(transition.source), pipeline.stage(transition.target)
            if StageKind.LOST not in (ends[0].kind, ends[1].kind):
                yield ends[0], [ends[1]]
        return
    for source in pipeline.stages_of(StageKind.OPEN, *_AFTER):
        later = [stage for stage in pipeline.stages[pipeline.rank(source.key) + 1 :] if not stage.archived]
        if source.kind is StageKind.OPEN:
            following = [stage for stage in later if stage.kind is StageKind.OPEN]
            yield source, following[:1] or [stage for stage in pipeline.stages_of(StageKind.WON) if not stage.archived]
        else:
            yield source, [stage for stage in later if stage.kind is StageKind.POST_SALE][:1]
