"""The counting rules against numbers others have published, and against a search through all subsequences."""

from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.funnel import Cohort, CountingRule, EntryRule, measure_funnel
from oppcore.funnel.counting import Counting
from oppcore.funnel.way import Way
from oppcore.history import Row, fold_history, make_history
from oppcore.periods import Period
from oppcore.pipeline import Pipeline, Stage
from tests.history.examples import PIPELINE, START, day, golden, row


def counts(funnel):
    return [step.count for step in funnel.steps]


def letters(steps):
    """A pipeline whose open stages are letters; `d` and `x` are no steps of it, `z` means lost."""
    stages = [*steps, *(letter for letter in "dx" if letter not in steps)]
    return Pipeline(
        key="letters",
        stages=[
            *(Stage(key=key, kind="open") for key in stages),
            Stage(key="z", kind="lost"),
            Stage(key="w", kind="won"),
        ],
    )


def journeys(pipeline, *logs, steps, **limits):
    """The funnel of logs such as `abc`, one letter per entry."""
    rows = [
        Row(opportunity_id=str(number), stage=letter, at=START + timedelta(seconds=place), number=place + 1)
        for number, log in enumerate(logs)
        for place, letter in enumerate(log)
    ]
    return measure_funnel(make_history(rows), pipeline, steps=list(steps), **limits)


def depth(log, steps="abc", **limits):
    """How many steps one log reaches."""
    return sum(counts(journeys(letters("abcefghisp"), log, steps=steps, **limits))[:-1])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("touched", [11, 7, 6, 4]),
        ("backfilled", [12, 8, 6, 4]),
        ("backfilled_unless_lost", [11, 8, 6, 4]),
        ("ordered", [11, 6, 4, 3]),
        ("strict", [11, 6, 4, 2]),
        ("unordered", [12, 8, 5, 3]),
    ],
)
def test_the_golden_log_counts_as_by_hand(rule, expected):
    # By `backfilled_unless_lost`, o04 (won) was in P for it, o09 (lost, began in P) was not in Q.
    funnel = measure_funnel(golden(), PIPELINE, count=rule, as_of=day(100))

    assert counts(funnel) == expected


def test_the_golden_log_in_a_window_counts_as_by_hand():
    funnel = measure_funnel(golden(), PIPELINE, count="ordered", window=timedelta(days=30), as_of=day(100))

    assert counts(funnel) == [11, 6, 3, 0]
    assert funnel.ids("N") == ("o01", "o05", "o08")


# PostHog, test_funnel_strict.py, restated: s signed up, p page viewed, i insight viewed, d something else.
STRICT_JOURNEYS = ("s", "ps", "spdi", "idps", "psdpi", "dsdp", "dspid", "ip")


@pytest.mark.parametrize(("rule", "expected"), [("strict", [7, 2, 1]), ("ordered", [7, 4, 3])])
def test_strict_and_ordered_counts_are_those_of_posthog(rule, expected):
    assert counts(journeys(letters("spi"), *STRICT_JOURNEYS, steps="spi", count=rule))[:3] == expected


def test_unordered_counts_are_those_of_posthog():
    # test_funnel_unordered.py, restated: how many did one, two, three of the steps, in any order.
    funnel = journeys(
        letters("spi"), "s", "ps", "spdi", "ips", "psdi", "di", "dp", "ip", steps="spi", count="unordered"
    )

    assert counts(funnel)[:3] == [8, 5, 3]
    assert [step.name for step in funnel.steps] == ["any 1", "any 2", "any 3", "any 4"]
    assert funnel.ids("any 3") == ("2", "3", "4")


def test_in_a_window_the_best_stretch_of_an_unordered_way_counts():
    # s on second 0, i and p on 9 and 10: within 2 seconds two steps, from the first entry on one.
    log = "sddddddddip"

    assert depth(log, "spi", count="unordered", window=timedelta(seconds=2)) == 2
    assert depth(log, "spi", count="unordered", window=timedelta(seconds=2), entry="first") == 1


@pytest.mark.parametrize(("rule", "expected"), [("ordered", [3, 3, 3, 3, 3, 1]), ("strict", [3, 1, 3, 3, 2, 1])])
def test_short_logs_go_as_deep_as_in_clickhouse(rule, expected):
    # 00632_aggregation_window_funnel.sql, default and strict_order.
    logs = ["abc", "adbc", "aabbcc", "aaaabbcc", "aabbdcc", "ccbbaa"]

    assert [depth(log, count=rule) for log in logs] == expected


