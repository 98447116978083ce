"""A world in which everything goes wrong, in an order that a seed decides: clients in turns, crashes, lost answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any, NoReturn, TypeAlias, final

from oppcore.desk.requests import Request, Steps
from oppcore.errors import Busy, OppcoreError, Unavailable
from oppcore.records import Key, Opportunity
from oppcore.repository import Commit, Committed, Repository, Write
from oppcore.testing.deals import opening, publishing
from oppcore.testing.simulation.orders import DEALS, LIMIT, Order, draw_order, revision_of

__all__ = ["Begin", "World"]

Begin: TypeAlias = Callable[[Order], Steps[Any]]
"""Begins to carry out an order: with the desk's own steps, or with those of a desk that is to be tested."""

_CLIENTS, _ORDERS, _MOST_FAULTS = 3, 7, 4
_PIPELINE = Key("pipeline", "new-business")


@cache
def _preparation() -> tuple[Commit, ...]:
    return (publishing(revision_of(1)), *(opening(id) for id in DEALS))


@final
class _Delivery:
    """An order under way: its steps, and what they ask for now."""

    __slots__ = ("order", "request", "steps")

    def __init__(self, order: Order, steps: Steps[Any]) -> None:
        self.order, self.steps = order, steps
        self.request: Request = next(steps)


@final
class World:
    """One history of a store and its clients. What a commit must never do is noticed when it does it."""

    def __init__(self, repository: Repository, seed: int, begin: Begin = Order.begin) -> None:
        self.repository, self.seed = repository, seed
        self.now = 0
        """The number of requests answered so far."""
        self.orders = list[Order]()
        self.endings = list[tuple[int, Order, object]]()
        """When each delivery ended, and with what: a receipt, an error, or None for a crash."""
        self.applied = dict[str, int]()
        """When each order was committed, by its mark."""
        self.versions = dict[Key, int]()
        """What was committed last."""
        self.faults, self._most_faults = 0, _MOST_FAULTS
        self._begin, self._dice = begin, Random(seed)
        self._waiting, self._active = list[Order](), list[_Delivery]()
        self._under_limit = set[Key]()
        self._story = list[tuple[int, str, str, str]]()

    def run(self) -> None:
        """Let every client do all it wants, until it knows how that ended."""
        for commit in _preparation():
            self._note(commit, None, self.repository.commit(commit))
        dice = self._dice
        skews = [timedelta(minutes=dice.choice((0, 0, 0, 7, -7))) for _ in range(_CLIENTS)]
        for number in range(_ORDERS):
            order = draw_order(dice, number, skews[number % _CLIENTS])
            self.orders.append(order)
            self._waiting += [order, order] if order.has_id and dice.random() < 0.25 else [order]
        while self._active or self._waiting:
            if self._waiting and len(self._active) < _CLIENTS:
                self._deliver(self._waiting.pop(0))
            else:
                self._step(int(dice.random() * len(self._active)))

    def deliver_again(self, order: Order) -> object:
        """Deliver an order once more, alone and without faults; give how that ended."""
        self._most_faults = 0
        count = len(self.endings)
        self._deliver(order)
        while len(self.endings) == count:
            self._step(0)
        return self.endings[-1][2]

    def fail(self, what: str) -> NoReturn:
        """Say what went wrong, and everything that led to it."""
        lines = [f"{now:4} {mark:6} {asked}{fault and f'  <- {fault}'}" for now, mark, asked, fault in self._story]
        raise AssertionError(f"seed {self.seed}: {what}\n" + "\n".join([*map(str, self.orders), *lines]))

    # One step.

    def _deliver(self, order: Order) -> None:
        self._active.append(_Delivery(order, self._begin(order)))

    def _step(self, index: int) -> None:
        """Answer one request of one delivery, or let something happen to it."""
        delivery = self._active[index]
        request, steps = delivery.request, delivery.steps
        fault = self._draw_fault(request.name == "commit") if self.faults < self._most_faults else ""
        self.now += 1
        self._story.append((self.now, delivery.order.mark, request.name, fault))
        try:
            if fault == "crash":
                return self._end(index, None)
            try:
                answer = None if fault == "request lost" else self._answer(request, delivery.order)
                if fault == "crash after commit":
                    return self._end(index, None)
                if fault:
                    raise Unavailable(fault)
            except OppcoreError as error:
                delivery.request = steps.throw(error)
            else:
                delivery.request = steps.send(answer)
        except StopIteration as stop:
            self._end(index, stop.value)
        except OppcoreError as error:
            self._end(index, error)

    def _draw_fault(self, is_commit: bool) -> str:
        drawn = self._dice.random()
        if is_commit and drawn < 0.4:
            fault = ("crash", "crash after commit", "request lost", "answer lost")[int(drawn * 10)]
        else:
            fault = "crash" if drawn > 0.98 else ""
        self.faults += bool(fault)
        return fault

    def _end(self, index: int, result: object) -> None:
        delivery = self._active.pop(index)
        delivery.steps.close()
        order = delivery.order
        self.endings.append((self.now, order, result))
        if order.has_id and (result is None or isinstance(result, (Unavailable, Busy))):
            self._waiting.append(order)  # whoever does not know asks again

    def _answer(self, request: Request, order: Order) -> Any:
        match request.name:
            case "commit":
                [commit] = request.args
                committed = self.repository.commit(commit)
                self._note(commit, order, committed)
                return committed
            case "load":
                [key] = request.args
                stored = self.repository.load(key)
                if (0 if stored is None else stored.version) != self.versions.get(key, 0):
                    self.fail(f"{key} was read as {stored}, after version {self.versions.get(key, 0)} was committed")
                return stored
            case "authorize" | "pause":
                return None
            case name:
                return getattr(self.repository, name)(*request.args, **request.options)

    # What a commit must never do.

    def _note(self, commit: Commit, order: Order | None, committed: Committed) -> None:
        if committed.repeated:
            return
        for guard in commit.guards:
            self._expect(guard.key, guard.version)
        for write in commit.writes:
            self._expect(write.key, write.expected)
        for write in commit.writes:
            self.versions[write.key] = write.version
            if isinstance(write.record, Opportunity):
                self._judge(write, write.record)
        if order is not None:
            if order.mark in self.applied:
                self.fail(f"{order.mark} was carried out twice")
            if order.expected not in (None, commit.writes[0].expected):
                self.fail(f"{order.mark} was carried out on version {commit.writes[0].expected}")
            self.applied[order.mark] = self.now

    def _expect(self, key: Key, version: int) -> None:
        if version != self.versions.get(key, 0):
            self.fail(f"{key} was committed on version {version}, after version {self.versions.get(key, 0)}")

    def _judge(self, write: Write, record: Opportunity) -> None:
        for change in write.changes:
            if change.stamp.revision != self.versions[_PIPELINE]:
                self.fail(f"{change} was decided under another revision than {self.versions[_PIPELINE]}")
        if LIMIT.group_of(record) is None:
            self._under_limit.discard(write.key)
        else:
            self._under_limit.add(write.key)
        if len(self._under_limit) > LIMIT.most:
            self.fail(f"{len(self._under_limit)} deals are offered at once, {LIMIT.most} may be")
