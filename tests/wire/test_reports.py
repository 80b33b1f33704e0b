"""Reports and comparisons over HTTP. All of it is ours; the runs are real ones."""

from collections import Counter
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.bodies import an_eval, jsonl, said, string_check
from tests.wire.bodies import inline as content_of
from tests.wire.runs import ended, new_eval, new_run

Json = dict[str, Any]
WORDS = [f"word {number}" for number in range(12)]
SIMILAR: Json = {
    "type": "text_similarity",
    "name": "similar",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.expected }}",
    "evaluation_metric": "fuzzy_match",
    "pass_threshold": 0.5,
}


def told(word: str, output: str) -> Json:
    """A row of an item with this word, and what was said."""
    return said(output, prompt=word, expected=word)


@pytest.fixture(scope="module")
def runs(client: openai.OpenAI) -> list[str]:
    """A run that got 11 of 12 items right, one twice, and one that got the first eight wrong.

    The second has not the last item, and another instead.
    """
    an_id = new_eval(client, an_eval(string_check("same"), SIMILAR))
    first = [told(word, word if place else "wrong") for place, word in enumerate(WORDS)]
    second = [told(word, word if place >= 8 else "wrong") for place, word in enumerate(WORDS)]
    rows = ([*first, first[3]], [*second[:-1], told("another", "another"), second[3]])
    made = [new_run(client, an_id, jsonl(content_of(some))) for some in rows]
    return [ended(client, an_id, run_id).id for run_id in made]


def get(http: httpx2.Client, path: str, **params: object) -> Json:
    answer = http.get(f"/v1/evald{path}", params={key: str(value) for key, value in params.items()})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def compare(http: httpx2.Client, runs: list[str], **params: object) -> Json:
    return get(http, "/compare", runs=",".join(runs), **params)


def changed(http: httpx2.Client, runs: list[str], **params: object) -> list[Json]:
    data: list[Json] = get(http, "/compare/items", runs=",".join(runs), **params)["data"]
    return data


def test_a_report_has_a_run_in_numbers_with_intervals(http: httpx2.Client, runs: list[str]) -> None:
    report = get(http, f"/runs/{runs[1]}/report")

    graded = report["rate"]["graded"]
    assert (graded["count"], graded["n"], report["has_verdicts"]) == (4, 13, True)
    # By hand: Wilson at 4 of 13 and z = 1.95996.
    assert graded["interval"]["low"] == pytest.approx(0.1268, abs=1e-4)
    assert graded["interval"]["high"] == pytest.approx(0.5763, abs=1e-4)
    assert report["rate"]["errored"]["count"] == 0
    assert 0.4 < report["detectable_difference"] < 0.8
    assert report["usage"] == []


def test_a_report_has_the_scores_of_each_criterion(http: httpx2.Client, runs: list[str]) -> None:
    same, similar = get(http, f"/runs/{runs[1]}/report")["criteria"]

    assert (same["name"], same["scores"]["n"], same["scores"]["mean"]) == ("same", 13, 4 / 13)
    assert same["scores"]["interval"]["method"] == "wilson"
    scores = similar["scores"]
    assert scores["lowest"] < scores["mean"] < scores["highest"] == 1.0
    assert sum(each["count"] for each in scores["histogram"]) == scores["n"] == 13
    assert (scores["histogram"][0]["low"], scores["histogram"][-1]["high"]) == (
        scores["lowest"],
        pytest.approx(1.0),
    )


def test_a_lower_level_makes_narrower_intervals(http: httpx2.Client, runs: list[str]) -> None:
    wide = get(http, f"/runs/{runs[1]}/report")["rate"]["graded"]["interval"]
    narrow = get(http, f"/runs/{runs[1]}/report", level=0.8)["rate"]["graded"]["interval"]

    assert narrow["level"] == 0.8
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]


def test_clustered_items_make_wider_intervals(http: httpx2.Client, runs: list[str]) -> None:
    """Item 3 is there twice, and so 12 clusters have 13 items."""
    report = get(http, f"/runs/{runs[1]}/report", cluster_by="item.prompt")

    clusters = report["clusters"]
    assert [clusters[key] for key in ("by", "searched", "total", "clusters")] == [
        "item.prompt",
        13,
        13,
        12,
    ]
    plain, clustered = report["rate"]["graded"], clusters["rate"]["graded"]
    assert (clustered["count"], clustered["n"]) == (plain["count"], plain["n"])
    assert clustered["interval"]["method"] == "clustered_wilson"
    assert clustered["interval"]["high"] > plain["interval"]["high"]
    assert 1 < clusters["design_effect"] < 1.5