@pytest.mark.parametrize(("seconds", "expected"), [(2, 3), (3, 4), (4, 5)])
def test_a_window_includes_its_last_instant_as_in_clickhouse(seconds, expected):
    assert depth("efghi", "efghi", count="ordered", window=timedelta(seconds=seconds)) == expected


def test_steps_in_the_wrong_order_stop_as_in_clickhouse():
    assert depth("abcdefgh", "ah", count="ordered") == 2
    assert depth("abcdefgh", "ha", count="ordered") == 1


@pytest.mark.parametrize(("log", "expected"), [("abac", 2), ("ababc", 2), ("abcbd", 3), ("acb", 1), ("abcabcd", 3)])
def test_from_the_first_entry_on_strict_goes_as_deep_as_in_clickhouse(log, expected):
    # strict_order without re-entry.
    assert depth(log, count="strict", entry="first") == expected


@pytest.mark.parametrize(("log", "expected"), [("ababc", 3), ("abcbd", 3), ("acb", 1), ("abcabcd", 3)])
def test_from_any_entry_on_strict_goes_as_deep_as_clickhouse_with_reentry(log, expected):
    assert depth(log, count="strict") == expected


def test_re_entering_the_first_step_begins_a_new_way_and_does_not_prolong_the_old_one():
    # ClickHouse's allow_reentry says 3: it passes over the a that comes again. Another stage between is another stage.
    assert depth("abac", count="strict") == 2


def test_which_entry_begins_the_way_decides_in_a_window():
    # A 13:00, A 13:30, B 13:45, C 14:15 and one hour: Mixpanel (first entry) stops at B, others do not.
    minutes = [("a", 0), ("d", 10), ("a", 30), ("b", 45), ("c", 75)]
    history = make_history(
        [Row(opportunity_id="o", stage=stage, at=START + timedelta(minutes=at)) for stage, at in minutes]
    )

    def deep(entry):
        return counts(
            measure_funnel(
                history,
                letters("abc"),
                steps=list("abc"),
                count="ordered",
                window=timedelta(hours=1),
                entry=entry,
            )
        )

    assert deep("first") == [1, 1, 0, 0]
    assert deep("any") == [1, 1, 1, 0]


def test_leads_opportunities_and_closings_within_a_month_count_as_posthog_counts_salesforce():
    # Five leads; three became opportunities; one of these is open, two closed before 30 days were over.
    days = {"a": [0], "b": [0, 14], "c": [0, 8, 28], "d": [0], "e": [0, 6, 29]}
    history = make_history(
        row(stage, on, id=id) for id, ons in days.items() for stage, on in zip("abw", ons, strict=False)
    )
    funnel = measure_funnel(history, letters("ab"), steps=["a", "b"], count="ordered", window=timedelta(days=30))

    assert counts(funnel) == [5, 3, 2]


def test_a_stage_to_be_avoided_ends_the_way_and_a_new_entry_begins_another():
    deals = [row(stage, on, id="a") for on, stage in enumerate("QLPN")]
    deals += [row(stage, on, id="b") for on, stage in enumerate("QLQPN")]

    def measure(**rules):
        return counts(measure_funnel(make_history(deals), PIPELINE, exclude=["L"], **rules))

    assert measure(count="ordered") == [2, 1, 1, 0]
    assert measure(count="ordered", entry="first") == [2, 0, 0, 0]
    assert measure(count="touched") == [2, 1, 1, 0]


def test_a_skipped_step_that_is_no_step_of_the_funnel_fills_in_what_lies_before_it():
    # P is no step here; who was in P was past Q.
    funnel = measure_funnel(make_history([row("P")]), PIPELINE, count="backfilled", steps=["Q", "N"])

    assert counts(funnel) == [1, 0, 0]


def test_a_deal_that_is_won_where_no_stage_says_so_was_in_every_step_by_backfilling_only():
    history = make_history([row("W")])

    assert counts(measure_funnel(history, PIPELINE, count="backfilled")) == [1, 1, 1, 1]
    assert counts(measure_funnel(history, PIPELINE, count="strict")) == [0, 0, 0, 0]


