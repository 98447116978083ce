"""The desk: every command in one call, against a store that is awaited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
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
from oppcore.repository.protocol import AsyncRepository, Page, Query

__all__ = ["AsyncAuthorize", "AsyncDesk"]

AsyncAuthorize: TypeAlias = Callable[[Actor | None, str, Record | Pipeline], Awaitable[None] | None]
"""Called with actor, action and record before each commit, awaited if need be; raises to refuse."""

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
class AsyncDesk(Generic[R]):
    """The same commands as `Desk`, to be awaited; what it says there holds here.

    `authorize` may be a plain function or one to be awaited.
    """

    @overload
    def __init__(
        self: AsyncDesk[Opportunity],
        repository: AsyncRepository,
        *,
        tenant: str = "main",
        authorize: AsyncAuthorize | None = None,
        retries: int = 12,
    ) -> None: ...
    @overload
    def __init__(
        self,
        repository: AsyncRepository,
        *,
        of: type[R],
        tenant: str = "main",
        authorize: AsyncAuthorize | None = None,
        retries: int = 12,
    ) -> None: ...
    def __init__(
        self,
        repository: AsyncRepository,
        *,
        of: type[Any] = Opportunity,
        tenant: str = "main",
        authorize: AsyncAuthorize | None = None,
        retries: int = 12,
    ) -> None:
        self._repository = repository
        self._authorize: AsyncAuthorize = authorize or _allow
        self._tenant = check_text(tenant, "tenant", limit=MAX_KEY, blank=False)
        self._of: type[R] = of
        self._shell: Shell[R] = Shell(tenant, of, retries)

    # Do.

    async def publish(self, pipeline: Pipeline, *, actor: Actor | None = None) -> Receipt[Pipeline]:
        """Make this the revision that decides; the same one again changes nothing.

        Raises `VersionConflict` unless it is the next revision (the first: 1).
        """
        return await self._run(self._shell.publish(pipeline, actor=actor))

    async def open(
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
        """Open a deal, as `oppcore.engine.open_opportunity` decides.

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
        return await self._run(steps)

    async def adopt(
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
        return await self._run(steps)

    async def save(
        self, histories: Iterable[Iterable[Change]], *, actor: Actor | None = None, command_id: str | None = None
    ) -> Saved:
        """Save changes that are decided already, such as those of `adopt_history`: for each record its next changes.

        Some hundred records go into each commit. Whoever was interrupted gives the same `command_id` and the same
        changes again: what was saved is not saved twice. Raises `VersionConflict` when changes do not follow what is
        there, or were decided under another revision than the newest.
        """
        return await self._run(self._shell.save(histories, actor=actor, command_id=command_id))

    async def move(
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
        return await self._run(steps)

    async def amend(
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
        return await self._run(steps)

    async def convert(
        self: AsyncDesk[Lead],
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
        return await self._run(steps)

    # Ask.

    async def pipeline(self, key: str) -> Pipeline:
        """Give the newest revision of a pipeline. Raises `NotFound`."""
        return await self._run(questions.get_pipeline(self._tenant, key))

    async def get(self, id: str) -> R:
        """Give a deal. Raises `NotFound`."""
        return await self._run(questions.get_record(self._tenant, id, self._of))

    async def find(
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
        return await self._run(questions.find(query, self._of))

    async def history(self, id: str) -> tuple[Change, ...]:
        """Give everything that happened to a deal, in order; `replay` of it is the deal. Raises `NotFound`."""
        return await self._run(questions.get_history(self._tenant, id, self._of))

    async def options(
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

        return await self._run(questions.with_rules(self._tenant, id, self._of, ask))

    async def unmet(
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

        return await self._run(questions.with_rules(self._tenant, id, self._of, ask))

    async def _run(self, steps: Steps[T]) -> T:
        try:
            request = next(steps)
            while True:
                try:
                    answer = await self._answer(request)
                except Exception as error:  # noqa: BLE001 - whatever it is, the command decides
                    request = steps.throw(error)
                else:
                    request = steps.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()

    async def _answer(self, request: Request) -> Any:
        if request.name == "pause":
            import asyncio

            return await asyncio.sleep(wait_before(*request.args))
        asked: Callable[..., Any] = (
            self._authorize if request.name == "authorize" else getattr(self._repository, request.name)
        )
        answer = asked(*request.args, **request.options)
        return await answer if hasattr(answer, "__await__") else answer
