from fractions import Fraction

import pytest

from oppcore.errors import UnreadableChanges
from oppcore.funnel import CountingRule, measure_funnel
from oppcore.history import RowKind, make_history
from oppcore.stats import wilson
from tests.history.examples import PIPELINE, day, golden, row


def counts(funnel):
    return [step.count for step in funnel.steps]


def measure(*rows, count="touched", **settings):
    return measure_funnel(make_history(rows), PIPELINE, count=count, **settings)


@pytest.mark.parametrize(("rule", "expected"), [("touched", [11, 7, 6, 4]), ("ordered", [11, 6, 4, 3])])
def test_the_golden_log_counts_as_by_hand(rule, expected):
    funnel = measure_funnel(golden(), PIPELINE, count=rule, as_of=day(100))

    assert [step.name for step in funnel.steps] == ["Q", "P", "N", "won"]
    assert counts(funnel) == expected
    assert (funnel.deals, funnel.count, funnel.as_of) == (12, CountingRule(rule), day(100))


def test_each_step_is_divided_by_the_one_before_and_by_the_first():
    funnel = measure_funnel(golden(), PIPELINE, count="ordered")

    assert [step.step.value for step in funnel.steps] == [
        Fraction(11, 12),
        Fraction(6, 11),
        Fraction(2, 3),
        Fraction(3, 4),
    ]
    assert [step.cumulative.value for step in funnel.steps] == [1, Fraction(6, 11), Fraction(4, 11), Fraction(3, 11)]
    assert (funnel.step("won").step.low, funnel.step("won").step.high) == wilson(3, 4)


def test_a_step_that_holds_others_than_the_one_before_is_no_share():
    # o04 left out P, o09 left out Q: of the six in N, o04 was not in P and o09 not in Q.
    funnel = measure_funnel(golden(), PIPELINE, count="touched")

    assert [step.step.nested for step in funnel.steps] == [True, False, False, True]
    assert [step.cumulative.nested for step in funnel.steps] == [True, False, False, True]
    assert funnel.step("N").step.low is None
    assert "not nested" in str(funnel)


def test_a_ratio_above_1_is_reported_as_it_is():
    funnel = measure(row("Q", id="a"), row("P", id="b"), row("P", id="c"))

    assert funnel.step("P").step.value == 2
    assert "200.0% (not nested)" in str(funnel)


def test_a_step_nobody_reached_divides_nothing():
    funnel = measure(row("Q"))

    assert funnel.step("N").step.value is None
    assert funnel.step("N").cumulative.value == 0
    assert measure().step("Q").step.value is None


def test_confidence_can_be_chosen():
    funnel = measure_funnel(golden(), PIPELINE, count="ordered", confidence=0.8)

    assert funnel.step("won").step.low == wilson(3, 4, 0.8)[0]
    assert "with 80% confidence" in str(funnel)


def test_a_won_step_is_the_outcome_not_the_stage():
    funnel = measure(row("W", id="a"), row("W", id="b", outcome="lost"), row("D", id="c"))

    assert funnel.ids("won") == ("a", "c")


def test_what_was_won_and_is_no_longer_is_said():
    funnel = measure(row("W", 0, id="a"), row("L", 2, id="a"), row("W", id="b"))

    assert (funnel.step("won").count, funnel.no_longer_won) == (2, 1)
    assert "1 of the deals counted as won are no longer won" in str(funnel)


def test_it_can_be_asked_who_is_behind_a_step():
    funnel = measure_funnel(golden(), PIPELINE, count="ordered")

    assert funnel.ids("N") == ("o01", "o05", "o08", "o10")
    with pytest.raises(KeyError):
        funnel.ids("closing")


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        (["Q", "N"], ["Q", "N", "won"]),
        (["N", "Q", "won"], ["N", "Q", "won"]),
        (["Q", "W"], ["Q", "won"]),
        ([], ["won"]),
    ],
)
def test_steps_can_be_picked_and_ordered(steps, names):
    assert [step.name for step in measure_funnel(golden(), PIPELINE, count="touched", steps=steps).steps] == names


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["Q", "p"], "'p' is no open stage"),
        (["won", "Q"], "only be the last step"),
        (["L"], "there are: Q, P, N"),
        (["Q", "Q"], "comes twice"),
    ],
)
def test_steps_that_cannot_be_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        measure_funnel(golden(), PIPELINE, count="touched", steps=steps)


