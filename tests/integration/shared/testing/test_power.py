"""Power that is cut: the harness loses what was not synced, and the services have promised nothing of that."""

import contextlib
import errno
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import aio_pika
import httpx
import pytest

from shared.testing.broker_faults import Broker
from shared.testing.cluster import Cluster
from shared.testing.disk import SMALLEST, no_small_disk
from shared.testing.plan import REPLICATED
from shared.testing.postgres_node import PostgresNode
from shared.testing.power import Outlet, PoweredDisk, cut_power
from shared.testing.waiting import eventually
from tests.chaos.planted.bugs import BY_NAME, plant

WHY_NOT = no_small_disk(PoweredDisk)
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
OFFICE = "33.13.07"
CONFIRMED = 50
A_QUEUE_IS_NEW = 2.0
"""Seconds for which RabbitMQ has not noted everywhere that a quorum queue is there."""


def write(path: Path, text: bytes, *, synced: bool) -> None:
    with path.open("wb", buffering=0) as file:
        file.write(text)
        if synced:
            os.fsync(file.fileno())


class TestADisk:
    def test_keeps_what_was_synced_and_nothing_else(self, powered_disk: PoweredDisk) -> None:
        write(powered_disk.path / "synced", b"24", synced=True)
        write(powered_disk.path / "written", b"25", synced=False)
        powered_disk.cut_power()
        powered_disk.restore_power()
        assert (powered_disk.path / "synced").read_bytes() == b"24"
        assert not (powered_disk.path / "written").exists()

    def test_syncs_nothing_without_power_and_says_so(self, powered_disk: PoweredDisk) -> None:
        with (powered_disk.path / "late").open("wb", buffering=0) as late:
            late.write(b"26")
            powered_disk.cut_power()
            with pytest.raises(OSError) as refused:
                os.fsync(late.fileno())
        assert refused.value.errno == errno.EIO
        powered_disk.restore_power()

    def test_can_be_full_as_well(self, powered_disk: PoweredDisk) -> None:
        powered_disk.fill()
        with pytest.raises(OSError) as refused:
            write(powered_disk.path / "more", b"x" * 100_000, synced=True)
        assert refused.value.errno == errno.ENOSPC
        powered_disk.free()
        write(powered_disk.path / "more", b"x" * 100_000, synced=True)


@pytest.fixture
async def office() -> AsyncIterator[Cluster]:
    """A node in a kecamatan; a trio does its whole job without a broker."""
    async with Cluster(11, broker=False, disks={"queue": 64, "enrolment": 64}, powered=True) as trio:
        yield trio


async def tickets(trio: Cluster, keys: Sequence[str]) -> list[str]:
    """The codes of tickets that were taken, or had been, with these keys."""
    headers = {"Authorization": f"Bearer {trio.token('kiosk', OFFICE)}"}
    async with httpx.AsyncClient(
        base_url=trio.queue.url, headers=headers, timeout=5.0, trust_env=False
    ) as client:
        path, wanted = f"/v1/offices/{OFFICE}/tickets", {"service": "ENROLMENT"}
        answers = [await client.post(path, json=wanted, headers={"Idempotency-Key": key}) for key in keys]
    return [answer.raise_for_status().json()["code"] for answer in answers]


class TestAnOffice:
    KEYS = tuple(f"visitor {number}" for number in range(20))

    async def test_has_every_ticket_that_it_gave_before_the_power_went(self, office: Cluster) -> None:
        given = await tickets(office, self.KEYS)
        office.cut_power(*REPLICATED)
        await office.recover()
        assert await tickets(office, self.KEYS) == given
        assert office.acted["queue", "power cut"] == office.acted["enrolment", "power cut"] == 1

    async def test_has_lost_tickets_if_it_does_not_sync(self, office: Cluster) -> None:
        await plant(office, replace(BY_NAME["skip_fsync"], in_="queue"))
        given = await tickets(office, self.KEYS)
        office.cut_power("queue")
        await office.recover()
        assert await tickets(office, self.KEYS) != given


async def test_only_what_has_such_a_disk_can_lose_its_power() -> None:
    with contextlib.closing(PostgresNode()) as server:
        trio = Cluster(12, postgres=server)
        with pytest.raises(ValueError, match="postgres has no disk"):
            trio.cut_power("postgres")
        await trio.close()


@pytest.fixture
def server() -> Iterator[PostgresNode]:
    with contextlib.closing(PostgresNode(disk=PoweredDisk(256))) as node:
        node.spawn()
        yield node


async def test_postgresql_has_what_was_committed_unless_it_was_told_not_to_wait(server: PostgresNode) -> None:
    assert server.disk is not None
    await server.start()
    server.psql("CREATE TABLE ticket (number int)")
    server.psql("INSERT INTO ticket VALUES (24)")
    server.psql("SET synchronous_commit = off; INSERT INTO ticket VALUES (25)")
    cut_power([Outlet(server, server.disk)])
    await server.start()
    assert server.psql("SELECT number FROM ticket") == "24\n"


def test_a_broker_takes_another_disk_where_it_had_one(tmp_path: Path, powered_disk: PoweredDisk) -> None:
    """A soak goes on in its folder."""
    Broker(tmp_path, disk=PoweredDisk(SMALLEST)).close()
    assert (Broker(tmp_path, disk=powered_disk).node.home / "mnesia").resolve() == powered_disk.path.resolve()


async def test_a_broker_has_what_it_confirmed(tmp_path: Path) -> None:
    disk = PoweredDisk(256)
    with contextlib.closing(Broker(tmp_path / "broker", disk=disk)) as broker:
        broker.spawn()
        await broker.start()
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
            declared = time.monotonic()  # a queue is declared at installation, long before: see decision 0068
            await eventually(lambda: time.monotonic() - declared > A_QUEUE_IS_NEW)
            for number in range(CONFIRMED):
                body = aio_pika.Message(str(number).encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await channel.default_exchange.publish(body, "kept")
            cut_power([Outlet(broker, disk)])
        await broker.start()
        async with await aio_pika.connect(broker.url) as connection:
            channel = await connection.channel()
            queue = await channel.get_queue("kept", ensure=False)
            found = [await queue.get(no_ack=True, timeout=10) for _ in range(CONFIRMED)]
        assert [message.body for message in found if message] == [
            str(number).encode() for number in range(CONFIRMED)
        ]
