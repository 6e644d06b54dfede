"""Finding what was lost for good: behind an aggregate's last event comes no later one that would show the gap.

So a consumer goes through its publisher's outbox after it. Every half a minute, and as each session with the broker
begins, it asks for the marks (the last event of each aggregate) in the rows that were there when it asked before:
what was published half a minute ago should have come. What has not is asked for as any gap is, and the position moves
on only when nothing is missing up to there, so a resend that is lost too is asked for again, when it can't be on its
way any more (`asked`). As long as what was asked for comes, the next page follows in seconds: a whole queue may have
been lost.

Question and answer go straight from queue to queue, past the exchange whose bindings may be what is broken. They are
no facts: no outbox keeps them, and each can be lost, for it is asked again.
"""

import asyncio
from dataclasses import asdict, dataclass, field
from datetime import datetime

import aio_pika
import sqlalchemy as sa
import structlog
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from pydantic import ValidationError
from sqlmodel import Session

from shared.contracts.envelope import CONTENT_TYPE, Event, EventData, Outgoing
from shared.contracts.marks import MarksAsked, MarksTold
from shared.contracts.resend import ResendRequested
from shared.database import DatabaseUnavailable, connection_of
from shared.ids import new_id
from shared.messaging.asked import answered, ask, is_anything_asked, name_question
from shared.messaging.outbox import enqueue
from shared.messaging.topology import EXCHANGE, Subscription, queue_of
from shared.runtime import Runtime
from shared.tables import inbox_cursor, inbox_heard, inbox_waiting, outbox

log = structlog.get_logger()

ROUND_SECONDS = 30.0
SHORTEST_ROUND = 1.0
"""Real seconds at least: what is on its way needs time to arrive, and a scaled clock gives it none."""
RESENT_AFTER = 2.0
"""Real seconds in which what was asked for should be here; then the next question need not wait for its round."""
PAGE = 500
SAY_TIMEOUT = 10.0

SAVE = sa.text(
    "INSERT INTO inbox_heard (publisher, position, horizon, top) VALUES (:publisher, :position, :horizon, :top) "
    "ON CONFLICT (publisher) DO UPDATE "
    "SET position = excluded.position, horizon = excluded.horizon, top = excluded.top"
)


@dataclass(frozen=True)
class Heard:
    """Nothing is missing up to `position`, all up to `horizon` should be here by the next question; `top` was last."""

    position: int = 0
    horizon: int = 0
    top: int = 0


@dataclass(frozen=True)
class Found:
    """What an answer came to."""

    missing: dict[str, tuple[int, int]]
    """First and last of the events that are not here, by aggregate."""
    asked_for: list[str] = field(default_factory=list)
    """Those of the aggregates whose events were asked for now."""
    more: bool = False
    """Nothing is missing here, and there is more to ask for at once."""
    busy: bool = False
    """The publisher has still to publish what it is asked about."""

    def comes(self, before: dict[str, tuple[int, int]]) -> bool:
        """Whether something will have come in a moment. What is asked for again and is no less than before won't."""
        in_vain = [each for each in self.asked_for if before.get(each) == self.missing[each]]
        return self.busy or len(in_vain) < len(self.missing)


