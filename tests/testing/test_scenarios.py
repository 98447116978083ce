"""Scenarios: what their documents say, what comes of them, and how both are told."""

import tomllib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import jsonschema
import pytest

from oppcore import InvalidPipeline, Money, Problem
from oppcore.errors import InvalidDocument
from oppcore.records import Outcome, RoundStatus
from oppcore.testing import load_scenarios, run_scenario, scenario_schema
from tests.packaging.sources import TREE
from tests.testing.documents import HEAD, write_scenarios

EXAMPLES = sorted((TREE / "examples" / "scenarios").glob("*.scenarios.toml"))


def result_of(folder, text, **more):
    """Run the one scenario of a document."""
    [scenario] = load_scenarios(write_scenarios(folder, f'[[scenarios]]\nname = "one"\n{text}', **more))
    return run_scenario(scenario)


def problems_of(folder, text, **more):
    """The codes and paths of the faults of a document."""
    with pytest.raises(InvalidDocument) as refused:
        load_scenarios(write_scenarios(folder, text, **more))
    return [(problem.code, problem.path) for problem in refused.value.problems]


def test_a_record_is_opened_and_moved_as_the_engine_does_it(tmp_path):
    result = result_of(
        tmp_path,
        """steps = [
            { open = "lead", actor = "ann", values = { budget = 5000 } },
            { amend = { amount = 1000 }, actor = "ann" },
            { move = "offer", actor = "ann", after_days = 2, then = { stage = "offer", values = { amount = 1000 } } },
        ]""",
    )

    assert result.passed
    assert (result.record.progress.stage, result.record.progress.version) == ("offer", 3)
    assert result.record.amount == Money(1000, "EUR")
    assert result.record.progress.entered_at == datetime(2026, 1, 3, 9, tzinfo=UTC)


def test_what_is_given_stands_where_it_is_said_and_since_when(tmp_path):
    [scenario] = load_scenarios(
        write_scenarios(
            tmp_path,
            """
            [given.old]
            stage = "offer"
            days_in_stage = 10
            days_open = 30.5
            values = { amount = { amount = "7.50", currency = "CHF" }, needs = [{ text = "speed" }], probability = 0.5 }

            [[scenarios]]
            name = "one"
            steps = [{ move = "offer", actor = "bob" }]

            [scenarios.given]
            like = "old"
            outcome = "lost"
            reason = "price"
            values = { budget = 3 }
            answers = { who = "Kim" }
            """,
        )
    )
    record = scenario.given.make(scenario.pipeline, at=scenario.at)

    assert (record.progress.stage, record.progress.outcome, record.progress.reason) == ("offer", Outcome.LOST, "price")
    assert scenario.at - record.progress.entered_at == timedelta(days=10)
    assert scenario.at - record.progress.opened_at == timedelta(days=30, hours=12)
    assert record.progress.closed_at == record.progress.entered_at
    assert record.amount == Money("7.50", "CHF")
    assert record.qualification.budget == Money(3, "EUR")
    assert record.estimate.probability == Decimal("0.5")
    assert record.progress.answers == {"who": "Kim"}


@pytest.mark.parametrize("status", RoundStatus)
def test_an_approval_that_is_given_has_come_as_far_as_is_said(tmp_path, status):
    given = f'{{ stage = "offer", values = {{ amount = 9000 }}, approvals = {{ price = "{status}" }} }}'
    text = f'[[scenarios]]\nname = "one"\ngiven = {given}\nsteps = [{{ close = "abandoned" }}]'
    [scenario] = load_scenarios(write_scenarios(tmp_path, text))
    [one] = scenario.given.make(scenario.pipeline, at=scenario.at).progress.approvals

    assert one.status is status
    assert [covered.value for covered in one.covered] == [Money(9000, "EUR")]
    if status is RoundStatus.OPEN:
        assert [step.key for step in one.steps] == ["head", "audit"]


