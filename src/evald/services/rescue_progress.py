"""How far a rescue has come and how much is left, for whoever watches."""

from dataclasses import dataclass, field

from evald.domain.archive.kinds import Kind, ListKey


@dataclass(slots=True)
class Progress:
    """Counts that grow while a rescue goes on. Read by anyone, written by the rescue alone.

    `left` is what is known to be left: an output item counts 1 and so does every other thing to
    ask for. It grows while evals and runs are still being found.
    """

    kept: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    contents: int = 0
    left: int = 0
    _shares: dict[ListKey, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many objects and contents this call has kept."""
        return sum(self.kept.values()) + self.contents

    def expect(self, key: ListKey, objects: int | None) -> None:
        """A list is to be read that has about so many objects."""
        self._shares[key] = max(objects or 0, 1)
        self.left += self._shares[key]

    def keep(self, key: ListKey, objects: int) -> None:
        """So many objects of a list were kept."""
        self.kept[key.kind] += objects
        share = min(self._shares.get(key, 0), objects)
        if share:
            self._shares[key] -= share
            self.left -= share

    def end(self, key: ListKey) -> None:
        """The list is read, to its end or as far as it can be."""
        self.left -= self._shares.pop(key, 0)
