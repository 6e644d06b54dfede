"""Resident memory: of each service at rest, and the most it takes while 100,000 rows wait and it works on them."""

import asyncio
import time

from services.ektp.bench.figures import Figure
from services.ektp.bench.pending import fill_centre, fill_outbox
from services.ektp.bench.records import pend_records
from services.ektp.bench.run import Run
from services.ektp.bench.stage import DATABASES, Stage
from shared.database import open_database
from shared.testing.broker import running_broker

ROWS = 100_000
IDLE_MEGABYTES, FULL_MEGABYTES = 130.0, 250.0
AT_REST = 3.0
AT_WORK = 15.0
"""Seconds after the start: at rest there is nothing to do, at work the relay and the forwarder go at the rows."""


def measure(run: Run) -> list[Figure]:
    """Each service once without and once with rows; the yardstick is the limit itself."""
    with run.stage("idle") as stage:
        stage.migrate(*DATABASES)
        processes = {service: stage.start(service) for service in DATABASES}
        time.sleep(AT_REST)
        idle = [
            _figure(f"{name}, idle", process.memory()[0], IDLE_MEGABYTES)
            for name, process in processes.items()
        ]
    return idle + _with_rows(run)


def _with_rows(run: Run) -> list[Figure]:
    rows = run.scaled(ROWS)
    with running_broker() as broker, run.stage("full", broker_url=broker.url) as stage:
        stage.migrate(*DATABASES)
        asyncio.run(_fill(stage, rows))
        processes = {service: stage.start(service) for service in DATABASES}
        time.sleep(AT_WORK * min(1.0, run.scale * 10))  # few rows are done sooner
        return [
            _figure(f"{name}, {rows:,} rows pending", process.memory()[1], FULL_MEGABYTES)
            for name, process in processes.items()
        ]


async def _fill(stage: Stage, rows: int) -> None:
    for service in DATABASES:
        database = open_database(stage.database(service))
        if service == "enrolment_api":
            await pend_records(database, stage.keys, rows)
        if service == "central_mock":
            await fill_centre(database, rows)
        else:
            await fill_outbox(database, service, rows)
        await database.close()


def _figure(name: str, megabytes: float, limit: float) -> Figure:
    return Figure(name, "limit", "MB", [megabytes], [limit], 1.0, at_most=True)
