"""When a provider refuses a run as such: its key, its quota or its model, row after row."""

from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest
from evald.wire.errors import ApiError

ALIKE_ROWS = 20
"""So many first rows refused alike end the run, instead of thousands of rows with one error."""

_REFUSING_STATUSES = frozenset({401, 403, 404})
_REFUSING_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "model_not_found"})


class RefusalWatch:
    """A model client that counts the refusals of one run's first calls."""

    def __init__(self, inner: ModelClient, *, already_answered: bool) -> None:
        """Watches this client; a run that had an answer before is never ended by refusals."""
        self._inner = inner
        self._over = already_answered
        self._first: ModelFailure | None = None
        self._count = 0

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The inner client's answer or failure, unchanged."""
        outcome = await self._inner.ask(request)
        if not self._over:
            self._note(outcome)
        return outcome

    def verdict(self) -> ApiError | None:
        """The error that ends the run, once enough first rows were refused alike."""
        if self._first is None or self._count < ALIKE_ROWS:
            return None
        return ApiError(code=self._first.code, message=self._first.message)

    def _note(self, outcome: ModelAnswer | ModelFailure) -> None:
        if isinstance(outcome, ModelAnswer) or not refuses_the_run(outcome):
            self._over = True
        elif self._first is None or self._first.code == outcome.code:
            self._first = self._first or outcome
            self._count += 1
        else:
            self._over = True
        if self._over:
            self._first = None


def refuses_the_run(failure: ModelFailure) -> bool:
    """Whether the failure is about the key, the quota or the model, not about one row."""
    if failure.kind is FailureKind.UNSERVED:
        return True
    if failure.kind is not FailureKind.REFUSED:
        return False
    return failure.status in _REFUSING_STATUSES or failure.code in _REFUSING_CODES
