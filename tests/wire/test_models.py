"""Models over the wire: what providers name, and what nobody does."""

import httpx2
import openai
import pytest


def test_models_of_every_provider_are_listed(client: openai.OpenAI) -> None:
    """The shape is documented; that the providers are asked is ours."""
    models = {model.id: model for model in client.models.list()}

    assert models["mock-model"].to_dict() == {
        "id": "mock-model",
        "object": "model",
        "created": 1_750_000_000,
        "owned_by": "mock",
    }
    assert models["busy"].owned_by == "busy"


def test_the_list_has_no_pages(http: httpx2.Client) -> None:
    """Documented."""
    assert list(http.get("/v1/models").json()) == ["object", "data"]


def test_a_model_is_read_by_its_id(client: openai.OpenAI) -> None:
    """Documented."""
    assert client.models.retrieve("mock-model").owned_by == "mock"


@pytest.mark.parametrize("model_id", ["nobody-knows-it", "with/slashes"])
def test_a_model_that_nobody_names_is_a_404(client: openai.OpenAI, model_id: str) -> None:
    """Ours."""
    with pytest.raises(openai.NotFoundError, match=model_id) as refused:
        client.models.retrieve(model_id)

    assert refused.value.code == "model_not_found"
