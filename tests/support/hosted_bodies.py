"""Bodies as the hosted service answers them, with values of our own.

Their shapes rest on recorded answers (observed: evals 2025-05 and 2026-07, runs 2025-05, files and
stored completions 2026-04) and, for output items, on the documented example and what notebooks
printed. `vintage` is the year: what was answered in May 2025 and in July 2026 differs in keys and
in their order.
"""

from typing import Any, Literal

Vintage = Literal[2025, 2026]
Body = dict[str, Any]

EPOCH = 1_746_000_000
"""When the fakes' objects begin to have been made: long ago, in seconds since 1970."""

ITEM_SCHEMA: Body = {
    "type": "object",
    "properties": {"question": {"type": "string"}, "answer": {"type": "string"}},
    "required": ["question", "answer"],
}


def hosted_id(prefix: str, number: int) -> str:
    """An id whose first eight digits are its time, as hosted ones are."""
    return f"{prefix}{EPOCH + number:08x}{number:024x}"


def criterion(name: str, number: int, *, vintage: Vintage = 2026) -> Body:
    """A testing criterion as it comes back, its id the name and a UUID."""
    own_id = f"{name}-00000000-0000-4000-8000-{number:012x}"
    given = {
        "type": "string_check",
        "input": "{{ sample.output_text }}",
        "operation": "eq",
        "reference": "{{ item.answer }}",
    }
    if vintage == 2025:
        return {"name": name, "id": own_id, **given}
    return {"id": own_id, "type": given["type"], "grdr_id": None, "inactive_at": None} | {
        "name": name,
        **given,
    }


def eval_body(number: int, *, vintage: Vintage = 2026, name: str = "") -> Body:
    """An eval with one criterion; `max_items` came after 2025."""
    own_id, created = hosted_id("eval_", number), EPOCH + number
    title = name or f"Capitals {number}"
    schema = {"type": "object", "properties": {"item": ITEM_SCHEMA}, "required": ["item"]}
    criteria = [criterion("Right answer", number, vintage=vintage)]
    if vintage == 2025:
        return {
            "object": "eval",
            "id": own_id,
            "data_source_config": {"type": "custom", "schema": schema},
            "testing_criteria": criteria,
            "name": title,
            "created_at": created,
            "metadata": {},
        }
    return {
        "id": own_id,
        "object": "eval",
        "created_at": created,
        "data_source_config": {"type": "custom", "max_items": None, "schema": schema},
        "name": title,
        "testing_criteria": criteria,
        "metadata": {"team": "geography"},
    }


def run_body(
    number: int,
    eval_id: str,
    *,
    vintage: Vintage = 2026,
    status: str = "completed",
    passed: int = 0,
    failed: int = 0,
    file_id: str | None = None,
) -> Body:
    """A run; its arrays are null until it has ended, and message contents are objects."""
    ended = status == "completed"
    own_id = hosted_id("evalrun_", number)
    report = f"https://platform.openai.com/evaluations/{eval_id}?project_id=proj_1&run_id={own_id}"
    body: Body = {
        "object": "eval.run",
        "id": own_id,
        "eval_id": eval_id,
        "report_url": report,
        "status": status,
        "model": "gpt-4.1",
        "name": f"Run {number}",
        "created_at": EPOCH + number,
        "result_counts": {
            "total": passed + failed,
            "errored": 0,
            "failed": failed,
            "passed": passed,
        },
        "per_model_usage": [_usage(passed + failed)] if ended else None,
        "per_testing_criteria_results": [_verdicts(number, passed, failed)] if ended else None,
        "data_source": _data_source(file_id),
        "error": None,
        "metadata": {},
    }
    return body | ({"shared_with_openai": False} if vintage == 2025 else {})


