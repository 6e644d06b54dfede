"""The console's client in tests of a client that is none of ours: plain httpx, against a private centre."""

import asyncio

import httpx
import pytest

from services.central_mock.faults.specs import Kind
from services.central_mock.faults.specs.socket import Drip
from shared.sample.records import SampleRecord
from shared.testing.centre import MATCH, ORDER, SHAPE, CentreClient, CentreRefused
from shared.testing.centre_blocking import BlockingCentre
from shared.testing.centre_process import CentreProcess

AT_ONCE = 0.3
"""Seconds that the foreign client waits for an answer."""


async def send(centre: CentreClient, record: SampleRecord, attempts: int = 1) -> int:
    """A client as others write them: tries again under the same key; the status of the last answer, 0 for none."""
    status = 0
    async with httpx.AsyncClient(base_url=centre.api_url, timeout=AT_ONCE, trust_env=False) as client:
        for _ in range(attempts):
            try:
                answer = await client.post(
                    "/central/v1/records", headers={"Idempotency-Key": record.key}, files=record.form
                )
            except httpx.TransportError:
                continue
            status = answer.status_code
            if answer.is_success:
                break
    return status


async def test_a_foreign_client_that_tries_again_delivers_once(centre: CentreClient) -> None:
    records = [await centre.record(nik=f"331307570899{serial:04d}") for serial in range(3)]

    async with centre.fault("ANSWER_LOST", first=1) as lost:
        assert [await send(centre, each, attempts=2) for each in records] == [200, 200, 200]
        await lost.assert_fired(times=3)

    await centre.assert_verified([each.key for each in records])
    told = await centre.verify({"key": each.key, "sha256": each.sha256} for each in records)
    assert sorted(told["recovered"]) == sorted(each.key for each in records)
    assert await centre.fired(lost.name) == 3, "known after its end too"


async def test_a_foreign_client_that_gives_up_is_found_out(centre: CentreClient) -> None:
    record = await centre.record()

    async with centre.offline("HANG"):
        assert await send(centre, record) == 0

    with pytest.raises(AssertionError, match=f"'lost': \\['{record.key}'\\]"):
        await centre.assert_verified([record.key])
    (entry,) = await centre.journal(key=record.key)
    assert (entry["fault"], entry["applied"], entry["status"]) == ("HANG", False, None)


@pytest.mark.parametrize("mode", ["refuse", "hang", "reset", "http_503"])
async def test_the_centre_is_away_while_the_block_runs_and_not_longer(
    centre: CentreClient, mode: str
) -> None:
    record = await centre.record()
    async with centre.offline(mode):
        assert await send(centre, record) in {0, 503}
    assert await send(centre, record) == 201


async def test_what_a_test_set_is_off_when_it_dies(centre: CentreClient) -> None:
    with pytest.raises(ZeroDivisionError):
        async with centre.offline(), centre.fault("LATENCY", seconds=5), centre.scenario("brown-out"):
            raise ZeroDivisionError
    assert await whats_on(centre) == []

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(AT_ONCE), centre.fault("LATENCY", seconds=5):
            await asyncio.Event().wait()
    assert await whats_on(centre) == []


async def whats_on(centre: CentreClient) -> list[str]:
    state = await centre.state()
    assert state["scenario"] is None
    return [each["name"] for each in state["rules"]]


async def test_what_a_killed_test_set_has_a_short_life(
    centre: CentreClient, centre_process: CentreProcess
) -> None:
    class Killed(BaseException):
        pass

    killed = centre_process.client(life=30)
    await killed.__aenter__()
    blocks = [killed.offline("HANG"), killed.fault("RESET", offices=["33.20"], name="left")]
    for each in blocks:  # entered and never left
        await each.__aenter__()

    lives = {each["name"]: each["seconds_left"] for each in (await centre.state())["rules"]}
    assert set(lives) == {"offline", "left"}
    assert all(0 < seconds <= 30 for seconds in lives.values())

    await killed.__aexit__(Killed, Killed(), None)
    assert await whats_on(centre) == [], "and what nobody took off goes with its client"


