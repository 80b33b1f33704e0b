"""Paths: each names one resource, and what stands in it for the names of its template."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.http.app import OPERATIONS
from evald.http.paths import Named, Paths

TEMPLATES = ["/v1/evals", "/v1/evals/{eval_id}", "/v1/evals/{eval_id}/runs", "/v1/models/{id:path}"]
PATHS = Paths({template: template for template in TEMPLATES})


@pytest.mark.parametrize(
    ("path", "template", "values"),
    [
        ("/v1/evals", "/v1/evals", {}),
        ("/v1/evals/e", "/v1/evals/{eval_id}", {"eval_id": "e"}),
        ("/v1/evals/runs", "/v1/evals/{eval_id}", {"eval_id": "runs"}),
        ("/v1/evals/e/runs", "/v1/evals/{eval_id}/runs", {"eval_id": "e"}),
        ("/v1/models/a", "/v1/models/{id:path}", {"id": "a"}),
        ("/v1/models/a/b//c", "/v1/models/{id:path}", {"id": "a/b//c"}),
        ("/v1/models/", "/v1/models/{id:path}", {"id": ""}),
    ],
)
def test_a_path_names_its_resource(path: str, template: str, values: dict[str, str]) -> None:
    assert PATHS.find(path) == Named(template, values)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1",
        "/v1/evals/",
        "/v1/evals//runs",
        "/v1/evals/e/runs/",
        "/v1/models",
        "v1/evals",
    ],
)
def test_any_other_path_names_nothing(path: str) -> None:
    assert PATHS.find(path) is None


@pytest.mark.parametrize("other", ["/v1/evals/all", "/v1/evals/all/runs"])
def test_a_word_may_not_stand_where_a_name_does(other: str) -> None:
    with pytest.raises(ValueError, match="/v1/evals"):
        Paths({"/v1/evals/{eval_id}": 1, other: 2})


@given(name=st.text("ab.:%~ é", min_size=1))
@pytest.mark.parametrize("template", sorted({operation.path for operation in OPERATIONS}))
def test_every_operation_is_found_whatever_its_names_are(template: str, name: str) -> None:
    paths = Paths({operation.path: operation.path for operation in OPERATIONS})

    found = paths.find(re.sub(r"\{[^}]+\}", lambda _: name, template))

    assert found is not None
    assert found.resource == template
    assert set(found.values.values()) <= {name}
