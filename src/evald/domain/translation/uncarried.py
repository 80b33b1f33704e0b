"""What is said of a field that chat completions cannot carry."""

from evald.domain.errors import UnsupportedParameter


def uncarried(
    field: str, *, why: str = "chat completions have nothing like it"
) -> UnsupportedParameter:
    """The error that names the field by its path."""
    return UnsupportedParameter(
        f"'{field}' cannot be used: the provider of this model speaks only chat completions, to "
        f"which the request is translated, and {why}.",
        param=field,
    )
