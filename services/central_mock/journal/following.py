"""Following the journal as it grows: nobody who falls behind misses anything, for the disk has it all."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable

from services.central_mock.journal import repository
from services.central_mock.journal.domain import AnyEntry
from services.central_mock.journal.reading import History
from services.central_mock.journal.wanted import Wanted
from shared.database import DatabaseUnavailable

HEARTBEAT = 10.0
AT_ONCE = 500


class Follower:
    """One who listens, and how far they have been told."""

    def __init__(self, told: int) -> None:
        self.told = told
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Something ended."""
        self._news.set()

    async def news(self) -> None:
        """Wait until something has ended since the last wait, or the heartbeat is due."""
        try:
            async with asyncio.timeout(HEARTBEAT):
                await self._news.wait()
        except TimeoutError:
            return
        finally:
            self._news.clear()


async def follow(
    history: History, wanted: Wanted, *, after: int | None, closed: Callable[[], bool]
) -> AsyncGenerator[bytes]:
    """Server-sent events, from what ended after that number on; from now on without one."""
    journal = history.journal
    follower = Follower(journal.last_seq if after is None else min(after, journal.last_seq))
    journal.followers.add(follower)
    try:
        yield b": following\n\n"
        while not closed():
            ended = await _after(history, follower.told)
            told = b"".join(_event(seq, each) for seq, each in ended if _is_news(seq, each, wanted))
            if told:
                yield told
            if ended:
                follower.told = ended[-1][0]
                continue
            follower.told = max(follower.told, journal.heard_from - 1)
            await follower.news()
            if journal.last_seq == follower.told:
                yield b": still here\n\n"
    finally:
        journal.followers.discard(follower)


async def _after(history: History, seq: int) -> list[tuple[int, AnyEntry]]:
    journal = history.journal
    heard = journal.heard_after(seq, AT_ONCE)
    if heard is not None:
        return heard
    upto = journal.last_seq
    try:
        await history.keeper.flush()
        stored = await history.database.read(
            lambda session: repository.ended_after(session, seq, upto=upto, limit=AT_ONCE)
        )
    except DatabaseUnavailable:  # what memory still has is better than nothing
        stored = []
    found = [(each.seq or seq, each) for each in stored if each.id >= journal.first_id]
    if found:
        return found
    # Nothing of it is left: forgotten, or deleted to make room.
    return journal.heard_after(journal.heard_from - 1, AT_ONCE) or []


def _is_news(seq: int, entry: AnyEntry, wanted: Wanted) -> bool:
    """The opening of a connection that has ended meanwhile is told by its end."""
    return (entry.seq == seq or not entry.finished) and wanted.matches(entry)


def _event(seq: int, entry: AnyEntry) -> bytes:
    """A connection that has only opened has no number to resume from: its end will be told again."""
    number = f"id: {seq}\n" if entry.finished else ""
    return f"{number}event: {entry.what.value.lower()}\ndata: {json.dumps(entry.public(), default=str)}\n\n".encode()