def item_body(number: int, eval_id: str, run_id: str, *, row: int, passed: bool = True) -> Body:
    """An output item of row `row`; the numbers' spelling and the nulls are the service's."""
    answer = "Paris" if passed else "Lyon"
    return {
        "object": "eval.run.output_item",
        "id": hosted_id("outputitem_", number),
        "created_at": EPOCH + number,
        "run_id": run_id,
        "eval_id": eval_id,
        "status": "pass" if passed else "fail",
        "datasource_item_id": row,
        "datasource_item": {"question": f"Capital {row}?", "answer": "Paris"},
        "results": [
            {
                "name": criterion("Right answer", 1)["id"],
                "sample": None,
                "passed": passed,
                "score": 1.0 if passed else 0.0,
            }
        ],
        "sample": {
            "input": [_message("developer", "Name the capital."), _message("user", f"No {row}")],
            "output": [_message("assistant", answer)],
            "finish_reason": "stop",
            "model": "gpt-4.1-2025-04-14",
            "usage": {
                "total_tokens": 60,
                "completion_tokens": 2,
                "prompt_tokens": 58,
                "cached_tokens": 0,
            },
            "error": None,
            "temperature": 1.0,
            "max_completions_tokens": 4096,
            "top_p": 1.0,
            "seed": None,
        },
        "_datasource_item_content_hash": f"{row:064x}",
    }


def file_body(file_id: str, *, number: int, size: int, purpose: str = "evals") -> Body:
    """What is said of an uploaded file."""
    return {
        "object": "file",
        "id": file_id,
        "purpose": purpose,
        "filename": "capitals.jsonl",
        "bytes": size,
        "created_at": EPOCH + number,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }


def completion_body(number: int) -> Body:
    """A stored completion; the seed needs all of 64 bits."""
    return {
        "object": "chat.completion",
        "id": f"chatcmpl-Fake{number:06d}",
        "model": "gpt-4o-mini-2024-07-18",
        "created": EPOCH + number,
        "request_id": f"req_{number:032x}",
        "tool_choice": None,
        "usage": {"total_tokens": 9, "completion_tokens": 2, "prompt_tokens": 7},
        "seed": -8480136751957625957,
        "top_p": 1.0,
        "temperature": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "system_fingerprint": "fp_0123456789",
        "input_user": None,
        "service_tier": "default",
        "tools": None,
        "metadata": {"use": "tests"},
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "Paris — of course.",
                    "role": "assistant",
                    "tool_calls": None,
                    "function_call": None,
                },
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "response_format": None,
    }


def message_body(completion_id: str, index: int) -> Body:
    """A message of a stored completion, whose id is the completion's and its place."""
    return {
        "id": f"{completion_id}-{index}",
        "role": "system" if index == 0 else "user",
        "content": f"Message {index}",
        "content_parts": None,
        "name": None,
    }


def error_body(message: str, code: str | None = None) -> Body:
    """The envelope of an error."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return {"error": error}


def _message(role: str, content: str) -> Body:
    nulls = {"tool_call_id": None, "tool_calls": None, "function_call": None}
    return {"role": role, "content": content, **nulls}


def _usage(calls: int) -> Body:
    return {
        "model_name": "gpt-4.1-2025-04-14",
        "invocation_count": calls,
        "prompt_tokens": 58 * calls,
        "completion_tokens": 2 * calls,
        "total_tokens": 60 * calls,
        "cached_tokens": 0,
    }


def _verdicts(number: int, passed: int, failed: int) -> Body:
    return {
        "testing_criteria": criterion("Right answer", number)["id"],
        "passed": passed,
        "failed": failed,
    }


def _data_source(file_id: str | None) -> Body:
    rows = [{"item": {"question": "Capital 0?", "answer": "Paris"}}]
    source = (
        {"type": "file_content", "content": rows}
        if file_id is None
        else {"type": "file_id", "id": file_id}
    )
    text = {"type": "input_text", "text": "{{ item.question }}"}
    return {
        "type": "completions",
        "source": source,
        "input_messages": {
            "type": "template",
            "template": [{"type": "message", "role": "user", "content": text}],
        },
        "model": "gpt-4.1",
        "sampling_params": None,
    }
