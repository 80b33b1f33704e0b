"""What a call is given: its source, its sample and its item, as one text."""

from evald.domain import exact_json
from evald.ports.sandbox import GraderCall


def payload(call: GraderCall) -> bytes:
    """The call as JSON text; numbers keep their digits."""
    return exact_json.dump(
        {"source": call.source, "sample": call.sample, "item": call.item}
    ).encode()