def test_each_act_is_the_function_of_the_engine(tmp_path):
    result = result_of(
        tmp_path,
        """
        given = { stage = "offer", values = { amount = 9000 } }
        steps = [
            { act = "send_quote", actor = "ann", refused = ["field.missing needs"] },
            { amend = { needs = [{ text = "speed" }] }, actor = "ann" },
            { act = "send_quote", actor = "bob", refused = ["role.needed actor"] },
            { act = "send_quote", actor = "ann" },
            { request = "price", actor = "ann" },
            { sign = "price", actor = "bob", verdict = "add_signer", signer = "kim" },
            { sign = "price", actor = "bob" },
            { sign = "price", actor = "fay", verdict = "return", comment = "too dear" },
            { move = "won", actor = "ann", reason = "best", refused = ["approval.returned"] },
        { move = "won", actor = "bob", reason = "best", override = { reason = "so", rules = ["stages.won.entry[0]"] } },
            { close = "lost", actor = "bob", reason = "price", refused = ["flow.forbidden"] },
            { move = "offer", actor = "bob", then = { outcome = "open" } },
            { amend = {}, clear = ["needs"], then = { values = { amount = 9000 } } },
            { close = "lost", reason = "price", then = { outcome = "lost", reason = "price" } },
        ]""",
    )

    assert result.passed, str(result)
    assert len(result.steps) == 14


def test_facts_reach_criteria_of_the_hosts_own(tmp_path):
    text = HEAD.replace("sales.toml", "own.toml") + (
        '[[scenarios]]\nname = "one"\nsteps = [\n'
        '{ open = "lead", refused = ["shop.rating"] }, { open = "lead", facts = { rating = 3 } }]'
    )
    path = write_scenarios(tmp_path, text, head="")
    (tmp_path / "own.toml").write_text(
        'key = "x"\nstages = [{ key = "lead", kind = "open", entry = [{ rated = { least = 2 } }] }, '
        '{ key = "w", kind = "won" }]'
    )
    [scenario] = load_scenarios(path, criteria={"rated": Rated})

    assert run_scenario(scenario).passed


@attrs.frozen
class Rated:
    """The host's rating is at least so much."""

    least: int

    def judge(self, situation):
        found = situation.facts.get("rating")
        return None if found is None else found >= self.least

    def problem(self, situation, wanted):
        return Problem("shop.rating", "", {"wanted": wanted})


STEPS = {
    '{ move = "offer", actor = "ann" }': ["it should be allowed, and is refused"],
    '{ close = "abandoned", refused = ["flow.forbidden"] }': ["it should be refused, and is allowed"],
    '{ move = "offer", refused = ["role.needed"] }': [
        "nobody expected field.missing budget",
        "nobody expected field.missing_to_compare amount",
    ],
    '{ move = "offer", actor = "ann", refused = ["field.missing amount"] }': [
        "there is no field.missing amount among the reasons",
        "nobody expected field.missing budget",
        "nobody expected field.missing_to_compare amount",
    ],
    '{ move = "offer", refused_at_least = ["reason.missing"] }': ["there is no reason.missing among the reasons"],
    '{ close = "abandoned", then = { stage = "offer", outcome = "lost" } }': [
        "its stage should then be offer, and is lead",
        "its outcome should then be lost, and is abandoned",
    ],
    "{ amend = { budget = 5 }, then = { values = { budget = 6 } } }": [
        "its budget should then be 6.00 EUR, and is 5.00 EUR"
    ],
}


@pytest.mark.parametrize("step", STEPS)
def test_every_difference_is_told(tmp_path, step):
    result = result_of(tmp_path, f"steps = [{step}]")

    assert not result.passed
    assert list(result.steps[0].differences) == STEPS[step]


@pytest.mark.parametrize(
    "step",
    [
        '{ move = "offer", actor = "ann", refused = ["field.missing", "field.missing_to_compare amount"] }',
        '{ move = "offer", actor = "ann", refused_at_least = ["field.missing budget"] }',
        '{ move = "ofer", refused = ["move.unknown_stage"] }',
    ],
)
def test_reasons_may_be_exact_or_some_with_a_path_or_without(tmp_path, step):
    assert result_of(tmp_path, f"steps = [{step}]").passed


def test_a_failure_says_what_was_given_done_expected_and_found(tmp_path):
    result = result_of(
        tmp_path,
        """
        given = { stage = "lead", days_in_stage = 3, values = { amount = 10 } }
        steps = [
            { amend = { amount = 20 }, actor = "ann" },
            { move = "offer", actor = "ann", values = { budget = 1 } },
            { close = "abandoned" },
        ]""",
    )

    assert str(result).splitlines() == [
        "one: failed (pipeline sales)",
        "  given: a deal in lead, for 3 days, with amount",
        "  step 1: ann amends amount: as expected",
        "  step 2: ann moves it to offer, with budget: NOT as expected",
        "    expected: allowed",
        "    happened: refused, because",
        "      field.ge amount: amount is 20.00 EUR; it must be at least 1,000.00 EUR [stages.offer.entry[0]]",
        "    so it should be allowed, and is refused",
        "  1 more step not taken",
    ]


