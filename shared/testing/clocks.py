"""Turning the clock of a running process through its own door; tokens live in real time whatever it shows."""

from datetime import datetime, timedelta

import httpx


async def turn_clock(client: httpx.AsyncClient, url: str, token: str, by: timedelta | None) -> datetime:
    """Let it jump from what it shows, in either direction; None puts it back to real time. What it shows then.

    Raises httpx.HTTPError. The jump lasts over restarts, for a process keeps its clock's setting in its home.
    """
    address, headers = f"{url}/control/v1/clock", {"Authorization": f"Bearer {token}"}
    start = None
    if by is not None:
        shown = (await client.get(address, headers=headers)).raise_for_status().json()["now"]
        start = (datetime.fromisoformat(shown) + by).isoformat()
    answer = await client.put(address, headers=headers, json={"start": start})
    return datetime.fromisoformat(answer.raise_for_status().json()["now"])
