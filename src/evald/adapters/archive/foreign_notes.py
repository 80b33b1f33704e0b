"""What there is to tell of a foreign archive: what was passed over, missing or not readable."""

from collections import Counter
from collections.abc import Iterable

from evald.adapters.foreign.documents import Flaw, Found, PageEnd, RowsPassed, Sight, Unknown
from evald.domain.archive.import_report import MOST_SENTENCES
from evald.domain.archive.kinds import Kind, ListKey

LONGEST_NAME = 200
NO_ARCHIVE = (
    "It is no archive: there is no manifest.json of `evald rescue`, and no JSON with objects of "
    "the API."
)


class ForeignNotes:
    """Gathers what is seen, and says it in sentences, so many that memory stays bounded."""

    def __init__(self) -> None:
        """Begins with nothing seen."""
        self._notes: list[str] = []
        self._problems: list[str] = []
        self._unlisted = 0
        self._counts: Counter[str] = Counter()
        self._unknown: Counter[tuple[str, str]] = Counter()
        self._has_ended: dict[tuple[Kind, tuple[str, ...]], bool] = {}

    def saw(self, name: str, sight: Sight) -> None:
        """This is in the file of this name."""
        match sight:
            case Found():
                self._counts["found"] += 1
            case RowsPassed():
                self._counts["rows"] += 1
            case Unknown():
                key = (shown(name), shown(sight.object))
                if key in self._unknown or len(self._unknown) < MOST_SENTENCES:
                    self._unknown[key] += 1
                else:
                    self._unlisted += 1
            case PageEnd():
                self._see_end(sight)
            case Flaw():
                self.flaws([sight])

    def flaws(self, flaws: Iterable[Flaw]) -> None:
        """This could not be read."""
        for each in flaws:
            self._problem(f"{each.place}: it {each.reason}.")

    def hidden(self) -> None:
        """A file whose name begins with a dot."""
        self._counts["hidden"] += 1

    def made_up(self, name: str) -> None:
        """A content for which an object was made up."""
        self._counts["made_up"] += 1
        self._note(
            f"{shown(name)}: it is a content without its object; the file has its name and no time."
        )

    def not_followed(self, name: str) -> None:
        """A link that leads out, or something that is no file."""
        self._problem(f"{shown(name)}: it is no file within the archive, and was not read.")

    def too_many_files(self, most: int) -> None:
        """There are more files than are read."""
        self._problem(f"There are more than {most} files; those after were not read.")

    def second_content(self, name: str, file_id: str) -> None:
        """Another file has this content's id in its name already."""
        self._problem(f"{shown(name)}: it is a second content of '{file_id}', and was not read.")

    def no_json(self, name: str) -> None:
        """A file that is neither JSON nor a content."""
        self._note(f"{shown(name)}: it is neither JSON nor named by a file's id.")

    def nothing_in(self, name: str) -> None:
        """A document without an object of the API."""
        self._note(f"{shown(name)}: nothing in it is an object of the API.")

    def notes(self) -> list[str]:
        """What was passed over, and what is missing; a sentence each."""
        notes = [*self._counted(), *self._notes]
        for (name, said), times in self._unknown.items():
            notes.append(f"{name}: {times} × '{said}', which is nothing that is imported.")
        for (kind, parents), has_ended in self._has_ended.items():
            if not has_ended:
                key = ListKey(kind, tuple(map(shown, parents)))
                notes.append(f"The list of {key} goes on behind its last page in this archive.")
        if self._unlisted or len(notes) > MOST_SENTENCES:
            more = self._unlisted + max(len(notes) - MOST_SENTENCES, 0)
            return [*notes[:MOST_SENTENCES], f"… and {more} more about files of the archive."]
        return notes

    def problems(self) -> list[str]:
        """What could not be read; a sentence each."""
        if not self._counts["found"] and not self._counts["made_up"]:
            return [NO_ARCHIVE, *self._problems]
        return list(self._problems)

    def _counted(self) -> list[str]:
        sentences = {
            "hidden": "a file or folder whose name begins with a dot, passed over",
            "rows": "`rows`, passed over: output items and files have them",
        }
        return [
            f"{self._counts[key]} × {said}." for key, said in sentences.items() if self._counts[key]
        ]

    def _see_end(self, end: PageEnd) -> None:
        key = (end.last.kind, end.last.parents)
        self._has_ended[key] = not end.has_more or self._has_ended.get(key, False)

    def _note(self, sentence: str) -> None:
        if len(self._notes) < MOST_SENTENCES:
            self._notes.append(sentence)
        else:
            self._unlisted += 1

    def _problem(self, sentence: str) -> None:
        if len(self._problems) < MOST_SENTENCES:
            self._problems.append(sentence)
        else:
            self._unlisted += 1


def shown(name: str) -> str:
    """A name from elsewhere as it can be printed: in one line, without what steers a terminal."""
    plain = "".join(each if each.isprintable() else "?" for each in name)
    return plain if len(plain) <= LONGEST_NAME else f"{plain[:LONGEST_NAME]}…"
