"""Models: list and get."""

from evald.domain.errors import ModelNotFound
from evald.services.context import Context
from evald.wire.model_cards import Model


async def list_models(context: Context) -> list[Model]:
    """Every model that a provider names."""
    return await context.catalog.list_models()


async def get_model(context: Context, model_id: str) -> Model:
    """The model.

    Raises:
        ModelNotFound: no provider knows it.
    """
    found = await context.catalog.find_model(model_id)
    if found is None:
        raise ModelNotFound(model_id, param="model")
    return found
