"""Clients are answered when the work is done, and a moment later it is on disk."""

import asyncio
from typing import Any

from shared.database import sqlite

WINDOW = 0.3


async def _run_group(self: Any, connection: Any, jobs: list[sqlite.Job]) -> None:
    group = sqlite.Group(connection)
    while self._jobs and len(jobs) < sqlite.GROUP_LIMIT and not group.began_again:
        job = self._jobs.popleft()
        jobs.append(job)
        group.run(job)
    for job in jobs:
        job.answer()
    await asyncio.sleep(WINDOW)
    group.raw.execute("COMMIT")
    group.transaction.commit()


def plant() -> None:
    backend: Any = sqlite.SqliteBackend
    backend._run_group = _run_group
