"""The last event of an aggregate is lost, and no later one comes to show it: it takes effect within two rounds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
import sqlalchemy as sa

from shared.messaging import marks
from shared.messaging.node import BrokerNode
from shared.testing.waiting import eventually
from tests.integration.messaging.peers import Peer, take_bindings_away
from tests.integration.messaging.test_events_between_services import all_published, pair

SPEED = 60.0
"""A round takes half a second."""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.messaging.watch.CHECK_SECONDS", 0.2)
    monkeypatch.setattr(marks, "SHORTEST_ROUND", 0.2)


@asynccontextmanager
async def hurried_pair(broker: BrokerNode, folder: Path) -> AsyncIterator[tuple[Peer, Peer]]:
    """Their clocks run fast, from before their first round."""
    async with pair(broker, folder, speed=SPEED) as (publisher, consumer):
        yield publisher, consumer


async def heard(peer: Peer) -> marks.Heard:
    return await peer.database.read(lambda session: marks.load_heard(session, "queue_api"))


async def test_the_last_event_that_met_no_binding_takes_effect_though_nothing_follows_it(
    broker: BrokerNode, tmp_path: Path
) -> None:
    """Another queue takes every event, so that none is unroutable and its publisher is told nothing."""
    async with (
        hurried_pair(broker, tmp_path) as (publisher, consumer),
        await aio_pika.connect(broker.url) as connection,
    ):
        await publisher.publish("ticket-1")
        await eventually(lambda: len(consumer.seen) == 1, within=20)
        await take_bindings_away(connection)
        await publisher.publish("ticket-1")
        await publisher.publish("ticket-2")
        await eventually(lambda: all_published(publisher))
        await eventually(lambda: len(consumer.seen) == 3, within=20)
        assert consumer.sequences("ticket-1") == [1, 2]
        assert consumer.sequences("ticket-2") == [1]


async def test_what_was_confirmed_and_then_lost_is_found_page_by_page_and_asked_for_no_more(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "PAGE", 2)
    async with hurried_pair(broker, tmp_path) as (publisher, consumer):
        for number in range(7):
            await publisher.publish_into_the_void(f"ticket-{number}")
        await eventually(lambda: len(consumer.seen) == 7, within=20)
        last = await publisher.count("SELECT max(id) FROM outbox")
        await eventually(lambda: has_heard(consumer, last), within=20)
        asked = await resends(consumer)
        first_round = await heard(consumer)
        await publisher.publish("ticket-0")
        await eventually(lambda: has_heard(consumer, first_round.position + 1), within=20)
        assert await resends(consumer) == asked
        assert sorted(consumer.seen) == sorted({*consumer.seen}), "once each"


async def test_a_whole_queue_that_was_lost_comes_again_without_a_round_for_each_page(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "PAGE", 1)
    monkeypatch.setattr(marks, "RESENT_AFTER", 0.2)
    async with pair(broker, tmp_path, speed=10.0) as (publisher, consumer):  # a round takes three seconds
        for number in range(20):
            await publisher.publish_into_the_void(f"ticket-{number}")
        await eventually(lambda: len(consumer.seen) == 20, within=30)
        assert sorted(consumer.seen) == sorted({*consumer.seen}), "once each"


async def has_heard(peer: Peer, position: int) -> bool:
    return (await heard(peer)).position >= position


async def resends(peer: Peer) -> int:
    asked = sa.text("SELECT count(*) FROM outbox WHERE routing_key = 'messaging.resend.requested.v1'")
    return await peer.count(str(asked))
