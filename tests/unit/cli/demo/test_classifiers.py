from collections.abc import Callable, Mapping

import pytest
from openai.types.chat import ChatCompletion
from pydantic import JsonValue

from evald.cli.demo.classifiers import (
    BAYES_MODEL,
    CANDIDATES,
    KEYWORDS_MODEL,
    classify_by_bayes,
    classify_by_keywords,
)
from evald.cli.demo.tickets import CATEGORIES, TICKETS, TRAINING_TICKETS, tickets

Classifier = Callable[[Mapping[str, JsonValue]], dict[str, JsonValue]]

BOTH = pytest.mark.parametrize("classify", [classify_by_keywords, classify_by_bayes])


def asking(content: JsonValue) -> dict[str, JsonValue]:
    developer: JsonValue = {"role": "developer", "content": "Hardware, Software or Other?"}
    return {"model": "demo", "messages": [developer, {"role": "user", "content": content}]}


def answer(classify: Classifier, text: JsonValue) -> str:
    completion = ChatCompletion.model_validate(classify(asking(text)))
    return completion.choices[0].message.content or ""


def answers(classify: Classifier) -> list[str]:
    return [answer(classify, ticket.text) for ticket in tickets(TICKETS)]


def right(classify: Classifier, name: str) -> float:
    marks = [answer(classify, ticket.text) == ticket.label for ticket in tickets(name)]
    return sum(marks) / len(marks)


@BOTH
def test_most_tickets_are_classified_right_and_some_wrong(classify: Classifier) -> None:
    assert 0.72 <= right(classify, TICKETS) <= 0.92


def test_the_two_are_wrong_about_different_tickets_and_not_equally_often() -> None:
    assert answers(classify_by_keywords) != answers(classify_by_bayes)
    assert right(classify_by_keywords, TICKETS) != right(classify_by_bayes, TICKETS)


def test_what_was_trained_on_is_known_better_than_what_was_not() -> None:
    assert right(classify_by_bayes, TRAINING_TICKETS) > right(classify_by_bayes, TICKETS)


@BOTH
def test_every_category_is_answered_and_nothing_else(classify: Classifier) -> None:
    assert set(answers(classify)) == set(CATEGORIES)


@BOTH
def test_the_same_request_gets_the_same_answer(classify: Classifier) -> None:
    request = asking("My laptop freezes in Excel.")

    assert classify(request) == classify(request)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("toner", "Hardware"),  # one word, weight 3
        ("Two projectors!", "Hardware"),  # a plural counts as its singular
        ("the app on my phone", "Software"),  # 3 against 1
        ("printer update", "Hardware"),  # 2 against 2: the first in order
        ("toner invoice", "Other"),  # 3 against 3: a human being
        ("", "Other"),
        ("approaching", "Other"),  # words count, not parts of them
    ],
)
def test_the_heavier_keywords_win(text: str, label: str) -> None:
    assert answer(classify_by_keywords, text) == label


@BOTH
def test_only_the_last_user_message_is_read(classify: Classifier) -> None:
    request: dict[str, JsonValue] = {
        "messages": [
            {"role": "user", "content": "printer printer printer"},
            {"role": "user", "content": "please reset my password"},
            {"role": "assistant", "content": "printer printer printer"},
        ]
    }

    completion = ChatCompletion.model_validate(classify(request))

    assert completion.choices[0].message.content == "Other"


@BOTH
def test_content_in_parts_is_read_like_a_string(classify: Classifier) -> None:
    text = "The toner of the printer is empty."
    picture: JsonValue = {"type": "image_url", "image_url": {"url": "data:,"}}
    parts: JsonValue = [{"type": "text", "text": text}, picture]

    assert answer(classify, parts) == answer(classify, text)


@pytest.mark.parametrize(
    ("classify", "model"),
    [(classify_by_keywords, KEYWORDS_MODEL), (classify_by_bayes, BAYES_MODEL)],
)
def test_a_completion_names_its_model_and_counts_words_as_tokens(
    classify: Classifier, model: str
) -> None:
    completion = ChatCompletion.model_validate(classify(asking("My mouse is dead.")))

    assert completion.model == model
    assert model in CANDIDATES
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 4 + 4  # the developer's words and the user's
    assert completion.usage.completion_tokens == 1
    assert completion.usage.total_tokens == 9


@BOTH
@pytest.mark.parametrize(
    "messages", [None, [], "hello", [{"role": "system", "content": "printer"}], [7]]
)
def test_without_a_user_message_there_is_no_answer(
    classify: Classifier, messages: JsonValue
) -> None:
    with pytest.raises(ValueError, match="no user message"):
        classify({"model": "demo", "messages": messages})
