"""What the tests notice: mutants of the rooms that decide, made and judged by mutmut, drawn at random from each room.

A mutant is the code with one small change (`<` for `<=`, another text, an argument left out); it is killed where one
of the tests named in `[tool.mutmut]` of pyproject.toml fails or takes too long. All of them take a night
(`mutmut run`); a sample says as much about the share, with the interval that such a share has. A mutant once killed
stays killed until its function changes: run the same sample again after adding a test, and only the others are retried.

Usage: pip install -e '.[dev]' mutmut; python bench/mutants.py [sample] [seed] [processes]
Goal: 85 % of each room.
Seen: in bench/README.md.
"""

import os
import random
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

from oppcore.stats import make_ratio

SAMPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 480
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
PROCESSES = int(sys.argv[3]) if len(sys.argv) > 3 else 1
LEAST = 30  # of a room, however small it is: money.py would have five of its own
ENOUGH = {"killed", "timeout"}
FIRST = "oppcore.money.xǁMoneyǁ__bool____mutmut_1"  # any one: mutmut makes the mutants when it starts to run some
MUTMUT = Path(sysconfig.get_path("scripts")) / "mutmut"
ROOT = Path(__file__).parents[1]


def mutmut(*arguments: str, shown: bool = False) -> str:
    """Call mutmut; give what it prints."""
    environment = os.environ | {"OPPCORE_HYPOTHESIS": "mutants", "CI": "true", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [MUTMUT, *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        text=True,
        stdout=None if shown else subprocess.PIPE,
    )
    return done.stdout or ""


def run(names: list[str]) -> None:
    """Put mutants to the tests."""
    mutmut("run", "--max-children", str(PROCESSES), *names, shown=True)


def verdicts() -> dict[str, str]:
    """What is known of each mutant, by its name."""
    lines = mutmut("results", "--all", "true").splitlines()  # not `print-time-estimates`: it forgets what it knows
    return dict(line.strip().split(": ", 1) for line in lines)


def room(name: str) -> str:
    """The room, or the module, that a mutant was made of."""
    return name.split(".")[1]


def draw(names: list[str]) -> list[str]:
    """As many from each room as its share of all mutants, but not fewer than LEAST."""
    dice, drawn = random.Random(SEED), []
    for here, size in sorted(Counter(map(room, names)).items()):
        share = max(LEAST, round(SAMPLE * size / len(names)))
        drawn += dice.sample(sorted(name for name in names if room(name) == here), min(size, share))
    return drawn


run([FIRST])
known = verdicts()
drawn = draw(list(known))
if left := [name for name in drawn if known[name] not in ENOUGH]:
    run(left)
known = verdicts()
sizes, weighted = Counter(map(room, known)), 0.0
print(f"\nseed {SEED}, {len(drawn)} of {len(known)} mutants")
for here, size in sorted(sizes.items()):
    found = Counter(known[name] for name in drawn if room(name) == here)
    noticed = make_ratio(sum(found[one] for one in ENOUGH), found.total())
    weighted += float(noticed.value or 0) * size / len(known)
    print(f"{here:10} {size:6} mutants, {found.total():4} drawn: {noticed!s:24} {dict(found)}")
print(f"all rooms, by their size: {weighted:.1%}\n")
for name in drawn:
    if known[name] not in ENOUGH:
        print(f"{known[name]}: mutmut show {name}")
