"""What `import oppcore` costs next to `import attrs`, in fresh interpreters, turn by turn.

Usage: python bench/import_time.py [rounds]
"""

import statistics
import subprocess
import sys

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20

# The child measures only the import itself: starting the interpreter is not ours to count.
TIMED = "from time import perf_counter as t; start = t(); import {0}; print(1000 * (t() - start))"
LOADED = "import {0}, sys; print(*sys.modules)"


def ask(code: str, name: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-I", "-c", code.format(name)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


times: dict[str, list[float]] = {"attrs": [], "oppcore": []}
for name in times:
    ask(TIMED, name)  # once for nothing: compile and warm the disk cache
for _ in range(ROUNDS):
    for name, found in times.items():
        found.append(float(ask(TIMED, name)))

print(f"{'import':10}{'best':>10}{'median':>10}   ({ROUNDS} rounds, Python {sys.version.split()[0]})")
for name, found in times.items():
    print(f"{name:10}{min(found):7.1f} ms{statistics.median(found):7.1f} ms")
print(f"{'ratio':10}{min(times['oppcore']) / min(times['attrs']):10.2f}", end="")
print(f"{statistics.median(times['oppcore']) / statistics.median(times['attrs']):10.2f}")

added = sorted(set(ask(LOADED, "oppcore").split()) - set(ask(LOADED, "attrs").split()))
ours = [name for name in added if name.partition(".")[0] == "oppcore"]
print(f"\nloaded beyond attrs: {len(added)} modules, of them {len(ours)} ours")
print(*ours, sep=" ")
print("others:", *(name for name in added if name not in ours))
