"""Plays one day in one mode against the running trio and hands back what the clients saw.

Whatever happens, also on Ctrl-C, the centre is brought back and all clocks show real time again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

from services.ektp.replay import settlement
from services.ektp.replay.actors import (
    Office,
    display,
    engineer,
    kiosk,
    look_at_waiting,
    supervisor,
    take_centre_away,
)
from services.ektp.replay.client import Caller, Refused, ReplayError, Service, TrioClient
from services.ektp.replay.counter import Counter, Sheet
from services.ektp.replay.governor import Governor
from services.ektp.replay.history import History
from services.ektp.replay.pace import DayClock
from services.ektp.replay.people import citizens
from services.ektp.replay.play import Play
from services.ektp.replay.scenario import Scenario
from services.ektp.replay.setting import as_found, as_in_the_report
from services.ektp.replay.trio import Centre, Hall, Recording, Staff
from services.ektp.running import RunningTrio
from shared.clock import SystemClock

BEFORE_KIOSK = timedelta(minutes=5)
WEEK = timedelta(days=7)
WEEKS_TRIED = 52
TOKEN_HOURS = 2.0
# Cleaning up must not hang on a trio that is gone (real seconds).
CLEAN_UP_WITHIN = 5.0

Watcher = Callable[[Office], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """The trio as one replay uses it; `transport` is for tests that need no sockets."""

    trio: RunningTrio
    transport: httpx.AsyncBaseTransport | None = None

    def staff(self, office: str) -> Staff:
        """Everybody's token."""

        def caller(role: str) -> Caller:
            token = self.trio.token([role], [office], subject=f"replay-{role}", hours=TOKEN_HOURS)
            return Caller(role, token)

        return Staff(*(caller(role) for role in ("kiosk", "officer", "supervisor", "ops")))

    def http(self) -> httpx.AsyncClient:
        """One client for everybody, on aiohttp's transport, which keeps its speed with many tasks."""
        return httpx.AsyncClient(transport=self.transport or AiohttpTransport(), trust_env=False)


async def play(stage: Stage, what: Play, watch: Watcher | None = None) -> History:
    """Play the day; `watch` is called a few times a second. Raises ReplayError."""
    real = SystemClock()
    began = real.now()
    async with stage.http() as http:
        office, client = _open_office(stage, what, http)
        try:
            await _prepare(office, what)
            await _live_through(office, what, watch)
        finally:
            await _clean_up(office, client)
    office.history.repeated_requests = client.repeated
    office.history.real_seconds = (real.now() - began).total_seconds()
    return office.history


async def free_day(stage: Stage, scenario: Scenario, wanted: date) -> date:
    """`wanted`, or the next same weekday on which this trio has given out no number yet."""
    async with stage.http() as http:
        client = _client(stage, http, _nothing)
        hall = Hall(client, stage.staff(scenario.office), scenario.office)
        try:
            for week in range(WEEKS_TRIED):
                day = wanted + WEEK * week
                if not await _taken(hall, day):
                    return day
        finally:
            await client.close()
    raise ReplayError(
        f"every {wanted:%A} for a year after {wanted} is taken; start a trio with a new EKTP_HOME"
    )


async def _taken(hall: Hall, day: date) -> bool:
    try:
        account = await hall.day(day)
    except Refused as refused:
        if refused.status == httpx.codes.NOT_FOUND:
            return False
        raise
    return bool(account.get("closed_at") or account.get("issued") or account.get("served"))


async def _nothing(_service: Service) -> None:
    return None


def _client(
    stage: Stage, http: httpx.AsyncClient, returned: Callable[[Service], Coroutine[Any, Any, None]]
) -> TrioClient:
    return TrioClient(http, {service: stage.trio.urls[service.value] for service in Service}, returned)


def _open_office(stage: Stage, what: Play, http: httpx.AsyncClient) -> tuple[Office, TrioClient]:
    scenario, staff = what.scenario, stage.staff(what.scenario.office)

    async def returned(service: Service) -> None:
        await clock.correct(service)
        if service is Service.CONTROL:
            # a task, because its request passes the gate that opens when this returns
            errands.add(asyncio.create_task(take_centre_away(away), name="centre away again"))

    errands: set[asyncio.Task[None]] = set()
    client = _client(stage, http, returned)
    clock = DayClock(client, staff.ops)
    office = Office(
        scenario=scenario,
        day=what.day,
        seed=what.seed,
        clock=clock,
        hall=Hall(client, staff, scenario.office),
        recording=Recording(client, staff, scenario.office),
        centre=Centre(client, staff),
        away=lambda: client.waits,
        people=citizens(scenario, what.day, what.seed),
        history=History(
            scenario=scenario.name,
            day=what.day,
            record_offline=what.record_offline,
            seed=what.seed,
            outage_began=scenario.at(what.day, scenario.outage.starts),
            outage_ended=scenario.at(what.day, scenario.outage.ends),
        ),
    )
    away = office
    return office, client


async def _prepare(office: Office, what: Play) -> None:
    """The day's clock first, so that the office's configuration is already of that day."""
    scenario = office.scenario
    start = scenario.at(office.day, scenario.office_day.kiosk_opens) - BEFORE_KIOSK
    await office.clock.begin(start, what.speed)
    office.found_as = await office.hall.office()
    await office.hall.configure(as_in_the_report(office.found_as, what))


async def _live_through(office: Office, what: Play, watch: Watcher | None) -> None:
    """Everybody at once; the first error ends the day for all and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as background:
            watchers = [background.create_task(each) for each in _watchers(office, what, watch)]
            async with asyncio.TaskGroup() as day:
                for part in (kiosk(office), engineer(office), _office_hours(office)):
                    day.create_task(part)
            await settlement.settle(office)
            for watcher in watchers:
                watcher.cancel()
    except BaseExceptionGroup as several:
        raise _first(several) from None


def _watchers(office: Office, what: Play, watch: Watcher | None) -> list[Coroutine[Any, Any, None]]:
    governor = Governor(office.clock, what.speed, office.outage_begins, office.outage_ends, office.away)
    return [display(office), governor.run(), *([_watch(office, watch)] if watch else [])]


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _office_hours(office: Office) -> None:
    sheets: dict[str, Sheet] = {}
    async with asyncio.TaskGroup() as hours:
        for number in range(1, office.scenario.office_day.counters + 1):
            hours.create_task(Counter(office, number, sheets).work())
        hours.create_task(look_at_waiting(office))
    await supervisor(office)


async def _watch(office: Office, watch: Watcher) -> None:
    real = SystemClock()
    while True:
        watch(office)
        await real.sleep(0.2)


async def _clean_up(office: Office, client: TrioClient) -> None:
    office.outage_on = False
    with suppress(ReplayError, httpx.TransportError, TimeoutError):
        async with asyncio.timeout(CLEAN_UP_WITHIN):
            await office.centre.online()
            if office.found_as:
                await office.hall.configure(as_found(office.found_as))
    with suppress(TimeoutError):
        async with asyncio.timeout(CLEAN_UP_WITHIN):
            await office.clock.reset()
    await client.close()
