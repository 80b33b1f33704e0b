"""The style sheet and the script: read from the package, and kept by browsers for good."""

import hashlib
from dataclasses import dataclass
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages need, and the SHA-256 by which a browser knows whether it has it."""

    content: bytes
    media_type: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All of them."""

    style: Asset
    script: Asset


def packaged_assets() -> Assets:
    """The assets of this package."""
    return Assets(_asset("app.css", "text/css"), _asset("app.js", "text/javascript"))


def answer_asset(asset: Asset, request: Request) -> Response:
    """The asset: kept for good under the address that names its content, else asked for."""
    tag = f'"{asset.content_hash}"'
    is_named = request.query_params.get("v") == asset.content_hash
    kept = "public, max-age=31536000, immutable" if is_named else "no-cache"
    headers = {"Cache-Control": kept, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _asset(name: str, media_type: str) -> Asset:
    content = resources.files("evald.web").joinpath("static", name).read_bytes()
    return Asset(content, media_type, hashlib.sha256(content).hexdigest()[:16])
