"""The desk: every command in one call, against a store that answers at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, final, overload

from oppcore import engine
from oppcore.desk import commands, questions
from oppcore.desk.requests import Receipt, Request, Saved, Steps, wait_before
from oppcore.desk.shell import Shell
from oppcore.engine import Change, Option
from oppcore.errors import Problem
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Lead, Opportunity, Outcome, Record
from oppcore.records.checks import MAX_KEY, check_text
from oppcore.repository.protocol import Page, Query, Repository

__all__ = ["Authorize", "Desk"]

Authorize: TypeAlias = Callable[[Actor | None, str, Record | Pipeline], None]
"""Called with actor, action and record before each commit; raises to refuse."""

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    R = TypeVar("R", bound=Record, default=Opportunity)
else:
    from typing import TypeVar

    R = TypeVar("R", bound=Record)

T = TypeVar("T")


def _allow(_actor: Actor | None, _action: str, _record: Record | Pipeline) -> None:
    """Refuse nothing: the pipeline's roles alone decide."""


@final
class Desk(Generic[R]):
    """Where deals are worked on: each command loads, decides by the pipeline's newest revision, and saves.

    One tenant's deals in one repository; `of=Lead` makes it a desk of leads, with the same commands and `convert`.

    `authorize(actor, action, record)` is asked before each commit and raises to refuse: with the record as it stands
    for `move`, `amend` and `convert`, with the new one for `open`, `adopt`, `save` and `publish`. A command that meets
    somebody else's change decides again, up to `retries` times, unless it names the `expected_version` that its user
    saw. A command with a `command_id` is carried out once, however often it is sent: later ones give the first outcome,
    whatever `at`, `facts` and `expected_version` they bring. Another wish under the same id raises `CommandMismatch`.
    """

    @overload
    def __init__(
        self: Desk[Opportunity],
        repository: Repository,
        *,
        tenant: str = "main",
        authorize: Authorize | None = None,
        retries: int = 12,
    ) -> None: ...
    @overload
    def __init__(
        self,
        repository: Repository,
        *,
        of: type[R],
        tenant: str = "main",
        authorize: Authorize | None = None,
        retries: int = 12,
    ) -> None: ...
    def __init__(
        self,
        repository: Repository,
        *,
        of: type[Any] = Opportunity,
        tenant: str = "main",
        authorize: Authorize | None = None,
        retries: int = 12,
    ) -> None:
        self._repository = repository
        self._authorize: Authorize = authorize or _allow
        self._tenant = check_text(tenant, "tenant", limit=MAX_KEY, blank=False)
        self._of: type[R] = of
        self._shell: Shell[R] = Shell(tenant, of, retries)

    # Do.

    def publish(self, pipeline: Pipeline, *, actor: Actor | None = None) -> Receipt[Pipeline]:
        """Make this the revision that decides; the same one again changes nothing.

        Raises `VersionConflict` unless it is the next revision (the first: 1).
        """
        return self._run(self._shell.publish(pipeline, actor=actor))

    def open(
        self,
        pipeline_key: str,
        id: str,
        values: Mapping[str, Any] | None = None,
        *,
        at: datetime,
        actor: Actor | None = None,
        stage: str | None = None,
        facts: Mapping[str, Any] | None = None,
        recorded_at: datetime | None = None,
        command_id: str | None = None,
    ) -> Receipt[R]:
        """Open a deal (or lead), as `oppcore.engine.open_opportunity` (`open_lead`) decides.

        Raises `MoveRefused`, `NotFound` for the pipeline, and `VersionConflict` when there is a deal with this id.
        """
        steps = commands.open_record(
            self._shell,
            pipeline_key,
            id,
            values,
            at=at,
            actor=actor,
            stage=stage,
            facts=facts,
            recorded_at=recorded_at,
            command_id=command_id,
        )
        return self._run(steps)

    def adopt(
        self,
        image: R,
        *,
        at: datetime,
        actor: Actor | None = None,
        recorded_at: datetime | None = None,
        command_id: str | None = None,
    ) -> Receipt[R]:
        """Take over a deal as it stands elsewhere, as `oppcore.engine.adopt` decides. Raises what `open` raises."""
        steps = commands.adopt(self._shell, image, at=at, actor=actor, recorded_at=recorded_at, command_id=command_id)
        return self._run(steps)

    def save(
        self, histories: Iterable[Iterable[Change]], *, actor: Actor | None = None, command_id: str | None = None
    ) -> Saved:
        """Save changes that are decided already, such as those of `adopt_history`: for each record its next changes.

        Some hundred records go into each commit. Whoever was interrupted gives the same `command_id` and the same
        changes again: what was saved is not saved twice. Raises `VersionConflict` when changes do not follow what is
        there, or were decided under another revision than the newest.
        """
        return self._run(self._shell.save(histories, actor=actor, command_id=command_id))

    def move(
        self,
        id: str,
        to: str | None = None,
        *,
        at: datetime,
        actor: Actor | None = None,
        outcome: Outcome | str | None = None,
        reason: str | None = None,
        amending: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        recorded_at: datetime | None = None,
        expected_version: int | None = None,
        command_id: str | None = None,
    ) -> Receipt[R]:
        """Move a deal, as `oppcore.engine.move` decides.

        Raises `MoveRefused` with every reason, `NotFound`, and `VersionConflict` when the deal is not at the expected
        version.
        """
        steps = commands.move(
            self._shell,
            id,
            to,
            at=at,
            actor=actor,
            outcome=outcome,
            reason=reason,
            amending=amending,
            facts=facts,
            recorded_at=recorded_at,
            expected_version=expected_version,
            command_id=command_id,
        )
        return self._run(steps)

    def amend(
        self,
        id: str,
        values: Mapping[str, Any],
        *,
        at: datetime,
        actor: Actor | None = None,
        recorded_at: datetime | None = None,
        expected_version: int | None = None,
        command_id: str | None = None,
    ) -> Receipt[R]:
        """Set fields of a deal, as `oppcore.engine.amend` decides. Raises what `move` raises."""
        steps = commands.amend(
            self._shell,
            id,
            values,
            at=at,
            actor=actor,
            recorded_at=recorded_at,
            expected_version=expected_version,
            command_id=command_id,
        )
        return self._run(steps)

    def convert(
        self: Desk[Lead],
        id: str,
        *,
        into: str,
        opportunity_id: str,
        values: Mapping[str, Any] | None = None,
        at: datetime,
        actor: Actor | None = None,
        facts: Mapping[str, Any] | None = None,
        expected_version: int | None = None,
        command_id: str | None = None,
    ) -> Receipt[Lead]:
        """Turn a lead into a deal of the pipeline `into`, both in one commit, as `oppcore.engine.convert` decides.

        Raises what `move` raises, and `VersionConflict` when there is a deal with this id.
        """
        steps = commands.convert(
            self._shell,
            id,
            into=into,
            opportunity_id=opportunity_id,
            values=values,
            at=at,
            actor=actor,
            facts=facts,
            expected_version=expected_version,
            command_id=command_id,
        )
        return self._run(steps)

    # Ask.

    def pipeline(self, key: str) -> Pipeline:
        """Give the newest revision of a pipeline. Raises `NotFound`."""
        return self._run(questions.get_pipeline(self._tenant, key))

    def get(self, id: str) -> R:
        """Give a deal. Raises `NotFound`."""
        found: R = self._run(questions.get_record(self._tenant, id, self._of))
        return found

    def find(
        self,
        *,
        pipeline: str | None = None,
        stages: Iterable[str] | None = None,
        outcomes: Iterable[Outcome | str] | None = None,
        owners: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        changed_since: datetime | None = None,
        order: Literal["changed_at", "id"] = "changed_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[R]:
        """Give a page of deals; its cursor, with the same filters, gives the next. See `Query`."""
        query = Query(
            kind=questions.kind_for(self._of),
            tenant=self._tenant,
            pipeline=pipeline,
            stages=stages,
            outcomes=outcomes,
            owners=owners,
            ids=ids,
            changed_since=changed_since,
            order=order,
            cursor=cursor,
            limit=limit,
        )
        return self._run(questions.find(query, self._of))

    def history(self, id: str) -> tuple[Change, ...]:
        """Give everything that happened to a deal, in order; `replay` of it is the deal. Raises `NotFound`."""
        return self._run(questions.get_history(self._tenant, id, self._of))

    def options(
        self,
        id: str,
        *,
        at: datetime,
        actor: Actor | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> tuple[Option, ...]:
        """List where a deal could move to, with what stands in the way. Raises `NotFound`."""

        def ask(pipeline: Pipeline, record: R) -> tuple[Option, ...]:
            return engine.options(pipeline, record, at=at, actor=actor, facts=facts)

        return self._run(questions.with_rules(self._tenant, id, self._of, ask))

    def unmet(
        self,
        id: str,
        to: str | None = None,
        *,
        at: datetime,
        actor: Actor | None = None,
        outcome: Outcome | str | None = None,
        reason: str | None = None,
        amending: Mapping[str, Any] | None = None,
        facts: Mapping[str, Any] | None = None,
        recorded_at: datetime | None = None,
    ) -> tuple[Problem, ...]:
        """Give every reason why the same `move` would be refused now. Raises `NotFound`."""

        def ask(pipeline: Pipeline, record: R) -> tuple[Problem, ...]:
            return engine.unmet(
                pipeline,
                record,
                to,
                at=at,
                actor=actor,
                outcome=outcome,
                reason=reason,
                amending=amending,
                facts=facts,
                recorded_at=recorded_at,
            )

        return self._run(questions.with_rules(self._tenant, id, self._of, ask))

    def _run(self, steps: Steps[T]) -> T:
        try:
            request = next(steps)
            while True:
                try:
                    answer = self._answer(request)
                except Exception as error:  # noqa: BLE001 - whatever it is, the command decides
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()

    def _answer(self, request: Request) -> Any:
        if request.name == "pause":
            return time.sleep(wait_before(*request.args))
        asked: Callable[..., Any] = (
            self._authorize if request.name == "authorize" else getattr(self._repository, request.name)
        )
        answer = asked(*request.args, **request.options)
        if hasattr(answer, "__await__"):
            answer.close()
            message = f"{request.name} has to be awaited: use AsyncDesk"
            raise TypeError(message)
        return answer
