"""What the waiting room sees: the board when asked for, and as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from services.queue_api.app import create_app
from services.queue_api.board import hub as hub_module
from services.queue_api.settings import QueueSettings
from shared.testing.ports import free_port
from shared.testing.waiting import eventually
from tests.integration.queue_api.front import OFFICE, FrontDesk


@dataclass
class Heard:
    """One server-sent event as a browser reads it."""

    id: str
    kind: str
    data: Any


def read(event: bytes) -> Heard:
    fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return Heard(fields.get("id", ""), fields.get("event", ""), json.loads(fields.get("data", "null")))


async def hear(stream: AsyncIterator[bytes], kind: str, **wanted: Any) -> Heard:
    """The next event of that kind whose data has these values."""
    async with asyncio.timeout(20):
        async for event in stream:
            heard = read(event)
            if heard.kind == kind and all(heard.data[name] == value for name, value in wanted.items()):
                return heard
    raise AssertionError("the stream ended")


class TestTheBoard:
    async def test_it_shows_numbers_and_never_who(self, desk: FrontDesk) -> None:
        for _ in range(3):
            await desk.take_number(phone="+6281234567890")
        await desk.do(await desk.call(), "start")
        line = await desk.line_on_board()
        assert line["now_serving"] == [{"number": "A001", "counter": "1", "state": "SERVING"}]
        assert (line["waiting"], line["held"], line["last_number_today"]) == (2, 0, "A003")
        assert (line["mode"], line["reason"]) == ("NORMAL", None)
        board = await desk.http.get(f"/v1/offices/{OFFICE}/board")
        assert "officer-1" not in board.text and "81234" not in board.text

    async def test_it_says_how_old_it_is(self, desk: FrontDesk) -> None:
        board = (await desk.http.get(f"/v1/offices/{OFFICE}/board")).json()
        assert board["as_of"].startswith("2016-09-16T01:00")

    async def test_during_a_stop_it_keeps_the_numbers_and_withdraws_the_forecast(
        self, desk: FrontDesk
    ) -> None:
        await desk.take_number()
        await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "POWER"})
        line = await desk.line_on_board()
        assert (line["mode"], line["held"], line["eta"]) == ("PAUSED", 1, None)
        assert "power" in line["reason"] and "not known" in line["eta_reason"]


class TestTheStream:
    async def test_a_screen_sees_the_board_then_calls_and_outages(self, desk: FrontDesk) -> None:
        async with aclosing(desk.runtime.hub.stream(OFFICE, None)) as stream:
            await hear(stream, "board", office=OFFICE)
            await desk.take_number()
            await desk.call()
            called = await hear(stream, "call", number="A001")
            assert (called.data["counter"], called.data["call"]) == ("1", 1)
            await desk.post(f"/v1/offices/{OFFICE}/outages", {"hop": "LINK"})
            assert (await hear(stream, "outage", hop="LINK")).data["until"] is None

    async def test_coming_back_it_hears_what_it_missed(self, desk: FrontDesk) -> None:
        hub = desk.runtime.hub
        async with aclosing(hub.stream(OFFICE, None)) as stream:
            last = await hear(stream, "board")
        await desk.take_number()
        await desk.call()
        async with aclosing(hub.stream(OFFICE, last.id)) as stream:
            assert (await hear(stream, "call")).data["number"] == "A001"

    @pytest.mark.parametrize("last_event_id", ["", "from-another-life-12", "nonsense"])
    async def test_what_is_no_longer_remembered_is_a_fresh_board(
        self, desk: FrontDesk, last_event_id: str
    ) -> None:
        async with aclosing(desk.runtime.hub.stream(OFFICE, None)) as stream:
            await hear(stream, "board")
        await desk.take_number()
        async with aclosing(desk.runtime.hub.stream(OFFICE, last_event_id)) as stream:
            board = await hear(stream, "board")
            assert board.data["services"][0]["waiting"] == 1

    async def test_a_second_screen_begins_with_the_board_as_it_is(self, desk: FrontDesk) -> None:
        hub = desk.runtime.hub
        async with aclosing(hub.stream(OFFICE, None)) as first, aclosing(hub.stream(OFFICE, None)) as second:
            one, other = await hear(first, "board"), await hear(second, "board")
            assert one == other

    async def test_a_screen_that_does_not_read_is_cut_off_and_holds_up_nobody(
        self, desk: FrontDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub_module, "UNREAD_LIMIT", 3)
        hub = desk.runtime.hub
        async with aclosing(hub.stream(OFFICE, None)) as asleep, aclosing(hub.stream(OFFICE, None)) as awake:
            await hear(asleep, "board")
            await hear(awake, "board")
            await desk.take_number()
            ticket = await desk.call()
            for _ in range(8):
                await desk.do(ticket, "recall")
                await hear(awake, "call")
            closing = [event async for event in asleep]
            assert closing[-1].startswith(b": cut off")

    async def test_over_http(self, settings: QueueSettings) -> None:
        port = free_port()
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(settings),
                port=port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve())
        await eventually(lambda: server.started)
        url = f"http://127.0.0.1:{port}/v1/offices/{OFFICE}/stream"
        async with httpx.AsyncClient() as http, http.stream("GET", url) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            chunks = answer.aiter_bytes()
            text = b""
            while b"event: board" not in text:
                text += await anext(chunks)
            assert text.startswith(b"retry: ")
        server.should_exit = True
        await serving
