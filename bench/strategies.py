"""The health of each strategy: what share is rejected, how large the values are, how long one takes.

python bench/strategies.py [EXAMPLES]
"""

import sys
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.testing.test_health import STRATEGIES, drawn

EXAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 300


def size(value):
    return len(value) if isinstance(value, tuple) else len(repr(value))


print(f"{'strategy':18} {'rejected':>8} {'smallest':>9} {'median':>8} {'largest':>8} {'ms each':>8}")
for name, strategy in STRATEGIES.items():
    start = time.perf_counter()
    rejected, made = drawn(strategy, examples=EXAMPLES)
    passed = time.perf_counter() - start
    sizes = sorted(map(size, made))
    share = rejected / (rejected + len(made))
    print(f"{name:18} {share:8.1%} {sizes[0]:9} {median(sizes):8.0f} {sizes[-1]:8} {passed / len(made) * 1000:8.1f}")
print("sizes: items of tuples (changes, histories), else characters of the repr")
