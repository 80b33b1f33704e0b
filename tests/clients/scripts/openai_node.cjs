// What the official client for Node is told by each call it has.
//
// `node openai_node.cjs FLAKY_URL`: OPENAI_BASE_URL and OPENAI_API_KEY say where the server is, and
// NODE_PATH where the client is. It prints one line of JSON.
"use strict";

const { randomUUID } = require("node:crypto");
const { createReadStream, writeFileSync } = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const OpenAI = require("openai");

const FLAKY_URL = process.argv[2];
const client = new OpenAI();
const { evals, files } = client;

const ROWS = Array.from({ length: 45 }, (_, n) => ({ item: { prompt: `say ${n}`, expected: `say ${n}` } }));
ROWS[7].item.expected = "something entirely different";
const LINES = ROWS.map((row) => JSON.stringify(row) + "\n").join("");

const SCHEMA = {
  type: "object",
  properties: { prompt: { type: "string" }, expected: { type: "string" } },
  required: ["prompt", "expected"],
};
const COMPARED = { input: "{{ sample.output_text }}", reference: "{{ item.expected }}" };
const ASKED = (word) => [{ role: "user", content: `${word}: {{ sample.output_text }}` }];
const SAME = { type: "string_check", name: "same", operation: "eq", ...COMPARED };
const ALIKE = {
  type: "text_similarity", name: "alike", evaluation_metric: "fuzzy_match", pass_threshold: 0.9, ...COMPARED,
};
const LABEL = {
  type: "label_model", name: "label", model: "mock-model", input: ASKED("Label"),
  labels: ["good", "bad"], passing_labels: ["good"],
};
const SCORE = {
  type: "score_model", name: "score", model: "mock-model", input: ASKED("Score"),
  range: [0, 1], pass_threshold: 0.5,
};
const CODE = {
  type: "python", name: "code", pass_threshold: 1.0,
  source: "def grade(sample, item):\n    return float(sample['output_text'] == item['prompt'])\n",
};
const EVAL = {
  name: "of a client",
  data_source_config: { type: "custom", item_schema: SCHEMA, include_sample_schema: true },
  testing_criteria: [SAME, ALIKE, LABEL, SCORE, CODE],
  metadata: { kept: "as it is" },
};

const sampled = (source) => ({
  type: "completions",
  model: "mock-model",
  input_messages: { type: "template", template: [{ role: "user", content: "{{ item.prompt }}" }] },
  sampling_params: { temperature: 0 },
  source,
});
const SLOW = sampled({ type: "file_content", content: [{ item: { prompt: "[slow]", expected: "" } }] });

async function every(pages) {
  const found = [];
  for await (const each of pages) found.push(each);
  return found;
}

async function refused(call) {
  try {
    await call();
  } catch (error) {
    const { status, type, code, param, requestID } = error;
    return { class: error.constructor.name, status, type, code, param, request_id: requestID };
  }
  return { class: "no error" };
}

async function ofEvals() {
  const made = await evals.create(EVAL);
  const read = await evals.retrieve(made.id);
  const changed = await evals.update(made.id, { name: "renamed", metadata: { now: "another" } });
  const more = [];
  for (let n = 0; n < 5; n++) more.push((await evals.create(EVAL)).id);
  const listed = await every(evals.list({ after: made.id, limit: 2, order: "asc" }));
  const deleted = [];
  for (const id of [made.id, ...more]) deleted.push(await evals.delete(id));
  const gone = await refused(() => evals.retrieve(made.id));
  return { made, read, changed, more, listed: listed.map((each) => each.id), deleted, gone };
}

async function uploaded(name, text) {
  writeFileSync(name, text);
  return files.create({ file: createReadStream(name), purpose: "evals" });
}

async function ofFiles() {
  const made = await uploaded("rows.jsonl", LINES);
  const more = [];
  for (let n = 0; n < 4; n++) more.push((await uploaded(`${n}.jsonl`, "{}\n")).id);
  const listed = await every(files.list({ purpose: "evals", limit: 2, order: "asc" }));
  const read = await files.retrieve(made.id);
  const content = await (await files.content(made.id)).text();
  const chunks = [];
  for await (const chunk of (await files.content(made.id)).body) chunks.push(chunk);
  const streamed = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString();
  const deleted = await files.delete(made.id);
  const gone = await refused(() => files.content(made.id));
  const ids = listed.map((each) => each.id);
  return { made, more, listed: ids, read, content, streamed, uploaded: LINES, deleted, gone };
}

async function ended(evalId, runId) {
  for (const until = Date.now() + 60_000; Date.now() < until; await sleep(50)) {
    const run = await evals.runs.retrieve(runId, { eval_id: evalId });
    if (!["queued", "in_progress"].includes(run.status)) return run;
  }
  throw new Error(`run ${runId} did not end`);
}

