"""call-next at sixteen counters beside an empty handler.

A counter must finish its ticket before it calls again, so the sixteen counters move on to another office with
sixteen people in its line after each call: what is measured is call-next alone.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlmodel import Session

from services.ektp.bench.figures import Figure
from services.ektp.bench.load import Load, run_load
from services.ektp.bench.run import Run
from services.ektp.bench.stage import EMPTY, Stage
from services.queue_api.offices.service import load_missing_offices
from services.queue_api.tickets.joining import join_line
from shared.contracts.offices import Counter, Office, OfficeKind, ServiceType
from shared.database import open_database

COUNTERS = 16
OFFICES = 70
"""For each round; times sixteen is the number of calls."""


def measure(run: Run) -> list[Figure]:
    """Rounds of: empty handler, call-next."""
    each = run.scaled(OFFICES)
    offices = [_office(number) for number in range(each * (run.rounds + 1))]
    file = run.home / "offices.json"
    file.write_text(json.dumps([office.model_dump(mode="json") for office in offices]))
    empty: list[Load] = []
    calls: list[Load] = []
    with run.stage("call-next", OFFICES_FILE=str(file)) as stage:
        stage.migrate("queue_api")
        asyncio.run(_fill(stage.database("queue_api"), offices))
        stage.start("queue_api")
        stage.start_empty()
        for block in range(run.rounds + 1):
            codes = [office.code for office in offices[block * each : (block + 1) * each]]
            empty.append(_empty(stage, codes))
            calls.append(_call(stage, codes))
    return [
        Figure(
            "call-next, 16 counters",
            "empty handler",
            "requests/s",
            [load.rate for load in calls[1:]],  # the first warmed up
            [load.rate for load in empty[1:]],
            0.25,
        )
    ]


def _office(number: int) -> Office:
    counters = [Counter(name=str(name), services=[ServiceType.ENROLMENT]) for name in range(1, COUNTERS + 1)]
    return Office(
        code=f"33.{10 + number // 90:02d}.{10 + number % 90:02d}",
        name=f"Kecamatan {number}",
        kind=OfficeKind.KECAMATAN,
        time_zone="Asia/Jakarta",
        services=[ServiceType.ENROLMENT],
        counters=counters,
        hours=[],
    )


async def _fill(url: str, offices: list[Office]) -> None:
    """As many people in each line as there are counters."""
    database = open_database(url)
    now = datetime.now(UTC)
    try:
        await database.write(lambda session: load_missing_offices(session, offices=offices, now=now))
        for office in offices:
            await database.write(partial(_queue_up, office=office, now=now))
    finally:
        await database.close()


def _queue_up(session: Session, *, office: Office, now: datetime) -> None:
    for number in range(COUNTERS):
        at = now + timedelta(seconds=number)
        join_line(session, office=office, service=ServiceType.ENROLMENT, arrived_at=at, now=at)


def _call(stage: Stage, codes: list[str]) -> Load:
    paths = [
        [f"/v1/offices/{code}/counters/{counter}/call-next" for code in codes]
        for counter in range(1, COUNTERS + 1)
    ]
    return run_load(stage.directory, stage.url("queue_api"), paths, stage.token("officer", "ops"))


def _empty(stage: Stage, codes: list[str]) -> Load:
    paths = [[f"/v1/nothing/{code}/complete" for code in codes]] * COUNTERS
    return run_load(stage.directory, stage.url(EMPTY), paths, stage.token("officer", "ops"))
