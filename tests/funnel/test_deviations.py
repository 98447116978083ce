"""Who differs from the standard funnel: held against scipy and statsmodels, counted by hand, and as laws."""

from decimal import Decimal
from functools import reduce
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from oppcore.funnel import (
    Basis,
    CellCounts,
    Passing,
    PassingCounts,
    StandardFunnel,
    Tally,
    combine,
    count_passing,
    finish_deviations,
    measure_deviations,
)
from oppcore.history import make_history
from oppcore.pipeline import Pipeline, Stage
from oppcore.stats import count_events, log_rank_test, newcombe, wilson
from tests.history.examples import PIPELINE, day, golden, row, row_lists

SHOP = Pipeline(
    key="shop",
    stages=[
        Stage(key="Q", kind="open", expected_conversion=Decimal("0.5"), expected_days=Decimal(10)),
        Stage(key="P", kind="open"),
        Stage(key="W", kind="won"),
        Stage(key="L", kind="lost"),
    ],
)


def counted(numbers, stays=None):
    """Counts of one stage as if they had been counted: (went on, dropped) by group, and the days of their stays."""
    groups = {
        by: PassingCounts(
            CellCounts({("Q", "went_on"): went_on, ("Q", "dropped"): dropped}),
            {"Q": count_events(*(stays or {}).get(by, ([], [])))},
        )
        for by, (went_on, dropped) in numbers.items()
    }
    none = PassingCounts(CellCounts.of({}), {})
    basis = Basis(as_of=day(0), known_on=None, by="owner_id")
    return Tally(definition=Passing(("Q",)), basis=basis, none=none, groups=groups)


def deals(owner, *ends, start=0):
    """Deals of an owner, one per letter: `+` goes on to P after ten days, `-` is lost after ten, `?` stays."""
    for number, (end, took) in enumerate(ends):
        id = f"{owner}{number}"
        yield row("Q", start, id=id, owner_id=owner)
        if end != "?":
            yield row("P" if end == "+" else "L", start + took, id=id)


def team(**shares):
    """Forty deals each, of which so many went on after ten days."""
    return make_history(
        found
        for owner, went_on in shares.items()
        for found in deals(owner, *([("+", 10)] * went_on), *([("-", 10)] * (40 - went_on)))
    )


# by hand


def test_each_deal_counts_once_per_stage_by_whether_it_came_further():
    counts = count_passing(golden(), PIPELINE, as_of=day(100)).total

    # o05 came back to P and won, o08 was lost in P, reopened in Q and won.
    assert counts.ids("Q", "went_on") == ("o01", "o02", "o04", "o05", "o06", "o08", "o10")
    assert (counts.ids("Q", "dropped"), counts.ids("Q", "undecided")) == (("o03", "o11"), ("o07", "o12"))
    assert counts.ids("P", "dropped") == ("o02",)
    assert counts.ids("N", "dropped") == ("o09",)
    assert counts.ids("P", "undecided") == ("o06",)


def test_only_the_first_stay_of_a_deal_counts_and_an_open_one_is_censored():
    rows = [row("Q", 0), row("P", 3), row("Q", 5), row("P", 9), row("Q", 20, id="b")]
    stays = count_passing(make_history(rows), PIPELINE, as_of=day(24)).total.stays

    assert (stays["Q"].times, stays["Q"].all_events, stays["Q"].censored) == ((3, 4), (1, 0), (0, 1))
    assert (stays["P"].times, stays["P"].all_events) == ((2,), (1,))


def test_a_stay_is_held_against_the_expected_days_only_once_it_has_had_them():
    rows = [*deals("ann", ("+", 3), ("+", 10), ("-", 11), ("?", 0)), *deals("bob", ("+", 2), ("?", 0), start=15)]
    cells = count_passing(make_history(rows), SHOP, standard=StandardFunnel.of(SHOP), as_of=day(24)).total.cells

    assert cells.number("Q", "in_time") == 2
    assert cells.number("Q", "over_time") == 2


def test_a_rep_who_is_clearly_worse_is_found_and_the_others_are_not():
    found = measure_deviations(team(ann=36, bob=35, cy=34, dan=12), SHOP, aspects=["conversion"])

    assert [(row.by, str(row.judgement)) for row in found.rows if row.stage == "Q"] == [
        ("ann", "better"),
        ("bob", "better"),
        ("cy", "not_distinguishable"),
        ("dan", "worse"),
    ]
    assert [row.by for row in found.judged("worse")] == ["dan"]
    assert found.row("dan", "Q").difference == 12 / 40 - 105 / 120


def test_a_rep_is_held_against_what_the_stage_expects():
    found = measure_deviations(team(ann=33, bob=20), SHOP, standard="pipeline")

    ann, bob = found.row("ann", "Q"), found.row("bob", "Q")
    low, high = wilson(33, 40)
    assert (ann.value, ann.standard, ann.low, ann.high) == (33 / 40, 0.5, low - 0.5, high - 0.5)
    assert ann.p_value == pytest.approx(stats.binomtest(33, 40, 0.5).pvalue, rel=1e-9)
    assert (str(ann.judgement), str(bob.judgement)) == ("better", "not_distinguishable")
    stay = found.row("ann", "Q", "stay")
    assert (stay.value, stay.deals, str(stay.judgement)) == (1.0, 40, "better")  # ten days are in time
    assert {row.stage for row in found.rows} == {"Q"}  # P expects nothing


