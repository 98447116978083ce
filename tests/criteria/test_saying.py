"""A criterion in words, in both languages, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oppcore.criteria import Criterion, Present, say_criterion
from oppcore.messages import find_languages
from oppcore.pipeline import load_pipeline
from oppcore.testing import criteria

DOCUMENT = """
key = "x"
approvals = [{key = "price", labels = {zh = "价格"}, steps = [{key = "boss", roles = ["boss"]}]}]
fields = [{key = "grade", type = "number", labels = {zh = "等级"}}, {key = "status", type = "text"}]
[[stages]]
key = "a"
kind = "open"
checklist = [{key = "who", labels = {zh = "谁"}}, {key = "when"}]
entry = [%s]
"""


def said(gate, language):
    pipeline = load_pipeline(DOCUMENT % gate)
    [criterion] = pipeline.stages[0].entry
    return say_criterion(criterion, language=language, names=pipeline.names(language))


@pytest.mark.parametrize(
    ("gate", "english", "chinese"),
    [
        ('{present = "budget"}', "budget is filled in", "已填写“预算”"),
        ('{compare = "grade", ge = 3}', "grade is at least 3", "“等级”不小于 3"),
        ('{compare = "decision", eq = "go"}', "decision is go", "“是否继续的决定”为 继续"),
        (
            '{compare = "grade", between = [1, 2]}',
            "grade lies between 1, 2 (both included)",
            "“等级”介于 1、2 之间（含两端）",
        ),
        ('{text = "source", contains = "fair"}', "source contains 'fair'", "“来源渠道”包含“fair”"),
        ('{elapsed = "entered", at_least_days = 3}', "since entered: at least 3 days", "自进入阶段起至少 3 天"),
        ('{answered = "checklist"}', "answered: who, when", "已答复：谁、when"),
        ('{approved = "price"}', "price is approved", "“价格”已获批"),
        ('{role = ["boss"]}', "done by boss", "由“boss”操作"),
        ('{exists = "quotes", at_least = 2}', "at least 2 of quotes", "“报价”至少 2 项"),
        (
            '{exists = "quotes", where = {compare = "status", eq = "sent"}}',
            "at least 1 of quotes with [status is sent]",
            "“报价”至少 1 项符合【“状态”为 已发送】",
        ),
        ('{not = {exists = "objections"}}', "no objections", "没有“客户异议”"),
        (
            '{not = {exists = "objections", where = {compare = "resolved", eq = false}}}',
            "no objections with [resolved is False]",
            "“客户异议”中没有一项符合【“已解决”为 否】",
        ),
        (
            '{not = {exists = "quotes", at_least = 2}}',
            "not: [at least 2 of quotes]",
            "须不满足【“报价”至少 2 项】",
        ),
        (
            '{any = [{present = "budget"}, {all = [{present = "intent"}, {present = "status"}]}]}',
            "one of: [budget is filled in | or: all of: [intent is filled in | and: status is filled in]]",
            "须满足其一【已填写“预算”；或：须全部满足【已填写“购买意向”；且：已填写“status”】】",
        ),
        (
            '{some = 2, of = [{present = "budget"}, {present = "intent"}, {present = "amount"}]}',
            "2 of: [budget is filled in | or: intent is filled in | or: amount is filled in]",
            "须满足其中 2 项【已填写“预算”；或：已填写“购买意向”；或：已填写“金额”】",
        ),
    ],
)
def test_it_is_said_in_words(gate, english, chinese):
    assert said(gate, "en") == english
    assert said(gate, "zh") == chinese


def test_a_criterion_of_the_host_is_called_by_the_name_of_its_class():
    class LegalReviewed:
        def judge(self, situation, /):
            return True

        def problem(self, situation, wanted, /):
            raise AssertionError

    assert say_criterion(LegalReviewed()) == "the criterion LegalReviewed"
    assert say_criterion(LegalReviewed(), language="zh") == "自定义条件“LegalReviewed”"


@given(criteria(), st.sampled_from(find_languages()))
def test_every_criterion_has_its_line(criterion: Criterion, language):
    text = say_criterion(criterion, language=language)

    assert len(text.splitlines()) == 1
    assert "<" not in text.replace("<script>", "")  # no gap in a sentence
    assert "say." not in text


def test_a_language_there_is_not_is_told():
    with pytest.raises(LookupError, match="there are: en, zh"):
        say_criterion(Present("budget"), language="tlh")