async def test_a_fault_that_ends_before_its_block_is_no_silent_success(
    centre: CentreClient, centre_process: CentreProcess
) -> None:
    async def ended_by_somebody_else() -> None:
        async with centre.fault("LATENCY", seconds=5), centre_process.client() as other:
            await other.clear()

    with pytest.raises(CentreRefused, match="give it a longer `life`"):
        await ended_by_somebody_else()


async def test_clearing_inside_a_block_is_no_surprise(centre: CentreClient) -> None:
    async with centre.fault("LATENCY", seconds=5):
        await centre.clear()
        assert await whats_on(centre) == []


async def test_faults_are_narrowed_by_office_key_and_count(centre: CentreClient) -> None:
    here, there = await centre.record(office="33.13.07"), await centre.record(office="33.20.08")
    async with centre.fault(
        "STATUS", status=500, keys=[here.key], endpoints=["records.post"], times=1
    ) as broken:
        assert await send(centre, there) == 201
        assert await send(centre, here) == 500
        assert await send(centre, here) == 201
        rule = await broken.state()
    assert rule["match"]["keys"] == [here.key]
    assert rule["shape"]["times"] == 1
    assert (rule["fired"], rule["set_by"], rule["reason"]) == (1, "a test", "a test")


async def test_a_fault_may_be_an_object_of_the_centres_own(centre: CentreClient) -> None:
    record = await centre.record()
    async with centre.fault(Drip(kind=Kind.DRIP, bytes_per_second=10_000), direction="ANSWER") as drip:
        assert await send(centre, record) == 201
        await drip.assert_fired()
    with pytest.raises(AssertionError, match="acted 1 times"):
        await centre.assert_fired(drip.name, times=2)


async def test_what_makes_no_sense_is_refused_in_the_consoles_words(centre: CentreClient) -> None:
    with pytest.raises(CentreRefused, match=r"422.*bytes_per_second"):
        async with centre.fault("DRIP", bytes_per_second=0):
            pass
    with pytest.raises(CentreRefused, match=r"422.*no request is known"):
        async with centre.fault("HANG", offices=["33.20"]):
            pass


async def test_a_scenario_is_stepped_through(centre: CentreClient) -> None:
    async with centre.scenario("flapping") as flapping:
        await flapping.pause()
        assert await flapping.stage() == "refused"
        assert await whats_on_now(centre) == ["flapping.refused.down"]
        await flapping.step()
        assert await flapping.stage() == "up-briefly"
        await flapping.resume()
    assert await flapping.stage() is None


async def whats_on_now(centre: CentreClient) -> list[str]:
    return [each["name"] for each in (await centre.state())["rules"]]


async def test_no_setting_of_a_fault_is_called_like_a_matcher(centre: CentreClient) -> None:
    """`fault()` takes all of them side by side."""
    for kind in await centre.kinds():
        assert not set(kind["settings"]["properties"]) & {*MATCH, *SHAPE, *ORDER, "life", "what"}, kind[
            "kind"
        ]


def test_without_an_event_loop(centre_process: CentreProcess) -> None:
    with BlockingCentre(
        centre_process.control_url, centre_process.token(), api_url=centre_process.api_url
    ) as centre:
        centre.reset()
        record = centre.record()
        url = f"{centre_process.api_url}/central/v1/records"
        with pytest.raises(httpx.ReadTimeout), centre.offline("HANG"):
            httpx.get(f"{url}/{record.key}", timeout=AT_ONCE)
        with centre.fault("HTTP_503", first=1) as name, centre.scenario("thin-link"):
            sent = [
                httpx.post(url, headers={"Idempotency-Key": record.key}, files=record.form) for _ in range(2)
            ]
            centre.assert_fired(name, times=1)
        assert [each.status_code for each in sent] == [503, 201]
        assert centre.fired(name) == 1
        centre.assert_verified([record.key])
        (entry,) = centre.journal(key=record.key, status=503)
        assert name in entry["rules"], "beside those of the scenario"
