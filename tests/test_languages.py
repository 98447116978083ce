"""What every language has to say, and what is said in it: our words and the host's names, never the host's values."""

import ast
import importlib
import pkgutil
import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oppcore
from oppcore import messages
from oppcore.document.structure import _TYPE_NAMES
from oppcore.errors import Problem
from oppcore.exchange.tables import _NO_TABLES
from oppcore.messages import Spoken, en, find_languages, load_language
from oppcore.money import Money
from oppcore.pipeline import Direction, StageKind, load_pipeline
from oppcore.records import FIELDS, LEAD_FIELDS, Outcome, RecordKind, State, Step
from tests.packaging.sources import modules

PLACEHOLDER = re.compile(r"\{(\w+)")
OPTIONAL = re.compile(r"\[\[(.*?)\]\]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Choices that no problem speaks of.
UNSPOKEN = {
    "AdjustmentRule",
    "AgeClock",
    "AgeVerdict",
    "AgeingBenchmark",
    "Allowance",
    "Binning",
    "CategorySource",
    "Aspect",
    "BottleneckCriterion",
    "BiasVerdict",
    "CommitmentFate",
    "CountingRule",
    "CoverageKind",
    "CreationKind",
    "CycleOf",
    "CycleSpan",
    "DwellClock",
    "DwellUnit",
    "Ending",
    "EntryRule",
    "HygieneCheck",
    "Judgement",
    "Lever",
    "Match",
    "MovementKind",
    "MovementPolicy",
    "Origination",
    "OutcomeRule",
    "PriorBasis",
    "RevenueMethod",
    "RollUpMethod",
    "Score",
    "SlippageKind",
    "SourceRule",
    "Standard",
    "SubmissionCause",
    "VelocityDeals",
    "VelocityValue",
    "WinOrigin",
}
OTHERS = [language for language in find_languages() if language != "en"]


def placeholders(text):
    """What a sentence asks for, and what each of its optional parts asks for."""
    text = text.replace("{{", "")
    return set(PLACEHOLDER.findall(text)), sorted(sorted(PLACEHOLDER.findall(part)) for part in OPTIONAL.findall(text))


def choices():
    """Every class of choices of ours, by name."""
    for found in pkgutil.walk_packages(oppcore.__path__, "oppcore."):
        if not found.name.startswith(("oppcore.cli", "oppcore.testing", "oppcore.exchange")):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum:
                    yield name, value


def test_the_languages_are_the_files_of_the_package():
    assert find_languages() == ("en", "zh")


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_codes_and_words(language):
    texts, words = load_language(language)

    assert sorted(texts.keys() ^ en.TEXTS.keys()) == []
    assert {kind: sorted(some) for kind, some in words.items()} == {
        kind: sorted(some) for kind, some in en.WORDS.items()
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_asks_for_the_same_parameters(language):
    texts, _ = load_language(language)
    wrong = {code: text for code, text in texts.items() if placeholders(text) != placeholders(en.TEXTS.get(code, ""))}

    assert wrong == {}


@pytest.mark.parametrize("language", find_languages())
def test_no_sentence_has_a_line_break(language):
    texts, words = load_language(language)

    assert [text for text in texts.values() if len(text.splitlines()) != 1] == []
    assert [word for some in words.values() for word in some.values() if len(word.splitlines()) > 1] == []


@pytest.mark.parametrize("code", sorted(en.TEXTS))
def test_every_chinese_sentence_is_chinese(code):
    names, _ = placeholders(en.TEXTS[code])
    text = Problem(code, "x", dict.fromkeys(names, "1")).text("zh")

    # The two that consist of nothing but an exception's own words.
    assert CHINESE.search(text) or en.TEXTS[code] == "{path}: {why}"
    assert not re.search(r"[<>{}]|\[\[|[\u4e00-\u9fff][,;:()?!]", text.replace("{amount", "").replace("{en", "")[:-1])


def test_every_choice_and_field_of_ours_has_its_words():
    for name, type_ in choices():
        if name not in UNSPOKEN:
            assert {str(member) for member in type_} <= en.WORDS[name].keys(), name
    assert en.WORDS["field"].keys() == {*FIELDS, *LEAD_FIELDS}
    assert {name for name, _ in choices()} >= UNSPOKEN


def test_english_calls_choices_and_fields_by_their_names():
    assert [name for name, word in en.WORDS["field"].items() if name != word] == []
    assert [str(Problem("field.missing", name)) for name in ("budget", "score")] == [
        "budget is missing",
        "score is missing",
    ]


def test_our_words_are_said_in_the_language():
    forbidden = Problem(
        "flow.forbidden",
        "to",
        {"direction": Direction.REVERT, "source": State("b", Outcome.WON), "target": State("a", Outcome.OPEN)},
    )
    illegal = Problem(
        "state.illegal",
        "outcome",
        {"stage": "a", "kind": StageKind.POST_SALE, "have": Outcome.OPEN, "need": (Outcome.WON, Outcome.LOST)},
    )
    compared = Problem("field.missing_to_compare", "amount", {"comparison": "ge", "need": Money(1000, "EUR")})
    other = Problem("pipeline.kind", "pipeline", {"have": RecordKind.LEAD, "need": RecordKind.OPPORTUNITY})

    assert forbidden.text("zh") == "流程不允许从“b（赢单）”到“a”（回退）"
    assert illegal.text("zh") == "处于阶段“a”（售后）的单子，结果不能是进行中，只能是：赢单、丢单"
    assert compared.text("zh") == "“金额”未填写，须大于等于 1,000.00 EUR"
    assert other.text("zh") == "线索不能进入商机的销售流程"


def test_nobody_is_a_word_of_ours_and_an_actor_is_not():
    for have, english, chinese in (
        (None, "nobody", "未指定"),
        ("open", "open", "open"),
        ("nobody", "nobody", "nobody"),
    ):
        problem = Problem("role.missing", "actor", {"need": ("manager",), "have": have})

        assert str(problem) == f"{english} does not have the role manager"
        assert problem.text("zh") == f"须具有角色“manager”，当前操作人：{chinese}"


@pytest.mark.parametrize("language", find_languages())
def test_the_values_of_the_host_stay_as_they_are(language):
    class Outcome(StrEnum):  # a host's own, called as ours is
        WON = "won"

    values = ("won", "budget", "open", "lead", Outcome.WON, Decimal("1.50"), Money("1.5", "EUR"), date(2026, 3, 1))
    for value in values:
        text = Problem("field.eq", "score", {"have": value, "need": value}).text(language)
        assert text.count(str(value)) == 2
    assert "won" in Problem("stage.archived", "to", {"stage": "won"}).text(language)
    assert "won" in Problem("move.unknown_stage", "to", {"have": "won"}).text(language)


def test_what_has_to_be_written_in_a_document_is_shown_as_it_is_written():
    with pytest.raises(oppcore.InvalidPipeline) as raised:
        load_pipeline("""
        key = "x"
        [[stages]]
        key = "a"
        kind = "open"
        entry = [{compare = "amount"}]
        [[stages]]
        key = "b"
        kind = "won"
        forecast_category = "commit"
        """)

    assert raised.value.text("zh").splitlines()[1:] == [
        "  - stages[0].entry[0]：须恰有以下之一：eq、ne、lt、le、gt、ge、one_of、between，而非：",
        "  - stages[1].forecast_category：赢单阶段的预测类别须为以下之一：closed，不能是 commit",
    ]


PIPELINE = load_pipeline("""
key = "sales"
labels = {zh = "销售"}
reasons = [{key = "price", outcome = "lost", labels = {zh = "价格"}}]
fields = [
    {key = "offer", type = "text", labels = {zh = "报价单号"}},
    {key = "industry", type = "text"},
]
actions = [{key = "send", labels = {zh = "发送报价"}, roles = ["seller"]}]
approvals = [
    {key = "offer", labels = {zh = "报价审批"}, steps = [{key = "head", labels = {zh = "主管"}, roles = ["seller"]}]},
]
transitions = [{source = "won", target = "offer", labels = {zh = "退回"}}]
[[stages]]
key = "won"
kind = "open"
labels = {en = "Won over", zh = "已说服"}
checklist = [{key = "asked", labels = {zh = "问过预算了吗"}}]
[[stages]]
key = "offer"
kind = "open"
labels = {zh = "报价"}
""")
LOST = State("won", Outcome.LOST)


def test_a_pipeline_gives_its_names_by_kind():
    assert PIPELINE.names("zh") == {
        "pipeline": {"sales": "销售"},
        "stage": {"won": "已说服", "offer": "报价"},
        "field": {"offer": "报价单号", "industry": "industry"},
        "reason": {"price": "价格"},
        "item": {"asked": "问过预算了吗"},
        "action": {"send": "发送报价"},
        "approval": {"offer": "报价审批"},
        "step": {"head": "主管"},
        "transition": {"won → offer": "退回"},
    }
    assert PIPELINE.names("en")["stage"] == {"won": "Won over", "offer": "offer"}


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("field.missing", "offer"), "“报价单号”未填写"),
        (Problem("field.missing", "industry"), "“industry”未填写"),
        (Problem("field.eq", "offer", {"have": "won", "need": "offer"}), "“报价单号”为 won，须等于 offer"),
        (Problem("stage.archived", "to", {"stage": "offer"}), "阶段“报价”已归档，单子只出不进"),
        (Problem("stage.no_entry", "", {"have": "offer", "need": ["won"]}), "单子须在“已说服”新建，不能在“报价”新建"),
        (Problem("move.no_way", "", {"source": LOST, "target": "x"}), "没有从“已说服（丢单）”到“x”的流转"),
        (Problem("reason.missing", "", {"outcome": "lost", "need": ["price"]}), "以丢单关闭须说明原因：价格"),
        (Problem("answers.missing", "answers", {"need": ["asked"]}), "检查项未答复：问过预算了吗"),
        (Problem("action.unknown", "", {"have": "won", "need": ["send"]}), "没有动作“won”，流程中的动作有：发送报价"),
        (Problem("pipeline.other", "pipeline", {"have": "old", "need": "sales"}), "单子属于流程“old”，而非“销售”"),
    ],
)
def test_the_names_of_the_host_go_to_what_they_are_the_names_of(problem, text):
    assert problem.text("zh", names=PIPELINE.names("zh")) == text


