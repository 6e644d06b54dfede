"""The load: so many clients at once, each walking through its own requests; a process of its own.

`python -m services.ektp.bench.load PLAN` prints what it saw as JSON. The clients are the same for what is measured
and for its yardstick.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import uvloop

from services.ektp.bench.figures import percentile
from services.ektp.errors import CommandFailed

LONGEST = 120.0


@dataclass
class Seen:
    """What all clients together saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Load:
    """Requests a second, and the seconds within which all but one in a hundred were answered."""

    rate: float
    p99: float


def run_load(
    directory: Path,
    base_url: str,
    paths: Sequence[Sequence[str]],
    headers: Mapping[str, str],
    *,
    status: int = 200,
    method: str = "POST",
    cores: Collection[int] = (),
) -> Load:
    """Send every client's paths in order and wait for the end. Raises CommandFailed on any other status.

    Only these cores are used, if any are named.
    """
    plan = directory / "load.json"
    plan.write_text(
        json.dumps(
            {
                "base_url": base_url,
                "paths": paths,
                "headers": dict(headers),
                "method": method,
                "cores": list(cores),
            }
        )
    )
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(plan)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise CommandFailed(f"The load ended early: {done.stderr.strip()[-300:]}")
    seen = json.loads(done.stdout)
    if set(seen["statuses"]) != {str(status)}:
        raise CommandFailed(f"{base_url}{paths[0][0]} answered {seen['statuses']} instead of {status}")
    return Load(rate=seen["rate"], p99=seen["p99"])


async def _client(session: aiohttp.ClientSession, method: str, paths: Sequence[str], seen: Seen) -> None:
    for path in paths:
        began = time.perf_counter()
        headers = {"Idempotency-Key": str(uuid.uuid4())} if method == "POST" else {}
        async with session.request(method, path, json={} if headers else None, headers=headers) as answer:
            await answer.read()
        seen.seconds.append(time.perf_counter() - began)
        seen.statuses[answer.status] += 1


async def _all(
    base_url: str, method: str, paths: Sequence[Sequence[str]], headers: Mapping[str, str]
) -> dict[str, object]:
    seen = Seen()
    limit = aiohttp.ClientTimeout(total=LONGEST)
    connector = aiohttp.TCPConnector(limit=len(paths))
    async with aiohttp.ClientSession(
        base_url, headers=headers, connector=connector, timeout=limit
    ) as session:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as clients:
            for own in paths:
                clients.create_task(_client(session, method, own, seen))
        took = time.perf_counter() - began
    return {
        "statuses": seen.statuses,
        "rate": len(seen.seconds) / took,
        "p99": percentile(seen.seconds, 0.99),
    }


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    if given["cores"]:
        os.sched_setaffinity(0, given["cores"])
    print(json.dumps(uvloop.run(_all(given["base_url"], given["method"], given["paths"], given["headers"]))))
