"""Laws of `check`, on pipelines of every shape."""

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oppcore.criteria import Impossible, Role, Witness, find_witness
from oppcore.pipeline import StageKind, rules_of
from oppcore.pipeline.rules import entry_rules, exit_rules, stay_rules
from oppcore.proof import Severity, check
from oppcore.proof.places import action_rules, conditions_of, transition_rules
from oppcore.records import RecordKind
from oppcore.testing import pipelines, situations
from tests.criteria.situations import DEAL, T0

SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
BUDGET = 2_000


def rules_by_name(pipeline):
    """Every criterion by its name, and the roles that are asked for."""
    found = [*transition_rules(pipeline), *action_rules(pipeline), *conditions_of(pipeline)]
    for stage in pipeline.stages:
        found += [*entry_rules(stage), *exit_rules(stage), *stay_rules(stage)]
    known = {rule.id: rule.criterion for rule in found}
    for name in ("stages", "transitions", "actions"):
        known |= {f"{name}.{part.key}.roles": Role(part.roles) for part in getattr(pipeline, name) if part.roles}
    known |= {f"flow.{direction}.roles": Role(policy.roles) for direction, policy in pipeline.flow if policy.roles}
    return known


def fields_of(pipeline):
    return {name: pipeline.field(name) for name in pipeline.field_names}


@SLOW
@given(st.sampled_from(RecordKind).flatmap(lambda kind: pipelines(kind=kind)))
def test_check_never_raises_and_every_finding_is_a_line_that_names_what_is_there(pipeline):
    known = {*rules_of(pipeline), *rules_by_name(pipeline)}
    for finding in check(pipeline, budget=BUDGET):
        assert len(finding.text().splitlines()) == len(finding.text("zh").splitlines()) == 1
        assert finding.detail()["severity"] in list(Severity)
        if finding.problem.rule:
            assert {finding.problem.rule, *finding.problem.params.get("rules", ())} <= known


@SLOW
@given(st.data())
def test_what_is_never_true_is_true_in_no_situation_and_what_is_always_true_in_each(data):
    pipeline = data.draw(pipelines())
    some = data.draw(st.lists(situations(pipeline), min_size=10, max_size=10))
    known = rules_by_name(pipeline)
    for finding in check(pipeline, budget=BUDGET):
        problem = finding.problem
        together = [known[id] for id in (problem.rule, *problem.params.get("rules", ())) if id]
        match problem.code:
            case "criterion.never" | "gate.impossible" | "gate.nobody":
                assert not any(all(one.judge(situation) is True for one in together) for situation in some)
            case "criterion.always":
                assert all(together[0].judge(situation) is True for situation in some)
            case "criterion.implied":
                implied, *others = together
                for situation in some:
                    if all(other.judge(situation) is True for other in others):
                        assert implied.judge(situation) is True
            case _:
                pass


@SLOW
@given(pipelines(max_open_stages=4))
def test_a_gate_of_which_nothing_is_said_can_be_passed(pipeline):
    said = {
        id
        for finding in check(pipeline, budget=BUDGET)
        if finding.problem.code in ("criterion.never", "criterion.undecided", "gate.impossible", "gate.nobody")
        or finding.problem.code == "gate.undecided"
        for id in (finding.problem.path, *finding.problem.params.get("rules", ()))
    }
    for stage in pipeline.stages:
        if stage.kind is StageKind.LOST:
            continue
        roles = [Role(stage.roles)] if stage.roles else []
        for rules, more in ((entry_rules(stage), roles), ((*exit_rules(stage), *stay_rules(stage)), [])):
            if said.isdisjoint(rule.id for rule in rules):
                wanted = [*(rule.criterion for rule in rules), *more]
                found = find_witness(wanted, fields=fields_of(pipeline))
                assert isinstance(found, Witness)
                assert all(one.judge(found.apply(DEAL, at=T0)) is True for one in wanted)


@SLOW
@given(pipelines(max_open_stages=4))
def test_each_conflict_is_as_small_as_can_be(pipeline):
    known = rules_by_name(pipeline)
    for finding in check(pipeline, budget=BUDGET):
        if finding.problem.code in ("gate.impossible", "gate.nobody"):
            core = [known[id] for id in (finding.problem.rule, *finding.problem.params["rules"])]
            assert find_witness(core, fields=fields_of(pipeline)) == Impossible()
            for index in range(len(core)):
                without = [one for number, one in enumerate(core) if number != index]
                assert isinstance(find_witness(without, fields=fields_of(pipeline)), Witness)


@SLOW
@given(pipelines(), st.data())
def test_what_is_not_about_gates_and_ways_has_no_part_in_them(pipeline, data):
    """Guidance, labels, reasons, probabilities and the order of fields and actions change no other finding."""
    shuffled = attrs.evolve(
        pipeline,
        fields=data.draw(st.permutations(pipeline.fields)),
        reasons=data.draw(st.permutations(pipeline.reasons)),
        approvals=data.draw(st.permutations(pipeline.approvals)),
        stages=[attrs.evolve(one, guidance=(), asks=(), expected_conversion=None) for one in pipeline.stages],
    )

    def of(one):
        found = check(one, budget=BUDGET)
        return {finding for finding in found if finding.problem.code != "label.missing"}

    assert of(shuffled) == of(pipeline)


@SLOW
@given(pipelines())
def test_the_same_pipeline_gives_the_same_findings(pipeline):
    assert check(pipeline, budget=BUDGET) == check(attrs.evolve(pipeline), budget=BUDGET)
