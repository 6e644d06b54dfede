"""A trio under the harness's thumb: every part alone, nothing started again by anybody else, nothing left behind.

Without a broker, for speed: a trio does its whole job without one.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from shared.testing.cluster import Cluster
from shared.testing.disk import no_small_disk
from shared.testing.proxy import Cut, LoseAnswers
from shared.testing.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
OFFICE = "33.13.07"
DISKS = {} if no_small_disk() else {"queue": 32}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def trio() -> AsyncIterator[Cluster]:
    async with Cluster(7, broker=False, disks=DISKS) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def whole(trio: Cluster) -> Cluster:
    await trio.recover()
    return trio


async def take_ticket(trio: Cluster, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {trio.token('kiosk', OFFICE)}", "Idempotency-Key": key}
    async with httpx.AsyncClient(base_url=trio.queue.url, timeout=5.0, trust_env=False) as client:
        return await client.post(
            f"/v1/offices/{OFFICE}/tickets", headers=headers, json={"service": "ENROLMENT"}
        )


async def test_a_lost_answer_is_no_lost_ticket(whole: Cluster) -> None:
    whole.hops["clients→queue"].cause(LoseAnswers(times=1))
    with pytest.raises(httpx.HTTPError):
        await take_ticket(whole, "lost")
    again, other = await take_ticket(whole, "lost"), await take_ticket(whole, "another")
    assert (again.status_code, other.status_code) == (201, 201)
    numbers = [int(each.json()["number"].lstrip("A")) for each in (again, other)]
    assert numbers[1] == numbers[0] + 1, "it was taken once"
    assert whole.acted["clients→queue", "LoseAnswers"] == 1


async def test_a_killed_service_stays_away_until_recovery_which_also_thaws_what_is_frozen(
    whole: Cluster,
) -> None:
    taken = await take_ticket(whole, "before")
    whole.queue.kill()
    whole.enrolment.stop()
    with pytest.raises(httpx.HTTPError):
        await take_ticket(whole, "during")
    assert whole.died() == [], "it was we"
    await whole.recover()
    for name in whole.processes:
        assert (await whole.health(name))["status"] == "ready"
    assert (await take_ticket(whole, "before")).json() == taken.json()
    assert whole.acted["queue", "killed"] == whole.acted["enrolment", "stopped"] == 1
    done = [moment.what for moment in whole.timeline.moments() if moment.who == "enrolment"]
    assert done.index("stopped (SIGSTOP)") < done.index("continued (SIGCONT)")


async def test_the_way_to_the_centre_is_cut_and_nothing_else(whole: Cluster) -> None:
    with whole.hops["enrolment→centre"].broken(Cut()):
        headers = {"Authorization": f"Bearer {whole.token('ops')}"}
        async with httpx.AsyncClient(
            base_url=whole.enrolment.url, headers=headers, trust_env=False
        ) as client:
            await client.post("/v1/central-link/probe", headers={"Idempotency-Key": "probe"})
            await eventually(lambda: _refused_link(client))
    assert (await whole.health("centre"))["status"] == "ready"


async def _refused_link(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/v1/central-link")).json()["reason"] == "REFUSED")


async def test_a_clock_jumps_and_comes_back(whole: Cluster) -> None:
    shown = await whole.turn_clock("queue", timedelta(hours=-1))
    assert abs(shown - (datetime.now(UTC) - timedelta(hours=1))) < timedelta(seconds=10)
    shown = await whole.turn_clock("queue", None)
    assert abs(shown - datetime.now(UTC)) < timedelta(seconds=10)
    assert whole.acted["queue", "clock jump"] == 1


@pytest.mark.skipif(not DISKS, reason=str(no_small_disk()))
async def test_a_full_disk_is_answered_503_and_a_freed_one_takes_tickets_again(whole: Cluster) -> None:
    whole.disks["queue"].fill()
    await eventually(lambda: _refuses_tickets(whole))
    whole.heal()
    assert (await take_ticket(whole, "room again")).status_code == 201


async def _refuses_tickets(trio: Cluster) -> bool:
    """SQLite writes into what its files already have for a while."""
    return (await take_ticket(trio, f"full {trio.dice.random()}")).status_code == 503


async def test_a_locked_database_is_let_go_by_healing(whole: Cluster) -> None:
    whole.lock_database("queue")
    assert (await take_ticket(whole, "locked")).status_code == 503
    whole.heal()
    assert (await take_ticket(whole, "locked")).status_code == 201


async def test_nothing_is_left_of_a_trio_that_was_closed(trio: Cluster) -> None:
    pids = [process.pid for process in trio.processes.values()]
    await trio.close()
    assert all(pid and not Path(f"/proc/{pid}").exists() for pid in pids)
    assert not trio.home.exists()
    assert not any(disk.path.exists() for disk in trio.disks.values())


async def test_replicas_need_a_database_that_they_can_share() -> None:
    with pytest.raises(ValueError, match="PostgreSQL"):
        Cluster(replicas=2)


async def test_the_way_to_postgresql_has_a_hop_and_a_service_survives_its_cut() -> None:
    async with Cluster(8, broker=False, database="postgresql") as trio:
        hop = trio.hops["queue→database"]
        assert (await take_ticket(trio, "before")).status_code == 201
        with hop.broken(Cut()):
            assert (await take_ticket(trio, "meanwhile")).status_code == 503
        await trio.recover()
        assert (await take_ticket(trio, "meanwhile")).status_code == 201
        assert hop.counts.acted["Cut"] > 0
