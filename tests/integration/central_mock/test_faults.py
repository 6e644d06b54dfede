"""Each way of being away, as the wire shows it: raw sockets, no HTTP library that could hide something."""

import asyncio
import json
from datetime import timedelta

import pytest

from services.central_mock.faults.protocol import FaultedProtocol
from services.central_mock.journal.wanted import Wanted
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import Prepared, RawConnection

GET_HEALTH = b"GET /central/v1/health HTTP/1.1\r\nHost: centre\r\n\r\n"
# How long silence must last to count as silence; a healthy centre answers in milliseconds.
SILENCE = 0.4


async def connected(centre: RunningCentre) -> RawConnection:
    """A connection that has had an answer and is idle."""
    wire = await centre.connect()
    await wire.send(GET_HEALTH)
    assert (await wire.answer()).startswith(b"HTTP/1.1 200")
    return wire


async def half_sent(centre: RunningCentre) -> tuple[RawConnection, Prepared]:
    """A connection with a record of which the last bytes are not sent: a request in flight."""
    record = centre.office.prepare()
    wire = await centre.connect()
    await wire.send(record.raw_request()[:-20])

    def begun() -> FaultedProtocol | None:
        return next((each for each in centre.runtime.front.connections if each.busy), None)

    await eventually(begun)
    return wire, record


async def has_applied(centre: RunningCentre) -> bool:
    """Whether a request took effect and is over."""
    took_effect = Wanted(plain=(("applied", True), ("finished", True)))
    return bool(await centre.runtime.history.newest(took_effect, limit=1))


async def at_centre(centre: RunningCentre, record: Prepared) -> bool:
    """Whether the centre holds it; asked when it is online again."""
    return (await centre.api.get(f"/central/v1/records/{record.key}")).status_code == 200


class TestRefuse:
    async def test_connections_are_refused_and_taken_again_on_the_same_port(
        self, centre: RunningCentre
    ) -> None:
        await centre.offline("REFUSE")
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await centre.connect()

        await centre.online()

        await connected(centre)

    async def test_open_connections_are_reset(self, centre: RunningCentre) -> None:
        idle, (busy, record) = await connected(centre), await half_sent(centre)

        await centre.offline("REFUSE")

        for wire in (idle, busy):
            with pytest.raises(ConnectionResetError):
                await wire.rest()
        await centre.online()
        assert not await at_centre(centre, record)

    @pytest.mark.parametrize("reuse", [False, True])
    async def test_nobody_takes_the_port_while_it_refuses(self, centre: RunningCentre, reuse: bool) -> None:
        await connected(centre)
        await centre.offline("REFUSE")
        with pytest.raises(OSError, match="in use"):
            await asyncio.start_server(lambda r, w: None, "127.0.0.1", centre.port, reuse_address=reuse)
        await centre.online()
        await connected(centre)


class TestHang:
    async def test_connections_are_taken_and_requests_read_but_never_answered(
        self, centre: RunningCentre
    ) -> None:
        await centre.offline("HANG")
        record = centre.office.prepare(size=1_000_000)
        wire = await centre.connect()

        await asyncio.wait_for(wire.send(record.raw_request()), 10)  # a full megabyte is read

        assert await wire.says_nothing(SILENCE)
        await centre.online()
        assert not await at_centre(centre, record)

    async def test_a_request_in_flight_gets_no_answer_either(self, centre: RunningCentre) -> None:
        wire, record = await half_sent(centre)
        await centre.offline("HANG")

        await wire.send(record.raw_request()[-20:])

        assert await wire.says_nothing(SILENCE)
        # It was under way when the centre froze, so it took effect: only the answer is lost.
        await eventually(lambda: has_applied(centre))
        await centre.online()
        assert await at_centre(centre, record)
        (entry,) = await centre.journal(key=record.key, applied="true")
        assert (entry["acknowledged"], entry["fault"], entry["bytes_out"]) == (False, "HANG", 0)

    async def test_an_idle_connection_stays_open_and_hangs_on_its_next_request(
        self, centre: RunningCentre
    ) -> None:
        wire = await connected(centre)
        await centre.offline("HANG")
        await wire.send(GET_HEALTH)

        assert await wire.says_nothing(SILENCE)

    async def test_who_still_waits_when_it_ends_is_reset(self, centre: RunningCentre) -> None:
        await centre.offline("HANG")
        wire = await centre.connect()
        await wire.send(GET_HEALTH)
        assert await wire.says_nothing(SILENCE)

        await centre.online()

        with pytest.raises(ConnectionResetError):
            await wire.rest()


