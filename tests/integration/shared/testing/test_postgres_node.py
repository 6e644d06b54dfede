"""A PostgreSQL server that is killed, frozen and locked."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.testing.postgres_node import PostgresFailed, PostgresNode
from shared.testing.timeline import Timeline
from shared.testing.waiting import wait_until

OWNER = """
import sys
from shared.testing.postgres_node import PostgresNode
node = PostgresNode()
node.spawn()
print(node.pid, node.home, flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def node(chaos_postgres: PostgresNode) -> AsyncIterator[PostgresNode]:
    await chaos_postgres.start()
    chaos_postgres.tell(Timeline())
    yield chaos_postgres
    chaos_postgres.heal()


@pytest.fixture
def name(node: PostgresNode) -> str:
    made = node.fresh_database("chaos")
    node.psql("CREATE TABLE ticket (number int); INSERT INTO ticket VALUES (24)", made)
    return made


async def test_what_was_committed_is_there_after_a_kill_with_all_its_backends(
    node: PostgresNode, name: str
) -> None:
    family = [node.pid]
    node.kill()
    assert not node.is_running()
    with pytest.raises(PostgresFailed, match="refused"):
        node.psql("SELECT 1")
    await node.start()
    assert family != [node.pid]
    assert node.psql("SELECT number FROM ticket", name) == "24\n"


async def test_a_frozen_one_answers_when_it_is_thawed(node: PostgresNode, name: str) -> None:
    node.stop()
    asked = asyncio.create_task(asyncio.to_thread(node.psql, "SELECT number FROM ticket", name))
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    node.cont()
    assert await asked == "24\n"


def test_a_locked_table_makes_others_wait(node: PostgresNode, name: str) -> None:
    patient = "SET lock_timeout = '100ms'; SELECT number FROM ticket"
    with node.locked(name, "ticket"), pytest.raises(PostgresFailed, match="lock timeout"):
        node.psql(patient, name)
    with node.locked(name), pytest.raises(PostgresFailed, match="lock timeout"):
        node.psql(patient, name)
    assert node.psql(patient, name) == "24\n"


def test_a_table_that_is_not_there_can_not_be_locked(node: PostgresNode, name: str) -> None:
    with pytest.raises(PostgresFailed, match="nobody"):
        node.lock(name, "nobody")


def test_it_ends_though_its_owner_was_killed() -> None:
    owner = [sys.executable, "-c", OWNER]
    with subprocess.Popen(owner, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pid, home = process.stdout.readline().decode().split()
        server = Path("/proc", pid)
        wait_until(lambda: (server / "comm").read_text() == "postgres\n", saying="the death watch is set")
        process.kill()
    wait_until(lambda: not server.exists())
    shutil.rmtree(home, ignore_errors=True)
