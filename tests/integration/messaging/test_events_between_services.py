"""Events arrive once in effect and in order, whatever happens to the broker, the consumer or the handler."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from sqlmodel import Session
from structlog.testing import capture_logs

from shared.contracts.envelope import Event
from shared.messaging import consumer as consumer_module
from shared.messaging import inbox as inbox_module
from shared.messaging.node import BrokerNode
from shared.messaging.topology import ENROLMENT_API, EXCHANGE
from shared.testing import erlang
from shared.testing.waiting import eventually
from tests.integration.messaging.peers import (
    CONSUMER,
    PUBLISHER,
    Effect,
    Peer,
    create_tables,
    running_peer,
    take_bindings_away,
)


@asynccontextmanager
async def pair(
    broker: BrokerNode, folder: Path, effect: Effect | None = None, *, speed: float = 1.0
) -> AsyncIterator[tuple[Peer, Peer]]:
    """A publisher and a consumer on SQLite files of their own."""
    async with AsyncExitStack() as stack:
        peers = []
        for (name, subscription), does in ((PUBLISHER, None), (CONSUMER, effect)):
            url = f"sqlite:///{folder / name}.db"
            create_tables(url)
            peers.append(
                await stack.enter_async_context(
                    running_peer(
                        name, subscription, database_url=url, broker_url=broker.url, effect=does, speed=speed
                    )
                )
            )
        yield peers[0], peers[1]


Parked = tuple[bytes, str]


async def all_published(peer: Peer) -> bool:
    return await peer.unpublished() == 0


async def parked(broker: BrokerNode) -> list[Parked]:
    """What the consumer's parking queue holds, with the reasons; leaves it there."""
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(ENROLMENT_API.parked, passive=True)
        found = []
        while (message := await queue.get(fail=False)) is not None:
            found.append((message.body, str(message.headers["x-parked-reason"])))
        return found


async def test_events_of_an_aggregate_take_effect_once_and_in_order(
    broker: BrokerNode, tmp_path: Path
) -> None:
    async with pair(broker, tmp_path) as (publisher, consumer):
        for _ in range(50):
            await publisher.publish("ticket-1")
            await publisher.publish("ticket-2")
        await eventually(lambda: len(consumer.seen) == 100, within=20)
        assert consumer.sequences("ticket-1") == list(range(1, 51))
        assert consumer.sequences("ticket-2") == list(range(1, 51))
        await eventually(lambda: all_published(publisher))


async def test_nothing_is_lost_when_the_broker_is_killed_in_between(
    broker: BrokerNode, tmp_path: Path
) -> None:
    async with pair(broker, tmp_path) as (publisher, consumer):
        await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 1, within=20)
        broker.kill()
        for _ in range(30):
            await publisher.publish("ticket-1")
        assert await publisher.unpublished() == 30
        broker.start()
        await eventually(lambda: len(consumer.seen) == 31, within=60)
        assert consumer.sequences("ticket-1") == list(range(1, 32))


async def test_a_frozen_broker_stops_neither_service_for_good(broker: BrokerNode, tmp_path: Path) -> None:
    async with pair(broker, tmp_path) as (publisher, consumer):
        await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 1, within=20)
        assert broker.pid is not None
        os.killpg(broker.pid, signal.SIGSTOP)
        try:
            for _ in range(5):
                await publisher.publish("ticket-1")
            await eventually(
                lambda: publisher.runtime.health.report()["components"]["broker"]["state"] == "DOWN",
                within=40,
            )
        finally:
            os.killpg(broker.pid, signal.SIGCONT)
        await eventually(lambda: len(consumer.seen) == 6, within=60)
        assert consumer.sequences("ticket-1") == list(range(1, 7))


async def test_a_consumer_whose_queue_was_deleted_notices_and_loses_nothing(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.2)
    monkeypatch.setattr(inbox_module, "GAP_PATIENCE", 1.0)
    async with pair(broker, tmp_path) as (publisher, consumer):
        await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 1, within=20)
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            await channel.queue_delete(ENROLMENT_API.queue)
        for _ in range(3):
            await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 4, within=60)
        assert consumer.sequences("ticket-1") == [1, 2, 3, 4]


async def test_a_service_stops_though_the_library_took_the_cancellation_for_its_own(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiormq does so while a channel opens or closes; the watch then went on for ever, and with it the service."""
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.05)
    asked, swallowed = asyncio.Event(), asyncio.Event()

    async def swallows_once(*_: object) -> consumer_module.Listening:
        asked.set()
        try:
            await asyncio.sleep(0 if swallowed.is_set() else 60)
        except asyncio.CancelledError:
            swallowed.set()
        return consumer_module.Listening(consumers=1, waiting=0)

    monkeypatch.setattr(consumer_module.Consumer, "look", swallows_once)
    async with asyncio.timeout(20), pair(broker, tmp_path):
        await asked.wait()
    assert swallowed.is_set()


async def test_a_look_that_never_answers_ends_the_session(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the library swallows the first time-out: the watch would watch nothing from then on."""
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.05)
    monkeypatch.setattr("shared.messaging.watch.ANSWERS_WITHIN", 0.2)
    look, hung = consumer_module.Consumer.look, asyncio.Event()

    async def hangs_once(
        self: consumer_module.Consumer, channel: AbstractChannel
    ) -> consumer_module.Listening:
        if not hung.is_set():
            hung.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            await asyncio.sleep(60)
        return await look(self, channel)

    monkeypatch.setattr(consumer_module.Consumer, "look", hangs_once)
    with capture_logs() as logs:
        async with pair(broker, tmp_path) as (publisher, consumer):
            await hung.wait()
            await eventually(lambda: any(each["event"] == "broker.session_ended" for each in logs))
            await publisher.publish("ticket-1")
            await eventually(lambda: len(consumer.seen) == 1, within=20)


