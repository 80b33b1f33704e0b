"""What an import did, or would do: counts by kind, and a sentence for each thing gone wrong."""

from dataclasses import astuple, dataclass, field

from evald.domain.archive.kinds import Kind

MOST_SENTENCES = 1_000
"""What goes wrong more often than that is counted only, so that memory stays bounded."""


@dataclass(slots=True)
class KindCounts:
    """How many objects of a kind came in new, were there already, or did not come in, and why.

    `updated` are runs that had not ended when they were imported first, and have since. `left_out`
    objects belong to one that is not here, or lack what would make them of use.
    """

    new: int = 0
    updated: int = 0
    there: int = 0
    conflicting: int = 0
    damaged: int = 0
    left_out: int = 0


@dataclass(slots=True)
class ImportReport:
    """The outcome of an import, kind by kind.

    `problems` make the import incomplete; `notes` say what could not be expected to come.
    """

    counts: dict[Kind, KindCounts] = field(default_factory=lambda: {k: KindCounts() for k in Kind})
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unlisted: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything that could be expected is here now."""
        return not self.problems

    @property
    def seen(self) -> int:
        """How many objects of the archive were looked at so far, of all kinds."""
        return sum(sum(astuple(each)) for each in self.counts.values())

    @property
    def new(self) -> int:
        """How many objects came in new, or further than they were, of all kinds."""
        return sum(each.new + each.updated for each in self.counts.values())

    def conflict(self, kind: Kind, id: str, *, what: str = "body") -> None:
        """An object of this id is here with another body, or (of a file) another content."""
        self.counts[kind].conflicting += 1
        self._problem(f"{kind}: '{id}' is here already with another {what}, which was kept.")

    def damage(self, kind: Kind, place: str | None, reason: str) -> None:
        """What stands at the place cannot be read, or (None) the rest of the kind cannot."""
        self.counts[kind].damaged += 1
        where = f"{place}: it" if place is not None else f"{kind}:"
        self._problem(f"{where} {reason.removesuffix('.')}.")

    def orphan(self, kind: Kind, place: str, owner: str) -> None:
        """What stands at the place belongs to one that conflicts, is damaged or missing."""
        self.counts[kind].left_out += 1
        self._problem(f"{place}: what it belongs to, '{owner}', did not come in.")

    def leave_out(self, kind: Kind, id: str, reason: str) -> None:
        """The object did not come in, for a reason that is nobody's fault."""
        self.counts[kind].left_out += 1
        if len(self.notes) < MOST_SENTENCES:
            self.notes.append(f"{kind}: '{id}' was left out: {reason}.")
        else:
            self.unlisted += 1

    def _problem(self, sentence: str) -> None:
        if len(self.problems) < MOST_SENTENCES:
            self.problems.append(sentence)
        else:
            self.unlisted += 1


@dataclass(slots=True)
class ImportProgress:
    """How far an import is. `total` is how many objects its archive claims to have, once known."""

    report: ImportReport = field(default_factory=ImportReport)
    total: int | None = None

    @property
    def done(self) -> int:
        """How many objects were looked at."""
        return self.report.seen

    @property
    def left(self) -> int:
        """How many are left, as far as the archive says."""
        return max((self.total or 0) - self.report.seen, 0)
