"""A process that writes without end and says each number after its write was answered; a test kills it."""

import asyncio
import itertools
import os
import sys

from shared.database import Database, open_database
from tests.integration.shared.notes import note


async def write_on(database: Database, numbers: "itertools.count[int]") -> None:
    for number in numbers:
        await database.write(note(number, "x" * 200))
        os.write(1, f"{number}\n".encode())


async def main(url: str, first: int) -> None:
    database = open_database(url)
    numbers = itertools.count(first)
    async with asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(write_on(database, numbers))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
