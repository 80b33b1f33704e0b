"""When a provider refuses a run as such: its key, its quota or its model, row after row."""

from dataclasses import dataclass

from evald.ports.model import (
    AnyApi,
    FailureKind,
    ModelAnswer,
    ModelClient,
    ModelFailure,
    ModelRequest,
)
from evald.wire.errors import ApiError

ALIKE_CALLS = 20
"""So many first calls refused alike end the run, instead of thousands of rows with one error."""

_REFUSING_STATUSES = frozenset({401, 403, 404})
_REFUSING_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "model_not_found"})


class RefusalWatch:
    """A model client that counts the refusals of one run's first calls, of each model apart.

    So a grader whose model nobody serves is found out although the sampled model answers.
    """

    def __init__(self, inner: ModelClient, *, already_answered: bool) -> None:
        """Watches this client; a run that had an answer before is never ended by refusals."""
        self._inner = inner
        self._is_over = already_answered
        self._beginnings: dict[tuple[AnyApi, str], _Beginning] = {}

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The inner client's answer or failure, unchanged."""
        outcome = await self._inner.ask(request)
        if not self._is_over:
            asked = request.api, request.model
            self._beginnings.setdefault(asked, _Beginning()).note(outcome)
        return outcome

    def verdict(self) -> ApiError | None:
        """The error that ends the run, once enough first calls of a model were refused alike."""
        for beginning in self._beginnings.values():
            if beginning.refusal is not None and beginning.count >= ALIKE_CALLS:
                refusal = beginning.refusal
                return ApiError(code=refusal.code, message=refusal.message)
        return None


@dataclass(slots=True)
class _Beginning:
    """How the calls of one model began: the refusal that all had in common, until one had not."""

    refusal: ModelFailure | None = None
    count: int = 0
    is_over: bool = False

    def note(self, outcome: ModelAnswer | ModelFailure) -> None:
        if self.is_over:
            return
        if isinstance(outcome, ModelAnswer) or not refuses_the_run(outcome):
            self.is_over, self.refusal = True, None
        elif self.refusal is None or self.refusal.code == outcome.code:
            self.refusal = self.refusal or outcome
            self.count += 1
        else:
            self.is_over, self.refusal = True, None


def refuses_the_run(failure: ModelFailure) -> bool:
    """Whether the failure is about the key, the quota or the model, not about one row."""
    if failure.kind is FailureKind.UNSERVED:
        return True
    if failure.kind is not FailureKind.REFUSED:
        return False
    return failure.status in _REFUSING_STATUSES or failure.code in _REFUSING_CODES
