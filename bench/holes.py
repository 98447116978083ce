"""How surely the machine finds the hole of the page "prove your sales process", and how short its story is.

python bench/holes.py                  20 seeds of the shop, 500 examples each
python bench/holes.py --all            every hole of tests/testing/holes.py once
python bench/holes.py --ten            a run that finds nothing, in ten stages with gates and approvals
"""

import re
import sys
import time
import unittest
from pathlib import Path

from hypothesis import seed, settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from oppcore.pipeline import load_pipeline
from oppcore.proof import prove_claims
from oppcore.testing import pipeline_machine
from tests.testing.holes import HOLES

PAGE = (Path(__file__).parents[1] / "docs/how-to/prove-your-sales-process.md").read_text(encoding="utf-8")
SHOP = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]


def play(machine):
    """The lines of the story, and how many seconds it took."""
    start, result = time.perf_counter(), unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(machine).run(result)
    told = next((told for _, told in (*result.failures, *result.errors)), "")
    return re.findall(r"^\d+\. .*$", told, re.MULTILINE), time.perf_counter() - start


def shop(seeds=20):
    pipeline = load_pipeline(SHOP)
    claims = [claim for claim in pipeline.claims if not claim.closes]
    wanted = len(prove_claims(pipeline)[0].story.changes)
    found = []
    for number in range(seeds):
        machine = pipeline_machine(pipeline, invariants=claims, settings=settings(max_examples=500, database=None))
        machine.play = seed(number)(machine.play)
        lines, seconds = play(machine)
        found.append(len(lines))
        print(f"seed {number:2}: {len(lines)} lines, {seconds:.1f} s")
    print(f"found {sum(map(bool, found))} of {seeds}; as short as the proof ({wanted}): {found.count(wanted)}")


def every_hole():
    for name, hole in HOLES.items():
        within = settings(max_examples=1_000, database=None, derandomize=True)
        lines, seconds = play(pipeline_machine(hole.pipeline, invariants=[hole.invariant], settings=within))
        print(f"{seconds:5.1f} s  {len(lines)} lines ({len(hole.story)})  {name}")


def ten_stages():
    stages = "".join(
        f'[[stages]]\nkey = "s{number}"\nkind = "open"\nentry = [{{compare = "amount", ge = {number}}}]\n'
        f'exit = [{{present = "budget"}}, {{role = ["seller"]}}]\n'
        for number in range(9)
    )
    pipeline = load_pipeline(
        'key = "ten"\ncurrency = "EUR"\npermissions.correct.allowed = true\noverrides = [{roles = ["boss"]}]\n'
        f'{stages}[[stages]]\nkey = "won"\nkind = "won"\nentry = [{{approved = "quote"}}]\n'
        '[[approvals]]\nkey = "quote"\ncovers = ["amount"]\nsteps = [{key = "one", roles = ["manager"]}]\n'
    )
    lines, seconds = play(pipeline_machine(pipeline))
    print(f"ten stages, {settings.default.max_examples} examples: {len(lines)} lines, {seconds:.1f} s")


if __name__ == "__main__":
    every_hole() if "--all" in sys.argv else ten_stages() if "--ten" in sys.argv else shop()