def test_what_needs_a_role_is_called_by_its_name():
    for parameter, what, text in (
        ("stage", "offer", "报价"),
        ("action", "send", "发送报价"),
        ("direction", Direction.WIN, "赢单"),
        ("subject", "offer", "报价审批"),
        ("act", "merge", "合并"),
    ):
        problem = Problem("role.needed", "actor", {"need": ("seller",), "have": "ann", parameter: what})

        assert problem.text("zh", names=PIPELINE.names("zh")) == f"“{text}”须具有角色“seller”，当前操作人：ann"
        assert str(problem) == f"{what} needs the role seller; ann does not have it"


def test_the_host_may_name_roles_and_actors_and_rename_our_words():
    problem = Problem("role.missing", "actor", {"need": ("seller",), "have": "u-1"})
    names = {"role": {"seller": "销售"}, "actor": {"u-1": "王芳"}, "field": {"budget": "客户预算"}}

    assert problem.text("zh", names=names) == "须具有角色“销售”，当前操作人：王芳"
    assert Problem("field.missing", "budget").text("zh", names=names) == "“客户预算”未填写"


def test_who_has_to_sign_is_called_by_the_name_of_the_role_or_the_actor():
    waiting = (Step(key="head", roles=("seller",)), Step(key="board", roles=("cfo",), signers=("u-1", "u-2")))
    problem = Problem("approval.open", "approvals", {"subject": "offer", "need": waiting})
    names = {"role": {"seller": "销售", "cfo": "财务"}, "actor": {"u-1": "王芳"}}

    assert str(problem) == "offer waits to be approved by seller, cfo / u-1 / u-2"
    assert problem.detail()["params"]["need"] == ["seller", "cfo / u-1 / u-2"]
    assert problem.text("zh", names={**PIPELINE.names("zh"), **names}) == (
        "“报价审批”正在审批，等待签批：销售、财务 / 王芳 / u-2"
    )


