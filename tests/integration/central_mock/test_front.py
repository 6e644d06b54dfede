"""What the front keeps of uvicorn's manners while it journals each request by itself, with no rule and as one comes."""

import asyncio
import time

from services.central_mock.faults.keep_alive import KeepAliveProtocol
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import RawConnection

HEALTH = b"GET /central/v1/health HTTP/1.1\r\nHost: centre\r\n\r\n"
UNKNOWN = b"GET /central/v1/records/0190a1b2-0000-7000-8000-000000000001 HTTP/1.1\r\nHost: centre\r\n\r\n"
QUIET = 1
"""Seconds of keep-alive here, instead of five."""


class TestAConnectionOnWhichNothingComes:
    """It is closed so many seconds after its last answer."""

    async def test_is_closed(self, centre: RunningCentre) -> None:
        wire = await quick_to_close(centre)
        await wire.send(HEALTH)
        await wire.answer()
        began = time.monotonic()
        assert await wire.rest() == b""
        assert QUIET * 0.5 < time.monotonic() - began < QUIET * 6

    async def test_stays_open_as_long_as_requests_come(self, centre: RunningCentre) -> None:
        wire = await quick_to_close(centre)
        until = time.monotonic() + QUIET * 3
        while time.monotonic() < until:
            await wire.send(HEALTH)
            assert b"200 OK" in await wire.answer()
            await asyncio.sleep(QUIET / 6)

    async def test_stays_open_while_a_request_is_on_its_way(self, centre: RunningCentre) -> None:
        wire = await quick_to_close(centre)
        await wire.send(HEALTH)
        await wire.answer()
        await wire.send(HEALTH[:20])
        assert await wire.says_nothing(QUIET * 2)
        await wire.send(HEALTH[20:])
        assert b"200 OK" in await wire.answer()
        assert await wire.rest() == b""


async def test_an_answer_without_a_body_goes_out_though_it_names_a_length(centre: RunningCentre) -> None:
    wire = await centre.connect()
    await wire.send(HEALTH.replace(b"GET", b"HEAD", 1))
    assert b"content-length" in await wire.head()


async def test_requests_that_came_together_each_have_their_own_answer_in_the_journal(
    centre: RunningCentre,
) -> None:
    wire = await centre.connect()
    await wire.send(HEALTH + UNKNOWN + HEALTH)
    answers = [await wire.answer() for _ in range(3)]

    entries = await centre.journal(what="REQUEST")
    assert [each["status"] for each in entries] == [200, 404, 200]
    assert [each["bytes_out"] for each in entries] == [len(each) for each in answers]
    assert all(each["acknowledged"] for each in entries)


async def test_an_answer_that_begins_under_a_rule_says_so_though_its_request_came_before(
    centre: RunningCentre,
) -> None:
    """A long poll that waits for a decision while ops set a rule for somebody else."""
    await centre.decide_at_once()
    poll = asyncio.create_task(centre.api.get("/central/v1/results?office=33.13.07&after=0&wait=20"))
    await eventually(lambda: any(each.busy for each in centre.runtime.front.connections))
    rule = {"name": "elsewhere", "fault": {"kind": "HTTP_503"}, "match": {"offices": ["33.20"]}}
    assert (await centre.control.post("/control/v1/faults", json=rule)).status_code == 201
    await centre.office.post(centre.office.prepare())

    assert (await poll).headers["X-Central-Mock-Faults"] == "elsewhere"


async def quick_to_close(centre: RunningCentre) -> RawConnection:
    """A connection whose keep-alive is short."""
    wire = await centre.connect()

    def here() -> KeepAliveProtocol | None:
        return next(iter(centre.runtime.front.connections), None)

    protocol = await eventually(here)
    assert protocol is not None
    protocol.timeout_keep_alive = QUIET
    return wire
