"""What a running queue_api holds beside what every service has."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from services.queue_api.board.hub import Hub
from services.queue_api.tickets.statements import VoucherSigner
from shared.columns import ColumnCipher
from shared.runtime import Runtime


@dataclass
class QueueRuntime(Runtime):
    """The shared parts, the cipher of phone numbers, the waiting rooms' streams, the vouchers' key."""

    cipher: ColumnCipher
    hub: Hub
    vouchers: VoucherSigner


async def queue_of(request: Request) -> QueueRuntime:
    """The runtime behind the request; async, for FastAPI would take a plain function to a thread."""
    return cast(QueueRuntime, request.app.state.runtime)


CurrentQueue = Annotated[QueueRuntime, Depends(queue_of)]
