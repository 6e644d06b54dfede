"""An event is published after the commit, and given up when that fails: the outbox remembers nothing."""

import asyncio
from typing import Any

from shared.messaging import relay
from shared.messaging.outbox import mark_published, unpublished
from tests.chaos.planted.unmended import mend_nothing

WINDOW = 1.0


async def _publish_batch(self: Any, exchange: Any) -> int:
    database, now = self._runtime.database, self._runtime.clock.now()

    def take(session: Any) -> list[Any]:
        rows = unpublished(session, relay.BATCH)
        if rows:
            mark_published(session, [row.id for row in rows], now)
        return rows

    rows = await database.write(take)
    await asyncio.sleep(WINDOW)
    await self._publish_in_turn(exchange, iter(rows), [])
    return len(rows)


def plant() -> None:
    mend_nothing()
    bugged: Any = relay.Relay
    bugged._publish_batch = _publish_batch
