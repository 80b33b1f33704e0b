"""How much a provider admits a minute."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls and tokens a minute; None: any."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


ANY_PACE = Pace()
