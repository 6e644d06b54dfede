"""The witness has written down everything when it says so: also what was on its way to it just then."""

from pathlib import Path

import aio_pika

from shared.testing.broker import running_broker
from tests.chaos.tap import EXCHANGE, Tap, read_events

MANY = 1_500
"""More than the broker hands to a consumer at once."""


async def test_what_was_published_before_it_was_asked_is_written_down(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    with running_broker() as node:
        tap = Tap(file)
        await tap.start(node.url)
        async with await aio_pika.connect(node.url) as connection:
            exchange = await (await connection.channel()).get_exchange(EXCHANGE, ensure=False)
            for number in range(MANY):
                body = f'{{"number": {number}}}'.encode()
                await exchange.publish(aio_pika.Message(body), "queue.ticket.issued.v1")
            await tap.see_all()
            seen = [each["number"] for each in read_events(file)]
        await tap.close()
    assert seen == list(range(MANY))
