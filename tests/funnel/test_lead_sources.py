"""Leads by source: counted by hand, from records, from a history, and as laws."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.engine import convert, evolve, open_lead, replay
from oppcore.funnel import combine, count_lead_sources, finish_lead_sources, measure_lead_sources
from oppcore.history import RowKind, make_history, rows_of
from oppcore.periods import read_period
from oppcore.pipeline import Pipeline, Stage
from oppcore.records import Lead
from tests.history.examples import PIPELINE, day, row

LEADS = Pipeline(
    key="leads",
    kind="lead",
    stages=[Stage(key="new", kind="open"), Stage(key="converted", kind="won"), Stage(key="out", kind="lost")],
)


def lead(id, source=None, on=0):
    return row("new", on, id=id, source=source)


def deal(id, *entries, lead_id=None):
    further = {} if lead_id is None else {"lead_id": lead_id}
    return [row(entry[0], int(entry[1:]), id=id, further=further) for entry in entries]


def numbers(report):
    return {one.source: (one.leads, one.converted.numerator, one.won.numerator, one.lost) for one in report.rows}


WEB = [lead("1", "web"), lead("2", "web"), lead("3", "fair"), lead("4"), lead("5")]
DEALS = [
    *deal("a", "Q3", "W10", lead_id="1"),
    *deal("b", "Q4", "L6", lead_id="3"),
    *deal("c", "Q5", lead_id="4"),
    *deal("d", "Q1", "W2"),
]


def test_leads_deals_and_won_deals_are_counted_by_source_and_nothing_said_is_a_source():
    report = measure_lead_sources(make_history(DEALS), PIPELINE, leads=make_history(WEB))

    assert numbers(report) == {"web": (2, 1, 1, 0), None: (2, 1, 0, 0), "fair": (1, 1, 0, 1)}
    assert [one.name for one in report.rows] == ["web", "(nothing said)", "fair"]
    assert report.row("web").converted.value == Fraction(1, 2)
    assert report.aside["leads"] == 5
    assert report.aside["deals_without_lead"] == 1
    assert report.tally.total.ids(None, "converted") == ("4",)


def test_a_lead_with_several_deals_counts_once_and_so_does_each_lead_of_one_deal():
    history = make_history([*deal("a", "Q3", "L5"), *deal("b", "Q4", "W9"), *deal("c", "Q4", "L5")])
    links = [("1", "a"), ("1", "b"), ("2", "b"), ("3", "c"), ("9", "c"), ("3", "z")]
    report = measure_lead_sources(history, PIPELINE, leads=make_history(WEB), links=links)

    assert numbers(report) == {"web": (2, 2, 2, 0), None: (2, 0, 0, 0), "fair": (1, 1, 0, 1)}
    assert report.row("web").deals == 3
    assert (report.aside["links_without_lead"], report.aside["links_without_deal"]) == (1, 1)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("first", {"web": 1, "fair": 1}),
        ("last", {"fair": 1, None: 1}),
        ("each", {"web": 1, "fair": 2, "mail": 1}),
    ],
)
def test_of_several_sources_the_rule_says_which_counts(rule, expected):
    leads = make_history(
        [
            lead("1", "web"),
            lead("1", None, 1),
            lead("1", "fair", 2),
            lead("2", "fair"),
            lead("2", "mail", 1),
            row("new", 2, id="2", cleared=("source",)),
        ]
    )
    report = measure_lead_sources(make_history([]), PIPELINE, leads=leads, rule=rule)

    assert {one.source: one.leads for one in report.rows} == expected
    assert report.aside["leads"] == 2


def test_leads_deals_and_closings_within_a_month_count_as_posthog_counts_salesforce():
    # Five leads, three became deals, of which two were closed within 30 days.
    leads = make_history([lead(str(number), "web") for number in range(5)])
    history = make_history([*deal("b", "Q14"), *deal("c", "Q8", "W28"), *deal("e", "Q6", "W29"), *deal("f", "Q31")])
    links = [("1", "b"), ("2", "c"), ("4", "e"), ("3", "f")]
    report = measure_lead_sources(history, PIPELINE, leads=leads, links=links, within=timedelta(days=30))

    assert numbers(report) == {"web": (5, 3, 2, 0)}
    assert "within 30 days" in str(report)


def test_leads_of_a_period_and_up_to_an_instant():
    leads = make_history([lead("1", "web", 0), lead("2", "web", 40), lead("3", "web", 50)])

    def count(**limits):
        report = measure_lead_sources(make_history(DEALS), PIPELINE, leads=leads, **limits)
        return report.aside["leads"]

    assert count() == 3  # the last row of all counts, be it of a lead or of a deal
    assert count(as_of=day(45)) == 2
    assert count(created=read_period("2024-02"), timezone="UTC") == 2
    with pytest.raises(ValueError, match="time zone"):
        count(created=read_period("2024-02"))


def test_a_removed_lead_is_none_and_a_restored_one_is():
    leads = make_history(
        [
            lead("1"),
            row(None, 1, id="1", kind=RowKind.REMOVED),
            lead("2"),
            row(None, 1, id="2", kind=RowKind.MERGED),
            row(None, 2, id="2", kind=RowKind.RESTORED),
        ]
    )

    assert measure_lead_sources(make_history(DEALS), PIPELINE, leads=leads).tally.total.ids(None, "leads") == ("2",)


def test_records_and_the_conversions_of_the_engine_are_linked_by_themselves():
    [opened] = open_lead(LEADS, "l1", {"source": "web"}, at=day(0))
    first = replay([opened], Lead)
    [other] = open_lead(LEADS, "l2", {}, at=day(1))
    converted, into = convert(LEADS, first, into=PIPELINE, opportunity_id="o1", at=day(3))
    leads = [evolve(first, converted), replay([other], Lead)]

    report = measure_lead_sources(make_history(rows_of([into])), PIPELINE, leads=leads)
    told = measure_lead_sources(
        make_history(rows_of([into])), PIPELINE, leads=make_history(rows_of([opened, other, converted]))
    )

    assert numbers(report) == {"web": (1, 1, 0, 0), None: (1, 0, 0, 0)}
    assert numbers(told) == numbers(report)


sources = st.none() | st.sampled_from(["web", "fair"])
lead_rows = st.lists(st.builds(lead, st.sampled_from("12345"), sources, st.integers(0, 9)), max_size=12)
pairs = st.lists(st.tuples(st.sampled_from("123456"), st.sampled_from("abcd")), max_size=8)
deal_rows = st.lists(
    st.builds(row, st.sampled_from("QPWL"), st.integers(0, 20), id=st.sampled_from("abc")), max_size=12
)


@settings(max_examples=60)
@given(lead_rows, deal_rows, pairs, st.sampled_from(["first", "last"]), st.randoms())
def test_lines_add_up_and_no_order_matters(leads, deals, links, rule, random):
    def measure(leads, deals, links):
        return measure_lead_sources(
            make_history(deals), PIPELINE, leads=make_history(leads), links=links, rule=rule, as_of=day(30)
        )

    def one_an_instant(rows):
        return list({(one.opportunity_id, one.at): one for one in rows}.values())

    ordered, still = one_an_instant(leads), one_an_instant(deals)
    report = measure(ordered, still, links)
    shuffled = measure(*(random.sample(one, len(one)) for one in (ordered, still, links)))

    assert report.detail() == shuffled.detail()
    assert report.aside["leads"] == sum(one.leads for one in report.rows)
    assert report.aside["converted"] == sum(one.converted.numerator for one in report.rows)
    assert report.aside["won"] == sum(one.won.numerator for one in report.rows)
    assert all(one.won.numerator + one.lost <= one.converted.numerator <= one.leads for one in report.rows)


@settings(max_examples=40)
@given(lead_rows, deal_rows, st.dictionaries(st.sampled_from("abc"), st.sampled_from("12345")))
def test_parts_with_the_deals_of_their_leads_combine_to_the_whole(leads, deals, came_from):
    rows = [
        row(
            one.stage, (one.at - day(0)).days, id=one.opportunity_id, further={"lead_id": came_from[one.opportunity_id]}
        )
        for one in deals
        if one.opportunity_id in came_from
    ]

    def count(keep):
        mine = make_history(one for one in rows if one.further["lead_id"] in keep)
        theirs = make_history(one for one in leads if one.opportunity_id in keep)
        return count_lead_sources(mine, PIPELINE, leads=theirs, as_of=day(30))

    whole, parts = count("12345"), combine(count("12"), count("345"))
    assert finish_lead_sources(parts).detail() == finish_lead_sources(whole).detail()