def test_where_a_problem_lies_is_said_where_it_is_elsewhere():
    at = datetime(2026, 3, 1, tzinfo=UTC)

    for path, start in (("", "the deal"), ("deal-2", "deal-2: the deal")):
        text = str(Problem("record.removed", path, {"at": at, "into": None}))
        assert text == f"{start} was removed at {at.isoformat()}; restore it first"


def test_names_reach_the_parts_of_a_choice():
    parts = (
        Problem(
            "criteria.all", "", {"number": 2}, (Problem("field.missing", "offer"), Problem("field.missing", "name"))
        ),
        Problem("role.missing", "actor", {"need": ("seller",), "have": "ann"}),
    )
    problem = Problem("criteria.some", "", {"number": 1, "of": 2}, parts)

    assert problem.text("zh", names=PIPELINE.names("zh")) == (
        "以下 2 项中须改变 1 项：【以下 2 项须全部改变：【“报价单号”未填写；且：“名称”未填写】；"
        "或：须具有角色“seller”，当前操作人：ann】"
    )
    assert str(problem) == (
        "1 of these 2 must change: [all of these 2: [offer is missing | and: name is missing]"
        " | or: ann does not have the role seller]"
    )


@pytest.mark.parametrize("stage", ["a", "won"])
@pytest.mark.parametrize("outcome", Outcome)
def test_a_state_is_said_in_english_as_it_is_printed(stage, outcome):
    state = State(stage, outcome)

    assert isinstance(state, Spoken)
    assert Problem("move.nowhere", "to", {"have": state}).text().endswith(f" {state}")