async function ofRuns() {
  const { runs } = evals;
  const { id: eval_id } = await evals.create(EVAL);
  const file = await uploaded("rows.jsonl", LINES);
  const source = sampled({ type: "file_id", id: file.id });
  const made = await runs.create(eval_id, { data_source: source, name: "first", metadata: { a: "b" } });
  const done = await ended(eval_id, made.id);
  const slow = await runs.create(eval_id, { data_source: SLOW });
  const stopped = await runs.cancel(slow.id, { eval_id });
  const listed = await every(runs.list(eval_id, { limit: 1, order: "asc" }));
  const complete = await every(runs.list(eval_id, { status: "completed" }));
  const items = await ofOutputItems(runs.outputItems, eval_id, made.id);
  const stays = await ended(eval_id, slow.id);
  const deleted = await runs.delete(made.id, { eval_id });
  const gone = await refused(() => runs.retrieve(made.id, { eval_id }));
  return {
    made, done, stopped, stays, ids: [made.id, slow.id], items, deleted, gone,
    listed: listed.map((each) => each.id), complete: complete.map((each) => each.id),
  };
}

async function ofOutputItems(items, eval_id, run_id) {
  const listed = await every(items.list(run_id, { eval_id, limit: 20 }));
  const failed = await every(items.list(run_id, { eval_id, status: "fail" }));
  const one = await items.retrieve(listed[3].id, { eval_id, run_id });
  return {
    rows: listed.map((each) => each.datasource_item_id), ids: listed.map((each) => each.id),
    failed: failed.map((each) => each.datasource_item_id), one, listed: listed[3],
  };
}

async function ofGraders() {
  const { graders } = client.fineTuning.alpha;
  const both = { same: SAME, alike: ALIKE };
  const multi = { type: "multi", name: "both", graders: both, calculate_output: "0.5 * same + 0.5 * alike" };
  const item = { prompt: "yes", expected: "yes" };
  const ran = {};
  for (const grader of [SAME, ALIKE, SCORE, CODE, multi]) {
    ran[grader.type] = await graders.run({ grader, model_sample: "yes", item });
  }
  const valid = await graders.validate({ grader: SAME });
  const invalid = await refused(() => graders.validate({ grader: { ...SAME, operation: "resembles" } }));
  return { ran, valid, invalid };
}

async function ofErrors() {
  const strange = new OpenAI({ apiKey: "sk-not-the-right-key" });
  const wrong = { ...EVAL, testing_criteria: [{ ...SAME, operation: "resembles" }] };
  return {
    400: await refused(() => evals.create(wrong)),
    401: await refused(() => strange.evals.retrieve("eval_nowhere")),
    404: await refused(() => evals.retrieve("eval_nowhere")),
  };
}

// Each lane of the proxy refuses so many times; see tests/support/flaky_proxy.py.
const lane = (status, times) => `${FLAKY_URL}/${randomUUID()}/${status}/${times}/v1`;

async function timed(status, times) {
  const started = performance.now();
  const made = await client.withOptions({ baseURL: lane(status, times) }).evals.create(EVAL);
  await evals.delete(made.id);
  return { id: made.id, seconds: (performance.now() - started) / 1000 };
}

async function ofRetries() {
  const once = client.withOptions({ baseURL: lane(429, 9), maxRetries: 1 });
  const never = client.withOptions({ baseURL: lane(503, 9), maxRetries: 0 });
  return {
    429: await timed(429, 2),
    503: await timed(503, 1),
    "given up 429": await refused(() => once.models.list()),
    "not tried 503": await refused(() => never.models.list()),
  };
}

async function ofVariants() {
  const { data: made, response } = await evals.create(EVAL).withResponse();
  const streamed = await (await evals.retrieve(made.id).asResponse()).json();
  const defaultHeaders = { "OpenAI-Organization": "org-any", "X-Anything": "at all" };
  const options = client.withOptions({ timeout: 20_000, maxRetries: 0, defaultHeaders });
  const read = await options.evals.retrieve(made.id, { query: { unknown: "yes" }, timeout: 10_000 });
  const models = (await every(client.models.list())).map((each) => each.id);
  const deleted = await evals.delete(made.id);
  const headers = Object.fromEntries(response.headers);
  return { made, status: response.status, headers, streamed, read, models, deleted };
}

async function main() {
  const told = {
    evals: await ofEvals(),
    files: await ofFiles(),
    runs: await ofRuns(),
    graders: await ofGraders(),
    errors: await ofErrors(),
    retries: await ofRetries(),
    variants: await ofVariants(),
  };
  console.log(JSON.stringify({ async: told }));
}

main();