def test_a_field_without_a_name_clusters_nothing(http: httpx2.Client, runs: list[str]) -> None:
    answer = http.get(f"/v1/evald/runs/{runs[1]}/report", params={"cluster_by": "prompt"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "cluster_by")


def test_a_field_that_no_item_has_clusters_nothing(http: httpx2.Client, runs: list[str]) -> None:
    query = {"cluster_by": "item.promt"}
    of_report = http.get(f"/v1/evald/runs/{runs[0]}/report", params=query)
    of_comparison = http.get("/v1/evald/compare", params={**query, "runs": ",".join(runs)})

    for answer in (of_report, of_comparison):
        error = answer.json()["error"]
        assert (answer.status_code, error["param"]) == (400, "cluster_by")
        assert error["message"].startswith(f"No item of run '{runs[0]}' has a field 'item.promt'")


def test_items_that_hang_together_are_compared_as_one(http: httpx2.Client, runs: list[str]) -> None:
    """Word 3 is there twice: of 12 items in both runs, eight got worse, in 7 of 11 clusters.

    By hand: the difference is -8 / 12, sums less n_c times that are 2/3 (four words that stayed),
    -1/3 (six that got worse) and -2/3 (word 3), whose squares sum to 26 / 9.
    """
    comparison = compare(http, runs, cluster_by="item.prompt")

    assert comparison["clusters"] == {
        "by": "item.prompt",
        "searched": 13,
        "total": 13,
        "clusters": 12,
    }
    passes = comparison["candidates"][0]["passes"]
    assert (passes["better"], passes["worse"], passes["same"]) == (0, 8, 4)
    assert (passes["n"], passes["clusters"]) == (12, 11)
    assert passes["difference"] == pytest.approx(-8 / 12)
    assert passes["standard_error"] == pytest.approx((26 / 9 * 11 / 10) ** 0.5 / 12)
    # Student's t of 10 degrees of freedom at 97.5 %.
    reach = 2.228139 * passes["standard_error"]
    assert passes["interval"]["low"] == pytest.approx(-8 / 12 - reach)
    assert passes["interval"]["high"] == pytest.approx(-8 / 12 + reach)
    assert passes["interval"]["method"] == "clustered_t"
    assert passes["p_value"] == pytest.approx(2 / 2**7)
    assert "on 12 items in 11 clusters" in passes["sentence"]


def test_criteria_are_clustered_too_and_what_counts_items_stays(
    http: httpx2.Client, runs: list[str]
) -> None:
    plain, clustered = compare(http, runs), compare(http, runs, cluster_by="item['prompt']")

    same, similar = clustered["candidates"][0]["criteria"]
    assert (same["passes"]["clusters"], similar["scores"]["clusters"]) == (11, 11)
    assert similar["scores"]["interval"]["method"] == "clustered_t"
    assert (plain["clusters"], plain["candidates"][0]["passes"]["clusters"]) == (None, None)
    for name in ("matched", "missing", "new", "errored"):
        assert clustered["candidates"][0][name] == plain["candidates"][0][name]
    for name in ("runs", "scores", "disagreed"):
        assert clustered[name] == plain[name]


def test_what_is_no_field_clusters_no_comparison(http: httpx2.Client, runs: list[str]) -> None:
    query = {"runs": ",".join(runs), "cluster_by": "prompt"}
    answer = http.get("/v1/evald/compare", params=query)

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "cluster_by")


@pytest.mark.parametrize(
    ("query", "total", "grouped"),
    [
        ({}, 13, 13),
        ({"status": "passed"}, 4, 4),
        ({"criterion": "similar", "max_score": "0.5"}, 9, 9),
        ({"text": "WORD 1"}, 13, 2),
        ({"regex": "^word [34]$"}, 13, 3),
        ({"where": 'item.prompt = "word 3"', "status": "fail"}, 9, 2),
        ({"criterion": "same", "outcome": "pass", "text": "another"}, 4, 1),
    ],
)
def test_groups_are_of_the_items_that_a_filter_finds(
    http: httpx2.Client, runs: list[str], query: dict[str, str], total: int, grouped: int
) -> None:
    """The second run has words 0 to 10 and another, the first eight of them wrong, 3 twice."""
    found = get(http, f"/runs/{runs[1]}/groups", by="item.prompt", **query)
    listed = get(http, f"/runs/{runs[1]}/items", limit=100, **query)["data"]

    assert (found["total"], found["searched"], found["has_more"]) == (total, total, False)
    assert (found["grouped"], found["skipped"], found["has_verdicts"]) == (grouped, 0, True)
    assert {each["value"]: each["items"] for each in found["groups"]} == Counter(
        each["datasource_item"]["prompt"] for each in listed
    )


def test_a_filter_of_groups_that_cannot_be_meant_is_refused(
    http: httpx2.Client, runs: list[str]
) -> None:
    path = f"/v1/evald/runs/{runs[0]}/groups?by=item.prompt"

    answers = [http.get(f"{path}&{each}") for each in ("status=x", "regex=(", "criterion=gone")]

    said = [(each.status_code, each.json()["error"]["param"]) for each in answers]
    assert said == [(400, "status"), (400, "regex"), (400, "criterion")]


