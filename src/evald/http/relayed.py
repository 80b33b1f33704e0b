"""An answer that is passed on while it comes, until it ends or its client leaves."""

import asyncio
from contextlib import aclosing
from functools import partial

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from evald.http.leaving import leaving_of
from evald.services.relaying import AnswerHead, Relayed


class RelayedAnswer(Response):
    """Sends what comes, as it comes.

    A client that leaves is noticed at any moment, also while nothing comes; what is on its way is
    closed then, and with it the connection to the provider. To be given out once.
    """

    def __init__(self, answer: Relayed) -> None:
        self._answer = answer
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer to its end.

        Raises:
            ClientDisconnect: the client left before.
            RequestError: there is no answer, or, where one was begun, not the rest of it.
        """
        staying = asyncio.timeout(None)
        try:
            async with staying:
                with leaving_of(scope).told(partial(_end, staying)):
                    await self._sent(send)
        except TimeoutError:
            if staying.expired():
                raise ClientDisconnect from None
            raise

    async def _sent(self, send: Send) -> None:
        left: int | None = None  # of an answer whose length is known
        is_over = False
        async with aclosing(self._answer) as pieces:
            async for piece in pieces:
                if isinstance(piece, AnswerHead):
                    length = piece.headers.get("content-length")
                    left = None if length is None else int(length)
                    await send(_start(piece))
                elif piece:
                    left = None if left is None else left - len(piece)
                    is_over = left == 0
                    await send(_body(piece, is_last=is_over))
        if not is_over:
            await send(_body(b"", is_last=True))


def _start(head: AnswerHead) -> Message:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in head.headers.items()]
    return {"type": "http.response.start", "status": head.status, "headers": headers}


def _body(piece: bytes, *, is_last: bool) -> Message:
    return {"type": "http.response.body", "body": piece, "more_body": not is_last}


def _end(staying: asyncio.Timeout) -> None:
    staying.reschedule(asyncio.get_running_loop().time())
