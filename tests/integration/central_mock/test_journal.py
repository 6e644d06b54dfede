"""The journal on disk and over the wire: what it keeps over a death, how it is asked, and how it is followed."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlmodel import Session

from services.central_mock.journal import repository
from services.central_mock.journal.domain import Entry, What
from services.central_mock.journal.following import follow
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.keeper import JournalKeeper
from services.central_mock.journal.reading import History
from services.central_mock.journal.wanted import Wanted
from shared.clock import FixedClock, microseconds
from shared.database import Database, DatabaseUnavailable, open_database
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.unit.central_mock.histories import EIGHT, EIGHT_US

T = TypeVar("T")
REQUESTS = Wanted(what=(What.REQUEST,))


def a_life(database: Database, *, most: int = 1000) -> History:
    """A journal, its keeper and its readers as one process has them."""
    journal = Journal()
    return History(journal, JournalKeeper(journal, database, FixedClock(EIGHT), most=most), database)


def request(history: History, number: int, *, ends: bool = True) -> Entry:
    scope = {"method": "GET", "path": f"/{number}", "headers": [], "query_string": b""}
    at_us = microseconds(EIGHT + timedelta(seconds=number))
    entry = history.journal.begin(at_us=at_us, connection=0, scope=scope)
    if ends:
        history.journal.finish(entry, at_us=at_us)
    return entry


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """One of each kind."""
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(sqlite_url)
    yield database
    await database.close()


def routes(entries: list[Any]) -> list[str]:
    return [each.route for each in entries]


class TestOnDisk:
    async def test_pages_go_through_disk_and_memory_without_a_seam(self, database: Database) -> None:
        history = a_life(database)
        await history.keeper.load()
        running = request(history, 0, ends=False)
        for number in range(1, 8):
            request(history, number)
        await history.keeper.flush()
        for number in range(8, 12):
            request(history, number)

        seen: list[str] = []
        after = 0
        while page := await history.page(REQUESTS, after=after, limit=2):
            seen += routes(page)
            after = page[-1].id

        assert seen == [f"/{number}" for number in range(12)]
        history.journal.finish(running, at_us=EIGHT_US)
        finished = Wanted(plain=(("finished", True),))
        assert len(await history.page(finished, after=0, limit=100)) == 12
        await history.keeper.flush()
        assert len(await history.page(finished, after=0, limit=100)) == 12
        assert routes(await history.newest(REQUESTS, limit=5)) == ["/7", "/8", "/9", "/10", "/11"]

    async def test_the_next_life_goes_on_after_a_kill(self, database: Database) -> None:
        first = a_life(database)
        await first.keeper.load()
        for number in range(5):
            request(first, number)
        hung = request(first, 5, ends=False)
        hung.began -= 1  # since a second
        await first.keeper.flush()
        lost = request(first, 6)  # and the power goes

        second = a_life(database)
        await second.keeper.load()
        later = request(second, 7)

        assert later.id > lost.id
        found = await second.page(Wanted(), after=0, limit=100)
        assert routes(found) == ["/0", "/1", "/2", "/3", "/4", "/5", "/7"]
        assert [each.finished for each in found] == [True] * 5 + [False, True]
        assert await second.page(Wanted(), after=hung.id, limit=100) == [later]

    async def test_the_oldest_batches_make_room(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.central_mock.journal.keeper.BATCH", 20)
        history = a_life(database, most=105)
        await history.keeper.load()
        for number in range(250):
            request(history, number)
        await history.keeper.flush()
        assert history.keeper.rows == 110  # the bound, and what is left of a batch
        assert await database.read(repository.count) == 110
        assert routes(await history.page(REQUESTS, after=0, limit=1)) == ["/140"]

    async def test_batches_that_overlap_are_read_in_order_from_either_end(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.central_mock.journal.keeper.BATCH", 4)
        monkeypatch.setattr("services.central_mock.journal.reading.OPENED_AT_ONCE", 5)
        monkeypatch.setattr("services.central_mock.journal.repository.HEADS_AT_ONCE", 3)
        seed = 20261122
        print("seed", seed)
        drawn = random.Random(seed)
        history = a_life(database)
        await history.keeper.load()
        running: list[Entry] = []
        for number in range(60):
            running.append(request(history, number, ends=False))
            running[-1].began -= 1  # long enough to be written while it runs
            while running and drawn.random() < 0.5:
                history.journal.finish(running.pop(drawn.randrange(len(running))), at_us=EIGHT_US)
            if drawn.random() < 0.3:
                await history.keeper.flush()
        await history.keeper.flush()
        history.journal.open.clear()  # as the next life has it: all but the last is on disk alone

        everything = await history.page(REQUESTS, after=0, limit=1000)
        assert routes(everything) == [f"/{number}" for number in range(60)]
        assert [each.id for each in everything if not each.finished] == [each.id for each in running]
        assert await history.newest(REQUESTS, limit=1000) == everything
        for limit in (1, 7, 59):
            assert await history.newest(REQUESTS, limit=limit) == everything[-limit:]
            assert await history.page(REQUESTS, after=0, limit=limit) == everything[:limit]
            assert (
                await history.page(REQUESTS, after=everything[20].id, limit=limit) == everything[21:][:limit]
            )
        some = Wanted(since=everything[10].at, until=everything[50].at, plain=(("finished", True),))
        expected = [each for each in everything[10:50] if each.finished]
        assert await history.page(some, after=0, limit=1000) == expected
        assert await history.newest(some, limit=1000) == expected
        assert [each async for page in history.pages(some) for each in page] == expected
        ends = await database.read(lambda session: repository.ended_after(session, 3, upto=40, limit=1000))
        assert [each.seq for each in ends] == list(range(4, 41))

    async def test_keys_in_trouble_are_found_on_disk(self, database: Database) -> None:
        history = a_life(database)
        await history.keeper.load()
        for number in range(6):
            headers = [(b"idempotency-key", b"key-%d" % number)]
            scope = {"method": "POST", "path": "/central/v1/records", "headers": headers, "query_string": b""}
            entry = history.journal.begin(at_us=EIGHT_US, connection=0, scope=scope)
            entry.acknowledged = number != 2
            if number == 4:
                entry.fired("slow", "SLOW_RESPONSE")
            history.journal.finish(entry, at_us=EIGHT_US)
        await history.keeper.flush()
        assert await history.troubled_keys() == {"key-2", "key-4"}
        found = await history.page(Wanted(plain=(("key", "key-2"),)), after=0, limit=10)
        assert [each.id for each in found] == [3]

    async def test_a_reset_is_remembered(self, database: Database) -> None:
        first = a_life(database)
        await first.keeper.load()
        before = request(first, 1)
        await first.keeper.flush()
        first.journal.clear()
        assert await first.page(Wanted(), after=0, limit=10) == []
        await first.keeper.flush()

        second = a_life(database)
        await second.keeper.load()
        assert await second.page(Wanted(), after=0, limit=10) == []
        assert second.keeper.rows == 0
        assert request(second, 2).id > before.id

    async def test_what_the_disk_refused_is_written_when_it_is_back(self, sqlite: Database) -> None:
        away = Away(sqlite)
        history = a_life(sqlite)
        history.keeper._database = away  # type: ignore[assignment]  # a database that can be away
        await history.keeper.load()
        away.is_away = True
        for number in range(3):
            request(history, number)
        with pytest.raises(DatabaseUnavailable):
            await history.keeper.flush()
        assert len(await history.page(REQUESTS, after=0, limit=10)) == 3
        away.is_away = False
        await history.keeper.flush()
        assert (history.keeper.rows, len(history.journal.unwritten)) == (3, 0)


class Away:
    """A database that can't be reached for a while."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_away = False

    async def write(self, work: Callable[[Session], T]) -> T:
        if self.is_away:
            raise DatabaseUnavailable("away")
        return await self._database.write(work)

    async def read(self, work: Callable[[Session], T]) -> T:
        return await self._database.read(work)


