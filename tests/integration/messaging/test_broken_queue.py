"""A queue that the broker declares and lets nobody consume: it is made anew, and nothing that was in it is lost.

RabbitMQ 3.10 has one after it was killed within a second of a queue's declaration, and keeps it for ever.
"""

import asyncio
from pathlib import Path
from string import Template
from typing import Any

import aio_pika
import pytest
from sqlmodel import Session
from structlog.testing import capture_logs

from shared.contracts.envelope import Event
from shared.messaging import marks
from shared.messaging.node import BrokerNode
from shared.messaging.parking import list_parked
from shared.messaging.topology import ENROLMENT_API, declare_quorum
from shared.testing import erlang
from shared.testing.waiting import eventually
from tests.integration.messaging.peers import Peer
from tests.integration.messaging.test_events_between_services import all_published, pair

SPEED = 60.0
"""A round of marks takes half a second."""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.2)
    monkeypatch.setattr("shared.messaging.messaging.CONSUME_TIMEOUT", 1.0)
    monkeypatch.setattr("shared.messaging.messaging.CONNECT_TIMEOUT", 3.0)
    monkeypatch.setattr(marks, "SHORTEST_ROUND", 0.2)


@pytest.mark.parametrize(
    "broken",
    [pytest.param(erlang.BREAK_QUEUE, id="refuses"), pytest.param(erlang.SUSPEND_QUEUE, id="never answers")],
)
async def test_a_queue_that_nobody_can_consume_is_made_anew(
    broker: BrokerNode, tmp_path: Path, broken: Template
) -> None:
    async with pair(broker, tmp_path, speed=SPEED) as (publisher, consumer):
        await told(publisher, consumer, [1])
        with capture_logs() as logs:
            assert erlang.ask(broker, broken.substitute(vhost="/", queue=ENROLMENT_API.queue)) == "1"
            await told(publisher, consumer, [1, 2])
        assert [each["queue"] for each in logs if each["event"] == "broker.queue_replaced"] == [
            ENROLMENT_API.queue
        ]
        await told(publisher, consumer, [1, 2, 3])


async def test_what_waited_in_it_takes_effect_all_the_same(broker: BrokerNode, tmp_path: Path) -> None:
    """The broker had confirmed these: only the publisher's outbox still has them."""
    async with pair(broker, tmp_path, speed=SPEED) as (publisher, consumer):
        await told(publisher, consumer, [1])
        for number in range(2, 6):
            await publisher.publish_into_the_void(f"ticket-{number}")
        erlang.ask(broker, erlang.BREAK_QUEUE.substitute(vhost="/", queue=ENROLMENT_API.queue))
        await eventually(lambda: len(consumer.seen) == 5, within=30)
        assert sorted(consumer.seen) == [(f"ticket-{number}", 1) for number in range(1, 6)]


async def test_a_broker_killed_as_a_queue_was_just_made_anew_is_got_over(
    broker: BrokerNode, tmp_path: Path
) -> None:
    """By its own doing: of 57 such kills 57 left the queue without a leader."""
    async with pair(broker, tmp_path, speed=SPEED) as (publisher, consumer):
        await told(publisher, consumer, [1])
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            await channel.queue_delete(ENROLMENT_API.queue)
            await declare_quorum(channel, ENROLMENT_API.queue)
            await asyncio.sleep(0.1)
            broker.kill()
        broker.start()
        broker.wait_ready()
        await told(publisher, consumer, [1, 2])


@pytest.mark.parametrize(
    "broken",
    [pytest.param(erlang.BREAK_QUEUE, id="refuses"), pytest.param(erlang.SUSPEND_QUEUE, id="never answers")],
)
async def test_a_parking_queue_that_takes_nothing_holds_up_no_other_event(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Template
) -> None:
    monkeypatch.setattr("shared.messaging.inbox.FIRST_DELAY", 0.01)
    monkeypatch.setattr("shared.messaging.consumer.TICK_SECONDS", 0.05)
    monkeypatch.setattr("shared.messaging.relay.CONFIRM_TIMEOUT", 1.0)
    monkeypatch.setattr("shared.messaging.relay.PARKED_AGAIN", 1.0)
    poison: set[str] = {"ticket-1"}

    def effect(_session: Session, event: Event, _data: object) -> None:
        if event.subject in poison:
            raise RuntimeError("the handler's bug")

    async with pair(broker, tmp_path, effect) as (publisher, consumer):
        await publisher.publish("ticket-0")
        await eventually(lambda: len(consumer.seen) == 1, within=20)
        assert erlang.ask(broker, broken.substitute(vhost="/", queue=ENROLMENT_API.parked)) == "1"
        with capture_logs() as logs:
            await publisher.publish("ticket-1")
            await eventually(lambda: is_not_parked(logs), within=30)
            for _ in range(5):
                await consumer.publish("ticket-2")  # by the service that can't park
            await eventually(lambda: consumer.sequences("ticket-2") == [1, 2, 3, 4, 5], within=20)
        assert not [each for each in logs if each["event"] == "broker.session_ended"]
        assert await consumer.unpublished() == 1, "it is not given up"
        async with await aio_pika.connect(broker.url) as connection:  # as the documents tell a person to
            await (await connection.channel()).queue_delete(ENROLMENT_API.parked)
        await eventually(lambda: all_published(consumer), within=30)
        assert [each.subject for each in await list_parked(broker.url)] == ["ticket-1"]


def is_not_parked(logs: list[Any]) -> bool:
    return any(each["event"] == "event.not_parked" and each["queue"] == ENROLMENT_API.parked for each in logs)


async def told(publisher: Peer, consumer: Peer, sequences: list[int]) -> None:
    """One more event of a ticket takes effect."""
    await publisher.publish("ticket-1")
    await eventually(lambda: consumer.sequences("ticket-1") == sequences, within=40)
    await eventually(lambda: all_published(publisher))
