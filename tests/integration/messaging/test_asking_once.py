"""A consumer that is behind does not ask again and again for what already waits in its queue.

Each copy would stand in that queue before what is asked for next: seen in long chaos runs, where two busy services
asked each other for the same hundred events for minutes and did little else.
"""

import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from shared.contracts.envelope import Event
from shared.messaging import marks
from shared.messaging.node import BrokerNode
from shared.testing.waiting import eventually
from tests.integration.messaging.peers import Peer
from tests.integration.messaging.test_events_between_services import pair

LOST = 40
"""Aggregates whose first event is lost."""
OTHERS = 400
TAKES = 0.01
"""Seconds that the consumer needs for each event: the queue is four seconds long, several times its patience."""


def slowly(_session: Session, _event: Event, _data: Any) -> None:
    time.sleep(TAKES)


async def test_what_waits_in_a_long_queue_is_asked_for_once(
    broker: BrokerNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "SHORTEST_ROUND", 0.2)
    monkeypatch.setattr("shared.messaging.consumer.TICK_SECONDS", 0.2)
    async with pair(broker, tmp_path, slowly, speed=60.0) as (
        publisher,
        consumer,
    ):  # patience: a third of a second
        for number in range(LOST):
            await publisher.publish_into_the_void(f"lost-{number}")
            await publisher.publish(f"lost-{number}")
        for number in range(OTHERS):
            await publisher.publish(f"other-{number}")
        await eventually(lambda: len(consumer.seen) == 2 * LOST + OTHERS, within=60)
        assert all(consumer.sequences(f"lost-{number}") == [1, 2] for number in range(LOST))
        assert await most_requests(consumer) <= 2  # one more where an answer overtook what was under way


async def most_requests(peer: Peer) -> int:
    """How often the event that was asked for most was asked for."""
    often = (
        "SELECT max(often) FROM (SELECT count(*) AS often FROM outbox"
        " WHERE routing_key = 'messaging.resend.requested.v1' GROUP BY subject)"
    )
    return await peer.count(str(sa.text(often)))
