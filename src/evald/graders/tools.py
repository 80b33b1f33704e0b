"""What graders work with beside the row they judge."""

from dataclasses import dataclass

from evald.ports.cpu import Cpu
from evald.ports.model import ModelClient


@dataclass(frozen=True, slots=True)
class GraderTools:
    """The world as graders see it.

    `deadline` is a moment of the monotonic clock after which nobody wants the verdict any more.
    """

    model: ModelClient
    cpu: Cpu
    deadline: float