def test_a_text_is_no_list_of_steps():
    with pytest.raises(TypeError, match="list of steps"):
        measure_funnel(golden(), PIPELINE, count="touched", steps="QP")


def test_the_rule_has_no_default_and_must_be_known():
    with pytest.raises(TypeError):
        measure_funnel(golden(), PIPELINE)
    with pytest.raises(ValueError, match="anyhow"):
        measure_funnel(golden(), PIPELINE, count="anyhow")


def test_groups_go_by_the_value_said_last_and_nothing_said_is_a_group():
    funnel = measure(
        row("Q", 0, id="a", owner_id="ann"),
        row("P", 1, id="a", owner_id="bob"),
        row("Q", 0, id="b", owner_id="ann"),
        row("Q", 0, id="c"),
        by="owner_id",
    )

    assert [(group.by, group.deals, counts(group)) for group in funnel.groups] == [
        ("ann", 1, [1, 0, 0, 0]),
        ("bob", 1, [1, 1, 0, 0]),
        (None, 1, [1, 0, 0, 0]),
    ]
    assert counts(funnel) == [3, 1, 0, 0]


def test_further_columns_group_too_and_unknown_ones_are_refused():
    rows = [row("Q", id="a", further={"region": "north"}), row("Q", id="b", further={"region": "south"})]

    assert [group.by for group in measure(*rows, by="region").groups] == ["north", "south"]
    with pytest.raises(ValueError, match=r"'regoin'; did you mean 'region'\? there are: actor_id, .*region"):
        measure(*rows, by="regoin")
    with pytest.raises(ValueError, match="there are: actor_id"):
        measure(*rows, by="zzz")


def test_removed_deals_are_in_no_count():
    funnel = measure(row("Q", id="a"), row(None, 1, id="a", kind=RowKind.REMOVED), row("Q", id="b"))

    assert (funnel.deals, counts(funnel)) == (1, [1, 0, 0, 0])


def test_what_was_left_out_is_told():
    assert [problem.code for problem in measure(row("n"), lenient=True).left_out] == ["stage.unknown"]
    with pytest.raises(UnreadableChanges):
        measure(row("n"))


def test_it_is_plain_for_json():
    found = measure(row("Q", id="a"), row("P", 1, id="a"), by="owner_id", steps=["Q"]).detail()

    assert found["measure"] == "funnel"
    assert (found["count"], found["as_of"]) == ("touched", "2024-01-02T00:00:00+00:00")
    assert found["steps"][0] == {
        "name": "Q",
        "count": 1,
        "step": {"numerator": 1, "denominator": 1, "value": 1.0, "low": wilson(1, 1)[0], "high": 1.0, "nested": True},
        "cumulative": {
            "numerator": 1,
            "denominator": 1,
            "value": 1.0,
            "low": wilson(1, 1)[0],
            "high": 1.0,
            "nested": True,
        },
    }
    assert found["groups"] == [{"by": None, "deals": 1, "steps": found["steps"]}]
    assert found["left_out"] == []


def test_it_shows_in_a_terminal_a_notebook_and_a_data_frame():
    plain, grouped = measure(row("Q")), measure(row("Q", owner_id="ann"), by="owner_id")

    assert str(plain).splitlines() == [
        "Funnel as of 2024-01-01T00:00:00+00:00, counting by touched",
        "step  deals        of the step before         of the first step",
        "────  ─────  ────────────────────────  ────────────────────────",
        "Q         1  100.0% (20.7% to 100.0%)  100.0% (20.7% to 100.0%)",
        "P         0      0.0% (0.0% to 79.3%)      0.0% (0.0% to 79.3%)",
        "N         0                         –      0.0% (0.0% to 79.3%)",
        "won       0                         –      0.0% (0.0% to 79.3%)",
        "1 deal exists; intervals hold with 95% confidence",
    ]
    assert grouped._repr_html_().startswith("<table>")
    assert grouped.table().columns[0] == "owner_id"
    assert plain.as_records()[0]["step_value"] == 1.0
    assert grouped.as_records()[0]["owner_id"] == "ann"
