"""Turning the clock of a running process through its own door; tokens live in real time whatever it shows."""

from datetime import datetime, timedelta

import httpx


async def turn_clock(client: httpx.AsyncClient, url: str, token: str, by: timedelta | None) -> datetime:
    """Let it jump from what it shows, in either direction; None puts it back to real time. What it shows then.

    It goes on at the speed that it had.

    Raises httpx.HTTPError. The jump lasts over restarts, for a process keeps its clock's setting in its home.
    """
    address, headers = f"{url}/control/v1/clock", {"Authorization": f"Bearer {token}"}
    setting: dict[str, str | float | None] = {"start": None}
    if by is not None:
        shown = (await client.get(address, headers=headers)).raise_for_status().json()
        setting = {
            "start": (datetime.fromisoformat(shown["now"]) + by).isoformat(),
            "speed": shown["speed"],
        }
    answer = await client.put(address, headers=headers, json=setting)
    return datetime.fromisoformat(answer.raise_for_status().json()["now"])
