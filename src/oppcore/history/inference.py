"""Proposing a pipeline from a history: the order of the stages is found, what they mean is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from oppcore.errors import InvalidPipeline, Problem
from oppcore.history.history import History, make_history
from oppcore.history.row import Row
from oppcore.pipeline import Pipeline, Stage, StageKind
from oppcore.pipeline.structure import MAX_STAGES
from oppcore.spelling import suggest

__all__ = ["infer_pipeline"]

Names = Iterable[str]


def infer_pipeline(
    rows: History | Iterable[Row],
    *,
    key: str = "inferred",
    won: Names | None = None,
    lost: Names | None = None,
    post_sale: Names = (),
    steps: Names | None = None,
) -> Pipeline:
    """Give a pipeline with the stages that occur in the history: open, won, post-sale and lost ones, each in order.

    Order: a stage's place is the share of the other stages that a deal first entered before it, a mean over the stages
    it ever met in one deal, each counting alike however many deals they met in. Stages of one place follow the number
    of their deals (most first), then their keys. `steps` gives the open stages in order instead.

    What a stage means is not in its name: `won` and `lost` have to be said, empty where there are none.

    Raises `InvalidPipeline` where they are not, listing the stages in which deals mostly end.

    >>> from datetime import UTC, datetime
    >>> days = [("a", "new", 1), ("a", "offer", 5), ("a", "signed", 9), ("b", "new", 2), ("b", "gone", 3)]
    >>> rows = [Row(opportunity_id=id, stage=stage, at=datetime(2024, 1, day, tzinfo=UTC)) for id, stage, day in days]
    >>> pipeline = infer_pipeline(rows, won=["signed"], lost=["gone"])
    >>> [(stage.key, str(stage.kind)) for stage in pipeline.stages]
    [('new', 'open'), ('offer', 'open'), ('signed', 'won'), ('gone', 'lost')]
    """
    history = rows if isinstance(rows, History) else make_history(rows)
    walks = [walk for _, told in history if (walk := tuple(row.stage for row in told if row.stage is not None))]
    deals = Counter(stage for walk in walks for stage in set(walk))
    said = {
        StageKind.OPEN: _listed(steps),
        StageKind.WON: _listed(won),
        StageKind.POST_SALE: _listed(post_sale),
        StageKind.LOST: _listed(lost),
    }
    faults = list(_find_faults(said, deals, all_said=steps is not None))
    if (won is None or lost is None) and len(deals) <= MAX_STAGES:
        faults.append(_ask(walks, deals, won, lost))
    if faults:
        raise InvalidPipeline(tuple(faults))
    named = {stage for stages in said.values() for stage in stages}
    if steps is None:
        said[StageKind.OPEN] = tuple(deals.keys() - named)
    ordered = {kind: _in_mean_order(stages, walks, deals) for kind, stages in said.items()}
    if steps is not None:
        ordered[StageKind.OPEN] = said[StageKind.OPEN]
    return Pipeline(key=key, stages=[Stage(key=stage, kind=kind) for kind, keys in ordered.items() for stage in keys])


def _listed(names: Names | None) -> tuple[str, ...]:
    if isinstance(names, str):
        message = f"a list of stages is wanted, not the text {names!r}"
        raise TypeError(message)
    return tuple(dict.fromkeys(names or ()))


def _ask(walks: Sequence[Sequence[str]], deals: Mapping[str, int], won: Names | None, lost: Names | None) -> Problem:
    """Ask which stages mean won and lost, with those in which most of the deals that enter them also end."""
    ends = Counter(walk[-1] for walk in walks)
    by_share = sorted(ends, key=lambda stage: (-ends[stage] / deals[stage], -ends[stage], stage))
    mostly = [stage for stage in by_share if 2 * ends[stage] >= deals[stage]] or by_share
    listed = [f"{stage} ({ends[stage]} of {deals[stage]} deals end there)" for stage in mostly[:12]]
    missing = [name for name, given in (("won", won), ("lost", lost)) if given is None]
    flags = " ".join(f"--{name} STAGE" for name in missing)
    return Problem("infer.ask", "stages", {"missing": missing, "candidates": listed, "flag": flags})


def _find_faults(said: Mapping[StageKind, Names], deals: Mapping[str, int], *, all_said: bool) -> Iterator[Problem]:
    if len(deals) > MAX_STAGES:
        some = sorted(deals)[:3]
        yield Problem("infer.too_many", "stages", {"count": len(deals), "most": MAX_STAGES, "some": some})
        return
    meant: dict[str, StageKind] = {}
    for kind, stages in said.items():
        for stage in stages:
            if stage in meant:
                yield Problem("infer.twice", "stages", {"stage": stage, "kinds": [meant[stage], kind]})
            elif stage not in deals:
                params = {"stage": stage, "known": sorted(deals), "suggestion": suggest(stage, sorted(deals))}
                yield Problem("infer.unknown", "stages", params)
            meant[stage] = kind
    if all_said and (rest := sorted(deals.keys() - meant.keys())):
        listed = [f"{stage} ({deals[stage]} deals)" for stage in rest]
        yield Problem("infer.not_placed", "stages", {"stages": listed, "flag": "--steps, --won, --lost or --post-sale"})


def _in_mean_order(stages: Names, walks: Iterable[Sequence[str]], deals: Mapping[str, int]) -> tuple[str, ...]:
    wanted = set(stages)
    before: Counter[tuple[str, str]] = Counter()
    for walk, times in Counter(tuple(dict.fromkeys(walk)) for walk in walks).items():
        met = [stage for stage in walk if stage in wanted]
        for rank, later in enumerate(met):
            for earlier in met[:rank]:
                before[earlier, later] += times

    def place(stage: str) -> float:
        others = [(before[other, stage], before[stage, other]) for other in sorted(wanted)]
        shares = [behind / (behind + ahead) for behind, ahead in others if behind + ahead]
        return sum(shares) / len(shares) if shares else 0.5

    return tuple(sorted(wanted, key=lambda stage: (place(stage), -deals[stage], stage)))