def test_a_personal_value_is_not_told(tmp_path):
    head = 'pipelines = { leads = { template = "leads" } }\n'
    result = result_of(
        tmp_path,
        'given = { values = { email = "kim@home.example" } }\n'
        'steps = [{ close = "abandoned", reason = "no_answer", then = { values = { email = "no" } } }]',
        head=head,
    )

    assert "its email should then be …, and is another" in str(result)
    assert "kim@home" not in str(result)


FAULTS = {
    'steps = [{ mvoe = "offer" }]': [("key.unknown", "scenarios[0].steps[0].mvoe")],
    "steps = []": [("document.missing", "scenarios[0].steps")],
    "steps = [{ actor = 'ann' }]": [("scenario.act", "scenarios[0].steps[0]")],
    'steps = [{ move = "offer", close = "lost" }]': [("scenario.act", "scenarios[0].steps[0]")],
    'steps = [{ move = "offer", verdict = "reject" }]': [("scenario.key", "scenarios[0].steps[0].verdict")],
    'steps = [{ move = "ofer", actor = "anm", values = { bugdet = 1 }, refused = ["field.mising"] }]': [
        ("key.unknown", "scenarios[0].steps[0].refused[0]"),
        ("key.unknown", "scenarios[0].steps[0].values.bugdet"),
        ("key.unknown", "scenarios[0].steps[0].move"),
        ("key.unknown", "scenarios[0].steps[0].actor"),
    ],
    'steps = [{ act = "send" }, { request = "prise", actor = "ann" }, { sign = "price" }, { convert = "deals" }]': [
        ("key.unknown", "scenarios[0].steps[0].act"),
        ("key.unknown", "scenarios[0].steps[1].request"),
        ("document.missing", "scenarios[0].steps[2].actor"),
        ("key.unknown", "scenarios[0].steps[3].convert"),
    ],
    'steps = [{ amend = { amount = "much", quote_amount = 1, owner_id = 5 }, clear = ["x"] }]': [
        ("document.type", "scenarios[0].steps[0].amend.amount"),
        ("field.derived", "scenarios[0].steps[0].amend.quote_amount"),
        ("document.type", "scenarios[0].steps[0].amend.owner_id"),
        ("key.unknown", "scenarios[0].steps[0].clear[0]"),
    ],
    'steps = [{ move = "offer", refused = ["field.ge"], refused_at_least = ["field.ge"] }]': [
        ("criterion.one_of", "scenarios[0].steps[0]")
    ],
    'steps = [{ move = "offer", refused = ["field.ge"], then = { stage = "lead" } }]': [
        ("scenario.then", "scenarios[0].steps[0].then")
    ],
    'steps = [{ move = "offer", refused = [] }]': [("scenario.reasons", "scenarios[0].steps[0].refused")],
    'steps = [{ move = "offer", before = false }]': [("scenario.key", "scenarios[0].steps[0].before")],
    'given = { stage = "lead" }\nsteps = [{ open = "lead" }]': [("scenario.opening", "scenarios[0].given")],
    'steps = [{ move = "offer" }, { open = "lead" }]': [("scenario.opening", "scenarios[0].steps[1]")],
    'steps = [{ open = "lead", refused = ["field.ge"] }, { move = "offer" }]': [
        ("scenario.opening", "scenarios[0].steps[1]")
    ],
    'given = { stage = "led", like = "base", values = { x = 1 } }\nsteps = [{ move = "offer" }]': [
        ("key.unknown", "scenarios[0].given.like")
    ],
    'given = { stage = "led", approvals = { prize = "open" }, values = { x = 1 } }\nsteps = [{ move = "offer" }]': [
        ("key.unknown", "scenarios[0].given.values.x"),
        ("key.unknown", "scenarios[0].given.approvals.prize"),
        ("key.unknown", "scenarios[0].given.stage"),
    ],
    'given = { stage = "lead", outcome = "won" }\nsteps = [{ move = "offer" }]': [
        ("state.illegal", "scenarios[0].given.outcome")
    ],
    'given = { days_in_stage = -1 }\nsteps = [{ move = "offer" }]': [
        ("document.value", "scenarios[0].given.days_in_stage")
    ],
    'given = { values = { probability = 3 } }\nsteps = [{ move = "offer" }]': [
        ("document.value", "scenarios[0].given.values")
    ],
    'pipeline = "sails"\nsteps = [{ move = "offer" }]': [("key.unknown", "scenarios[0].pipeline")],
}


