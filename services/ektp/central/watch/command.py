"""Keeps the screen up to date: asks for the state each second, and follows the journal in between."""

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from services.ektp.central.control import ControlPort, check, find_control
from services.ektp.central.showing import is_terminal
from services.ektp.central.watch.board import Board
from services.ektp.central.watch.screen import screen
from services.ektp.errors import CommandFailed

EVERY = 1.0
FRAMES = 4
HEARD = ["REQUEST", "CONNECTION", "RULE", "SCENARIO"]


def watch(
    once: Annotated[bool, typer.Option("--once", help="Print it as it is now and end.")] = False,
) -> None:
    """What is on, for how long still, what it did, and the journal as it happens; Ctrl-C ends it."""
    control = find_control()
    if once or not is_terminal():
        snapshot(control)
        return
    # whoever comes of a background job of a plain shell ignores it, and asyncio leaves it at that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        asyncio.run(_watch(control, Board(followed=True)))


def snapshot(control: ControlPort) -> None:
    """One screen."""
    board = Board()
    board.told(control.call("GET", "state"))
    for each in control.call("GET", "journal", params={"what": HEARD, "newest": True, "limit": 50})["items"]:
        board.saw(each)
    Console().print(screen(board, 0.0))


async def _watch(control: ControlPort, board: Board) -> None:
    with Live(screen(board, time.time()), auto_refresh=False, screen=True) as live:
        followers = [
            asyncio.create_task(follow(board, states, control)),
            asyncio.create_task(follow(board, events, control)),
        ]
        try:
            while True:
                live.update(screen(board, time.time()), refresh=True)
                await asyncio.sleep(1 / FRAMES)
        finally:
            for each in followers:
                each.cancel()


async def follow(
    board: Board, what: Callable[[Board, ControlPort], Awaitable[None]], control: ControlPort
) -> None:
    """A centre that is killed and started again is what this screen is for: try again until the user ends it."""
    import httpx

    while True:
        try:
            await what(board, control)
        except httpx.HTTPError as error:
            board.trouble = f"No answer from {control.url}: {str(error) or type(error).__name__}"
        except CommandFailed as error:
            board.trouble = str(error)
        await asyncio.sleep(EVERY)


async def states(board: Board, control: ControlPort) -> None:
    """Ask for the state, each second."""
    import httpx

    async with httpx.AsyncClient(headers=control.headers(), timeout=5, trust_env=False) as client:
        while True:
            answer = await client.get(f"{control.url}/control/v1/state")
            check(answer)
            board.told(answer.json())
            await asyncio.sleep(EVERY)


async def events(board: Board, control: ControlPort) -> None:
    """Follow the journal until the stream ends."""
    import httpx

    async with (
        httpx.AsyncClient(headers=control.headers(), timeout=30, trust_env=False) as client,
        client.stream("GET", f"{control.url}/control/v1/stream", params={"what": HEARD}) as answer,
    ):
        if answer.is_error:
            await answer.aread()
        check(answer)
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                board.heard(json.loads(line[6:]), time.time())
