"""The judge of behaviour meets our forwarder, which it must call good, and a naive client, which it must not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import Prepared
from tests.integration.enrolment_api.delivery.real_centre import SPEED, Pair, running_pair

NAIVE_WAIT = 0.8
"""Real seconds between two tries of a client that knows no better: long beside what a busy machine adds."""
WORKERS = 8


@pytest.fixture
async def pair(keys: Path, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Pair]:
    """An office and a centre whose clocks run alike."""
    office_url = f"sqlite:///{tmp_path / 'enrolment.db'}"
    async with running_pair(office_url=office_url, centre_url=sqlite_url, keys=keys, home=tmp_path) as pair:
        pair.centre.runtime.clock.set(pair.office.runtime.clock.now(), SPEED)
        yield pair


async def behaviour(centre: RunningCentre, **asked: Any) -> dict[str, Any]:
    answer = await centre.control.get("/control/v1/behaviour", params=asked)
    assert answer.status_code == 200, answer.text
    return cast(dict[str, Any], answer.json())


async def test_our_forwarder_is_called_good_on_every_point(pair: Pair) -> None:
    centre = pair.centre
    await pair.record(5)
    await pair.settled()

    await centre.offline("RESET")
    await pair.record(40)

    async def waited_often() -> bool:
        probes = (await behaviour(centre))["waits"]["probes"]
        return probes is not None and probes["count"] >= 5

    await eventually(waited_often, within=30)
    await centre.offline("HTTP_503", retry_after=10)

    async def told_often() -> bool:
        found = await behaviour(centre)
        return bool(found["retry_after"]["told"] >= 2 and found["half_open"]["probes"] >= 4)

    await eventually(told_often, within=30)
    await centre.online()
    await pair.settled()

    found = await behaviour(centre)

    assert found["wrong"] == []
    assert found["waits"]["jittered"]
    assert not found["crowd"]["synchronised"]
    assert (found["retry_after"]["share"], found["retry_after"]["earliest"]) == (1.0, None)
    assert (found["half_open"]["one_probe"], found["half_open"]["most_in_flight"]) == (True, 1)
    assert found["half_open"]["probes"] >= 4
    assert found["ramp"]["ramped"]
    assert max(found["ramp"]["most_in_flight"]) > 1
    checked = await pair.verify()
    assert (checked["ok"], checked["client"]["wrong"]) == (True, [])


async def post_all(centre: RunningCentre, records: list[Prepared]) -> None:
    """One worker of a client that waits the same time always, whatever it is told."""
    for record in records:
        while (await centre.office.post(record)).status_code >= 300:  # noqa: ASYNC110  # as naive clients do
            await asyncio.sleep(NAIVE_WAIT)


async def test_a_naive_client_is_called_bad_on_every_point(centre: RunningCentre) -> None:
    await centre.offline("HTTP_503", retry_after=60)
    records = [centre.office.prepare(nik=f"33130757089{number:05d}") for number in range(2 * WORKERS)]
    async with asyncio.TaskGroup() as group:
        for first in range(WORKERS):
            group.create_task(post_all(centre, [records[first], records[first + WORKERS]]))

        async def shows_its_manners() -> bool:
            """All at once, and by the clock; a machine that stood still for a second looks like jitter for a while."""
            found = await behaviour(centre)
            return found["half_open"]["most_in_a_moment"] >= 5 and found["waits"]["jittered"] is False

        await eventually(shows_its_manners, within=30)
        # Work takes time, or what comes at once would be over before the next is read.
        slow = {"name": "slow", "fault": {"kind": "LATENCY", "seconds": 0.2}}
        assert (await centre.control.post("/control/v1/faults", json=slow)).status_code == 201
        await centre.online()

    found = await behaviour(centre)

    assert found["waits"]["jittered"] is False, found["waits"]
    assert found["crowd"]["synchronised"], found["crowd"]
    assert found["retry_after"]["obeyed"] == 0
    assert found["retry_after"]["earliest"]["early_by"] > 30
    assert found["half_open"]["one_probe"] is False
    assert found["ramp"]["ramped"] is False, found["ramp"]
    assert len(found["wrong"]) == 5


async def test_the_window_and_the_office_bound_what_is_looked_at(centre: RunningCentre) -> None:
    for office in ("33.13.07", "33.20"):
        await centre.office.post(centre.office.prepare(office=office))
    (_, last) = await centre.journal()

    assert (await behaviour(centre))["requests"] == 2
    assert (await behaviour(centre, office="33.20"))["requests"] == 1
    assert (await behaviour(centre, since=last["at"]))["requests"] == 1
    assert (await behaviour(centre, until=last["at"]))["requests"] == 1