class Marks:
    """One consumer's questions to its publisher, and one publisher's answers to its consumer."""

    def __init__(self, service: str, runtime: Runtime, subscription: Subscription) -> None:
        self._service = service
        self._runtime = runtime
        self._subscription = subscription
        self._more = asyncio.Event()
        self._missing: dict[str, tuple[int, int]] = {}
        self._channel: AbstractChannel | None = None

    async def run(self, channel: AbstractChannel) -> None:
        """Ask for ever; raises what the broker raises."""
        self._channel = channel
        while True:
            self._more.clear()
            try:
                question = await self._question()
            except DatabaseUnavailable as error:
                log.warning("inbox.database_unavailable", reason=str(error))
            else:
                await self._say(channel, self._subscription.publisher, question)
            await self._pause()

    async def _question(self) -> MarksAsked:
        """The next question; it has a name while there are requests, and an idle service writes nothing."""
        database, publisher = self._runtime.database, self._subscription.publisher
        name = None
        if await database.read(lambda session: is_anything_asked(session, publisher)):
            name = await database.write(lambda session: name_question(session, publisher))
        heard = await database.read(lambda session: load_heard(session, publisher))
        return MarksAsked(by=self._service, after=heard.position, upto=heard.horizon, question=name)

    async def _pause(self) -> None:
        """Until the next round, or at once when the last answer was a page of more."""
        waiting = asyncio.create_task(self._round())
        more = asyncio.create_task(self._more.wait())
        try:
            await asyncio.wait({waiting, more}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            more.cancel()

    async def _round(self) -> None:
        await asyncio.gather(self._runtime.clock.sleep(ROUND_SECONDS), asyncio.sleep(SHORTEST_ROUND))

    async def take(self, event: Event) -> bool:
        """Answer a question, or act on an answer; False for any other event."""
        try:
            if event.type == MarksAsked.event_type:
                await self._answer(MarksAsked.model_validate(event.data))
            elif event.type == MarksTold.event_type:
                await self._hear(MarksTold.model_validate(event.data))
            else:
                return False
        except ValidationError:
            log.error("event.unreadable", reason=f"data of {event.type} is wrong")
        return True

    async def _answer(self, asked: MarksAsked) -> None:
        told = await self._runtime.database.read(lambda session: marks_of(session, asked))
        if self._channel is None:
            return
        try:
            await self._say(self._channel, asked.by, told)
        except (AMQPError, RuntimeError, TimeoutError, LookupError):
            return  # the channel is closed and it will be asked again, or it was asked by nobody we know

    async def _hear(self, told: MarksTold) -> None:
        publisher, now = self._subscription.publisher, self._runtime.clock.now()
        found = await self._runtime.database.write(
            lambda session: hear(session, service=self._service, publisher=publisher, told=told, now=now)
        )
        before, self._missing = self._missing, found.missing
        if found.more:
            self._more.set()
        elif found.comes(before):  # what never comes is asked for once a round
            asyncio.get_running_loop().call_later(RESENT_AFTER, self._more.set)

    async def _say(self, channel: AbstractChannel, to: str, data: EventData) -> None:
        event = Event(
            id=new_id(),
            source=self._service,
            type=data.event_type,
            subject=f"marks:{self._service}",
            time=self._runtime.clock.now(),
            sequence=0,
            office="",
            data=data.model_dump(mode="json"),
        )
        message = aio_pika.Message(event.encode(), content_type=CONTENT_TYPE, expiration=ROUND_SECONDS)
        async with asyncio.timeout(SAY_TIMEOUT):
            await channel.default_exchange.publish(message, queue_of(to), mandatory=False)


def load_heard(session: Session, publisher: str, *, lock: bool = False) -> Heard:
    """How far a publisher was heard."""
    found = sa.select(inbox_heard).where(inbox_heard.c.publisher == publisher)
    row = connection_of(session).execute(found.with_for_update() if lock else found).first()
    return Heard(row.position, row.horizon, row.top) if row else Heard()


def marks_of(session: Session, asked: MarksAsked) -> MarksTold:
    """The marks in a part of our outbox: as far as it is published, and a page at most."""
    connection = connection_of(session)
    waiting = sa.select(sa.func.min(outbox.c.id)).where(
        outbox.c.published_at.is_(None), outbox.c.exchange == EXCHANGE
    )
    first_waiting = connection.execute(waiting).scalar_one_or_none()
    end = asked.upto if first_waiting is None else min(asked.upto, first_waiting - 1)
    page = (
        sa.select(outbox.c.id, outbox.c.subject, outbox.c.sequence)
        .where(outbox.c.id > asked.after, outbox.c.id <= end)
        .where(outbox.c.exchange == EXCHANGE, outbox.c.sequence > 0)
        .order_by(outbox.c.id)
        .limit(PAGE)
    )
    rows = connection.execute(page).all()
    marks: dict[str, int] = {}
    for row in rows:
        marks[row.subject] = max(row.sequence, marks.get(row.subject, 0))
    return MarksTold(
        after=asked.after,
        upto=rows[-1].id if len(rows) == PAGE else max(end, asked.after),
        top=connection.execute(sa.select(sa.func.max(outbox.c.id))).scalar_one_or_none() or 0,
        marks=marks,
        waiting=first_waiting,
        question=asked.question,
    )


def hear(session: Session, *, service: str, publisher: str, told: MarksTold, now: datetime) -> Found:
    """Ask for what did not come and can't be on its way, or move on when nothing is missing."""
    heard = load_heard(session, publisher, lock=True)
    answered(session, publisher, told)
    if told.after != heard.position:
        return Found({})  # the answer to a question that another answer has overtaken
    missing = _missing(session, told.marks)
    busy = told.waiting is not None and told.waiting <= heard.horizon
    if missing:
        _save(session, publisher, heard, Heard(heard.position, heard.horizon, told.top))
        asked_for = _ask_for(session, service, publisher, missing, now)
        return Found(missing, asked_for, busy=busy)
    # a publisher that came back from a backup has fewer rows than we heard of
    position = min(told.upto, told.top)
    through = position >= heard.horizon or told.top < heard.horizon
    _save(session, publisher, heard, Heard(position, told.top if through else heard.horizon, told.top))
    return Found({}, more=not through and position > heard.position, busy=busy)


def _save(session: Session, publisher: str, before: Heard, after: Heard) -> None:
    if after != before:
        values = {"publisher": publisher, **asdict(after)}
        connection_of(session).execute(SAVE, values)


def _ask_for(
    session: Session, service: str, publisher: str, missing: dict[str, tuple[int, int]], now: datetime
) -> list[str]:
    """Ask for events again; returns whose were not asked for already."""
    asked_for = [each for each in sorted(missing) if ask(session, publisher, each)]
    for subject in asked_for:
        first, last = missing[subject]
        data = ResendRequested(to=publisher, subject=subject, first=first, last=last)
        enqueue(session, service, Outgoing(subject=subject, office="", at=now, data=data, ordered=False))
        log.warning("event.missing", subject=subject, first=first, last=last)
    return asked_for


def _missing(session: Session, marks: dict[str, int]) -> dict[str, tuple[int, int]]:
    """The aggregates whose last events are neither applied nor waiting, and which."""
    if not marks:
        return {}
    connection, here = connection_of(session), dict.fromkeys(marks, 0)
    of_these = inbox_cursor.c.subject.in_(marks)
    for row in connection.execute(sa.select(inbox_cursor.c.subject, inbox_cursor.c.last).where(of_these)):
        here[row.subject] = row.last
    latest = sa.select(inbox_waiting.c.subject, sa.func.max(inbox_waiting.c.sequence).label("last"))
    these = latest.where(inbox_waiting.c.subject.in_(marks)).group_by(inbox_waiting.c.subject)
    for row in connection.execute(these):
        here[row.subject] = max(here[row.subject], row.last)
    return {each: (here[each] + 1, last) for each, last in marks.items() if here[each] < last}
