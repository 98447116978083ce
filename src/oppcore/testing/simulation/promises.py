"""What has to be true when all is over, whatever happened on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from oppcore.desk.requests import Receipt
from oppcore.engine import Amended, Change, Merged, Opened, replay
from oppcore.errors import CommandMismatch, MoveRefused, NotFound, VersionConflict
from oppcore.records import Key, Opportunity
from oppcore.repository import MAX_PAGE, Query
from oppcore.repository.powers import find_powers
from oppcore.testing.simulation.world import World

__all__ = ["check_promises"]

_REFUSALS = (CommandMismatch, MoveRefused, NotFound, VersionConflict)


def check_promises(world: World) -> None:
    """Fail with the whole story where a promise was broken."""
    past = {key: _check_record(world, key) for key in world.versions if key.kind == "opportunity"}
    _check_marks(world, past)
    _check_receipts(world, past)
    _check_refusals(world)
    _check_lists(world, past)
    _check_feed(world, past)
    _check_repetition(world)


def _check_record(world: World, key: Key) -> tuple[Change, ...]:
    """The history has no gaps, and makes the record what it is."""
    stored = world.repository.load(key)
    changes = world.repository.history(key, limit=MAX_PAGE).items
    if stored is None or stored.version != world.versions[key]:
        world.fail(f"{key} is {stored}, after version {world.versions[key]} was committed")
    if [change.stamp.version for change in changes] != list(range(1, stored.version + 1)):
        world.fail(f"the history of {key} has a gap: {changes}")
    if replay(changes) != stored.record:
        world.fail(f"{key} is not what its history says: {stored.record}")
    return changes


def _mark_of(change: Change) -> str | None:
    match change:
        case Amended(edits=edits) | Merged(edits=edits):
            return next((str(edit.new) for edit in edits if edit.field == "name"), None)
        case Opened(record=Opportunity(name=name)):
            return name
        case _:
            return None


def _check_marks(world: World, past: dict[Key, tuple[Change, ...]]) -> None:
    """Nothing was done twice, and of a merge both halves were."""
    changes = [change for one in past.values() for change in one]
    marks = Counter(mark for mark in map(_mark_of, changes) if mark is not None)
    if more := [mark for mark, times in marks.items() if times > 1]:
        world.fail(f"{more} is in the history more than once")
    if unknown := marks.keys() - world.applied.keys():
        world.fail(f"{unknown} is in the history and was never committed")
    halves = Counter((one.into_id, one.absorbed_id) for one in changes if isinstance(one, Merged))
    if any(times != 2 for times in halves.values()):
        world.fail(f"a merge was done by half: {halves}")


def _check_receipts(world: World, past: dict[Key, tuple[Change, ...]]) -> None:
    """What was acknowledged is in the history, and every delivery of an order was told the same."""
    told = dict[str, tuple[int, tuple[Change, ...]]]()
    for _, order, receipt in world.endings:
        if not isinstance(receipt, Receipt) or not order.is_marked:
            continue
        said = (receipt.version, receipt.changes)
        key = Key("opportunity", order.mark if order.wish == "open" else order.deal)
        if past[key][receipt.version - len(receipt.changes) : receipt.version] != receipt.changes:
            world.fail(f"{order.mark} was acknowledged with {receipt.changes}, which the history does not have")
        if told.setdefault(order.mark, said) != said:
            world.fail(f"{order.mark} was acknowledged as {told[order.mark]} and as {said}")
        if order.has_id and order.mark not in world.applied:
            world.fail(f"{order.mark} was acknowledged and never committed")


def _check_refusals(world: World) -> None:
    """What was carried out is never refused afterwards."""
    for when, order, error in world.endings:
        is_refused = order.has_id and order.is_marked and isinstance(error, _REFUSALS)
        if is_refused and when > world.applied.get(order.mark, when):
            world.fail(f"{order.mark} was refused after it had been carried out: {error}")


def _check_lists(world: World, past: Iterable[Key]) -> None:
    """Every deal is in the list."""
    page = world.repository.find(Query(removed=None, order="id"))
    if [(one.key, one.version) for one in page.items] != sorted(
        ((key, world.versions[key]) for key in past), key=lambda pair: pair[0].id
    ):
        world.fail(f"the list has {[(one.key.id, one.version) for one in page.items]}")


def _check_feed(world: World, past: dict[Key, tuple[Change, ...]]) -> None:
    """Who follows gets every change of every deal, in order."""
    repository: Any = world.repository
    if find_powers(repository).feeds:
        fed = repository.follow("main", limit=MAX_PAGE)
        for key, changes in past.items():
            if tuple(one.change for one in fed if one.key == key) != changes:
                world.fail(f"the feed does not have the history of {key}")


def _check_repetition(world: World) -> None:
    """What is sent once more after everything else changes nothing and is answered as before."""
    receipts = {order: one for _, order, one in world.endings if order.has_id and order.is_marked}
    for order, receipt in receipts.items():
        if isinstance(receipt, Receipt):
            before = dict(world.versions)
            again = world.deliver_again(order)
            if not isinstance(again, Receipt) or not again.repeated:
                world.fail(f"{order.mark} was answered with {again} when it came again")
            if (again.version, again.changes) != (receipt.version, receipt.changes):
                world.fail(f"{order.mark} was acknowledged as {receipt} and then as {again}")
            if world.versions != before:
                world.fail(f"{order.mark} was carried out again")
            return
