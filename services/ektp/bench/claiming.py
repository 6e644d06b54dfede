"""Claiming work with 100,000 records pending beside claiming with 1,000."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlmodel import Session

from services.ektp.bench.figures import Figure
from services.ektp.bench.pending import pend
from services.ektp.bench.run import Run
from services.enrolment_api.delivery.repository import claim_due
from shared.database import Database, open_database
from shared.migrations import migrate

MANY, FEW = 100_000, 1_000
MOST = 50
CLAIMS = 40
"""In each round, of which the median counts."""


class Undo(Exception):
    """Raised to leave the work pending."""


def measure(run: Run) -> list[Figure]:
    """Rounds of: claim with few pending, claim with many pending."""
    return [asyncio.run(_measure(run, *_databases(run.home / "claim")))]


def _databases(directory: Path) -> tuple[str, str]:
    directory.mkdir()
    return f"sqlite:///{directory / 'few.db'}", f"sqlite:///{directory / 'many.db'}"


async def _measure(run: Run, few_url: str, many_url: str) -> Figure:
    few_rows, many_rows = run.scaled(FEW), run.scaled(MANY)
    few, many = await _open(few_url, few_rows), await _open(many_url, many_rows)
    try:
        pairs = [(await _claim(few), await _claim(many)) for _ in range(run.rounds + 1)][1:]
    finally:
        await few.close()
        await many.close()
    name = f"claiming {MOST} with {many_rows:,} pending"
    measured, yardstick = [pair[1] for pair in pairs], [pair[0] for pair in pairs]
    return Figure(name, f"with {few_rows:,} pending", "ms", measured, yardstick, 1.5, at_most=True)


async def _open(url: str, rows: int) -> Database:
    await asyncio.to_thread(migrate, "enrolment_api", url)
    database = open_database(url)
    await pend(database, rows)
    return database


async def _claim(database: Database) -> float:
    """Milliseconds that one claim takes; nothing stays claimed."""
    return median([await _claim_once(database) for _ in range(CLAIMS)])


async def _claim_once(database: Database) -> float:
    took = 0.0

    def work(session: Session) -> None:
        nonlocal took
        now = datetime.now(UTC)
        began = time.perf_counter()
        claim_due(session, now=now, lease_until=now + timedelta(minutes=3), most=MOST)
        took = (time.perf_counter() - began) * 1000
        raise Undo

    try:
        await database.write(work)
    except Undo:
        return took
    raise AssertionError("the work always undoes itself")
