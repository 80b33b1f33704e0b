"""`text_similarity` in runs of a real server, asked through the official client."""

from typing import Any

import openai

from tests.support.mock_provider import MockProvider
from tests.wire.bodies import Json, free_eval, inline, jsonl, said
from tests.wire.runs import ended, ended_run, graded, items_of, new_eval, new_run

METRICS = [
    "fuzzy_match",
    "bleu",
    "gleu",
    "meteor",
    *(f"rouge_{n}" for n in range(1, 6)),
    "rouge_l",
    "cosine",
]


def similarity(metric: str, threshold: float = 0.5, **changes: Any) -> Json:
    return {
        "type": "text_similarity",
        "name": metric,
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.wanted }}",
        "evaluation_metric": metric,
        "pass_threshold": threshold,
        **changes,
    }


def scores(item: Any) -> dict[str, float]:
    return {metric: result.score for metric, result in zip(METRICS, item.results, strict=True)}


def test_all_eleven_metrics_grade_a_run(client: openai.OpenAI) -> None:
    """Metrics and range are documented; which function, tokens and smoothing each has, is ours."""
    content = [
        said("The cat sat on the mat.", wanted="the cat is on the mat"),
        said("eins zwei drei vier fünf", wanted="eins zwei drei vier fünf"),
        said("東京都", wanted="東京"),
        said("", wanted="something"),
        said("", wanted=""),
    ]

    cat, same, tokyo, nothing, empty = graded(
        client, free_eval(*map(similarity, METRICS)), jsonl(inline(content))
    )

    assert {metric: round(score, 4) for metric, score in scores(cat).items()} == {
        "fuzzy_match": 0.9302,
        "bleu": 0.0955,
        "gleu": 0.2222,
        "meteor": 0.8067,
        "rouge_1": 0.8333,
        "rouge_2": 0.6,
        "rouge_3": 0.25,
        "rouge_4": 0.0,
        "rouge_5": 0.0,
        "rouge_l": 0.8333,
        "cosine": round(scores(cat)["cosine"], 4),
    }
    assert 0.0 < scores(cat)["cosine"] < 1.0
    assert [result.passed for result in cat.results] == [s >= 0.5 for s in scores(cat).values()]
    assert {m: s for m, s in scores(same).items() if m != "meteor"} == dict.fromkeys(
        set(METRICS) - {"meteor"}, 1.0
    )
    assert scores(tokyo)["rouge_1"] == 0.8
    assert set(scores(nothing).values()) == {0.0}
    assert set(scores(empty).values()) == {1.0}


def test_what_the_operator_chose_stands_in_the_result(client: openai.OpenAI) -> None:
    """Ours, so that runs of different servers can be compared."""
    body = free_eval(similarity("fuzzy_match"), similarity("cosine"), similarity("bleu"))

    (item,) = graded(client, body, jsonl(inline([said("a b", wanted="a c")])))

    fuzzy, cosine, bleu = (result.to_dict() for result in item.results)
    assert fuzzy["similarity"] == {"function": "wratio", "processor": "default_process"}
    assert cosine["similarity"] == {"model": "text-embedding-3-large"}
    assert "similarity" not in bleu


def test_embeddings_are_asked_for_once_in_few_calls_and_their_tokens_count(
    client: openai.OpenAI, provider: MockProvider
) -> None:
    """Ours: the provider's own count, under the name it answered with."""
    calls, texts = provider.seen.embedding_calls, provider.seen.embedded_texts
    content = [said(f"text {n}", wanted="the only reference") for n in range(40)]

    run = ended_run(client, free_eval(similarity("cosine")), jsonl(inline(content)))

    assert run.status == "completed"
    assert provider.seen.embedded_texts - texts == 41
    assert provider.seen.embedding_calls - calls <= 20
    (usage,) = run.per_model_usage
    assert usage.run_model_name == "text-embedding-3-large"
    tokens = 40 * (len("text 10") // 4 + 1) + len("the only reference") // 4 + 1
    assert usage.prompt_tokens == usage.total_tokens == tokens
    assert usage.invocation_count == provider.seen.embedding_calls - calls


def test_a_text_that_cannot_be_embedded_errors_its_own_criterion_alone(
    client: openai.OpenAI,
) -> None:
    """Inferred: errored with the provider's words, and no score of 0 that fails."""
    content = [said(text, wanted="x") for text in ("fine", "[refused]", "fine too")]
    body = free_eval(similarity("cosine", 0.0), similarity("fuzzy_match", 0.0))
    eval_id = new_eval(client, body)

    run = ended(client, eval_id, new_run(client, eval_id, jsonl(inline(content))))

    first, refused, last = items_of(client, run)
    assert [first.status, refused.status, last.status] == ["pass", "error", "pass"]
    cosine, fuzzy = (result.to_dict() for result in refused.results)
    assert cosine["error"] == {
        "code": "context_length_exceeded",
        "message": "This text cannot be embedded.",
    }
    assert (cosine["score"], cosine["passed"], fuzzy["passed"]) == (0.0, False, True)
