"""`ektp central watch` is left open over the death of the centre that it shows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from services.central_mock.app import build_runtime
from services.central_mock.server import CentreServer
from services.central_mock.settings import CentreSettings
from services.ektp.central.control import find_control
from services.ektp.central.watch import command
from services.ektp.central.watch.board import Board
from shared.testing.ports import free_ports
from shared.testing.waiting import eventually


@asynccontextmanager
async def serving(settings: CentreSettings) -> AsyncIterator[None]:
    server = CentreServer(build_runtime(settings))
    await server.start()
    try:
        yield
    finally:
        server.stop()
        await server.ended()


async def test_it_says_that_the_centre_is_gone_and_goes_on_when_it_is_back(
    keys: Path, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, control_port = free_ports(2)
    told = {"EKTP_HOME": tmp_path, "KEYS_DIR": keys, "CENTRAL_DATABASE_URL": sqlite_url}
    for name, value in (told | {"CENTRAL_PORT": port, "CENTRAL_CONTROL_PORT": control_port}).items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(command, "EVERY", 0.05)
    board, control, settings = Board(followed=True), find_control(), CentreSettings()

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://127.0.0.1:{port}/central/v1/health")

    async def heard(number: int) -> bool:
        await ask()
        return board.requests >= number

    followers = [
        asyncio.create_task(command.follow(board, what, control)) for what in (command.states, command.events)
    ]
    try:
        async with serving(settings):
            await eventually(lambda: board.state is not None and board.trouble is None)
            await eventually(lambda: heard(1))
        await eventually(lambda: board.trouble is not None and control.url in board.trouble)
        before = board.requests
        async with serving(settings):
            await eventually(lambda: board.trouble is None)
            await eventually(lambda: heard(before + 1))
    finally:
        for each in followers:
            each.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await each
