"""How hard Hypothesis looks: `OPPCORE_HYPOTHESIS=deep pytest` for a night, the default for a change."""

import os

from hypothesis import settings

# Where a change is gated (CI is set) every run sees the same examples; elsewhere each run looks at new ones.
GATED = bool(os.environ.get("CI"))

# No deadline: a busy machine is not a bug. `quick` is for a second or third interpreter.
settings.register_profile("default", deadline=None, derandomize=GATED)
settings.register_profile("quick", deadline=None, derandomize=GATED, max_examples=20)
settings.register_profile("deep", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("OPPCORE_HYPOTHESIS", "default"))