def test_being_reopened_where_it_was_lost_is_no_other_stage():
    rows = [
        row("Q", 0),
        row("P", 1),
        row("P", 2, outcome="lost"),
        row("P", 3, outcome="open"),
        row("N", 4),
        row("W", 5),
    ]

    assert counts(measure_funnel(make_history(rows), PIPELINE, count="strict")) == [1, 1, 1, 1]


def test_the_stage_of_a_cancelled_order_is_another_stage():
    rows = [row("Q", 0), row("W", 1, outcome="lost"), row("P", 2), row("N", 3)]

    assert counts(measure_funnel(make_history(rows), PIPELINE, count="strict")) == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"window": timedelta(0)}, "longer than nothing"),
        ({"window": timedelta(days=-1)}, "longer than nothing"),
        ({"entry": "latest"}, "no entry rule 'latest'; there are: any, first"),
        ({"count": "orderd"}, r"no counting rule 'orderd'; did you mean 'ordered'\?"),
        ({"exclude": ["P"]}, "'P' is a step"),
        ({"exclude": ["W"]}, "no stage of pipeline 'golden' that a way can avoid"),
        ({"exclude": ["K"]}, "there are: Q, P, N, L, X"),
        ({"attribution": "first"}, "name the column with by="),
        ({"attribution": "second", "by": "owner_id"}, "there are: first, last, Q, P, N, won"),
        ({"cohort": Cohort(Period(date(2024, 1, 1), date(2024, 2, 1)))}, "depends on the time zone"),
        ({"cohort": Cohort(Period(date(2024, 1, 1), date(2024, 2, 1)), "K"), "timezone": "UTC"}, "'K' is no stage"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        measure_funnel(golden(), PIPELINE, **{"count": "ordered", **wrong})


@pytest.mark.parametrize("wrong", [{"window": 30}, {"exclude": "L"}])
def test_settings_of_another_kind_are_refused(wrong):
    with pytest.raises(TypeError):
        measure_funnel(golden(), PIPELINE, count="ordered", **wrong)


def january(entered=None):
    return Cohort(Period(date(2024, 1, 1), date(2024, 2, 1)), entered)


def test_a_cohort_holds_the_deals_created_in_its_days():
    funnel = measure_funnel(golden(), PIPELINE, count="ordered", cohort=january(), timezone="UTC")

    assert funnel.deals == 8
    assert funnel.ids("Q") == ("o01", "o02", "o03", "o04", "o05", "o06", "o07", "o08")
    assert "deals created in 2024-01-01..2024-02-01" in str(funnel)
    assert funnel.detail()["cohort"] == {"start": "2024-01-01", "end": "2024-02-01", "entered": None, "timezone": "UTC"}


def test_a_cohort_can_be_of_a_stage_or_of_being_won():
    def ids(entered):
        period = Period(date(2024, 1, 31), date(2024, 3, 1))
        funnel = measure_funnel(golden(), PIPELINE, count="touched", cohort=Cohort(period, entered), timezone="UTC")
        return set(funnel.ids("Q")) | set(funnel.ids("P"))

    assert ids("N") == {"o04", "o05", "o09"}
    assert ids("won") == {"o01", "o04"}


def test_whose_days_they_are_decides_on_the_cohort():
    history = make_history([row("Q", 30.99)])  # 23:45 on 31 January in London, already February in Berlin

    def deals(zone):
        return measure_funnel(history, PIPELINE, count="touched", cohort=january(), timezone=zone).deals

    assert (deals("Europe/London"), deals("Europe/Berlin")) == (1, 0)


def test_a_deal_can_be_grouped_by_the_value_it_had_at_first_or_in_a_step():
    history = make_history(
        [
            row("Q", 0, owner_id="ann"),
            row("P", 5, owner_id="bob"),
            row("N", 8),
            row("N", 9, owner_id="cy"),
        ]
    )

    def groups(attribution):
        funnel = measure_funnel(history, PIPELINE, count="ordered", by="owner_id", attribution=attribution)
        return [group.by for group in funnel.groups]

    assert [groups(name) for name in ("first", "last", "P", "N", "won")] == [["ann"], ["cy"], ["bob"], ["bob"], [None]]


def test_it_says_how_it_was_counted():
    limits = {"window": timedelta(days=30), "entry": "first", "exclude": ["X"]}
    funnel = measure_funnel(golden(), PIPELINE, count="strict", **limits)

    assert "counting by strict, within 30 days of the first entry, not by way of X" in str(funnel)
    assert {
        "count": "strict",
        "window_days": 30.0,
        "entry": "first",
        "exclude": ["X"],
    }.items() <= funnel.detail().items()


logs = st.lists(st.tuples(st.sampled_from("QQPPNNLXW"), st.integers(0, 3)), min_size=1, max_size=8)
windows = st.none() | st.integers(1, 12).map(lambda days: timedelta(days=days))
steps = st.sampled_from([None, None, None, ["Q", "N"], ["N", "P"], ["P"], []])
exclusions = st.sampled_from([(), (), ("L",), ("L", "X"), ("P",), ("P", "L")])


def rows_of(log):
    on, found = 0, []
    for number, (stage, gap) in enumerate(log, start=1):
        on += gap
        found.append(row(stage, on, number=number))
    return found


def counted(path, names, rule, *, window, entry, exclude, lost):
    """The steps in which a path is counted, searched for: each through all picks of entries that could be its proof."""
    ranks = {"Q": 0, "P": 1, "N": 2}
    keys = [*names[:-1], None]
    places = range(len(path))
    starts = [place for place in places if path[place][0] == keys[0]]
    if rule == "backfilled_unless_lost":
        rule = "touched" if lost else "backfilled"
    if rule == "backfilled":

        def implies(stage, step):
            if stage in keys:
                return keys.index(stage) >= step
            return (
                stage in ranks
                and all(ranks[key] < ranks[stage] for key in keys[: step + 1] if key is not None)
                and step < len(keys) - 1
            )

    elif rule == "touched":

        def implies(stage, step):
            return stage == keys[step]

    if rule == "unordered":
        starts = [place for place in places if path[place][0] in keys]

    if rule in ("touched", "backfilled"):
        begun = [
            p
            for p in places
            if path[p][0] not in exclude and any(implies(path[p][0], step) for step in range(len(keys)))
        ]
        starts = sorted({*starts, *begun[:1]})
    if entry == "first":
        starts = starts[:1]

    def free(start, end):
        inside = all(path[place][0] not in exclude for place in range(start, end + 1))
        return inside and (window is None or path[end][1] - path[start][1] <= window)

    def proofs(step):
        if rule in ("touched", "backfilled"):
            yield from ((s, p) for s in starts for p in range(s, len(path)) if implies(path[p][0], step))
            return
        if rule == "unordered":
            for start, end in ((s, p) for s in starts for p in range(s, len(path))):
                if len({path[place][0] for place in range(start, end + 1)} & set(keys)) > step:
                    yield start, end
            return
        for picked in combinations(places, step + 1):
            if picked[0] not in starts or [path[p][0] for p in picked] != keys[: step + 1]:
                continue
            between = [p for p in range(picked[0], picked[-1]) if p not in picked]
            alike = {p: max(q for q in picked if q < p) for p in between}
            wins = {p for p in between if path[p][0] == "W" and path[p + 1] == (None, path[p][1])}
            if rule == "ordered" or all(p in wins or path[p][0] == path[q][0] for p, q in alike.items()):
                yield picked[0], picked[-1]

    return {step for step in range(len(keys)) if any(free(*proof) for proof in proofs(step))}


@settings(max_examples=500)
@given(logs, st.sampled_from(CountingRule), windows, st.sampled_from(EntryRule), steps, exclusions)
def test_every_short_log_counts_as_a_search_through_all_subsequences_does(log, rule, window, entry, picked, exclude):
    exclude = [stage for stage in exclude if stage not in (["Q", "P", "N"] if picked is None else picked)]
    counting = Counting.of(PIPELINE, count=rule, steps=picked, window=window, entry=entry, exclude=exclude)
    trail = fold_history(make_history(rows_of(log)), PIPELINE).trails[0]
    mask = Way(counting, PIPELINE).reached(trail.path, trail.standing.outcome)

    expected = counted(
        trail.path,
        counting.steps,
        rule,
        window=window,
        entry=entry,
        exclude=exclude,
        lost=trail.standing.outcome in ("lost", "abandoned"),
    )
    assert {step for step in range(len(counting.steps)) if mask >> step & 1} == expected
