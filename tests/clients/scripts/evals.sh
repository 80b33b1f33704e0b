# What plain curl is told: the calls of the published examples, one after another, with bodies of
# our own.
#
# `sh evals.sh FLAKY_URL`: OPENAI_BASE_URL and OPENAI_API_KEY say where the server is. It prints the
# name of each call, its status and its body, in three lines.
set -eu

KEY="Authorization: Bearer $OPENAI_API_KEY"
JSON="Content-Type: application/json"
URL="$OPENAI_BASE_URL"
BODY=answer.json

# call NAME CURL-ARGUMENTS: asks, and tells what came back.
call() {
  name="$1"
  shift
  status=$(curl -sS -o "$BODY" -w '%{http_code}' "$@")
  printf '%s\n%s\n' "$name" "$status"
  tr '\n' ' ' <"$BODY"
  printf '\n'
}

# The first id that the last answer holds.
its_id() {
  grep -o '"id":"[^"]*"' "$BODY" | head -n 1 | cut -d '"' -f 4
}

call "evals.create of logs" "$URL/evals" -H "$KEY" -H "$JSON" -d '{
  "name": "Tone of the hotline",
  "data_source_config": {"type": "stored_completions", "metadata": {"from": "hotline"}},
  "testing_criteria": [{
    "type": "label_model",
    "name": "tone",
    "model": "mock-model",
    "input": [
      {"role": "developer", "content": "Say whether the tone is warm, plain or cold."},
      {"role": "user", "content": "Label: {{item.input}}"}
    ],
    "labels": ["warm", "plain", "cold"],
    "passing_labels": ["warm"]
  }]
}'
call "evals.delete of logs" -X DELETE "$URL/evals/$(its_id)" -H "$KEY"

call evals.create "$URL/evals" -H "$KEY" -H "$JSON" -d '{
  "name": "Departments",
  "data_source_config": {
    "type": "custom",
    "item_schema": {
      "type": "object",
      "properties": {"letter": {"type": "string"}, "department": {"type": "string"}},
      "required": ["letter", "department"]
    },
    "include_sample_schema": true
  },
  "testing_criteria": [{
    "type": "string_check",
    "name": "right department",
    "input": "{{ sample.output_text }}",
    "operation": "eq",
    "reference": "{{ item.department }}"
  }]
}'
EVAL_ID=$(its_id)
call evals.retrieve "$URL/evals/$EVAL_ID" -H "$KEY" -H "$JSON"
call evals.update "$URL/evals/$EVAL_ID" -H "$KEY" -H "$JSON" -d '{
  "name": "Departments, second try", "metadata": {"by": "curl"}
}'
call evals.list "$URL/evals?limit=1&order=desc&order_by=created_at" -H "$KEY" -H "$JSON"

printf '{"item":{"letter":"%s","department":"%s"}}\n' garden garden kitchen kitchen cellar attic \
  >letters.jsonl
call files.create "$URL/files" -H "$KEY" -F purpose=evals -F file=@letters.jsonl
FILE_ID=$(its_id)
call files.list "$URL/files?purpose=evals&limit=1" -H "$KEY"
call files.retrieve "$URL/files/$FILE_ID" -H "$KEY"
call files.content "$URL/files/$FILE_ID/content" -H "$KEY"

RUNS="$URL/evals/$EVAL_ID/runs"
sampled() {
  printf '{
    "name": "mock-model",
    "data_source": {
      "type": "completions",
      "model": "mock-model",
      "input_messages": {
        "type": "template",
        "template": [
          {"role": "developer", "content": "Name the department that the letter is for."},
          {"role": "user", "content": "{{item.letter}}"}
        ]
      },
      "sampling_params": {
        "temperature": 1, "max_completions_tokens": 2048, "top_p": 1, "seed": 42
      },
      "source": %s
    }
  }' "$1"
}
call evals.runs.create "$RUNS" -X POST -H "$KEY" -H "$JSON" \
  -d "$(sampled "{\"type\": \"file_id\", \"id\": \"$FILE_ID\"}")"
RUN_ID=$(its_id)
tries=0
until curl -sS "$RUNS/$RUN_ID" -H "$KEY" | grep -q '"status":"completed"'; do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] # `set -e` ends it here, if the run does not end
  sleep 0.1
done
call evals.runs.retrieve "$RUNS/$RUN_ID" -H "$KEY" -H "$JSON"
call evals.runs.output_items.list "$RUNS/$RUN_ID/output_items?limit=2" -H "$KEY" -H "$JSON"
call evals.runs.output_items.retrieve "$RUNS/$RUN_ID/output_items/$(its_id)" -H "$KEY" -H "$JSON"

SLOW='{"type": "file_content", "content": [{"item": {"letter": "[slow]", "department": ""}}]}'
call "evals.runs.create in the body" "$RUNS" -X POST -H "$KEY" -H "$JSON" -d "$(sampled "$SLOW")"
call evals.runs.cancel "$RUNS/$(its_id)/cancel" -X POST -H "$KEY" -H "$JSON"
call evals.runs.list "$RUNS?order=asc" -H "$KEY" -H "$JSON"
call evals.runs.delete "$RUNS/$RUN_ID" -X DELETE -H "$KEY" -H "$JSON"

SAMPLE='"item": {"reference": "fuzzy wuzzy had no hair"}, "model_sample": "fuzzy wuzzy was a bear"'
GRADER='"grader": {
  "type": "text_similarity",
  "name": "alike",
  "input": "{{sample.output_text}}",
  "reference": "{{item.reference}}",
  "evaluation_metric": "fuzzy_match"
}'
GRADERS="$URL/fine_tuning/alpha/graders"
call fine_tuning.alpha.graders.run "$GRADERS/run" -X POST -H "$KEY" -H "$JSON" \
  -d "{$GRADER, $SAMPLE}"
call fine_tuning.alpha.graders.validate "$GRADERS/validate" -H "$KEY" -H "$JSON" -d "{$GRADER}"

call models.list "$URL/models" -H "$KEY"
call 400 "$URL/evals" -H "$KEY" -H "$JSON" -d '{"name": "of nothing"}'
call 401 "$URL/evals"
call 404 "$URL/evals/eval_nowhere" -H "$KEY"
call 429 --retry 3 "$1/curl-$$-limited/429/1/v1/evals?limit=1" -H "$KEY"
call 503 --retry 3 "$1/curl-$$-away/503/1/v1/evals?limit=1" -H "$KEY"

call files.delete -X DELETE "$URL/files/$FILE_ID" -H "$KEY"
call evals.delete "$URL/evals/$EVAL_ID" -X DELETE -H "$KEY" -H "$JSON"
