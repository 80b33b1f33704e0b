"""Models as GET /models lists them."""

from typing import Literal

from evald.wire.base import UnixTime, WireModel


class Model(WireModel):
    """A model that some provider serves."""

    id: str
    object: Literal["model"] = "model"
    created: UnixTime
    owned_by: str
