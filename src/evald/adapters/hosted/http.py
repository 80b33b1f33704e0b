"""One request to a hosted API, over HTTP: one attempt, whatever comes of it."""

import math
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from evald.adapters.hosted.credentials import Credentials
from evald.adapters.hosted.rate_limits import wait_s
from evald.adapters.models.provider import Provider
from evald.adapters.models.refusals import refusal, without_key
from evald.ports.clock import Clock
from evald.ports.hosted import Fetched, HostedRequest, Refused, Sink, Trouble

MAX_PAGE_BYTES = 64 * 1024 * 1024
"""Beyond this a page is asked for with fewer objects, so that a few pages fit into memory."""

MAX_BODY_BYTES = 1024 * 1024 * 1024
"""Beyond this not even a single object is taken."""

MAX_ERROR_BYTES = 64 * 1024
CONNECT_TIMEOUT_S = 15.0
PIECE_BYTES = 256 * 1024


class HostedHttp:
    """A hosted API, asked over HTTP. Fulfils `evald.ports.hosted.HostedApi`.

    Redirects are not followed: the key would go where they lead. A proxy of the environment
    (`HTTPS_PROXY`, `NO_PROXY`) is used.

    Args:
        credentials: where it is, and the key.
        session: from `evald.adapters.http_session.open_session`.
        clock: for dates in headers.
        timeout_s: seconds for a whole answer; for a body that goes into a sink, seconds without
            any byte of it.
        most_bytes: a page of several objects that is larger is too large.
    """

    def __init__(
        self,
        credentials: Credentials,
        session: aiohttp.ClientSession,
        *,
        clock: Clock,
        timeout_s: float = 120.0,
        most_bytes: int = MAX_PAGE_BYTES,
    ) -> None:
        self._credentials = credentials
        self._session = session
        self._clock = clock
        self._timeout_s = timeout_s
        self._most_bytes = most_bytes
        self._base = URL(credentials.base_url)
        self._headers = credentials.headers()
        self._proxy = _proxy_for(self._base)
        self._who = Provider(  # in whose words a refusal is told, and whose key is not
            name=self._base.host or "", base_url=credentials.address, api_key=credentials.api_key
        )

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        """The server's answer, or why there is none; a success's body goes into the sink."""
        try:
            async with self._session.get(
                self._url(request),
                headers=self._headers | {"Accept": "application/json" if sink is None else "*/*"},
                timeout=_patience(self._timeout_s, flowing=sink is not None),
                allow_redirects=False,
                proxy=self._proxy,
            ) as response:
                return await self._outcome(response, request, sink)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return self._trouble(Trouble.UNREACHABLE, f"was not reached: {error}")
        except TimeoutError:
            return self._trouble(
                Trouble.TIMED_OUT, f"did not answer within {self._timeout_s:.4g} s"
            )
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            return self._trouble(Trouble.BROKEN, f"broke its answer off: {reason}")

    async def _outcome(
        self, response: aiohttp.ClientResponse, request: HostedRequest, sink: Sink | None
    ) -> Fetched | Refused:
        wait = wait_s(response.headers, now=self._clock.now())
        if not 200 <= response.status < 300:
            return await self._refusal(response, wait)
        if sink is not None:
            await sink.begin()
            async for chunk in response.content.iter_chunked(PIECE_BYTES):
                await sink.write(chunk)
            return Fetched(b"", wait)
        most = self._most_bytes if request.may_shrink else MAX_BODY_BYTES
        body = await _body(response.content, most=most)
        if len(body) > most:
            return self._trouble(Trouble.TOO_LARGE, f"answered with more than {most} bytes")
        return Fetched(bytes(body), wait)

    async def _refusal(self, response: aiohttp.ClientResponse, wait: float | None) -> Refused:
        content = bytes(await _body(response.content, most=MAX_ERROR_BYTES))
        said = refusal(self._who, response.status, content=content, retry_after_s=wait)
        return Refused(
            Trouble.REFUSED, said.message, code=said.code, status=response.status, wait_s=wait
        )

    def _trouble(self, trouble: Trouble, text: str) -> Refused:
        return Refused(trouble, without_key(f"{self._who.address} {text}", self._who))

    def _url(self, request: HostedRequest) -> URL:
        path = "/".join(quote(segment, safe="") for segment in request.path)
        place = f"{self._base.raw_path.rstrip('/')}/{path}"
        # A query of the base URL stays: `https://….azure.com/openai/v1?api-version=preview`.
        url = self._base.with_path(place, encoded=True, keep_query=True)
        return url.extend_query([*self._credentials.query(), *request.query])


def _proxy_for(base: URL) -> str | None:
    # By hand, since aiohttp's own way would take passwords from ~/.netrc as well.
    if base.host is None or proxy_bypass(base.host):
        return None
    return getproxies().get(base.scheme)


def _patience(timeout_s: float, *, flowing: bool) -> aiohttp.ClientTimeout:
    connect_s = min(CONNECT_TIMEOUT_S, 0.9 * timeout_s)
    if flowing:
        return aiohttp.ClientTimeout(total=None, connect=connect_s, sock_read=timeout_s)
    return aiohttp.ClientTimeout(total=timeout_s, connect=connect_s, ceil_threshold=math.inf)


async def _body(stream: aiohttp.StreamReader, *, most: int) -> bytearray:
    """All that comes; what is longer than `most` is cut off somewhere behind it."""
    body = bytearray()
    while len(body) <= most and (piece := await stream.readany()):
        body += piece
    return body
