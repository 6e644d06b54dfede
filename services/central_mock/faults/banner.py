"""Headers on every answer of the console while any rule is on, so that nobody forgets it."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.central_mock.faults.front import Front
from services.central_mock.faults.protocol import BANNER

HEADER = b"x-central-fault"


class FaultBanner:
    """Pure ASGI middleware of the control app."""

    def __init__(self, app: ASGIApp, front: Front) -> None:
        self._app = app
        self._front = front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add `X-Central-Fault: <kinds>` and `X-Central-Mock-Faults: <names>` as it is when the answer begins."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and self._front.banner is not None:
                headers = [(HEADER, self._front.kinds), (BANNER, self._front.banner)]
                message["headers"] = [*message.get("headers", []), *headers]
            await send(message)

        await self._app(scope, receive, marked)
