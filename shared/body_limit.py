"""The longest body a service takes at all; calls that take less say so themselves.

The framework's own limit answers in plain text. Here a body that says its length is refused before any of it is
read, one that does not is counted as it comes, and both are problems.
"""

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems


class BodyLimit:
    """Middleware that answers 413 to a body of more than `most` bytes (pure ASGI)."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may be read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = _declared(scope)
        if declared is None:
            await self._app(scope, self._counted(receive), send)
        elif declared <= self._most:  # the server reads no more than was declared
            await self._app(scope, receive, send)
        else:
            await problems.render(Request(scope), problems.TooLarge(self._refusal()))(scope, receive, send)

    def _refusal(self) -> str:
        return f"A body is at most {self._most} bytes here"

    def _counted(self, receive: Receive) -> Receive:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._most:
                raise HTTPException(413, self._refusal())  # what FastAPI's body reading lets through
            return message

        return counted


def _declared(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None