class TestFollowing:
    async def test_it_resumes_over_memory_disk_and_a_restart(
        self, sqlite: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.central_mock.journal.journal.HEARD_KEPT", 3)
        first = a_life(sqlite)
        await first.keeper.load()
        for number in range(10):
            request(first, number)
        told = await heard(first, after=0, until=10)
        assert [each["route"] for each in told] == [f"/{number}" for number in range(10)]
        assert [each["route"] for each in await heard(first, after=8, until=2)] == ["/8", "/9"]
        await first.keeper.stop()

        second = a_life(sqlite)
        await second.keeper.load()
        request(second, 10)
        assert [each["route"] for each in await heard(second, after=7, until=4)] == ["/7", "/8", "/9", "/10"]

    async def test_one_who_asks_for_what_was_deleted_goes_on_from_what_is_left(
        self, sqlite: Database
    ) -> None:
        history = a_life(sqlite)
        await history.keeper.load()
        request(history, 1)
        history.journal.clear()
        events = follow(history, Wanted(), after=0, closed=lambda: False)
        assert await anext(events) == b": following\n\n"
        waiting = asyncio.ensure_future(anext(events))
        await eventually(lambda: bool(history.journal.followers))
        request(history, 2)
        assert b'"/2"' in await waiting
        await events.aclose()
        assert not history.journal.followers


async def heard(history: History, *, after: int, until: int) -> list[dict[str, Any]]:
    """So many events after a number."""
    found: list[dict[str, Any]] = []
    events = follow(history, REQUESTS, after=after, closed=lambda: False)
    async for chunk in events:
        lines = chunk.decode().splitlines()
        found += [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        if len(found) >= until:
            break
    await events.aclose()
    return found


class TestOverTheWire:
    async def test_a_connection_is_journalled_with_who_ended_it(self, centre: RunningCentre) -> None:
        asked = b"GET /central/v1/health HTTP/1.1\r\nHost: centre\r\n\r\n"
        wire = await centre.connect()
        await wire.send(asked)
        await wire.answer()
        wire.close()
        asked_to_close = await centre.connect()
        await asked_to_close.send(b"GET /central/v1/health HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n")
        await asked_to_close.rest()
        await centre.offline("RESET")
        cut = await centre.connect()
        await cut.send(asked)
        with pytest.raises(ConnectionResetError):
            await cut.rest()

        async def closed() -> list[dict[str, Any]]:
            found = await centre.journal(what="CONNECTION", finished=True)
            return found if len(found) == 3 else []

        client, ended, fault = await eventually(closed)
        assert [each["closed_by"] for each in (client, ended, fault)] == ["CLIENT", "CENTRE", "FAULT"]
        assert (client["requests"], client["bytes_in"]) == (1, len(asked))
        assert client["bytes_out"] > 100
        assert fault["rules"] == ["offline"]
        (entry,) = await centre.journal(connection=client["id"])
        assert (entry["bytes_in"], entry["bytes_out"]) == (len(asked), client["bytes_out"])

    async def test_filters_find_what_they_name(self, centre: RunningCentre) -> None:
        record = centre.office.prepare(office="33.13.07")
        await centre.office.post(record)
        await centre.offline("HTTP_503", retry_after=7)
        await centre.office.post(record)
        await centre.online()
        await centre.office.post(record)

        first, second, third = await centre.journal(key=record.key)

        assert [each["attempt"] for each in (first, second, third)] == [1, 2, 3]
        assert (second["rules"], second["retry_after"]) == (["offline"], "7")
        assert third["ms"] > 0
        for asked, found in (
            ({"rule": "offline"}, [second]), ({"fired": True}, [second]), ({"fired": False}, [first, third]),
            ({"status": 503}, [second]), ({"applied": True}, [first]), ({"office": "33.13*"}, [first, second, third]),
            ({"office": "33.20*"}, []), ({"since": third["at"]}, [third]), ({"until": second["at"]}, [first]),
            ({"route": "/central/v1/records", "method": "POST", "limit": 1}, [first]),
        ):  # fmt: skip
            assert await centre.journal(**asked) == found, asked

    async def test_a_filter_that_makes_no_sense_is_refused(self, centre: RunningCentre) -> None:
        for asked in ({"what": "ALL"}, {"fault": "SLEEP"}, {"rule": "a|b"}, {"since": "yesterday"}):
            assert (await centre.control.get("/control/v1/journal", params=asked)).status_code == 422

    async def test_the_stream_tells_of_rules_connections_and_requests(self, centre: RunningCentre) -> None:
        async with centre.control.stream("GET", "/control/v1/stream") as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            await centre.offline("HTTP_503")
            await centre.api.get("/central/v1/health")
            await centre.online()
            seen: list[tuple[str, str | None]] = []
            name = ""
            async for line in lines:
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    event = json.loads(line.removeprefix("data: "))
                    seen.append((name, event.get("event")))
                    if event.get("event") == "ended":
                        break
        assert seen == [
            ("rule", "set"), ("connection", None), ("rule", "fired"), ("request", None), ("rule", "ended"),
        ]  # fmt: skip

    async def test_the_stream_resumes_after_the_last_event(self, centre: RunningCentre) -> None:
        for _ in range(3):
            await centre.api.get("/central/v1/health")
        async with centre.control.stream(
            "GET", "/control/v1/stream", params={"what": "REQUEST"}, headers={"Last-Event-ID": "1"}
        ) as stream:
            ids: list[str] = []
            async for line in stream.aiter_lines():
                if line.startswith("id: "):
                    ids.append(line.removeprefix("id: "))
                if len(ids) == 2:
                    break
        assert ids == ["2", "3"]

    async def test_an_overtaken_record_is_named_and_is_no_fault(self, centre: RunningCentre) -> None:
        early, late = (
            centre.office.prepare(nik="3313075708990001"),
            centre.office.prepare(nik="3313071203980002"),
        )
        for record in (late, early):
            await centre.office.post(record)

        listed = await centre.verify(keys=[early.key, late.key], order="LISTED")
        assert (listed["ok"], listed["reordered"]) == (True, [early.key])
        captured = await centre.verify(keys=[early.key, late.key], client=None)  # at the same time
        assert (captured["reordered"], captured["client"]) == ([], None)
        forgiven = await centre.verify(keys=[early.key, late.key], order="LISTED", order_tolerance=60)
        assert forgiven["reordered"] == []

    async def test_the_metrics_show_what_the_journal_saw(self, centre: RunningCentre) -> None:
        await centre.offline("HTTP_503")
        await centre.api.get("/central/v1/health")

        text = (await centre.control.get("/metrics")).text

        assert 'ektp_central_requests_total{method="GET",route="/central/v1/health",status="503"} 1.0' in text
        assert 'ektp_central_faults_fired_total{kind="HTTP_503"} 1.0' in text
        assert "ektp_central_rules_on 1.0" in text
        assert "ektp_central_connections_open 1.0" in text
