"""enrolment_api, put together: what it holds, what runs beside the requests, which routes it has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from services.enrolment_api.access.routes import router as access_router
from services.enrolment_api.access.sign_in import SignIn
from services.enrolment_api.database_watch import check_database, watch_database
from services.enrolment_api.days.routes import router as days_router
from services.enrolment_api.delivery.routes import router as deliveries_router
from services.enrolment_api.delivery.tasks import CentralTasks
from services.enrolment_api.handlers import all_handlers
from services.enrolment_api.link.routes import router as link_router
from services.enrolment_api.links import LINKS
from services.enrolment_api.offices.service import load_unknown
from services.enrolment_api.receipts.routes import router as receipts_router
from services.enrolment_api.reconciliation.domain import Policy
from services.enrolment_api.reconciliation.routes import router as reconciliations_router
from services.enrolment_api.reconciliation.tasks import Reconciler
from services.enrolment_api.recording.capture_routes import router as capture_router
from services.enrolment_api.recording.intake import MOST_BYTES
from services.enrolment_api.recording.routes import complete_recording
from services.enrolment_api.recording.routes import router as recording_router
from services.enrolment_api.recording.vault import Vault
from services.enrolment_api.runtime import EnrolmentRuntime
from services.enrolment_api.settings import EnrolmentSettings
from shared.clock import SystemClock
from shared.columns import ColumnCipher
from shared.database import open_database
from shared.health import Health
from shared.lifecycle import BackgroundTasks
from shared.messaging import topology
from shared.messaging.messaging import Messaging
from shared.metrics import Metrics
from shared.packets import Sealer
from shared.runtime import Runtime
from shared.sample import load_offices
from shared.security import TokenVerifier
from shared.web import build_app

SERVICE = "enrolment_api"
ROUTERS = [  # looked through in this order for each request
    recording_router,
    capture_router,
    access_router,
    receipts_router,
    days_router,
    link_router,
    deliveries_router,
    reconciliations_router,
]


def create_app(settings: EnrolmentSettings) -> FastAPI:
    """The service; its database must have been migrated, nothing else needs to be up."""
    runtime = _runtime(settings)
    central = CentralTasks(runtime, central_url=settings.centre)
    reconciler = Reconciler(
        runtime,
        centre=central.centre,
        forwarder=central.forwarder,
        policy=Policy(
            every=settings.reconciliation_interval,
            days=settings.reconciliation_days,
            grace=settings.reconciliation_grace,
        ),
    )
    app = build_app(
        title="enrolment_api",
        description="Records citizens at an office and forwards to the centre; the office never waits for it.",
        runtime=runtime,
        lifespan=partial(_lifespan, central=central, reconciler=reconciler),
        routers=ROUTERS,
        max_body=2 * MOST_BYTES,
        express=[complete_recording],
        links=LINKS,
    )
    app.state.forwarder = central.forwarder
    return app


def _runtime(settings: EnrolmentSettings) -> EnrolmentRuntime:
    clock = SystemClock()
    if settings.clock_speed != 1:
        clock.set(clock.now(), settings.clock_speed)
    return EnrolmentRuntime(
        settings=settings,
        clock=clock,
        database=open_database(settings.database),
        verifier=TokenVerifier.from_directory(settings.keys),
        health=Health(clock),
        metrics=Metrics(SERVICE),
        vault=Vault(ColumnCipher.from_directory(settings.keys), Sealer.from_directory(settings.keys)),
        sign_in=SignIn.from_directory(settings.keys),
    )


@asynccontextmanager
async def _lifespan(
    runtime: Runtime, *, central: CentralTasks, reconciler: Reconciler
) -> AsyncIterator[None]:
    offices = load_offices(runtime.settings.offices_file)
    await runtime.database.write(lambda session: load_unknown(session, offices))
    await check_database(runtime)
    tasks = BackgroundTasks(runtime.health, runtime.metrics)
    messaging = Messaging(
        service=SERVICE, runtime=runtime, subscription=topology.ENROLMENT_API, handlers=all_handlers()
    )
    try:
        tasks.start("database-watch", lambda: watch_database(runtime))
        messaging.start(tasks)
        await central.start(tasks)
        tasks.start("reconciliation", reconciler.run)
        yield
    finally:
        await tasks.stop()
        await central.close()
