"""The desk: every command in one call, against a store that answers at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeAlias, final, overload

from oppcore.desk import amending, approving, finding, moving, opening, publishing, removing, saving, searching
from oppcore.desk.limits import Limit
from oppcore.desk.rehearsing import with_limits
from oppcore.desk.requests import Request, Steps, wait_before
from oppcore.desk.shell import Shell
from oppcore.desk.wrapping import show_as
from oppcore.pipeline import Pipeline
from oppcore.records import Actor, Opportunity, Record
from oppcore.records.checks import MAX_KEY, check_text
from oppcore.repository.powers import find_powers
from oppcore.repository.protocol import Repository

__all__ = ["Authorize", "Desk"]

Authorize: TypeAlias = Callable[[Actor | None, str, Record | Pipeline], None]
"""Called with actor, action and record before each commit; raises to refuse."""

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    R = TypeVar("R", bound=Record, default=Opportunity)
else:
    from typing import TypeVar

    R = TypeVar("R", bound=Record)

P = ParamSpec("P")
S = TypeVar("S", bound=Record)
T = TypeVar("T")


def _allow(_actor: Actor | None, _action: str, _record: Record | Pipeline) -> None:
    """Refuse nothing: the pipeline's roles alone decide."""


def _told(steps: Callable[Concatenate[Shell[S], P], Steps[T]]) -> Callable[Concatenate[Desk[S], P], T]:
    """Make a method that carries out the steps of a command or question."""

    def method(desk: Desk[S], /, *args: P.args, **options: P.kwargs) -> T:
        return desk._run(steps(desk._shell, *args, **options))  # pyright: ignore[reportPrivateUsage]

    return show_as(method, steps)


@final
class Desk(Generic[R]):
    """Where deals are worked on: each command loads, decides by the pipeline's newest revision, and saves.

    One tenant's deals in one repository; `of=Lead` makes it a desk of leads, with the same commands and `convert`.
    Commands and questions are those of `oppcore.engine`, with the same names and parameters, but for ids in place of
    records and keys in place of pipelines; `correct` loads the past by itself. What a question answers is what the
    command would say now.

    `authorize(actor, action, record)` is asked before each commit and raises to refuse: with the record as it stands
    and, for `open`, `adopt`, `save` and `publish`, with the new one. It is asked twice where two things are touched:
    for `convert` also to `open` the deal, for `merge` also of the absorbed record, for `transfer` also with the record
    as it would stand in the other pipeline.

    `limits` say how many deals may be open in some stages at once, safe against others who come in at the same time.

    A command that meets somebody else's change decides again, up to `retries` times, after a short random wait, unless
    it names the `expected_version` that its user saw, or the repository works inside the host's transaction: then
    `VersionConflict` is raised at once. A command with a `command_id` is carried out once, however often it is sent:
    later ones give the first outcome, whatever `at`, `facts` and `expected_version` they bring. Another wish under the
    same id raises `CommandMismatch`.
    """

    @overload
    def __init__(
        self: Desk[Opportunity],
        repository: Repository,
        *,
        tenant: str = "main",
        authorize: Authorize | None = None,
        limits: Iterable[Limit] = (),
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
        limits: Iterable[Limit] = (),
        retries: int = 12,
    ) -> None: ...
    def __init__(
        self,
        repository: Repository,
        *,
        of: type[Any] = Opportunity,
        tenant: str = "main",
        authorize: Authorize | None = None,
        limits: Iterable[Limit] = (),
        retries: int = 12,
    ) -> None:
        self._repository = repository
        self._authorize: Authorize = authorize or _allow
        powers = find_powers(repository)
        self._shell: Shell[R] = Shell(
            tenant=check_text(tenant, "tenant", limit=MAX_KEY, blank=False),
            of=of,
            retries=retries if powers.retries else 0,
            powers=powers,
            limits=tuple(limits),
        )

    # Do.

    publish = _told(publishing.publish)
    open = _told(opening.open)
    adopt = _told(opening.adopt)
    save = _told(saving.save)
    move = _told(moving.move)
    transfer = _told(moving.transfer)
    amend = _told(amending.amend)
    hold = _told(amending.hold)
    resume = _told(amending.resume)
    request_approval = _told(approving.request_approval)
    sign = _told(approving.sign)
    correct = _told(amending.correct)
    remove = _told(removing.remove)
    restore = _told(removing.restore)
    merge = _told(removing.merge)
    convert = _told(opening.convert)

    # Ask.

    pipeline = _told(finding.pipeline)
    get = _told(finding.get)
    find = _told(finding.find)
    search = _told(searching.search)
    history = _told(finding.history)
    options = _told(moving.options)
    form = _told(moving.form)
    unmet = _told(with_limits(moving.unmet, moving.move))
    unmet_opening = _told(with_limits(opening.unmet_opening, opening.open))
    unmet_adoption = _told(opening.unmet_adoption)
    unmet_transfer = _told(with_limits(moving.unmet_transfer, moving.transfer))
    unmet_amendment = _told(with_limits(amending.unmet_amendment, amending.amend))
    unmet_request = _told(approving.unmet_request)
    unmet_signature = _told(approving.unmet_signature)
    unmet_correction = _told(with_limits(amending.unmet_correction, amending.correct))
    unmet_removal = _told(removing.unmet_removal)
    unmet_restoration = _told(with_limits(removing.unmet_restoration, removing.restore))
    unmet_merging = _told(with_limits(removing.unmet_merging, removing.merge))
    unmet_conversion = _told(with_limits(opening.unmet_conversion, opening.convert))
    unmet_publication = _told(publishing.unmet_publication)
    unmet_action = _told(moving.unmet_action)
    require_action = _told(moving.require_action)

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
