"""The waiting rooms' streams: an event is encoded once and the same bytes go to every screen.

Each office has a channel with the last events in memory. A screen that comes back with Last-Event-ID gets what it
missed; where that is gone (a restart, too long away) it gets a fresh `board`, which holds all that matters. A screen
that reads too slowly is cut off and comes back by itself; it never holds up another.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.queue_api.board.service import read_board
from services.queue_api.events import Call, calls_made, changed_offices
from shared.database import Database, DatabaseUnavailable
from shared.ids import new_code

REMEMBERED = 256
UNREAD_LIMIT = 64
KEEP_ALIVE_SECONDS = 15.0
# Screens of other replicas, and forecasts that move with time alone, are refreshed this often.
REFRESH_SECONDS = 2.0
# Changes of one office within this time are one look at its board.
GATHER_SECONDS = 0.1


class CallNotice(BaseModel):
    """The data of a `call` event."""

    office: str
    number: str
    service: str
    counter: str
    call: int
    at: datetime


class Screen:
    """One open stream."""

    def __init__(self) -> None:
        self.unread: asyncio.Queue[bytes | None] = asyncio.Queue(UNREAD_LIMIT)
        self.cut_off = False

    def give(self, event: bytes) -> bool:
        """Hand over an event; False when the screen has stopped reading."""
        if self.unread.full():
            self.cut_off = True
            return False
        self.unread.put_nowait(event)
        return True


class Channel:
    """One office's screens and its last events."""

    def __init__(self, epoch: str) -> None:
        self._epoch = epoch
        self._last = 0
        self._remembered: deque[tuple[int, bytes]] = deque(maxlen=REMEMBERED)
        self.screens: set[Screen] = set()
        self.looking = asyncio.Lock()
        self.behind = True
        self.shown = b""
        self.shown_outage = b"null"
        self.board = b""
        """The last `board` event, as it was sent."""

    def publish(self, kind: str, data: bytes) -> bytes:
        """Number, encode, remember, hand to every screen. Returns the event's bytes."""
        self._last += 1
        event = b"id: %s-%d\nevent: %s\ndata: %s\n\n" % (
            self._epoch.encode(),
            self._last,
            kind.encode(),
            data,
        )
        self._remembered.append((self._last, event))
        self.screens = {screen for screen in self.screens if screen.give(event)}
        return event

    def missed(self, last_event_id: str | None) -> list[bytes] | None:
        """The events after that id; None when they are not all remembered."""
        epoch, _, number = (last_event_id or "").rpartition("-")
        if epoch != self._epoch or not number.isdecimal():
            return None
        seen = int(number)
        first = self._remembered[0][0] if self._remembered else self._last + 1
        if not first - 1 <= seen <= self._last:
            return None
        return [event for known, event in self._remembered if known > seen]


class Hub:
    """All channels; woken by commits."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._epoch = new_code(8)
        self._channels: dict[str, Channel] = {}
        self._wake = asyncio.Event()
        database.on_commit(self.committed)

    def committed(self, info: dict[Any, Any]) -> None:
        """Note what a transaction changed; calls go out at once."""
        for call in calls_made(info):
            if channel := self._channels.get(call.office):
                channel.publish("call", _notice(call))
        for office in changed_offices(info):
            if channel := self._channels.get(office):
                channel.behind = True
                self._wake.set()

    async def run(self) -> None:
        """Look again at the boards that somebody watches."""
        loop = asyncio.get_running_loop()
        due = loop.time() + REFRESH_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._wake.wait()
            self._wake.clear()
            if loop.time() >= due:
                due = loop.time() + REFRESH_SECONDS
                for channel in self._channels.values():
                    channel.behind = True
            for office, channel in list(self._channels.items()):
                if channel.screens and channel.behind:
                    await self._look_again(office, channel)
            await asyncio.sleep(GATHER_SECONDS)

    async def _look_again(self, office: str, channel: Channel) -> None:
        """Read the board and publish what is new in it."""
        async with channel.looking:
            channel.behind = False
            try:
                board = await self._database.read(
                    lambda session: read_board(session, office_code=office, now=self._now())
                )
            except DatabaseUnavailable:
                channel.behind = True  # the screens show by `as_of` how old they are
                return
            outage = board.outage.model_dump_json().encode() if board.outage else b"null"
            if outage != channel.shown_outage:
                channel.shown_outage = outage
                channel.publish("outage", outage)
            shown = board.model_dump_json(exclude={"as_of"}).encode()
            if shown != channel.shown:
                channel.shown = shown
                channel.board = channel.publish("board", board.model_dump_json().encode())

    async def stream(self, office: str, last_event_id: str | None) -> AsyncGenerator[bytes, None]:
        """What a screen reads: what it missed or the whole board, then everything as it happens."""
        channel = self._channels.setdefault(office, Channel(self._epoch))
        screen = Screen()
        missed = channel.missed(last_event_id)
        channel.screens.add(screen)
        try:
            yield b"retry: 2000\n\n"
            known = channel.board
            if channel.behind:
                await self._look_again(office, channel)
            if missed is None and channel.board is known:  # else it is among the unread already
                missed = [known]
            for event in missed or []:
                yield event
            async for event in _read(screen):
                yield event
        finally:
            channel.screens.discard(screen)

    def close(self) -> None:
        """End all streams, so that the service can stop."""
        for channel in self._channels.values():
            for screen in channel.screens:
                screen.cut_off = True
                if not screen.unread.full():
                    screen.unread.put_nowait(None)


async def _read(screen: Screen) -> AsyncIterator[bytes]:
    while not screen.cut_off:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                event = await screen.unread.get()
        except TimeoutError:
            yield b": keep-alive\n\n"
            continue
        if event is not None:
            yield event
    yield b": cut off, come back with Last-Event-ID\n\n"


def _notice(call: Call) -> bytes:
    return CallNotice(**vars(call)).model_dump_json().encode()
