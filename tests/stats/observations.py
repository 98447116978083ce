"""Things that stayed for some time and ended, or had not, when they were last seen."""

from hypothesis import strategies as st

from oppcore.stats import count_events

# Whole days, few of them, so that ties of every kind are common: (duration, cause, entry).
stays = st.tuples(st.integers(0, 9), st.sampled_from(["won", "lost", None]), st.integers(0, 8))
things = stays.map(lambda stay: (*stay[:2], stay[2] if stay[2] < stay[0] else 0))
prompt_things = st.tuples(st.integers(0, 9), st.sampled_from(["won", "lost", None]), st.just(0))
ended_things = st.tuples(st.integers(0, 9), st.sampled_from(["won", "lost"]), st.just(0))

# Freireich et al. (1963), Blood 21, 699-716: weeks in remission under 6-MP and under placebo; * is censored.
MERCAPTOPURINE = "6 6 6 6* 7 9* 10 10* 11* 13 16 17* 19* 20* 22 23 25* 32* 32* 34* 35*"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"

# Twelve deals in three stages as of day 100: days in the stage; > went on, < went back, x was lost, * is still open.
QUALIFIED = "10> 5> 10x 20> 8> 25> 70* 7> 7> 15> 0x 10*"
PROPOSAL = "15> 15x 15> 10> 55* 18x 8> 15> 20>"
NEGOTIATION = "15> 15> 15< 20> 20> 20x 5*"


def count(things):
    """The counts of (duration, cause, entry)."""
    durations, causes, entries = zip(*things, strict=True) if things else ((), (), ())
    return count_events(durations, causes, entries=entries)


def count_text(text):
    """The counts of whole numbers with a mark each: * is censored, no mark is True, any other mark is the cause."""
    words = text.split()
    marks = [word.strip("0123456789") or True for word in words]
    return count_events([int(word.strip("*><x")) for word in words], [None if mark == "*" else mark for mark in marks])
