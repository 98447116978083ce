"""Histories in which everything goes wrong, played against a store: every seed is one, and plays the same each time."""

from __future__ import annotations

from oppcore.repository import Repository
from oppcore.testing.simulation.orders import Order
from oppcore.testing.simulation.promises import check_promises
from oppcore.testing.simulation.world import Begin, World

__all__ = ["Begin", "Order", "World", "simulate"]


def simulate(repository: Repository, seed: int, *, begin: Begin = Order.begin) -> World:
    """Play one history against an empty store, and check that every promise was kept.

    Three clients with unlike clocks send seven commands in turns, request by request: moves, amendments, openings,
    merges, new revisions of the pipeline, under a limit on work in progress. Commands come twice, clients crash before
    and after commits, requests and answers are lost; whoever does not know what happened asks again. Raises
    `AssertionError` with the whole story where an acknowledged change is lost, one is made twice, a history has a gap
    or is not what made the record, a guard did not hold, or an answer was not the first one.
    """
    world = World(repository, seed, begin)
    world.run()
    check_promises(world)
    return world