def test_a_comparison_says_what_got_worse(http: httpx2.Client, runs: list[str]) -> None:
    comparison = compare(http, runs)

    (candidate,) = comparison["candidates"]
    passes = candidate["passes"]
    assert [run["run_id"] for run in comparison["runs"]] == runs
    assert [candidate[key] for key in ("matched", "errored", "missing", "new")] == [12, 0, 1, 1]
    # Word 3 is there twice, right in the first run and wrong in the second.
    assert (passes["better"], passes["worse"], passes["same"]) == (0, 8, 4)
    assert passes["p_value"] == pytest.approx(2 / 2**8)
    assert passes["verdict"] == "regressed"
    assert passes["sentence"].startswith("Regressed by 66.7 points")
    assert comparison["disagreed"] == 8


def test_a_comparison_goes_by_criterion_too(http: httpx2.Client, runs: list[str]) -> None:
    same, similar = compare(http, runs)["candidates"][0]["criteria"]

    assert (same["passes"]["worse"], same["scores"]) == (8, None)
    assert (similar["scores"]["worse"], similar["scores"]["verdict"]) == (8, "regressed")
    assert similar["scores"]["p_adjusted"] >= similar["scores"]["p_value"]


def test_a_comparison_has_scores_in_the_same_bins(http: httpx2.Client, runs: list[str]) -> None:
    (similar,) = compare(http, runs)["scores"]

    assert (similar["name"], similar["high"]) == ("similar", 1.0)
    assert [run["n"] for run in similar["runs"]] == [13, 13]
    assert [sum(run["bins"]) for run in similar["runs"]] == [13, 13]
    assert sum(count for _, _, count in similar["pairs"]) == 12


def test_changes_are_told_by_one_criterion(http: httpx2.Client, runs: list[str]) -> None:
    by_name = changed(http, runs, criterion="same")

    assert [item["row"] for item in by_name] == [1, 2, 3, 4, 5, 6, 7, 12]
    assert changed(http, runs, criterion="same", change="improved") == []
    assert [item["row"] for item in changed(http, runs, criterion="same", change="new")] == [11]


def test_several_candidates_are_each_compared_with_the_baseline(
    http: httpx2.Client, runs: list[str], client: openai.OpenAI
) -> None:
    eval_id = get(http, f"/runs/{runs[0]}/report")["eval_id"]
    rows = [told(word, word) for word in WORDS]
    third = ended(client, eval_id, new_run(client, eval_id, jsonl(content_of(rows)))).id

    candidates = compare(http, [*runs, third])["candidates"]

    assert [each["passes"]["verdict"] for each in candidates] == [
        "regressed",
        "no_detectable_change",
    ]
    # Holm: the smaller of two counts twice.
    assert candidates[0]["passes"]["p_adjusted"] == pytest.approx(2 * 2 / 2**8)


def test_changed_items_are_listed_by_row(http: httpx2.Client, runs: list[str]) -> None:
    listed = changed(http, runs)

    assert [item["row"] for item in listed] == [1, 2, 3, 4, 5, 6, 7, 12]
    assert {tuple(item["outcomes"]) for item in listed} == {("pass", "fail")}
    assert [item["occurrence"] for item in listed if item["row"] in {3, 12}] == [0, 1]


def test_changed_items_come_in_pages(http: httpx2.Client, runs: list[str]) -> None:
    page = get(http, "/compare/items", runs=",".join(runs), limit=3, after=2)

    assert [item["row"] for item in page["data"]] == [3, 4, 5]
    assert (page["last_id"], page["has_more"]) == ("5", True)
    assert [item["row"] for item in changed(http, runs, after=7)] == [12]


@pytest.mark.parametrize(
    ("change", "rows"), [("improved", []), ("missing", [11]), ("new", [11]), ("errored", [])]
)
def test_changes_are_of_six_kinds(
    http: httpx2.Client, runs: list[str], change: str, rows: list[int]
) -> None:
    assert [item["row"] for item in changed(http, runs, change=change)] == rows


@pytest.mark.parametrize(
    ("params", "status", "param"),
    [
        ({}, 400, "runs"),
        ({"runs": "evalrun_1"}, 400, "runs"),
        ({"runs": "evalrun_1,evalrun_2"}, 404, None),
        ({"runs": "evalrun_1,evalrun_2", "level": "95"}, 400, "level"),
        ({"runs": "evalrun_1,evalrun_2", "change": "worse"}, 400, "change"),
        ({"runs": "evalrun_1,evalrun_2", "candidate": "evalrun_1"}, 400, "candidate"),
        ({"runs": "evalrun_1,evalrun_2", "after": "-1"}, 400, "after"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(
    http: httpx2.Client, params: dict[str, str], status: int, param: str | None
) -> None:
    path = (
        "/v1/evald/compare/items"
        if {"change", "candidate", "after"} & {*params}
        else ("/v1/evald/compare")
    )
    answer = http.get(path, params=params)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)


def test_a_criterion_that_runs_do_not_share_is_refused(
    http: httpx2.Client, runs: list[str]
) -> None:
    answer = http.get(
        "/v1/evald/compare/items", params={"runs": ",".join(runs), "criterion": "none"}
    )

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "criterion")


def test_a_run_that_is_not_there_has_no_report(http: httpx2.Client) -> None:
    answer = http.get("/v1/evald/runs/evalrun_none/report")

    assert answer.status_code == 404
    assert "evalrun_none" in answer.json()["error"]["message"]
