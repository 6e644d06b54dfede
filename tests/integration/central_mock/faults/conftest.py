"""One centre for all captures: its rules are taken off after each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.migrations import migrate
from tests.integration.central_mock.conftest import RunningCentre, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_centre(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningCentre]:
    home = tmp_path_factory.mktemp("centre")
    url = f"sqlite:///{home / 'central.db'}"
    await asyncio.to_thread(migrate, "central_mock", url)  # it runs a loop of its own
    async for each in running(keys, url, home):
        yield each


@pytest_asyncio.fixture(loop_scope="module")
async def shared(shared_centre: RunningCentre) -> AsyncIterator[RunningCentre]:
    """The centre, well at the beginning and at the end."""
    yield shared_centre
    answer = await shared_centre.control.delete("/control/v1/faults")
    assert answer.status_code == 200
    await shared_centre.control.put("/control/v1/seed", json={"seed": 1})
