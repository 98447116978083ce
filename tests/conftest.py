"""How hard Hypothesis looks: `OPPCORE_HYPOTHESIS=deep pytest` for a night, the default for a change."""

import os
import sys

from hypothesis import HealthCheck, Phase, settings

# Where a change is gated (CI is set) every run sees the same examples; elsewhere each run looks at new ones.
GATED = bool(os.environ.get("CI"))

# No deadline: a busy machine is not a bug. `quick` is for a second or third interpreter.
settings.register_profile("default", deadline=None, derandomize=GATED)
settings.register_profile("quick", deadline=None, derandomize=GATED, max_examples=20)
settings.register_profile("deep", deadline=None, max_examples=5_000)
# For mutants (bench/README.md): the same very few examples each time; a failure is enough, nobody reads the smallest.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("OPPCORE_HYPOTHESIS", "default"))


def forget():
    """Empty under mutmut what `@cache` keeps: workers inherit it, and what is kept hides which test called what."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("oppcore.", "tests.")) and not name.startswith("oppcore.testing"):
            for kept in list(vars(module).values()):
                if hasattr(kept, "cache_clear"):
                    kept.cache_clear()


def pytest_sessionstart():
    if "MUTANT_UNDER_TEST" in os.environ:
        forget()


def pytest_runtest_setup():
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":  # when mutmut notes the tests of each function
        forget()