def test_a_standard_may_be_given_as_a_vector():
    standard = StandardFunnel(conversion={"P": 0.9}, days={"Q": 5})
    found = measure_deviations(team(ann=33, bob=20), SHOP, standard=standard)

    assert {(row.stage, str(row.aspect)) for row in found.rows} == {("P", "conversion"), ("Q", "stay")}
    assert found.row("ann", "Q", "stay").judgement == "worse"
    assert found.row("ann", "P").judgement == "too_few"  # all are still there
    assert found.detail()["standard"] == {"conversion": {"P": 0.9}, "days": {"Q": 5.0}}


def test_who_has_few_deals_is_not_judged_and_takes_no_part_in_the_adjustment():
    found = measure_deviations(
        make_history([*team(ann=30, bob=10).rows, *deals("cy", *[("-", 1)] * 9)]), SHOP, aspects=["conversion"]
    )
    cy = found.row("cy", "Q")

    assert (str(cy.judgement), cy.test, cy.deals) == ("too_few", None, 9)
    assert (cy.value, cy.standard) == (0.0, 0.5)
    assert found.row("ann", "Q").adjusted_p == min(1.0, 2 * found.row("ann", "Q").p_value)


def test_who_lingers_is_found_by_the_stay():
    dice = Random(1)
    rows = [
        found
        for owner, mean in (("ann", 10), ("bob", 10), ("cy", 10), ("dan", 40))
        for found in deals(owner, *(("+", dice.expovariate(1 / mean)) for _ in range(40)))
    ]
    found = measure_deviations(make_history(rows), SHOP, aspects=["stay"], as_of=day(60))
    dan = found.row("dan", "Q", "stay")

    assert [row.by for row in found.judged("worse")] == ["dan"]
    assert dan.difference > dan.low > 0
    assert dan.unit == "days"
    assert dan.test.test.startswith("log-rank test")


def test_stays_that_all_take_the_same_time_are_not_distinguishable():
    found = measure_deviations(team(ann=20, bob=30), SHOP, aspects=["stay"])

    assert {str(row.judgement) for row in found.rows if row.stage == "Q"} == {"not_distinguishable"}


def test_the_table_says_what_is_promised():
    text = str(measure_deviations(team(ann=36, dan=12), SHOP, aspects=["conversion"]))

    assert "Deviations from all others as of" in text
    assert "the chance of any false alarm at all is below 5%" in text
    assert "+60.0%" in text
    assert "not distinguishable" not in text
    assert "expected below 10%" in str(
        measure_deviations(team(ann=36, dan=12), SHOP, adjust="benjamini_hochberg", confidence=0.9)
    )


# others' numbers


def test_one_rep_of_thirty_who_stands_out_by_himself_does_not_among_thirty():
    # 127 of 231 against 4111 of 6480, which 29 others share: z = -2.620108, p = 0.0087902 for him alone.
    shares = [4111 // 29 + (number < 4111 % 29) for number in range(29)]
    sizes = [6480 // 29 + (number < 6480 % 29) for number in range(29)]
    numbers = {f"r{number:02}": (won, all - won) for number, (won, all) in enumerate(zip(shares, sizes, strict=True))}
    found = finish_deviations(counted({"him": (127, 104), **numbers}), aspects=["conversion"])
    him = found.row("him", "Q")

    fisher = stats.fisher_exact([[127, 104], [4111, 2369]])
    assert him.p_value == pytest.approx(fisher.pvalue, rel=1e-9)
    assert him.p_value < 0.011  # the exact test is a little more careful than z
    assert him.adjusted_p == pytest.approx(30 * him.p_value)
    assert him.judgement == "not_distinguishable"
    assert len([row for row in found.rows if row.test is not None]) == 30


def test_the_interval_of_a_difference_is_newcombes():
    found = finish_deviations(counted({"ann": (56, 14), "bob": (48, 32)})).row("ann", "Q")

    assert (found.low, found.high) == pytest.approx((0.052431, 0.333873), abs=1e-6)
    assert (found.low, found.high) == newcombe((56, 70), (48, 80))


@settings(max_examples=10)  # multipletests collects garbage each time: of a long run it takes a second
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=6),
    st.sampled_from([("holm", "holm"), ("benjamini_hochberg", "fdr_bh")]),
)
def test_every_p_value_is_that_of_scipy_and_every_adjusted_one_that_of_statsmodels(numbers, rules):
    ours, theirs = rules
    found = finish_deviations(
        counted({str(number): pair for number, pair in enumerate(numbers)}), adjust=ours, aspects=["conversion"]
    )
    tested = [one for one in found.rows if one.test is not None]
    for one in tested:
        own = numbers[int(one.by)]
        rest = [sum(pair[i] for j, pair in enumerate(numbers) if j != int(one.by)) for i in (0, 1)]
        assert one.p_value == pytest.approx(stats.fisher_exact([own, rest]).pvalue, rel=1e-7, abs=1e-12)
    if tested:
        _, adjusted, _, _ = multipletests([one.p_value for one in tested], method=theirs)
        assert [one.adjusted_p for one in tested] == pytest.approx(adjusted, rel=1e-9, abs=1e-12)


