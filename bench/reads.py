"""How long reading takes: pages of output items, the run itself, and all items of a run."""

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import closing

import openai

TIMES = 50
WARM_TIMES = 5


class Reader:
    """One connection to a server, kept open, whose own part of the time is small."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def close(self) -> None:
        """The connection is closed."""
        self._connection.close()

    def get(self, path: str) -> bytes:
        """The body of a 200."""
        self._connection.request("GET", path, headers={"Authorization": "Bearer any"})
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:500]
        return body

    def times_ms(self, path: str) -> list[float]:
        """Milliseconds of each of some requests, once the first few have warmed it up."""
        times = []
        for _ in range(WARM_TIMES + TIMES):
            began = time.perf_counter()
            self.get(path)
            times.append(1_000 * (time.perf_counter() - began))
        return times[WARM_TIMES:]


def times_ms(port: int, path: str) -> str:
    """Median and worst, as a sentence."""
    with closing(Reader(port)) as reader:
        times = reader.times_ms(path)
    return f"median {statistics.median(times):6.2f} ms, worst {max(times):6.2f} ms"


def median_ms(port: int, path: str) -> float:
    """The median of some requests."""
    with closing(Reader(port)) as reader:
        return statistics.median(reader.times_ms(path))


def items_path(eval_id: str, run_id: str, *, query: str = "limit=100") -> str:
    """Where a page of output items is."""
    return f"/v1/evals/{eval_id}/runs/{run_id}/output_items?{query}"


def pages(port: int, eval_id: str, run_id: str) -> Iterator[int]:
    """How many items each page of a hundred has, to the last."""
    with closing(Reader(port)) as reader:
        after = ""
        while True:
            page = json.loads(reader.get(items_path(eval_id, run_id) + after))
            yield len(page["data"])
            if not page["has_more"]:
                return
            after = f"&after={page['last_id']}"


def exported(port: int, run_id: str) -> int:
    """How many lines the streamed export of a run has."""
    with closing(Reader(port)) as reader:
        return reader.get(f"/v1/evald/runs/{run_id}/export").count(b"\n")


def auto_paged(client: openai.OpenAI, eval_id: str, run_id: str) -> int:
    """How many items there are, each of them made an object of the official client."""
    items = client.evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100)
    return sum(1 for _ in items)