async def test_a_consumer_taken_away_with_a_message_in_hand_is_missed(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker goes on counting it for as long as the message is not acknowledged (seed 1042 of `make chaos`)."""
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.2)
    take, in_hand = consumer_module.Consumer._take, asyncio.Event()

    async def hangs_once(self: consumer_module.Consumer, event: Event) -> None:
        if event.type.startswith("queue.") and not in_hand.is_set():
            in_hand.set()
            await asyncio.sleep(3600)
        await take(self, event)

    monkeypatch.setattr(consumer_module.Consumer, "_take", hangs_once)
    async with pair(broker, tmp_path) as (publisher, consumer):
        await publisher.publish("ticket-1")
        await asyncio.wait_for(in_hand.wait(), 20)
        lost = erlang.LOSE_CONSUMERS.substitute(vhost="/", queue=ENROLMENT_API.queue)
        assert erlang.ask(broker, lost) == "1"
        for _ in range(3):
            await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 4, within=30)
        assert consumer.sequences("ticket-1") == [1, 2, 3, 4]


async def test_a_message_that_met_a_bug_is_tried_again_and_not_kept_for_ever(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that nobody acknowledges is with a consumer who has forgotten it."""
    monkeypatch.setattr(consumer_module, "PATIENCE", 0.1)
    take, failed = consumer_module.Consumer._take, asyncio.Event()

    async def fails_once(self: consumer_module.Consumer, event: Event) -> None:
        if event.type.startswith("queue.") and not failed.is_set():
            failed.set()
            raise RuntimeError("nobody thought of this")
        await take(self, event)

    monkeypatch.setattr(consumer_module.Consumer, "_take", fails_once)
    with capture_logs() as logs:
        async with pair(broker, tmp_path) as (publisher, consumer):
            await publisher.publish("ticket-1")
            await eventually(lambda: len(consumer.seen) == 1, within=10)
    assert [each["log_level"] for each in logs if each["event"] == "consumer.failed"] == ["error"]


async def test_a_consumer_whose_bindings_were_taken_away_binds_again_though_its_publisher_sees_nothing(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another queue takes every event, so that none is unroutable and nobody is told (seed 6 of `make chaos`)."""
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.2)
    monkeypatch.setattr(inbox_module, "GAP_PATIENCE", 0.5)
    async with (
        pair(broker, tmp_path) as (publisher, consumer),
        await aio_pika.connect(broker.url) as connection,
    ):
        await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 1, within=20)
        await take_bindings_away(connection)
        await publisher.publish("ticket-1")

        async def goes_on() -> bool:
            await publisher.publish("ticket-1")
            return consumer.sequences("ticket-1")[:3] == [1, 2, 3]

        await eventually(goes_on, within=20)


async def test_a_missing_event_is_asked_for_and_the_later_ones_wait(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "GAP_PATIENCE", 0.5)
    async with pair(broker, tmp_path) as (publisher, consumer):
        await publisher.publish_into_the_void("ticket-1")
        for _ in range(3):
            await publisher.publish("ticket-1")
        await eventually(lambda: waiting(consumer, 3), within=20, saying="the later ones wait")
        assert consumer.sequences("ticket-1") == []
        await eventually(lambda: consumer.sequences("ticket-1") == [1, 2, 3, 4], within=30)


async def waiting(peer: Peer, expected: int) -> bool:
    return await peer.count("SELECT count(*) FROM inbox_waiting") == expected


async def test_poison_parks_itself_and_holds_back_its_own_aggregate_only(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(consumer_module, "TICK_SECONDS", 0.05)
    broken = {"ticket-1"}

    def effect(_session: Session, event: Event, _data: object) -> None:
        if event.subject in broken:
            raise RuntimeError("the handler's bug")

    async with pair(broker, tmp_path, effect) as (publisher, consumer):
        await publisher.publish("ticket-1")
        await publisher.publish("ticket-1")
        await publisher.publish("ticket-2")
        await eventually(lambda: consumer.sequences("ticket-2") == [1], within=20)
        await eventually(
            lambda: consumer.runtime.metrics.events.labels("parked")._value.get() == 1, within=20
        )
        messages: list[Parked] = await eventually(partial(parked, broker), within=20)
        (event, reason) = Event.decode(messages[0][0]), messages[0][1]
        assert (event.subject, event.sequence, reason) == ("ticket-1", 1, "RuntimeError")
        assert consumer.sequences("ticket-1") == []

        broken.clear()
        await replay(broker, messages[0][0])
        await eventually(lambda: consumer.sequences("ticket-1") == [1, 2], within=20)


async def replay(broker: BrokerNode, body: bytes) -> None:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await channel.default_exchange.publish(aio_pika.Message(body), ENROLMENT_API.queue)


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"id":"1"}', b"\xff\xfe", b'{"specversion":"1.0","sequence":-1}']
)
async def test_what_can_not_be_read_is_parked_with_its_reason(
    broker: BrokerNode, tmp_path: Path, body: bytes
) -> None:
    async with pair(broker, tmp_path) as (_, consumer):
        await eventually(
            lambda: consumer.runtime.health.report()["components"]["broker"]["state"] == "UP", within=20
        )
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EXCHANGE)
            await exchange.publish(aio_pika.Message(body), "queue.ticket.issued.v1")
        messages: list[Parked] = await eventually(partial(parked, broker), within=20)
        assert messages[0][0] == body
        assert messages[0][1].startswith("not a CloudEvent of ours")
