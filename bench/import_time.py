"""What importing oppcore costs next to `import attrs`, in fresh interpreters, turn by turn.

`import oppcore` loads a name when it is first used, so using every everyday name is measured beside it.

Usage: python bench/import_time.py [rounds]
"""

import statistics
import subprocess
import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20

# The child measures only the import itself: starting the interpreter is not ours to count.
TIMED = "from time import perf_counter as t; start = t(); {0}; print(1000 * (t() - start))"
LOADED = "{0}; import sys; print(*sys.modules)"
ATTRS, DOOR, ALL = "import attrs", "import oppcore", "from oppcore import *"


def ask(code: str, name: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-I", "-c", code.format(name)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


times: dict[str, list[float]] = {ATTRS: [], DOOR: [], ALL: []}
for name in times:
    ask(TIMED, name)  # once for nothing: compile and warm the disk cache
for _ in range(ROUNDS):
    for name, found in times.items():
        found.append(float(ask(TIMED, name)))

print(f"{'statement':24}{'best':>10}{'median':>10}{'ratio':>8}   ({ROUNDS} rounds, Python {sys.version.split()[0]})")
for name, found in times.items():
    ratio = statistics.median(found) / statistics.median(times[ATTRS])
    print(f"{name:24}{min(found):7.1f} ms{statistics.median(found):7.1f} ms{ratio:8.2f}")

for name in (DOOR, ALL):
    added = sorted(set(ask(LOADED, name).split()) - set(ask(LOADED, ATTRS).split()))
    ours = [module for module in added if module.partition(".")[0] == "oppcore"]
    print(f"\n{name} loads beyond attrs {len(added)} modules, of them {len(ours)} ours; the others:")
    print(*(module for module in added if module not in ours))
