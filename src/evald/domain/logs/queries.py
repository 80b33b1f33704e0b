"""Which logs a run asks for: the filters of its data source, and those of its eval."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from evald.domain.logs.filters import LogFilter
from evald.domain.logs.terms import LogKind, Term, metadata_terms, number_term, text_term
from evald.wire.data_source_configs import config_metadata
from evald.wire.data_sources import ResponsesSource, StoredCompletionsSource

LogSource = StoredCompletionsSource | ResponsesSource
"""The sources of a run whose rows are made of logs."""

NOTHING = LogFilter(any_of=((),))
"""What no log is: lacking any of an empty group."""


END_OF_TIME = 2**62
"""No log is from after it, and no database counts much further."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """The logs that a run is over.

    `search` is text that must stand in the instructions of a log, in whatever case; empty: any
    log will do. Of more than `limit` logs the newest count.
    """

    kind: LogKind
    wanted: LogFilter
    search: str = ""
    limit: int | None = None


def log_query(source: LogSource, config: JsonValue) -> LogQuery:
    """What a run over this source asks for, in an eval with this echoed config.

    Both their metadata must be there: two values for one key are those of no log. A filter that is
    null, empty or an empty list asks for nothing.

    Source: observed 2025 (that both filters apply); inferred (that they are AND-ed).
    """
    search = source.instructions_search or "" if isinstance(source, ResponsesSource) else ""
    return LogQuery(_kind(source), _wanted(source, config_metadata(config)), search, source.limit)


def asked_for(source: LogSource, config: JsonValue) -> str:
    """What a run asked for and did not find, as a sentence.

    Example: "No stored completion has metadata use=chat (of the eval) and model 'gpt-4o'."
    """
    noun = "stored completion" if _kind(source) == "chat_completion" else "response"
    asked = [
        *(
            f"metadata {key}={value} (of the eval)"
            for key, value in config_metadata(config).items()
        ),
        *(f"metadata {key}={value}" for key, value in (source.metadata or {}).items()),
        *_described(source),
    ]
    return f"No {noun} has {' and '.join(asked)}." if asked else f"No {noun} is kept."


def _kind(source: LogSource) -> LogKind:
    return "chat_completion" if isinstance(source, StoredCompletionsSource) else "response"


def _wanted(source: LogSource, of_eval: Mapping[str, str]) -> LogFilter:
    of_run = source.metadata or {}
    if any(of_eval.get(key, value) != value for key, value in of_run.items()):
        return NOTHING
    match source:
        case StoredCompletionsSource():
            any_of: tuple[tuple[Term, ...], ...] = ()
        case ResponsesSource():
            groups = (_texts("user", source.users), _texts("tool", source.tools))
            any_of = tuple(group for group in groups if group)
        case _:
            assert_never(source)
    terms = (*metadata_terms({**of_eval, **of_run}), *_terms(source))
    return LogFilter(terms, any_of, _bound(source.created_after), _bound(source.created_before))


def _bound(second: int | None) -> int | None:
    return None if second is None else min(second, END_OF_TIME)


def _texts(field: str, values: Sequence[str] | None) -> tuple[Term, ...]:
    return tuple(text_term(field, value) for value in dict.fromkeys(values or ()))


def _terms(source: LogSource) -> Iterator[Term]:
    if source.model:
        yield text_term("model", source.model)
    if not isinstance(source, ResponsesSource):
        return
    if source.reasoning_effort:
        yield text_term("reasoning_effort", source.reasoning_effort)
    if source.temperature is not None:
        yield number_term("temperature", source.temperature)
    if source.top_p is not None:
        yield number_term("top_p", source.top_p)


def _described(source: LogSource) -> Iterator[str]:
    given = source.model_dump(exclude={"type", "metadata", "limit"}, exclude_none=True)
    for key, value in given.items():
        if isinstance(value, list):
            if value:
                yield f"any of the {key} {', '.join(map(repr, value))}"
        elif value != "":
            yield f"{key} {value!r}"
