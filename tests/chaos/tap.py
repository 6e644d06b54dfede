"""A witness at the broker: a queue of its own bound to everything, read into a file as it comes.

It knows nothing of the services' code. What it holds is on the broker's disk until it is in the file, so a broker that
is killed delays it. It listens before the first service starts: an outage that began, and was told, while they were
finding each other was once taken for a lost event.
"""

import asyncio
import json
import logging
import time
import uuid
from pathlib import Path
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from tests.chaos.lines import read_lines

EXCHANGE = "ektp.events"
QUEUE = "witness"
PROBE = "witness.probe"
"""Taken by nobody but the witness, who has not begun before it has seen one, nor ended before it has seen the last."""
CONNECT_WITHIN = 5.0
PAUSE = 0.5
# Its library tells of every broker that is killed, with a traceback.
for chatty in ("aio_pika", "aiormq"):
    logging.getLogger(chatty).setLevel(logging.CRITICAL)


class Tap:
    """Writes every event that is published from now on."""

    def __init__(self, path: Path) -> None:
        self._url = ""
        self._file = path.open("a", buffering=1)
        self._task: asyncio.Task[None] | None = None
        self._seeing = asyncio.Event()
        self._probe = b""
        self.interruptions = 0
        self.last_error = ""

    async def start(self, url: str, within: float = 30.0) -> None:
        """Returns when what is published is seen. Raises TimeoutError."""
        self._url = url
        self._task = asyncio.create_task(self._listen(), name="witness")
        await self.see_all(within)

    async def see_all(self, within: float = 30.0) -> None:
        """Returns when all that was published until now is written down. Raises TimeoutError.

        A queue keeps the order: who sees a probe has seen what came before it. How much a queue holds says less, for
        what is with a consumer is not counted.
        """
        self._probe = uuid.uuid4().bytes
        self._seeing.clear()
        async with asyncio.timeout(within):
            await self._seeing.wait()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._file.close()

    async def _listen(self) -> None:
        while True:
            try:
                await self._session()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    raise
            except Exception as error:  # noqa: BLE001  # whatever it was, it connects again
                self.last_error = repr(error)
            self.interruptions += 1
            await asyncio.sleep(PAUSE)

    async def _session(self) -> None:
        async with asyncio.timeout(CONNECT_WITHIN):
            connection = await aio_pika.connect(self._url, heartbeat=5)
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                channel = await connection.channel()
                await channel.set_qos(prefetch_count=200)
                exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
                queue = await channel.declare_queue(
                    QUEUE,
                    durable=True,
                    arguments={"x-queue-type": "quorum", "x-delivery-limit": 1_000_000_000},
                )
                await queue.bind(exchange, "#")
                await queue.consume(self._write)
            while not connection.is_closed and not channel.is_closed:  # the library has no event for both
                if not self._seeing.is_set():
                    await exchange.publish(aio_pika.Message(self._probe), PROBE, timeout=CONNECT_WITHIN)
                await asyncio.sleep(PAUSE)
        finally:
            async with asyncio.timeout(1.0):
                await connection.close()

    async def _write(self, message: AbstractIncomingMessage) -> None:
        if message.routing_key == PROBE:
            if message.body == self._probe:
                self._seeing.set()
        else:
            seen = {"seen": time.time(), "event": json.loads(message.body)}
            self._file.write(json.dumps(seen, separators=(",", ":")) + "\n")
        await message.ack()


def read_events(path: Path) -> list[dict[str, Any]]:
    """Every event as often as it was delivered, in that order."""
    return [each["event"] for each in read_lines(path)] if path.exists() else []
