"""queue_api put together: settings in, app out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, text

from services.queue_api.board.hub import Hub
from services.queue_api.board.routes import router as board_router
from services.queue_api.days.routes import router as days_router
from services.queue_api.handlers import handlers
from services.queue_api.links import LINKS
from services.queue_api.offices.routes import router as offices_router
from services.queue_api.offices.service import load_missing_offices
from services.queue_api.outages.routes import router as outages_router
from services.queue_api.runtime import QueueRuntime
from services.queue_api.settings import QueueSettings
from services.queue_api.tickets.routes import call as call_to_counter
from services.queue_api.tickets.routes import router as tickets_router
from services.queue_api.tickets.statements import VoucherSigner
from shared.clock import SystemClock
from shared.columns import ColumnCipher
from shared.database import DatabaseUnavailable, connection_of, open_database
from shared.health import Health
from shared.lifecycle import BackgroundTasks
from shared.messaging.messaging import Messaging
from shared.messaging.topology import QUEUE_API
from shared.metrics import Metrics
from shared.runtime import Runtime
from shared.sample import load_offices
from shared.security import TokenVerifier
from shared.web import build_app

log = structlog.get_logger()
DATABASE_CHECK_SECONDS = 5.0


def create_app(settings: QueueSettings) -> FastAPI:
    """The service as an ASGI app; its lifespan runs the relay, the consumer and the streams."""
    runtime = _runtime(settings)
    messaging = Messaging(service="queue_api", runtime=runtime, subscription=QUEUE_API, handlers=handlers())

    @asynccontextmanager
    async def lifespan(_: Runtime) -> AsyncIterator[None]:
        await _load_offices(runtime)
        tasks = BackgroundTasks(runtime.health, runtime.metrics)
        tasks.start("database-check", lambda: _check_database(runtime))
        tasks.start("streams", runtime.hub.run)
        messaging.start(tasks)
        try:
            yield
        finally:
            runtime.hub.close()
            await tasks.stop()

    return build_app(
        title="queue_api",
        description="The line of an office: numbers, calls, outages and the day.",
        runtime=runtime,
        lifespan=lifespan,
        routers=[offices_router, board_router, tickets_router, outages_router, days_router],
        express=[call_to_counter],
        links=LINKS,
    )


def _runtime(settings: QueueSettings) -> QueueRuntime:
    clock = SystemClock()
    if settings.clock_speed != 1:
        clock.set(clock.now(), settings.clock_speed)
    database = open_database(settings.database_url)
    health = Health(clock)
    health.set("database", "UP", needed=True)
    return QueueRuntime(
        settings=settings,
        clock=clock,
        database=database,
        verifier=TokenVerifier.from_directory(settings.keys),
        health=health,
        metrics=Metrics("queue_api"),
        cipher=ColumnCipher.from_directory(settings.keys),
        hub=Hub(database, clock.now),
        vouchers=VoucherSigner.from_directory(settings.keys),
    )


async def _load_offices(runtime: QueueRuntime) -> None:
    offices = load_offices(runtime.settings.offices_file)
    now = runtime.clock.now()

    def load(session: Session) -> list[str]:
        return load_missing_offices(session, offices=offices, now=now)

    try:
        loaded = await runtime.database.write(load)
    except IntegrityError:  # another replica started at the same moment: what it loaded is known now
        loaded = await runtime.database.write(load)
    if loaded:
        log.info("offices.loaded", offices=loaded)


async def _check_database(runtime: QueueRuntime) -> None:
    def look(session: Session) -> None:
        connection_of(session).execute(text("SELECT 1"))

    while True:
        try:
            await runtime.database.read(look)
            runtime.health.set("database", "UP", needed=True)
        except DatabaseUnavailable as error:
            runtime.health.set("database", "DOWN", needed=True, detail=str(error)[:200])
        await asyncio.sleep(DATABASE_CHECK_SECONDS)
