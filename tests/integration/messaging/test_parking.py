"""What was parked can be looked at as often as one likes, and sent back once its cause is mended."""

from pathlib import Path

import aio_pika
import pytest
from sqlmodel import Session

from shared.contracts.envelope import Event
from shared.messaging import consumer as consumer_module
from shared.messaging import inbox as inbox_module
from shared.messaging.node import BrokerNode
from shared.messaging.parking import list_parked, replay_parked
from shared.messaging.topology import ENROLMENT_API, EXCHANGE, declare
from shared.testing.waiting import eventually
from tests.integration.messaging.test_events_between_services import pair


async def test_replaying_lets_the_event_and_those_behind_it_take_effect(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(consumer_module, "TICK_SECONDS", 0.05)
    broken = True

    def effect(_session: Session, _event: Event, _data: object) -> None:
        if broken:
            raise RuntimeError("the handler's bug")

    async with pair(broker, tmp_path, effect) as (publisher, consumer):
        await publisher.publish("ticket-1")
        await publisher.publish("ticket-1")
        listed = await eventually(lambda: list_parked(broker.url), within=20)
        assert [(each.subject, each.sequence, each.reason) for each in listed] == [
            ("ticket-1", 1, "RuntimeError")
        ]
        broken = False
        assert await replay_parked(broker.url, ENROLMENT_API.parked, listed[0].event_id) == 1
        await eventually(lambda: consumer.sequences("ticket-1") == [1, 2], within=20)
        assert await list_parked(broker.url) == []


async def test_looking_often_loses_nothing(broker: BrokerNode) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        await declare(connection)
        channel = await connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(b"odd"), ENROLMENT_API.parked)
    for _ in range(25):  # RabbitMQ 4 would drop it after 20
        assert len(await list_parked(broker.url)) == 1


async def test_a_queue_that_is_not_ours_is_refused(broker: BrokerNode) -> None:
    with pytest.raises(LookupError, match="no parking queue"):
        await replay_parked(broker.url, EXCHANGE)
