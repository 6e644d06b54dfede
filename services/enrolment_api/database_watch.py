"""Telling readiness whether the database takes anything: the one dependency this service cannot do without."""

from sqlmodel import Session, text

from shared.database import DatabaseUnavailable
from shared.runtime import Runtime

EVERY_SECONDS = 5.0
COMPONENT = "database"
PROBE = text("SELECT 1")


async def watch_database(runtime: Runtime) -> None:
    """Look again and again for the life of the service."""
    while True:
        await check_database(runtime)
        await runtime.clock.sleep(EVERY_SECONDS)


async def check_database(runtime: Runtime) -> None:
    """Note what the database answers now."""
    try:
        await runtime.database.read(_probe)
    except DatabaseUnavailable as error:
        runtime.health.set(COMPONENT, "DOWN", needed=True, detail=str(error))
    else:
        runtime.health.set(COMPONENT, "UP", needed=True)


def _probe(session: Session) -> None:
    session.connection().execute(PROBE)
