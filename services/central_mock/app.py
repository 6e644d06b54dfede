"""The centre put together: its API behind the front, and the console beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI

from services.central_mock.centre import reconciliation, status
from services.central_mock.centre.records import routes as records
from services.central_mock.centre.records.imports import MAX_FILE
from services.central_mock.centre.records.service import RECORDS_ACCEPTED
from services.central_mock.centre.residents import routes as residents
from services.central_mock.centre.residents.domain import Residents
from services.central_mock.centre.secrets import CentreSecrets
from services.central_mock.centre.uniqueness import routes as uniqueness
from services.central_mock.centre.uniqueness.schemas import UniquenessPolicy
from services.central_mock.centre.uniqueness.service import RESULTS_DECIDED
from services.central_mock.centre.uniqueness.worker import PROMPT, check_forever
from services.central_mock.console import ConsoleVerifier
from services.central_mock.faults import routes as faults
from services.central_mock.faults.banner import FaultBanner
from services.central_mock.faults.front import Front
from services.central_mock.faults.meaning.aftermath import do_forever
from services.central_mock.faults.meaning.repository import RECORDS_FORGOTTEN
from services.central_mock.faults.meaning.skew import SkewedClock
from services.central_mock.faults.rules import replays
from services.central_mock.faults.rules import routes as rules
from services.central_mock.faults.rules.service import RuleBook
from services.central_mock.faults.scenarios import routes as scenarios
from services.central_mock.journal import routes as journal
from services.central_mock.journal.figures import CentreFigures, watch
from services.central_mock.journal.journal import Journal
from services.central_mock.journal.keeper import JournalKeeper
from services.central_mock.journal.notes import RuleNotes
from services.central_mock.links import CONSOLE_LINKS, LINKS
from services.central_mock.orders import find_order
from services.central_mock.runtime import CentreRuntime
from services.central_mock.settings import CentreSettings
from shared.clock import SystemClock
from shared.database import Database, DatabaseUnavailable, open_database
from shared.health import Health
from shared.lifecycle import BackgroundTasks
from shared.metrics import Metrics
from shared.runtime import Runtime
from shared.sample import load_offices
from shared.settings import Profile
from shared.web import NO_LINKS, build_app

MAX_BELIEF = 128 * 1024 * 1024
"""Bytes of what a client may say to `verify`: a million records."""

log = structlog.get_logger()

DATABASE_CHECKED_EVERY = 5.0


def build_runtime(settings: CentreSettings) -> CentreRuntime:
    """Open what the centre needs. Raises FileNotFoundError when set-up has not made the keys."""
    clock = SystemClock()
    if settings.clock_speed != 1:
        clock.set(clock.now(), settings.clock_speed)
    database = open_database(settings.database_url)
    offices = load_offices(settings.offices_file)
    requests = Journal()
    keeper = JournalKeeper(requests, database, clock, most=settings.journal_rows)
    front = Front(clock, requests)
    centre = CentreRuntime(
        settings=settings,
        clock=clock,
        database=database,
        verifier=ConsoleVerifier.with_own(settings.keys, settings.control_token),
        health=Health(clock),
        metrics=Metrics("central_mock"),
        secrets=CentreSecrets.from_directory(settings.keys),
        journal=requests,
        keeper=keeper,
        figures=CentreFigures(requests, keeper),
        front=front,
        rules=RuleBook(front, clock, database),
        residents=Residents(office.code for office in offices),
        zones={office.code: office.time_zone for office in offices},
        policy=UniquenessPolicy(delay_seconds=settings.uniqueness_delay),
    )
    database.on_commit(lambda info: _wake(centre, info))
    _tell_journal_and_figures(centre)
    return centre


def _tell_journal_and_figures(centre: CentreRuntime) -> None:
    notes = RuleNotes(centre.journal, centre.clock.now, centre.rules.rules)
    centre.rules.on_change(notes.changed)
    centre.rules.on_fire(lambda live, _subject, _fired: notes.fired(live.rule.name))
    centre.figures.rules_on = lambda: len(centre.rules.rules())
    centre.figures.connections_open = lambda: len(centre.front.connections)
    centre.metrics.registry.register(centre.figures)


def _wake(centre: CentreRuntime, info: dict[Any, Any]) -> None:
    centre.figures.applied += RECORDS_ACCEPTED in info
    centre.figures.forgotten += info.get(RECORDS_FORGOTTEN, 0)
    if RESULTS_DECIDED in info:
        centre.results.ring()
    if RECORDS_ACCEPTED in info and centre.policy.delay_seconds < PROMPT:
        centre.check_due.ring()


def create_app(settings: CentreSettings, runtime: CentreRuntime | None = None) -> FastAPI:
    """The centre's API; its lifespan runs the uniqueness check."""
    centre = runtime or build_runtime(settings)

    @asynccontextmanager
    async def lifespan(_runtime: Runtime) -> AsyncIterator[None]:
        tasks = BackgroundTasks(centre.health, centre.metrics)
        await _start(centre, tasks)
        try:
            yield
        finally:
            centre.results.close()
            await tasks.stop()
            await centre.keeper.stop()

    app = build_app(
        title="The centre",
        description="Plays Kemendagri's central server: takes records, checks uniqueness, tells results.",
        runtime=centre,
        lifespan=lifespan,
        max_body=MAX_FILE,
        clock_control=False,
        routers=[
            records.router,
            uniqueness.router,
            residents.router,
            reconciliation.router,
            status.router,
        ],
        links=LINKS,
    )
    app.add_middleware(SkewedClock)
    return app


async def _start(centre: CentreRuntime, tasks: BackgroundTasks) -> None:
    await centre.keeper.load()
    order = await centre.database.read(lambda session: find_order(session, faults.POLICY_ORDER))
    if order is not None:
        centre.policy = UniquenessPolicy.model_validate(order.value)
    if centre.settings.profile is Profile.DEMO:
        await centre.rules.restore()
        await centre.scenarios.restore()
    centre.health.set("database", "UP", needed=True)
    tasks.start("uniqueness_check", lambda: check_forever(centre))
    tasks.start("journal_keeper", centre.keeper.run)
    tasks.start("figures", lambda: watch(centre.figures, centre.database))
    tasks.start("fault_expiry", centre.rules.run)
    tasks.start("scenarios", centre.scenarios.play)
    tasks.start("fault_aftermath", lambda: do_forever(centre))
    tasks.start("database_check", lambda: _check_database(centre.database, centre.health))


async def _check_database(database: Database, health: Health) -> None:
    while True:
        try:
            await database.read(lambda session: session.connection())
            health.set("database", "UP", needed=True)
        except DatabaseUnavailable:
            health.set("database", "DOWN", needed=True)
        await asyncio.sleep(DATABASE_CHECKED_EVERY)


def create_control_app(centre: CentreRuntime) -> FastAPI:
    """Health for the supervisor; outside production the console too. Run it without its lifespan."""

    @asynccontextmanager
    async def nothing(_runtime: Runtime) -> AsyncIterator[None]:
        yield

    demo = centre.settings.profile is Profile.DEMO
    if not demo:
        log.warning("console.refused", profile=centre.settings.profile)
    app = build_app(
        title="The centre's console",
        description="Makes the centre fail on command and tells what it cost. Never in production.",
        runtime=centre,
        lifespan=nothing,
        max_body=MAX_BELIEF,
        links=CONSOLE_LINKS if demo else NO_LINKS,
        routers=[faults.router, rules.router, replays.router, scenarios.router, journal.router]
        if demo
        else [],
    )
    app.add_middleware(FaultBanner, front=centre.front)
    return app
