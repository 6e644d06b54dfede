"""Two replicas of a consumer get the same event at the same instant: it takes effect once, the first one too.

And both see what is missing at the same instant: it is asked for once.
"""

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlmodel import Session

from shared.contracts.envelope import Event
from shared.contracts.marks import MarksTold
from shared.contracts.queue import TicketCancelled
from shared.database import connection_of, open_database
from shared.messaging.asked import answered, ask, name_question
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox, Outcome
from tests.integration.shared.notes import Note, numbers

NOW = datetime(2016, 9, 16, 0, 30, tzinfo=UTC)


def cancelled(sequence: int) -> Event:
    data = {"number": "A001", "service": "ENROLMENT", "day": "2016-09-16", "arrived_at": NOW.isoformat()}
    return Event(
        id=f"event-{sequence}", source="queue_api", type=TicketCancelled.event_type, subject="ticket-1",
        time=NOW, sequence=sequence, office="33.13.07", data=data,
    )  # fmt: skip


@pytest.mark.parametrize("replicas", [2, 8])
async def test_an_event_that_two_replicas_hold_takes_effect_once(database_url: str, replicas: int) -> None:
    ids = iter(range(1, 1000))

    def effect(session: Session, event: Event, _data: TicketCancelled) -> None:
        session.add(Note(id=next(ids), text=event.id))
        session.flush()
        if connection_of(session).dialect.name == "postgresql":
            connection_of(session).exec_driver_sql("SELECT pg_sleep(0.05)")  # both are in it together

    handlers = Handlers()
    handlers.on(TicketCancelled, effect)
    inbox = Inbox(handlers, "parked")
    databases = [open_database(database_url) for _ in range(replicas)]
    for sequence in (1, 2):
        event = cancelled(sequence)
        outcomes = await asyncio.gather(
            *(each.write(partial(inbox.receive, event=event, now=NOW)) for each in databases)
        )
        assert sorted(outcomes) == [Outcome.APPLIED, *[Outcome.DUPLICATE] * (replicas - 1)]
        assert len(await databases[0].read(numbers)) == sequence
    for each in databases:
        await each.close()


@pytest.mark.parametrize("replicas", [2, 8])
async def test_what_two_replicas_miss_is_asked_for_once_and_again_when_either_hears_that_it_was_lost(
    database_url: str, replicas: int
) -> None:
    databases = [open_database(database_url) for _ in range(replicas)]

    async def all_ask() -> list[bool]:
        return await asyncio.gather(
            *(each.write(partial(ask, publisher="queue_api", subject="ticket-1")) for each in databases)
        )

    assert sorted(await all_ask()) == [*[False] * (replicas - 1), True]
    names = [await each.write(partial(name_question, publisher="queue_api")) for each in databases]
    assert len(set(names)) == replicas
    told = MarksTold(after=0, upto=0, top=1, marks={}, question=names[0])
    await databases[-1].write(partial(answered, publisher="queue_api", told=told))
    assert sorted(await all_ask()) == [*[False] * (replicas - 1), True]
    for each in databases:
        await each.close()
