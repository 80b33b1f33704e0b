"""Which logs a run asks for.

The filters are documented, that an eval's and a run's are AND-ed is inferred, the rest is ours.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from evald.domain.logs.filters import LogFilter
from evald.domain.logs.queries import LogQuery, LogSource, asked_for, log_query
from evald.domain.logs.terms import Term, completion_terms, response_terms

SOURCE: TypeAdapter[LogSource] = TypeAdapter(LogSource)


def query(source: Any, config: Any = None) -> LogQuery:
    return log_query(SOURCE.validate_python(source), config or {"type": "logs", "metadata": None})


def completions(**filters: Any) -> Any:
    return {"type": "stored_completions", **filters}


def responses(**filters: Any) -> Any:
    return {"type": "responses", **filters}


def fits(terms: tuple[Term, ...], wanted: LogFilter) -> bool:
    has_all = all(term in terms for term in wanted.all_of)
    return has_all and all(any(term in terms for term in group) for group in wanted.any_of)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (completions(), LogFilter()),
        (completions(metadata=None, model=None, limit=None), LogFilter()),
        (completions(metadata={}, model=""), LogFilter()),
        (completions(metadata={"a": "b"}), LogFilter((Term("metadata.a", "b"),))),
        (completions(model="m"), LogFilter((Term("model", "m"),))),
        (completions(created_after=3, created_before=7), LogFilter((), (), 3, 7)),
        (
            completions(created_after=10**30, created_before=10**30),
            LogFilter((), (), 2**62, 2**62),
        ),
        (responses(reasoning_effort="low"), LogFilter((Term("reasoning_effort", "low"),))),
        (responses(temperature=1), LogFilter((Term("temperature", "1.0"),))),
        (
            responses(temperature=0.0, top_p=0.5),
            LogFilter((Term("temperature", "0.0"), Term("top_p", "0.5"))),
        ),
        (responses(users=["a", "b"]), LogFilter((), ((Term("user", "a"), Term("user", "b")),))),
        (responses(tools=["f", "f"]), LogFilter((), ((Term("tool", "f"),),))),
        (responses(users=[], tools=[]), LogFilter()),
    ],
)
def test_what_a_source_asks_for(source: Any, wanted: LogFilter) -> None:
    assert query(source).wanted == wanted


def test_each_source_has_its_kind_of_logs() -> None:
    assert query(completions()).kind == "chat_completion"
    assert query(responses()).kind == "response"


def test_search_and_limit_are_no_terms() -> None:
    asked = query(responses(instructions_search="Be brief", limit=7))

    assert (asked.search, asked.limit, asked.wanted) == ("Be brief", 7, LogFilter())


def test_the_evals_metadata_and_the_runs_must_both_be_there() -> None:
    config = {"type": "stored_completions", "metadata": {"use": "chat", "v": "1"}}

    wanted = query(completions(metadata={"v": "1", "x": "y"}), config).wanted

    assert set(wanted.all_of) == {
        Term("metadata.use", "chat"),
        Term("metadata.v", "1"),
        Term("metadata.x", "y"),
    }


def test_two_values_for_one_key_are_those_of_no_log() -> None:
    config = {"type": "logs", "metadata": {"use": "chat"}}

    wanted = query(completions(metadata={"use": "mail"}), config).wanted

    assert not fits(completion_terms("m", {"use": "chat"}), wanted)
    assert not fits(completion_terms("m", {"use": "mail"}), wanted)
    assert wanted.any_of == ((),)


@pytest.mark.parametrize("limit", [0, -1, "5", 1.5])
@pytest.mark.parametrize("source", [completions, responses])
def test_a_limit_is_a_whole_number_from_1(source: Any, limit: Any) -> None:
    with pytest.raises(ValidationError):
        query(source(limit=limit))


@pytest.mark.parametrize(
    ("source", "config", "sentence"),
    [
        (completions(), {}, "No stored completion is kept."),
        (responses(users=[]), {}, "No response is kept."),
        (
            completions(metadata={"v": "1"}, model="m"),
            {"metadata": {"u": "c"}},
            "No stored completion has metadata u=c (of the eval) and metadata v=1 and model 'm'.",
        ),
        (
            responses(tools=["a", "b"], created_after=5),
            {},
            "No response has created_after 5 and any of the tools 'a', 'b'.",
        ),
    ],
)
def test_what_was_not_found_is_said(source: Any, config: Any, sentence: str) -> None:
    assert asked_for(SOURCE.validate_python(source), config) == sentence


VALUES = st.sampled_from(["a", "b", "c"])
METADATA = st.dictionaries(st.sampled_from(["k", "l"]), VALUES)
LISTS = st.none() | st.lists(VALUES, max_size=2)


@given(METADATA, METADATA, METADATA, VALUES, st.none() | VALUES, LISTS, LISTS, VALUES, VALUES)
def test_a_response_fits_what_it_has(
    kept: Any, of_eval: Any, of_run: Any, model: str, wanted_model: str | None, users: Any,
    tools: Any, user: str, tool: str,
) -> None:  # fmt: skip
    source = responses(metadata=of_run, model=wanted_model, users=users, tools=tools)
    asked: Any = {"user": user, "tools": [{"type": tool}]}

    wanted = query(source, {"type": "logs", "metadata": of_eval}).wanted

    both = [*of_eval.items(), *of_run.items()]
    assert fits(response_terms(model, kept, asked), wanted) == (
        all(kept.get(key) == value for key, value in both)
        and wanted_model in (None, model)
        and (not users or user in users)
        and (not tools or tool in tools)
    )