# the promise


def test_where_nobody_differs_an_alarm_is_as_rare_as_promised():
    # Teams of ten; with 150 of them, more than 15 false alarms would be surprising where their chance is 5 %.
    dice = Random(2024)
    alarms = 0
    for _ in range(150):
        numbers = {}
        stays = {}
        for rep in range(10):
            size = dice.randrange(15, 60)
            went_on = sum(dice.random() < 0.6 for _ in range(size))
            numbers[str(rep)] = (went_on, size - went_on)
            days = [min(dice.expovariate(1 / 20), 45.0) for _ in range(size)]
            stays[str(rep)] = (days, [one < 45 for one in days])
        found = finish_deviations(counted(numbers, stays))
        alarms += any(row.judgement in ("better", "worse") for row in found.rows)

    assert stats.binomtest(alarms, 150, 0.05, alternative="greater").pvalue > 0.01


# laws


def plain(found):
    return {key: value for key, value in found.detail().items() if key != "left_out"}


standards = st.sampled_from([None, StandardFunnel(conversion={"Q": 0.5, "N": 0.2}, days={"Q": 3, "P": 1.5})])


@settings(max_examples=40)
@given(row_lists(), standards, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_parts_counted_apart_combine_to_the_whole(rows, standard, split):
    counting = {"standard": standard, "by": "owner_id", "as_of": day(20)}
    parts = [
        count_passing(
            make_history(row for row in rows if split["abcde".index(row.opportunity_id)] == part), PIPELINE, **counting
        )
        for part in range(3)
    ]
    whole = count_passing(make_history(rows), PIPELINE, **counting)

    finishing = {"standard": standard, "min_deals": 1}
    assert plain(finish_deviations(reduce(combine, parts), **finishing)) == plain(finish_deviations(whole, **finishing))


@settings(max_examples=40)
@given(row_lists(), st.randoms())
def test_the_order_of_the_rows_changes_nothing(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = (
        measure_deviations(make_history(found), PIPELINE, min_deals=1, as_of=day(20)) for found in (rows, shuffled)
    )

    assert one.detail() == other.detail()


@settings(max_examples=40)
@given(row_lists(), st.integers(0, 13))
def test_rows_after_a_day_change_nothing_that_is_said_of_it(rows, on):
    one, other = (
        count_passing(make_history(found), PIPELINE, as_of=day(on)).total
        for found in (rows, [row for row in rows if row.at <= day(on)])
    )

    assert one == other


@settings(max_examples=40)
@given(row_lists())
def test_every_deal_that_was_in_a_stage_counts_there_once(rows):
    counts = count_passing(make_history(rows), PIPELINE).total

    for name in ("Q", "P", "N"):
        kinds = [set(counts.ids(name, kind)) for kind in ("went_on", "dropped", "undecided")]
        assert sum(map(len, kinds)) == len(set().union(*kinds))
        assert len(counts.stays[name]) == sum(map(len, kinds))


def test_a_stay_next_to_the_others_is_the_log_rank_test_of_the_two():
    dice = Random(3)
    stays = {by: ([dice.randrange(1, 30) for _ in range(25)], [dice.random() < 0.8 for _ in range(25)]) for by in "abc"}
    found = finish_deviations(counted(dict.fromkeys("abc", (10, 10)), stays), aspects=["stay"])

    own, rest = count_events(*stays["a"]), count_events(*stays["b"]) + count_events(*stays["c"])
    assert found.row("a", "Q", "stay").test == log_rank_test([own, rest], corrected=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"standard": "pipelin"}, r"no standard 'pipelin'; did you mean 'pipeline'\?"),
        ({"standard": "pipeline"}, "no open stage of pipeline 'golden' says expected_conversion"),
        ({"standard": StandardFunnel(conversion={"W": 0.5})}, "'W' is no open stage of pipeline 'golden'"),
        ({"aspects": ["speed"]}, "no aspect 'speed'"),
        ({"adjust": "bonferroni"}, "no adjustment 'bonferroni'; there are: holm, benjamini_hochberg"),
        ({"min_deals": 0}, "at least 1 deal"),
        ({"by": "rep"}, "no column 'rep'"),
        ({"confidence": 1}, "confidence"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure_deviations(golden(), PIPELINE, **wrong)


@pytest.mark.parametrize("wrong", [{"conversion": {"Q": 1.5}}, {"days": {"Q": 0}}, {"days": {"Q": float("nan")}}])
def test_a_standard_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValueError, match="'Q'"):
        StandardFunnel(**wrong)


def test_the_standard_of_a_pipeline_is_what_its_stages_expect():
    assert StandardFunnel.of(SHOP) == StandardFunnel(conversion={"Q": Decimal("0.5")}, days={"Q": 10})