def test_a_language_that_there_is_not_is_told_with_those_there_are():
    for language in ("tlh", "", "__init__", "zh.TEXTS", "../en"):
        with pytest.raises(LookupError, match="there are: en, zh"):
            Problem("field.missing").text(language)


@pytest.fixture
def third_language(tmp_path, monkeypatch):
    (tmp_path / "tlh.py").write_text(
        'TEXTS = {"field.missing": "{path} Hutlh"}\nWORDS = {"field": {"budget": "Huch"}}\n', encoding="utf-8"
    )
    monkeypatch.setattr(messages, "__path__", [*messages.__path__, str(tmp_path)])
    yield "tlh"
    load_language.cache_clear()
    sys.modules.pop("oppcore.messages.tlh")
    del messages.tlh


def test_a_language_is_added_as_one_file(third_language):
    assert find_languages() == ("en", "tlh", "zh")
    assert Problem("field.missing", "budget").text(third_language) == "Huch Hutlh"
    assert Problem("field.ne", "budget", {"need": True}).text(third_language) == "Huch: field.ne (need: True)"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals().filter(lambda number: not number.is_snan())  # cannot be hashed
    | st.text(max_size=20)
    | st.binary(max_size=5)
    | st.datetimes(timezones=st.just(UTC))
    | st.sampled_from([*Outcome, *Direction, State("a", Outcome.LOST), Money(1, "EUR"), object(), Outcome])
    | st.sampled_from(["{", "}", "{0}", "[[", "]]", "%s", "\n", "a\r\nb", "\u2028"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.frozensets(SCALARS, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)
KINDS = st.sampled_from(["stage", "field", "Outcome", "mark", "actor", "", "time"])
NAMES = st.none() | st.dictionaries(KINDS, st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))


@given(
    st.data(),
    st.sampled_from(sorted(en.TEXTS)) | st.text(max_size=10),
    st.sampled_from(find_languages()),
    st.text(max_size=10) | st.sampled_from(["budget", "a\nb", ""]),
    NAMES,
)
def test_whatever_the_parameters_are_they_are_said_in_one_line(data, code, language, path, names):
    asked, _ = placeholders(en.TEXTS.get(code, ""))
    params = data.draw(st.dictionaries(st.sampled_from([*sorted(asked), "more"]), VALUES))
    problem = Problem("criteria.some", "", {}, (Problem(code, path, params), Problem(code, path)))

    assert len(problem.text(language, names=names).splitlines()) == 1


def test_a_moment_is_said_exactly():
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    text = Problem("change.before_it_happens", "recorded_at", {"have": at, "need": at}).text("zh")

    assert text == "记录时间 2026-03-01T09:30:00+00:00 早于发生时间 2026-03-01T09:30:00+00:00"


def test_a_choice_of_ours_in_a_gate_is_said_in_the_language_and_one_of_the_host_is_not():
    pipeline = load_pipeline("""
    key = "x"
    fields = [{key = "grade", type = "choice", choices = ["low", "high"]}]
    [[stages]]
    key = "a"
    kind = "open"
    [[stages]]
    key = "b"
    kind = "open"
    entry = [{compare = "price_sensitivity", ne = "high"}, {compare = "grade", eq = "high"}]
    """)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    [opened] = oppcore.open_opportunity(pipeline, "d", {"price_sensitivity": "high", "grade": "low"}, at=at)
    problems = oppcore.unmet(pipeline, opened.record, "b", at=at)

    assert [problem.text("zh") for problem in problems] == ["“价格敏感度”不得为 高", "“grade”为 low，须等于 high"]
    assert load_pipeline(oppcore.dump_pipeline(pipeline, format="json")) == pipeline


def test_what_is_known_of_parameters_is_true_of_the_sentences():
    for code, name in messages._KINDS:
        texts = [text for one, text in en.TEXTS.items() if code in ("", one, one.partition(".")[0])]
        assert any(name in placeholders(text)[0] for text in texts), (code, name)
    assert set(messages._KINDS.values()) - {""} <= en.WORDS.keys() | PIPELINE.names("en").keys() | {"role"}


def test_what_documents_and_files_turn_out_to_be_has_its_words():
    said = {*_TYPE_NAMES.values(), *_NO_TABLES.values()}
    for name, tree in modules():
        if name.startswith(("oppcore.document", "oppcore.pipeline", "oppcore.criteria")):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_wrong", "_unknown"):
                    said |= {arg.value for arg in node.args[1:] if isinstance(arg, ast.Constant)} - {"currency"}

    assert sorted(said - en.WORDS["word"].keys()) == []
