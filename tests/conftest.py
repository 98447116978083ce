"""How hard Hypothesis looks: `OPPCORE_HYPOTHESIS=deep pytest` for a night, the default for a change."""

import os

from hypothesis import settings

# No deadline: a busy machine is not a bug.
settings.register_profile("default", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)  # a second or quarter interpreter in .ci/run
settings.register_profile("deep", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("OPPCORE_HYPOTHESIS", "default"))
