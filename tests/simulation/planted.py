"""Desks with a fault: the real steps, but for what comes between them and the store."""

import attrs

from oppcore.errors import OppcoreError, Unavailable, VersionConflict


class Faulty:
    """Begins orders as the desk does; `ask` may change a request, `told` an answer, `failed` an error.

    `finds` is what the simulation has to say about it.
    """

    @classmethod
    def begin(cls, order):
        return cls().steps(order)

    def steps(self, order):
        real = order.begin()
        try:
            request = next(real)
            while True:
                try:
                    asked = self.ask(request)
                    answer = self.told(request, (yield asked) if asked is not None else self.instead(request))
                except OppcoreError as error:
                    instead = self.failed(request, error)
                    request = real.send(instead) if instead is not None else real.throw(error)
                else:
                    request = real.send(answer)
        except StopIteration as stop:
            return self.ended(stop.value)
        finally:
            real.close()

    def ask(self, request):
        return request

    def instead(self, request):
        return None

    def told(self, request, answer):
        return answer

    def failed(self, request, error):
        return None

    def ended(self, result):
        return result


def _with_commit(request, **parts):
    """The same request; where it is a commit, with other parts."""
    if request.name != "commit":
        return request
    return attrs.evolve(request, args=(attrs.evolve(request.args[0], **parts),))


class CommitsWithoutGuards(Faulty):
    """What was decided under an old revision is committed."""

    finds = "decided under another revision"

    def ask(self, request):
        return _with_commit(request, guards=())


class CommitsWithoutCounters(Faulty):
    """Nobody is told that somebody came under the limit."""

    finds = "deals are offered at once"

    def ask(self, request):
        if request.name != "commit":
            return request
        writes = [write for write in request.args[0].writes if write.key.kind != "guard"]
        return _with_commit(request, writes=writes)


class CommitsWithoutIds(Faulty):
    """The id of a command stays in the desk."""

    finds = "refused after it had been carried out"

    def ask(self, request):
        return _with_commit(request, command_id=None, digest=None)


class ForgetsTheIdAfterAConflict(Faulty):
    """Only the first attempt has the command's id."""

    finds = "carried out twice"

    is_again = False

    def ask(self, request):
        return _with_commit(request, command_id=None, digest=None) if self.is_again else request

    def failed(self, request, error):
        self.is_again = self.is_again or isinstance(error, VersionConflict)


class AcknowledgesTooEarly(Faulty):
    """The answer is given before the commit is asked for."""

    finds = "which the history does not have"

    def ask(self, request):
        return None if request.name == "commit" else request

    def instead(self, request):
        return request.args[0].outcome


class TakesALostAnswerForAYes(Faulty):
    """When the store does not answer, it will have done it."""

    finds = "which the history does not have"

    def failed(self, request, error):
        if request.name == "commit" and isinstance(error, Unavailable):
            return request.args[0].outcome
        return None


class TakesAConflictForAYes(Faulty):
    """A conflict is logged, and that is that."""

    finds = "which the history does not have"

    def failed(self, request, error):
        if request.name == "commit" and isinstance(error, VersionConflict):
            return request.args[0].outcome
        return None


class TellsItsOwnStory(Faulty):
    """A repeated command is answered with what was decided now."""

    finds = "acknowledged as .* and as"

    def told(self, request, answer):
        return attrs.evolve(answer, repeated=False) if request.name == "commit" else answer


class NeverRecalls(Faulty):
    """A command that stands in its own way is refused."""

    finds = "refused after it had been carried out"

    def ask(self, request):
        return None if request.name == "recall" else request


class RecallsOnce(Faulty):
    """The ledger is read before, and not after a refusal."""

    finds = "refused after it had been carried out"

    count = 0

    def ask(self, request):
        self.count += request.name == "recall"
        return None if request.name == "recall" and self.count > 1 else request


class WritesHalfOfAMerge(Faulty):
    """Two records are written in two commits, and the second one is forgotten."""

    finds = "done by half"

    def ask(self, request):
        if request.name != "commit" or len(request.args[0].writes) < 2:
            return request
        deals = [write for write in request.args[0].writes if write.key.kind == "opportunity"]
        return _with_commit(request, writes=deals[:1])


class AnswersWithWhatIsThereNow(Faulty):
    """A repeated command hears of the newest version."""

    finds = "which the history does not have"

    def ended(self, result):
        if getattr(result, "repeated", False):
            return attrs.evolve(result, version=result.record.progress.version + 1)
        return result


SHELLS = list(Faulty.__subclasses__())
