"""Win scores: the reasons add up, nothing is known too early, and in simulated worlds the probabilities hold."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from math import fsum, inf, log
from statistics import mean

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oppcore.forecast import BayesModel, DealScore, fit_bayes, measure_calibration, score_deals
from oppcore.forecast.scoring.moments import find_moments, find_stays, make_reader
from oppcore.history import Row, Standing, fold_history, make_history, standing_of
from oppcore.money import Money
from oppcore.records import Opportunity, Outcome, Progress, State
from tests.forecast.scored_worlds import PIPELINE, SOURCES, START, World
from tests.history import examples

FIELDS = ["stage", "time_in_stage", "source", "owner_id", "noise"]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def model() -> BayesModel:
    return fit_bayes(World(seed=1).history(), PIPELINE, fields=FIELDS)


def _standing(stage: str = "new", **said: object) -> Standing:
    known = {"opportunity_id": "x", "state": State(stage, Outcome.OPEN), "opened_at": START, "entered_at": START}
    return Standing(**{**known, **said})  # type: ignore[arg-type]


def _score(model: BayesModel, standing: Standing, days: float = 5) -> DealScore:
    return model.score(standing, at=standing.entered_at + days * DAY)


@given(
    st.sampled_from(["new", "offer"]),
    st.sampled_from([*SOURCES, "unheard of", None]),
    st.sampled_from(["rep 0", "rep 3", "somebody else", None]),
    st.floats(0, 400),
)
def test_the_reasons_add_up_to_the_score(
    model: BayesModel, stage: str, source: str | None, owner: str | None, days: float
) -> None:
    score = _score(model, _standing(stage, source=source, owner_id=owner), days)
    assert [one.field for one in score.contributions] == FIELDS
    assert score.probability is not None
    assert score.log_odds_before is not None
    total = fsum((score.log_odds_before, *(one.log_odds for one in score.contributions)))
    assert log(score.probability) - log(1 - score.probability) == pytest.approx(total, abs=1e-9)
    for one in score.contributions:
        assert 0 <= one.won <= one.seen
        assert one.seen > 0 or one.log_odds == 0


def test_what_really_matters_speaks_and_chance_does_not(model: BayesModel) -> None:
    assert model.learnt is not None
    assert model.learnt.strengths["noise", True] == inf
    good, bad = (_score(model, _standing(source=source)).contributions for source in ("referral", "fair"))
    says = {one.field: (one.log_odds, other.log_odds) for one, other in zip(good, bad, strict=True)}
    assert says["source"][0] > 0.5 > -0.5 > says["source"][1]
    assert says["noise"] == (0, 0)
    further, nearer = (_score(model, _standing(stage)).probability or 0 for stage in ("offer", "new"))
    assert further > nearer


def _held(world: World, fields: list[str]) -> tuple[BayesModel, list[float], list[bool]]:
    """Learn from one run of a world and score another run of it."""
    learnt = fit_bayes(world.history(), PIPELINE, fields=fields)
    cases = list(attrs.evolve(world, seed=world.seed + 1000, deals=800).open_deals())
    said = [learnt.score(standing, at=at).probability or 0 for standing, at, _ in cases]
    return learnt, said, [won for *_, won in cases]


@pytest.mark.parametrize("echoed", [False, True], ids=["fields of their own", "fields that echo one another"])
def test_probabilities_hold_for_deals_not_learnt_from(echoed: bool) -> None:
    fields = ["stage", "source", "owner_id", "noise", *(["echo", "again"] if echoed else [])]
    slopes: list[float] = []
    stretches: list[float] = []
    for seed in range(10):
        learnt, said, won = _held(World(seed, echoed=echoed, deals=1500), fields)
        slope = measure_calibration(said, won).slope
        assert slope is not None
        assert learnt.calibration is not None
        slopes.append(slope)
        stretches.append(learnt.calibration.slope)
    assert 0.9 < mean(slopes) < 1.1
    if echoed:  # what is said three times would count three times
        assert mean(stretches) < 0.65


def test_scores_are_better_than_the_stage_alone() -> None:
    _, full, won = _held(World(seed=3), ["stage", "source", "owner_id"])
    _, stage, _ = _held(World(seed=3), ["stage"])
    for name in ("log_loss", "brier"):
        assert measure_calibration(full, won).figures()[name] < 0.95 * measure_calibration(stage, won).figures()[name]


def test_the_probability_within_a_time_is_that_of_being_won_in_it() -> None:
    world = World(seed=4, deals=700)
    learnt = fit_bayes(world.history(), PIPELINE, fields=["stage"], within=10 * DAY)
    history = attrs.evolve(world, seed=5).history()
    in_time: dict[str, list[bool]] = {"new": [], "offer": []}
    for id, rows in history:
        for day in range(60):
            at = rows[0].at + (day + 0.5) * DAY
            if at < rows[-1].at:
                stage = [row.stage for row in rows if row.at <= at][-1]
                in_time[stage or ""].append(rows[-1].stage == "won" and rows[-1].at <= at + 10 * DAY)
        assert history.of(id) == rows
    for stage, found in in_time.items():
        assert _score(learnt, _standing(stage)).probability == pytest.approx(mean(found), abs=0.05)


def test_nothing_that_came_later_changes_a_score() -> None:
    world = World(seed=6)
    rows = list(world.rows())
    until = START + 300 * DAY
    then = make_history(row for row in rows if row.at <= until)
    backdated = [attrs.evolve(row, at=row.at - 100 * DAY, recorded_at=row.at) for row in rows if row.at > until]
    alone = score_deals(then, PIPELINE, as_of=until, fields=FIELDS)
    among = score_deals(make_history(rows), PIPELINE, as_of=until, fields=FIELDS)
    late = make_history([*(row for row in rows if row.at <= until), *backdated])
    assert among.rows == alone.rows
    assert score_deals(late, PIPELINE, as_of=until, fields=FIELDS).rows == alone.rows
    assert len(alone.rows) > 3


def test_what_is_first_said_at_the_closing_is_not_learnt() -> None:
    rows = [
        attrs.evolve(row, source="signed" if row.stage == "won" else None, further={})
        if row.stage in ("won", "lost")
        else attrs.evolve(row, source=None)
        for row in World(seed=7).rows()
    ]
    found = fit_bayes(make_history(rows), PIPELINE, fields=["source"])
    assert found.learnt is not None
    assert set(found.learnt.counts) == {("source", None)}
    assert _score(found, _standing(source="signed")).contributions[0].log_odds == 0


def test_with_a_half_life_what_is_long_ago_counts_less() -> None:
    history = World(seed=8, shift_at=0.6).history()
    fields = ["stage", "source"]
    old, recent = (fit_bayes(history, PIPELINE, fields=fields, half_life=life) for life in (None, 40 * DAY))
    before, after = (_score(one, _standing(source="fair")).contributions[1].log_odds for one in (old, recent))
    assert before < 0 < after


@given(st.lists(st.tuples(st.sampled_from("QPNWL"), st.integers(0, 40)), min_size=1, max_size=8))
@settings(max_examples=60)
def test_moments_cover_the_time_in_which_a_deal_was_open(entries: list[tuple[str, int]]) -> None:
    rows = [examples.row(stage, on, id=f"o{place % 2}") for place, (stage, on) in enumerate(entries)]
    history = make_history(rows)
    past = fold_history(history, examples.PIPELINE)
    stays = find_stays(history, past, examples.PIPELINE)
    reader = make_reader(("stage", "time_in_stage", "age"), stays)
    closed = {trail.opportunity_id for trail in past.trails if trail.standing and trail.standing.closed_at}
    lived = [(end - start) / DAY for deal in stays for _, start, end in deal]
    open_days = [
        ((visit.left_at or past.as_of) - visit.entered_at) / DAY  # type: ignore[operator]
        for trail in past.trails
        for visit in trail.visits
        if visit.stage in "QPN"
    ]
    assert fsum(lived) == pytest.approx(fsum(open_days))
    moments = find_moments(stays, past, reader)
    of_closed = [(end - start) / DAY for deal in stays for one, start, end in deal if one.opportunity_id in closed]
    assert fsum(moment.days for moment in moments) == pytest.approx(fsum(of_closed))
    in_time = find_moments(stays, past, reader, within=5 * DAY)
    assert all(moment.ended_at + 5 * DAY <= past.as_of for moment in in_time)  # type: ignore[operator]


def test_bands_of_days_hold_equal_parts_of_the_time_that_deals_were_open() -> None:
    world = World(seed=12, deals=2000)
    past = fold_history(world.history(), PIPELINE)
    stays = find_stays(world.history(), past, PIPELINE)
    days: dict[str | None, float] = {}
    for moment in find_moments(stays, past, make_reader(["age"], stays, bands=4)):
        days[moment.values[0]] = days.get(moment.values[0], 0) + moment.days
    parts = [part / fsum(days.values()) for part in days.values()]
    assert parts == pytest.approx([0.25] * 4, abs=0.02)  # the edges are numbers of two digits


def test_a_deal_is_won_within_a_time_of_the_moments_just_before() -> None:
    rows = [examples.row("Q", 0), examples.row("W", 20), examples.row("Q", 30, id="other")]
    history = make_history(rows)
    past = fold_history(history, examples.PIPELINE)
    stays = find_stays(history, past, examples.PIPELINE)
    found = find_moments(stays, past, make_reader(("stage",), stays), within=5 * DAY)
    assert [(moment.days, moment.won) for moment in found] == [(15, False), (5, True)]


def test_amounts_are_read_in_bands_of_their_currency() -> None:
    rows = [
        attrs.evolve(row, amount=Money(Decimal(100 * number), "EUR" if number % 2 else "JPY"))
        for number, row in enumerate(World(seed=9, deals=120).rows())
    ]
    found = fit_bayes(make_history(rows), PIPELINE, fields=["amount", "age"], least=5)
    values = [
        _score(found, _standing(amount=amount), 2).contributions[0].value
        for amount in (None, Money(100, "EUR"), Money(10**6, "EUR"), Money(5, "JPY"), Money(5, "USD"))
    ]
    assert values[0] is None
    assert [value.split(" ")[:2] for value in values[1:] if value] == [
        ["EUR", "below"],
        ["EUR", "from"],
        ["JPY", "below"],
        ["USD", "any"],
    ]


def test_too_little_history_gives_no_score_and_says_so() -> None:
    few = World(seed=10, deals=12).history()
    found = fit_bayes(few, PIPELINE, fields=["stage"])
    assert found.learnt is None
    assert found(_standing()) is None
    score = _score(found, _standing())
    assert (score.probability, score.contributions) == (None, ())
    assert score.problem is not None
    assert score.problem.code == "score.insufficient_history"
    assert fit_bayes(make_history([]), PIPELINE).left_out == (
        found.left_out[-1].__class__("score.insufficient_history", "", {"deals": 0, "won": 0, "need": 10}),
    )
    scores = score_deals(make_history([*few.rows, Row(opportunity_id="x", stage="new", at=START)]), PIPELINE)
    assert [row.probability for row in scores.rows] == [None]
    assert "too little history" in str(scores)


def test_a_record_of_the_host_is_scored_as_it_stands(model: BayesModel) -> None:
    progress = Progress(
        pipeline="world",
        stage="offer",
        opened_at=START,
        entered_at=START,
        changed_at=START,
        recorded_at=START,
        version=1,
    )
    assert model(standing_of(Opportunity(id="y", progress=progress))) == model(
        _standing("offer", opportunity_id="y", opened_at=START)
    )


def test_any_callable_is_a_model() -> None:
    history = make_history([Row(opportunity_id=id, stage="new", at=START, source=id) for id in "abc"])
    scores = score_deals(history, PIPELINE, model=lambda standing: {"a": 0.25, "b": 1}.get(standing.source or ""))
    assert [(row.opportunity_id, row.probability) for row in scores.rows] == [("b", 1), ("a", 0.25), ("c", None)]
    assert scores.row("a").contributions == ()
    assert "probability by a model of one's own" in str(scores)
    with pytest.raises(ValueError, match="opportunity a: a probability lies between 0 and 1, not 25"):
        score_deals(history, PIPELINE, model=lambda _: 25)
    with pytest.raises(KeyError):
        scores.row("d")


def test_scores_go_to_data_frames_and_json_and_notebooks() -> None:
    scores = score_deals(World(seed=11).history(), PIPELINE, as_of=START + 400 * DAY, fields=["stage", "source"])
    detail = json.loads(json.dumps(scores.detail()))
    assert detail["definition"] == "probability of being won in the end"
    assert [row["opportunity_id"] for row in detail["rows"]] == [row["opportunity_id"] for row in scores.as_records()]
    assert set(scores.as_records()[0]) == {
        "opportunity_id",
        "probability",
        "log_odds_before",
        "stage_log_odds",
        "source_log_odds",
    }
    said = [row.probability or 0 for row in scores.rows]
    assert said == sorted(said, reverse=True)
    assert "<table>" in scores._repr_html_()


@pytest.mark.parametrize(
    ("given_settings", "says"),
    [
        ({"fields": ["stag"]}, "there is no field 'stag'; did you mean 'stage'"),
        ({"within": timedelta()}, "within is a time longer than nothing"),
        ({"half_life": -DAY}, "half_life is a time longer than nothing"),
        ({"strength": 0.0}, "strength is above 0"),
        ({"least": 0}, "least at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(given_settings: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        fit_bayes(World(seed=1, deals=3).history(), PIPELINE, **given_settings)  # type: ignore[arg-type]


def test_a_closed_deal_is_not_scored(model: BayesModel) -> None:
    with pytest.raises(ValueError, match="opportunity x is won: only open deals are scored"):
        model.score(_standing(state=State("won", Outcome.WON), closed_at=START))
