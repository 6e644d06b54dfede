"""A fault of the console that meets nobody when it is set is set again until it has met somebody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count

import httpx
import pytest

from shared.testing.centre_process import CentreProcess
from shared.testing.cluster import Cluster
from shared.testing.waiting import eventually
from tests.chaos.faults.acting import Planned, Stage
from tests.chaos.faults.console import SOCKET, Rules

PROBES_EVERY = 0.1
REFUSE = Planned(1, 0.0, "centre's socket", "REFUSE", 1.0, ("centre",), {"orders": SOCKET["REFUSE"]})


@pytest.fixture
async def refusal(centre_process: CentreProcess) -> AsyncIterator[Rules]:
    ops = {"Authorization": f"Bearer {centre_process.token()}"}
    async with httpx.AsyncClient(
        base_url=centre_process.control_url, headers=ops, trust_env=False
    ) as console:
        trio = Cluster(1, broker=False)  # nothing of it is started: only its console's rules are asked for
        rules = Rules(Stage(trio, console), REFUSE)
        await rules.begin()
        yield rules
        await rules.end()
        await trio.close()


async def probe(centre: CentreProcess) -> None:
    """An office whose link is out: it has no connection open, and asks now and then."""
    async with httpx.AsyncClient(base_url=centre.api_url, trust_env=False) as office:
        for _ in count():
            with suppress(httpx.HTTPError):
                await office.get("/central/v1/health")
            await asyncio.sleep(PROBES_EVERY)


async def test_a_refusal_that_found_nobody_finds_a_client_that_comes_later(
    centre_process: CentreProcess, refusal: Rules
) -> None:
    """Whom a closed socket refuses is refused by the kernel, and nobody counts that."""
    assert await refusal.acted() == 0
    probing = asyncio.create_task(probe(centre_process))
    try:
        assert await eventually(refusal.acted, within=20.0) > 0
    finally:
        probing.cancel()


async def test_a_refusal_that_meets_nobody_has_not_acted(refusal: Rules) -> None:
    assert await refusal.acted() == 0
