"""A message is acknowledged as it comes, and applied a moment later."""

import asyncio
from typing import Any

from shared.contracts.envelope import Event
from shared.messaging.consumer import Consumer
from tests.chaos.planted.unmended import mend_nothing

WINDOW = 4.0


async def _on_message(self: Any, message: Any) -> None:
    await message.ack()
    await asyncio.sleep(WINDOW)
    await self._take(Event.decode(message.body))


def plant() -> None:
    mend_nothing()
    consumer: Any = Consumer
    consumer._on_message = _on_message
