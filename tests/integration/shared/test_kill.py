"""Recorded is recorded: whatever was answered before a kill -9 is there after it."""

import subprocess
import sys

import pytest

from shared.database import open_database
from tests.integration.shared.notes import numbers

WRITER = "tests.integration.shared.writer_process"


@pytest.mark.parametrize("rounds", [3])
async def test_every_answered_write_is_there_after_kill_9(database_url: str, rounds: int) -> None:
    answered: set[int] = set()
    for attempt in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-m", WRITER, database_url, str(attempt * 1_000_000)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        said = [int(next(lines)) for _ in range(100)]
        process.kill()
        said += [int(line) for line in lines if line.endswith(b"\n")]
        process.wait()
        process.stdout.close()
        answered |= set(said)
    database = open_database(database_url)
    stored = set(await database.read(numbers))
    await database.close()
    assert answered <= stored, f"lost: {sorted(answered - stored)[:10]}"
    assert len(stored - answered) <= rounds * 64, "only what was still unanswered may be there as well"
