"""Long stories of made and deleted things, told beside what must then be true of every answer.

Rests on: ours. What was made is there, unchanged, until it is deleted; what was deleted is gone
for good; lists show what is there, once.
"""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.fuzz.campaign import Campaign
from tests.fuzz.good_bodies import GOOD
from tests.fuzz.odd import json_bytes
from tests.fuzz.wire_values import FILE
from tests.support.raw_client import Answer, Ask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STEPS = 40
_ROW = b'{"item":{"prompt":"a","expected":"a"},"sample":{"output_text":"a"}}\n'
_FORM = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nevals\r\n--b\r\n'
    b'Content-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n%b\r\n--b--\r\n'
)


class Stories(RuleBasedStateMachine):
    """What one user does; `campaign` is set before it runs."""

    campaign: Campaign
    evals = Bundle("evals")
    runs = Bundle("runs")
    files = Bundle("files")

    def __init__(self) -> None:
        super().__init__()
        self.gone: set[str] = set()
        self.run_ids: dict[str, list[str]] = {}

    @rule(target=evals, body=st.sampled_from(GOOD["createEval"]))
    def create_eval(self, body: Any) -> str:
        made = self._made("createEval", "/v1/evals", json_bytes(body))
        self.run_ids[made["id"]] = []
        return str(made["id"])

    @rule(target=files, count=st.integers(0, 3))
    def upload(self, count: int) -> str:
        content_type = ("content-type", b"multipart/form-data; boundary=b")
        ask = Ask("POST", "/v1/files", (content_type,), _FORM % (_ROW * count))
        answer = self.campaign.ask("createFile", ask)
        assert answer.status == 200
        return str(orjson.loads(answer.body)["id"])

    @rule(target=runs, eval_id=evals, body=st.sampled_from(GOOD["createEvalRun"]), file_id=files)
    def create_run(self, eval_id: str, body: Any, file_id: str) -> Any:
        raw = json_bytes(body).replace(FILE.encode(), file_id.encode())
        answer = self._post("createEvalRun", f"/v1/evals/{eval_id}/runs", raw)
        is_missing = eval_id in self.gone
        assert answer.status in ((404,) if is_missing else (201, 400)), answer
        if answer.status != 201:
            return multiple()
        run_id = str(orjson.loads(answer.body)["id"])
        self.run_ids[eval_id].append(run_id)
        return (eval_id, run_id)

    @rule(eval_id=evals, name=st.text(max_size=9))
    def rename(self, eval_id: str, name: str) -> None:
        answer = self._post("updateEval", f"/v1/evals/{eval_id}", json_bytes({"name": name}))
        if eval_id in self.gone:
            assert answer.status == 404
        elif answer.status == 200:  # half characters are refused
            found = self._get("getEval", f"/v1/evals/{eval_id}")
            assert orjson.loads(found.body)["name"] == orjson.loads(answer.body)["name"]

    @rule(run=runs)
    def cancel(self, run: tuple[str, str]) -> None:
        path = f"/v1/evals/{run[0]}/runs/{run[1]}/cancel"
        answer = self._post("cancelEvalRunByVerb", path, b"")
        assert answer.status == (404 if self.gone & {*run} else 200)

    @rule(run=runs)
    def read_items(self, run: tuple[str, str]) -> None:
        path = f"/v1/evals/{run[0]}/runs/{run[1]}/output_items"
        answer = self._get("getEvalRunOutputItems", path)
        assert answer.status == (404 if self.gone & {*run} else 200)

    @rule(eval_id=evals, limit=st.integers(1, 3), order=st.sampled_from(["asc", "desc"]))
    def list_runs(self, eval_id: str, limit: int, order: str) -> None:
        if eval_id in self.gone:
            return
        found, after, has_more = [], "", True
        while has_more:
            path = f"/v1/evals/{eval_id}/runs?limit={limit}&order={order}{after}"
            page = orjson.loads(self._get("getEvalRuns", path).body)
            found += [each["id"] for each in page["data"]]
            after, has_more = f"&after={page['last_id']}", page["has_more"]
        wanted = [each for each in self.run_ids[eval_id] if each not in self.gone]
        assert found == (wanted if order == "asc" else wanted[::-1])

    @rule(run=consumes(runs))
    def delete_run(self, run: tuple[str, str]) -> None:
        self._delete("deleteEvalRun", f"/v1/evals/{run[0]}/runs/{run[1]}", {*run}, run[1])

    @rule(file_id=consumes(files))
    def delete_file(self, file_id: str) -> None:
        self._delete("deleteFile", f"/v1/files/{file_id}", {file_id}, file_id)

    @rule(eval_id=consumes(evals))
    def delete_eval(self, eval_id: str) -> None:
        self._delete("deleteEval", f"/v1/evals/{eval_id}", {eval_id}, eval_id)

    def _delete(self, operation: str, path: str, ids: set[str], own: str) -> None:
        answer = self.campaign.ask(operation, Ask("DELETE", path))
        assert answer.status == (404 if self.gone & ids else 200), (path, answer)
        self.gone.add(own)
        again = self.campaign.ask(operation, Ask("DELETE", path))
        assert again.status == 404

    def _made(self, operation: str, path: str, body: bytes) -> Any:
        answer = self._post(operation, path, body)
        assert answer.status == 201, answer
        return orjson.loads(answer.body)

    def _post(self, operation: str, path: str, body: bytes) -> Answer:
        headers = (("content-type", b"application/json"),)
        return self.campaign.ask(operation, Ask("POST", path, headers, body))

    def _get(self, operation: str, path: str) -> Answer:
        return self.campaign.ask(operation, Ask("GET", path))


def test_whatever_is_done_in_whatever_order_the_server_keeps_its_word(
    campaign: Campaign, examples: int, fuzz_seed: int
) -> None:
    told = settings(
        max_examples=max(2, examples // 10),
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @seed(fuzz_seed)
    class Told(Stories):
        pass

    Told.campaign = campaign
    run_state_machine_as_test(Told, settings=told)