class TestReset:
    async def test_a_request_is_answered_by_a_reset(self, centre: RunningCentre) -> None:
        await centre.offline("RESET")
        record = centre.office.prepare()
        wire = await centre.connect()
        await wire.send(record.raw_request())

        with pytest.raises(ConnectionResetError):
            await wire.rest()
        await centre.online()
        assert not await at_centre(centre, record)
        (entry,) = await centre.journal(key=record.key, fault="RESET")
        assert (entry["applied"], entry["acknowledged"], entry["status"]) == (False, False, None)

    async def test_the_first_bytes_are_enough(self, centre: RunningCentre) -> None:
        await centre.offline("RESET")
        wire = await centre.connect()
        await wire.send(b"GET /cent")

        with pytest.raises(ConnectionResetError):
            await wire.rest()

    async def test_open_connections_are_reset(self, centre: RunningCentre) -> None:
        idle = await connected(centre)
        await centre.offline("RESET")
        with pytest.raises(ConnectionResetError):
            await idle.rest()


class Test503:
    async def test_every_request_is_answered_503_with_retry_after(self, centre: RunningCentre) -> None:
        await centre.offline("HTTP_503", retry_after=7)
        record = centre.office.prepare()
        wire = await centre.connect()

        for request in (record.raw_request(), GET_HEALTH, GET_HEALTH):
            await wire.send(request)
            head, _, body = (await wire.answer()).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 7" in head
            assert b"content-type: application/problem+json" in head
            assert json.loads(body)["status"] == 503
        await centre.online()
        assert not await at_centre(centre, record)

    async def test_a_request_in_flight_is_answered_as_usual(self, centre: RunningCentre) -> None:
        wire, record = await half_sent(centre)
        await centre.offline("HTTP_503")
        await wire.send(record.raw_request()[-20:])

        assert (await wire.answer()).startswith(b"HTTP/1.1 201")


class TestLife:
    @pytest.mark.parametrize("mode", ["REFUSE", "HANG", "RESET", "HTTP_503"])
    async def test_a_fault_ends_by_itself_by_the_centres_clock(
        self, centre: RunningCentre, mode: str
    ) -> None:
        clock = {"start": "2016-09-16T11:30:00+07:00", "speed": 3600}
        assert (await centre.control.put("/control/v1/clock", json=clock)).status_code == 200

        state = await centre.offline(mode, **{"for": "PT30M"})  # half a second of ours

        assert state["fault"]["mode"] == mode
        await eventually(lambda: not centre.runtime.rules.rules())
        await connected(centre)

    async def test_without_a_length_it_lives_an_hour(self, centre: RunningCentre) -> None:
        state = await centre.offline("HANG")
        assert 3590 < state["fault"]["seconds_left"] <= 3600

    async def test_moving_the_clock_neither_ends_nor_prolongs_it(self, centre: RunningCentre) -> None:
        await centre.offline("HANG", **{"for": "PT1H"})
        for start in ("2036-01-01T00:00:00Z", "1996-01-01T00:00:00Z", None):
            await centre.control.put("/control/v1/clock", json={"start": start})
            state = (await centre.control.get("/control/v1/state")).json()
            assert 3500 < state["fault"]["seconds_left"] <= 3600

    async def test_a_new_fault_takes_the_place_of_the_old(self, centre: RunningCentre) -> None:
        await centre.offline("REFUSE")
        await centre.offline("HTTP_503")
        assert (await centre.api.get("/central/v1/health")).status_code == 503
        await centre.offline("REFUSE")
        with pytest.raises(ConnectionRefusedError):
            await centre.connect()
        await centre.online()
        await centre.online()
        await connected(centre)

    @pytest.mark.parametrize(
        "order",
        [
            {},
            {"mode": "SLEEP"},
            {"mode": "HANG", "for": "PT0S"},
            {"mode": "HANG", "for": "-PT1H"},
            {"mode": "HANG", "for": "P8D"},
            {"mode": "HANG", "for": "a while"},
            {"mode": "HANG", "length": "PT1H"},
        ],
    )
    async def test_an_order_that_makes_no_sense_is_refused(
        self, centre: RunningCentre, order: dict[str, str]
    ) -> None:
        answer = await centre.control.post("/control/v1/offline", json=order)
        assert answer.status_code == 422
        assert answer.json()["errors"]
        assert not centre.runtime.rules.rules()


async def test_every_answer_of_the_console_says_that_a_fault_is_on(centre: RunningCentre) -> None:
    await centre.offline("HANG")
    for path in ("/health/live", "/control/v1/state", "/control/v1/nothing"):
        assert (await centre.control.get(path)).headers["X-Central-Fault"] == "HANG"
    await centre.online()
    assert "X-Central-Fault" not in (await centre.control.get("/control/v1/state")).headers


async def test_the_journal_and_the_state_say_who_set_what_and_why(centre: RunningCentre) -> None:
    state = await centre.offline("REFUSE", reason="as on 16 September 2016", **{"for": "PT2H10M"})

    assert state["fault"]["set_by"] == "ops"
    assert state["fault"]["reason"] == "as on 16 September 2016"
    assert state["fault"]["seconds_left"] == pytest.approx(
        timedelta(hours=2, minutes=10).total_seconds(), abs=5
    )
    assert not state["online"]
    assert not state["listening"]
