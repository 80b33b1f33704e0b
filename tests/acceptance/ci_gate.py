"""A team's gate: its build goes on if a model answers enough of its tickets rightly.

Written for the hosted Evals API. Where to ask, and as whom, is said by OPENAI_API_KEY,
OPENAI_PROJECT_ID, OPENAI_ORG_ID and OPENAI_BASE_URL alone.

    python ci_gate.py tickets.jsonl --model gpt-4.1-mini --at-least 0.9
"""

import argparse
import sys
import time
from pathlib import Path

import openai
from openai.types.evals import RunRetrieveResponse


def main() -> int:
    """0 if enough tickets pass, else 1."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tickets", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--at-least", type=float, required=True, help="share that must pass")
    args = parser.parse_args()

    client = openai.OpenAI()
    team_eval = client.evals.create(
        name="Ticket triage",
        metadata={"team": "support", "commit": "4f2c1e9"},
        data_source_config={
            "type": "custom",
            "item_schema": {
                "type": "object",
                "properties": {"ticket": {"type": "string"}, "team": {"type": "string"}},
                "required": ["ticket", "team"],
            },
            "include_sample_schema": True,
        },
        testing_criteria=[
            {
                "type": "string_check",
                "name": "Right team",
                "input": "{{ sample.output_text }}",
                "operation": "ilike",
                "reference": "{{ item.team }}",
            }
        ],
    )
    with args.tickets.open("rb") as tickets:
        file = client.files.create(file=tickets, purpose="evals")
    run = client.evals.runs.create(
        team_eval.id,
        name=args.model,
        data_source={
            "type": "completions",
            "model": args.model,
            "input_messages": {
                "type": "template",
                "template": [
                    {"role": "developer", "content": "Name the team that solves this ticket."},
                    {"role": "user", "content": "{{ item.ticket }}"},
                ],
            },
            "sampling_params": {"temperature": 0, "seed": 42, "max_completion_tokens": 64},
            "source": {"type": "file_id", "id": file.id},
        },
    )
    print(f"See {run.report_url}")
    ended = wait(client, team_eval.id, run.id)
    counts = ended.result_counts
    print(f"{ended.status}: {counts.to_json(indent=None)}")
    if ended.status != "completed":
        print(f"{ended.error.code}: {ended.error.message}", file=sys.stderr)
        return 1
    return 0 if counts.passed >= args.at_least * counts.total else 1


def wait(client: openai.OpenAI, eval_id: str, run_id: str) -> RunRetrieveResponse:
    """The run once it has ended."""
    while True:
        run = client.evals.runs.retrieve(run_id, eval_id=eval_id)
        if run.status not in {"queued", "in_progress"}:
            return run
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
