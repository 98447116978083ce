"""Whether what clients saw of a record can have happened in one order.

Versions are unique and grow, so the order is known: an operation that ended before another one began must not have seen
a later version than that, and no two writes may have made the same one.
"""

from itertools import pairwise

import attrs


@attrs.frozen
class Operation:
    """What one client did to a record: wrote or read a version, between two instants."""

    begun: float
    ended: float
    version: int
    is_write: bool


def find_anomaly(operations):
    """What cannot have happened in any order; None where all can."""
    writes = [one for one in operations if one.is_write]
    made = sorted(one.version for one in writes)
    for version, following in pairwise(made):
        if version == following:
            return f"two writes made version {version}"
    newest = 0
    ended = sorted(operations, key=lambda one: one.ended)
    position = 0
    for one in sorted(operations, key=lambda one: one.begun):
        while position < len(ended) and ended[position].ended < one.begun:
            newest = max(newest, ended[position].version)
            position += 1
        if one.version < newest or (one.is_write and one.version == newest):
            return f"version {one.version} came after version {newest}"
    begun = {one.version: one.begun for one in writes}
    for one in operations:
        if not one.is_write and begun.get(one.version, one.ended) > one.ended:
            return f"version {one.version} was read before it was written"
    return None
