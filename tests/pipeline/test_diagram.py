"""A diagram shows every stage and every move worth an arrow, and stays a diagram whatever the labels hold."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore import load_pipeline, template
from oppcore.messages import find_languages
from oppcore.pipeline import Direction, StageKind, as_graph, draw, template_keys
from oppcore.pipeline.edges import find_edge
from oppcore.records import State
from oppcore.testing import pipelines

HOSTILE = (
    '<script>alert(1)</script> "q" --> ]; end `x` #quot; | {a} \n%% $$x$$ & é 报价 \\ :::won [b] (c) \u2028 \u202e'
)
TEXT = r'"(?:[\w .,\-/:()?!\'“”：，。；？！、（）【】…→·]|#\d+;|<br/>|</?b>)*"'
LINE = re.compile(
    "|".join(
        [
            r"%%\{init: .*\}%%",
            "flowchart TB",
            rf"subgraph doing\[{TEXT}\]",
            "end",
            rf"(s\d+|up|note)\[{TEXT}\]:::(open|won|post_sale|lost|archived|note)",
            rf"start\(\({TEXT}\)\)",
            r"start --> (s\d+|doing)",
            rf"s\d+ (-->|==>|-\.->)(\|{TEXT}\|)? s\d+",
            r"doing -\.-> (up|s\d+)",
            "up ~~~ note",
            r"(style|classDef) \w+ [\w:#,-]+",
        ]
    )
)


def lines(text):
    found = [line.strip() for line in text.splitlines()]
    assert [line for line in found if not LINE.fullmatch(line)] == []
    return found


def boxes(text):
    return dict(re.findall(r'^ +(s\d+)\["(.*)"\]', text, re.MULTILINE))


def arrows(text):
    return re.findall(r"^ +(s\d+) (-->|==>|-\.->)(?:\|.*\|)? (s\d+)$", text, re.MULTILINE)


def unescaped(text):
    return re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)


@given(pipelines(), st.sampled_from(find_languages()))
def test_whatever_the_pipeline_is_every_stage_has_a_box_and_every_arrow_is_a_move(pipeline, language):
    text = draw(pipeline, language=language)
    lines(text)
    found = boxes(text)

    assert list(found) == sorted(found, key=list(found).index)
    assert set(found) == {f"s{rank}" for rank in range(len(pipeline.stages))}
    for source, line, target in arrows(text):
        here, there = (pipeline.stages[int(end[1:])] for end in (source, target))
        edge = find_edge(pipeline, State(here.key, here.kind.outcome), State(there.key, there.kind.outcome))
        assert edge is not None
        assert not edge.closed
        assert edge.drawn
        assert edge.skipped == ()
        assert all(policy.allowed for _, policy in edge.policies)
        assert (line == "==>") == (Direction.WIN in edge.directions)


@given(pipelines(gates=False))
def test_of_a_drawn_pipeline_every_transition_that_can_be_taken_is_an_arrow(pipeline):
    graph = as_graph(pipeline)
    drawn = {(source, target) for source, _, target in arrows(draw(graph))}
    wanted = set()
    for transition in graph.transitions:
        here, there = graph.stage(transition.source), graph.stage(transition.target)
        if StageKind.LOST not in (here.kind, there.kind):
            edge = find_edge(graph, State(here.key, here.kind.outcome), State(there.key, there.kind.outcome))
            if edge is not None and not edge.closed and all(policy.allowed for _, policy in edge.policies):
                wanted.add((f"s{graph.rank(here.key)}", f"s{graph.rank(there.key)}"))

    assert drawn == wanted


@pytest.mark.parametrize("key", template_keys())
@pytest.mark.parametrize("language", find_languages())
def test_every_template_is_a_chain_to_its_win(key, language):
    pipeline = template(key)
    text = draw(pipeline, language=language)
    lines(text)
    shown = [f"s{rank}" for rank, stage in enumerate(pipeline.stages) if stage.kind is not StageKind.LOST]

    assert [(source, target) for source, _, target in arrows(text)] == list(pairwise(shown))
    for stage, box in zip(pipeline.stages, boxes(text).values(), strict=True):
        assert unescaped(box).startswith(f"<b>{stage.label(language)}</b>")
    if language == "zh":
        assert not re.search(
            r"[a-z]{3}",
            re.sub(
                r"sales_manager|script|Salesforce|<br/>|#\d+;",
                "",
                "".join(box for rank, box in enumerate(boxes(text).values()) if key not in ("salesforce", "hubspot")),
            ),
        )


def test_gates_roles_and_policies_can_be_read():
    text = draw(template("lead_funnel"))

    for words in (
        "<b>Qualified</b><br/>to leave: needs is filled in<br/>to leave: budget is filled in",
        "to stay: Quote is approved",
        "reasons for lost: Too expensive, Lost to a competitor",
        "reopen: only sales_manager",
        "never: transfer",
        "approval of Quote (sequence): Sales manager, Finance, Sales director",
        "before Send the quote: budget is filled in",
    ):
        assert words in text


def test_a_drawn_move_says_its_name_its_gate_and_its_roles():
    text = draw(
        load_pipeline("""
        key = "x"
        transitions = [
            {source = "a", target = "b", labels = {zh = "提交"}, gate = [{present = "budget"}], roles = ["boss"]},
            {source = "b", target = "a"},
        ]
        stages = [{key = "a", kind = "open"}, {key = "b", kind = "open"}, {key = "won", kind = "won"}]
        """),
        language="zh",
    )

    assert '  s0 -->|"提交<br/>已填写“预算”<br/>仅限“boss”"| s1\n  s1 -.-> s0\n' in text


def test_the_notes_say_when_a_step_signs_what_an_action_asks_and_what_is_allowed_besides():
    text = unescaped(
        draw(
            load_pipeline("""
            key = "x"
            stages = [{key = "a", kind = "open"}, {key = "b", kind = "open"}, {key = "won", kind = "won"}]
            actions = [{key = "send", gate = [{present = "needs"}, {present = "budget"}]}]
            flow = {reopen = {}, overturn = {roles = ["boss"]}, revert = {}}
            [[approvals]]
            key = "price"
            steps = [
                {key = "head", roles = ["boss"]},
                {key = "board", roles = ["cfo"], when = {present = "amount"}},
            ]
            """)
        )
    )
    [notes] = re.findall(r'note\["(.*)"\]', text)

    assert notes.split("<br/>") == NOTES


NOTES = [
    "revert: anybody",
    "reopen: anybody",
    "overturn: only boss",
    "never: reclassify, transfer",
    "approval of price (all): head, board",
    "board only if amount is filled in",
    "before send: needs is filled in",
    "before send: budget is filled in",
]


def test_what_is_archived_or_forbidden_is_not_entered():
    pipeline = load_pipeline(
        {
            "key": "x",
            "stages": [
                {"key": "a", "kind": "open"},
                {"key": "old", "kind": "open", "archived": True, "may_be_skipped": True},
                {"key": "b", "kind": "open"},
                {"key": "won", "kind": "won"},
            ],
            "flow": {"lose": {"allowed": False}, "abandon": {"allowed": False}},
        }
    )
    text = draw(pipeline)

    assert {(source, target) for source, _, target in arrows(text)} == {("s0", "s2"), ("s1", "s2"), ("s2", "s3")}
    assert 's1["<b>old</b><br/>may be skipped<br/>archived"]:::archived' in text
    assert "up" not in {line.strip()[:2] for line in text.splitlines()}


def test_hostile_labels_stay_labels():
    labels = {"en": HOSTILE}
    text = draw(
        load_pipeline(
            {
                "key": "x",
                "stages": [{"key": HOSTILE.replace("\u2028", ""), "kind": "open", "labels": labels, "roles": ["<b>"]}],
                "reasons": [{"key": "r", "outcome": "lost", "labels": labels}],
            }
        )
    )

    lines(text)
    assert text.count("script#62;") == 4
    assert "$$" not in unescaped(text)
    assert "\u202e" not in text


@pytest.mark.parametrize("drawn", [False, True])
def test_what_is_too_large_for_mermaid_loses_its_details_and_then_moves(drawn):
    stages = [
        {"key": f"s{n}", "kind": "open", "labels": {"en": HOSTILE * 5}, "entry": [{"present": "amount"}] * 3}
        for n in range(255)
    ]
    data = {"key": "x", "stages": [*stages, {"key": "won", "kind": "won"}]}
    if drawn:
        data["transitions"] = [
            {"source": f"s{n}", "target": f"s{m}"} for n in range(255) for m in range(n + 1, min(n + 9, 255))
        ]
    text = draw(load_pipeline(data))
    lines(text)

    assert len(text) <= 50_000
    assert len(boxes(text)) == 256
    assert len(arrows(text)) == (450 if drawn else 255)
    assert ("… and 1554 more moves" in text) == drawn
