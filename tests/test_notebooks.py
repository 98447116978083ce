"""The notebooks run from top to bottom, are committed without outputs, and find what their texts say."""

import ast
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(notebook, kind):
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == kind]


def run(notebook):
    """Run the cells as a kernel does: in order, in one namespace; show what the last line of each gives."""
    names = {"__name__": "__main__"}
    for cell in cells(notebook, "code"):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook.name, "exec"), names)  # noqa: S102 - our own page
        if last is not None:
            shown = eval(compile(ast.Expression(last.value), notebook.name, "eval"), names)  # noqa: S307
            assert shown is None or repr(shown)
            if hasattr(shown, "_repr_html_"):
                assert shown._repr_html_().startswith("<table>")
    return names


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_of_version_4_and_has_no_outputs(notebook):
    found = json.loads(notebook.read_text(encoding="utf-8"))

    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(notebook, "code"))


def test_the_backtest_notebook_finds_what_it_says():
    said = run(FOLDER / "backtest.ipynb")

    backtest, mine = said["backtest"], said["mine"]
    assert len(backtest.trials) >= 10
    assert backtest.recommended is not None
    assert backtest.row(said["best"]).skill > 0
    assert len(said["lines"]) == len(backtest.trials)
    assert {row.method for row in mine.rows} == {"base_rate", "stage_history", "by_age", "by_age_recalibrated"}


def test_the_funnel_notebook_finds_what_it_says():
    said = run(FOLDER / "funnel.ipynb")

    assert len(said["history"]) == 265
    negotiation = said["drop_off"].row("negotiation")
    assert round(float(said["funnel"].step("won").step.value), 2) == 0.23
    assert (negotiation.entered, negotiation.ended["open"]) == (215, 141)
    assert 0.64 < negotiation.went_on.value < 0.68
    assert said["bottlenecks"].row("negotiation").leads == ("time", "loss", "congestion", "value")
    assert said["dwell"].row("negotiation").median_days.value is None
    assert not said["reps"].judged("better")
    assert not said["reps"].judged("worse")
    worse = said["against"].judged("worse")
    assert {(row.stage, str(row.aspect)) for row in worse} == {("negotiation", "stay")}
    assert len(worse) == 3
    stays = [row for row in said["against"].rows if row.aspect == "stay"]
    assert len(stays) == 10
    assert all(row.value < 0.5 for row in stays)
    assert said["stuck"]
    assert all(deal["stage"] != "negotiation" for deal in said["stuck"])