@pytest.mark.parametrize("text", FAULTS)
def test_every_fault_of_a_scenario_is_found_where_it_is(tmp_path, text):
    assert problems_of(tmp_path, f'[[scenarios]]\nname = "one"\n{text}') == FAULTS[text]


HEADS = {
    "pipelines = {}\n": [("document.missing", "pipelines")],
    'pipelines = { a = { file = "no.toml" }, b = { template = "ful_cycle" }, c = {} }\n': [
        ("scenario.unreadable", "pipelines.a.file"),
        ("key.unknown", "pipelines.b.template"),
        ("criterion.one_of", "pipelines.c"),
    ],
    'pipelines = { sales = { file = "sales.scenarios.toml" } }\n': [
        ("document.missing", "pipelines.sales.key"),
        ("document.missing", "pipelines.sales.stages"),
        ("key.unknown", "pipelines.sales.pipelines"),
        ("key.unknown", "pipelines.sales.scenarios"),
    ],
    'pipelines = { a = { template = "leads" }, b = { template = "hubspot" } }\n': [
        ("scenario.which", "scenarios[0].pipeline"),
        ("scenario.which", "scenarios[1].pipeline"),
        ("key.twice", "scenarios[1].name"),
    ],
    HEAD + "at = 2026-01-01T09:00:00\n": [("document.no_zone", "at")],
}


@pytest.mark.parametrize("head", HEADS)
def test_every_fault_before_the_scenarios_is_found_where_it_is(tmp_path, head):
    one = '[[scenarios]]\nname = "one"\nsteps = [{ close = "abandoned" }]\n'

    assert problems_of(tmp_path, one + one, head=head) == HEADS[head]


def test_faults_of_one_scenario_hide_none_of_another(tmp_path):
    text = """
    [[scenarios]]
    nmae = "one"
    steps = [{ mvoe = "offer" }]
    [[scenarios]]
    name = "two"
    steps = [{ move = "ofer" }]
    [[scenarios]]
    name = "two"
    steps = [{ close = "won", actor = "al" }]
    """

    assert problems_of(tmp_path, text) == [
        ("document.missing", "scenarios[0].name"),
        ("key.unknown", "scenarios[0].nmae"),
        ("key.unknown", "scenarios[0].steps[0].mvoe"),
        ("key.unknown", "scenarios[1].steps[0].move"),
        ("key.unknown", "scenarios[2].steps[0].actor"),
        ("key.twice", "scenarios[2].name"),
    ]
    assert problems_of(tmp_path, text, head=HEAD.replace("sales.toml", "no.toml"))[3:] == [
        ("scenario.unreadable", "pipelines.sales.file")
    ]


def test_a_file_that_is_no_document_is_refused(tmp_path):
    assert problems_of(tmp_path, "nonsense") == [("document.syntax", "")]
    assert problems_of(tmp_path, "") == [("document.missing", "scenarios")]
    with pytest.raises(FileNotFoundError):
        load_scenarios(tmp_path / "none.scenarios.toml")


def test_a_pipeline_with_faults_is_told_with_its_own_paths(tmp_path):
    path = write_scenarios(tmp_path, '[[scenarios]]\nname = "one"\nsteps = [{ move = "offer" }]')
    (tmp_path / "sales.toml").write_text('key = "x"\nstages = [{ key = "a", kind = "opne" }]')
    with pytest.raises(InvalidDocument) as refused:
        load_scenarios(path)

    assert [problem.path for problem in refused.value.problems] == ["pipelines.sales.stages[0].kind"]
    assert not isinstance(refused.value, InvalidPipeline)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_schema_takes_what_is_read(path):
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    document = tomllib.loads(path.read_text(encoding="utf-8"))

    assert list(jsonschema.Draft202012Validator(schema).iter_errors(document)) == []


@pytest.mark.parametrize("text", [text for text, [(code, _), *_] in FAULTS.items() if code.startswith("scenario.key")])
def test_the_schema_refuses_keys_that_an_act_does_not_take(tmp_path, text):
    document = tomllib.loads(f'{HEAD}[[scenarios]]\nname = "one"\n{text}')

    assert not jsonschema.Draft202012Validator(scenario_schema()).is_valid(document)
