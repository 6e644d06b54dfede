"""Every record reaches the centre once in effect, whatever the centre does with the requests."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.enrolment_api.delivery import centre as centre_module
from services.enrolment_api.delivery.ramp import MOST
from shared.contracts.enrolment import LinkState
from shared.testing.waiting import eventually
from tests.enrolments import OFFICE
from tests.integration.enrolment_api.delivery.office import Office, running_office
from tests.integration.enrolment_api.delivery.scripted_centre import (
    Behaviour,
    ScriptedCentre,
    scripted_centre,
)

SPEED = 30.0
Running = Callable[[], AbstractAsyncContextManager[Office]]


@pytest.fixture
async def centre(keys: Path) -> AsyncIterator[ScriptedCentre]:
    async with scripted_centre(keys) as scripted:
        yield scripted


@pytest.fixture
def office(database_url: str, centre: ScriptedCentre, keys: Path, tmp_path: Path) -> Running:
    return lambda: running_office(
        database_url=database_url, central_url=centre.url, keys=keys, home=tmp_path, speed=SPEED
    )


async def test_records_arrive_once_oldest_first_and_the_backlog_empties(
    office: Running, centre: ScriptedCentre
) -> None:
    async with office() as running:
        ids = await running.record(40)
        await eventually(running.all_acknowledged, within=20)
        assert sorted(centre.order) == sorted(ids)
        assert centre.order[0] == ids[0]
        assert set(centre.applied.values()) == {1}
        assert await running.backlog() == 0
        assert len(await running.events("enrolment.record.sent.v1")) == 40


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.HANG,
        Behaviour.RESET,
        Behaviour.TAKE_AND_RESET,
        Behaviour.TAKE_AND_HANG,
        Behaviour.BUSY,
        Behaviour.BROKEN,
        Behaviour.PORTAL,
        Behaviour.REDIRECT,
        Behaviour.TRUNCATED,
        Behaviour.FORGED,
        Behaviour.OTHER_RECORD,
        Behaviour.DRIP,
    ],
)
async def test_an_outage_costs_no_record_no_attempt_and_no_second_copy(
    office: Running, centre: ScriptedCentre, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(centre_module, "DEADLINE", 0.5)
    async with office() as running:
        centre.behaviour = lambda path: (
            behaviour if "/records" in path or "/health" in path else Behaviour.WELL
        )
        ids = await running.record(20)
        await eventually(lambda: is_out(running), within=30, saying="the outage is noticed")
        assert await running.attempts() == 0
        centre.behaviour = Behaviour.WELL
        await eventually(running.all_acknowledged, within=30)
        await eventually(lambda: is_online(running), within=10)
        assert sorted(centre.held) == sorted(ids)
        assert set(centre.applied.values()) == {1}
        assert await running.attempts() == 0
        assert await running.backlog() == 0


async def is_out(running: Office) -> bool:
    return await running.link() in {LinkState.OFFLINE, LinkState.PROBING}


async def is_online(running: Office) -> bool:
    return await running.link() is LinkState.ONLINE


async def test_a_centre_that_refuses_opens_one_outage_and_its_return_closes_the_same(
    office: Running, centre: ScriptedCentre
) -> None:
    async with office() as running:
        await running.record(3)
        await eventually(running.all_acknowledged, within=20)
        await centre.down()
        await eventually(lambda: is_out(running), within=20, saying="idle, and still noticed")
        await running.record(5)
        await centre.up()
        await eventually(running.all_acknowledged, within=20)
        await eventually(lambda: is_online(running), within=10)
        changes = await running.events("enrolment.central_link.changed.v1")
        ours = [event["data"] for event in changes if event["office"] == OFFICE]
        outages = {each["outage_id"] for each in ours if each["outage_id"]}  # type: ignore[index]
        closed = [each for each in ours if each["outage_until"]]  # type: ignore[index]
        assert len(outages) == 1
        assert len(closed) == 1
        assert closed[0]["state"] == "ONLINE"  # type: ignore[index]
        assert [each["hop"] for each in ours if each["state"] == "OFFLINE"] == ["CENTRE"]  # type: ignore[index]


@pytest.mark.parametrize("out", [True, False], ids=["out", "idle"])
async def test_a_clock_that_is_set_back_keeps_the_centre_waiting_no_longer(
    office: Running, centre: ScriptedCentre, out: bool
) -> None:
    """A computer without a battery is hours ahead until somebody tells it the time; chaos seed 1024."""
    async with office() as running:
        await eventually(lambda: is_online(running), within=20)
        if out:
            await centre.down()
            await eventually(lambda: is_out(running), within=20)
        clock = running.runtime.clock
        clock.set(clock.now() - timedelta(hours=7), SPEED)
        if out:
            await centre.up()
        else:
            await centre.down()
        await eventually(lambda: is_online(running) if out else is_out(running), within=20)


async def test_a_lost_answer_is_settled_by_asking_and_never_sent_again(
    office: Running, centre: ScriptedCentre
) -> None:
    async with office() as running:
        await eventually(lambda: is_online(running))
        lost = iter([Behaviour.TAKE_AND_RESET])
        centre.behaviour = lambda path: (
            next(lost, Behaviour.WELL) if path == "/central/v1/records" else Behaviour.WELL
        )
        await running.record(1)
        await eventually(running.all_acknowledged, within=20)
        assert centre.posts == 1
        assert centre.asks >= 1


async def test_a_rejected_record_is_quarantined_alone_and_can_be_released(
    office: Running, centre: ScriptedCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.enrolment_api.delivery.domain.FIRST_DELAY", 0.1)
    async with office() as running:
        centre.behaviour = lambda path: Behaviour.REJECT if path == "/central/v1/records" else Behaviour.WELL
        await running.record(1)
        await eventually(lambda: only_state(running, "QUARANTINED"), within=60)
        assert await running.link() is LinkState.ONLINE
        assert len(await running.events("enrolment.delivery.quarantined.v1")) == 1
        centre.behaviour = Behaviour.WELL
        await running.record(2)
        await eventually(lambda: two_acknowledged(running), within=20)


async def test_a_delivery_whose_record_is_gone_stops_nobody_else(
    office: Running, centre: ScriptedCentre
) -> None:
    async with office() as running:
        await centre.down()
        lost, *others = await running.record(3)
        await running.database.write(
            lambda session: session.connection().execute(
                sa.text("DELETE FROM enrolment WHERE id = :lost"), {"lost": lost}
            )
        )
        await centre.up()
        await eventually(lambda: two_acknowledged(running), within=30)
        assert sorted(centre.held) == sorted(others)
        assert (await running.states())["QUARANTINED"] == 1


async def only_state(running: Office, state: str) -> bool:
    return set(await running.states()) == {state}


async def two_acknowledged(running: Office) -> bool:
    return (await running.states()).get("ACKNOWLEDGED") == 2


async def test_while_the_link_is_half_open_one_request_at_a_time_goes_out(
    office: Running, centre: ScriptedCentre
) -> None:
    async with office() as running:
        await centre.down()
        await running.record(60)
        await eventually(lambda: is_out(running), within=20)
        centre.most_at_once = 0
        seen: list[int] = []

        def watch(path: str) -> Behaviour:
            if path == "/central/v1/records":
                seen.append(centre.at_once)
            return Behaviour.WELL

        centre.behaviour = watch
        await centre.up()
        await eventually(running.all_acknowledged, within=20)
        assert seen[0] == 1
        assert max(seen[:2]) <= 2
        assert max(seen) <= MOST + 1  # the results' poll may be on the line too


async def test_retry_after_is_obeyed(office: Running, centre: ScriptedCentre) -> None:
    async with office() as running:
        centre.behaviour, centre.retry_after = Behaviour.BUSY, "60"
        await running.record(5)
        await eventually(lambda: centre.posts > 0, within=20)
        first = centre.posts + centre.probes
        await running.runtime.clock.sleep(30)
        assert centre.posts + centre.probes <= first + 1  # one may have been on its way
        centre.behaviour = Behaviour.WELL
        await eventually(running.all_acknowledged, within=60)


async def test_what_was_in_flight_when_the_process_died_is_asked_for_first(
    database_url: str, office: Running, centre: ScriptedCentre
) -> None:
    async with office() as running:
        centre.behaviour = lambda path: (
            Behaviour.TAKE_AND_HANG if path == "/central/v1/records" else Behaviour.WELL
        )
        await running.record(1)
        await eventually(lambda: len(centre.held) == 1, within=20)
        # what kill -9 leaves: the task is gone without a word, the row says IN_FLIGHT
    centre.behaviour = Behaviour.WELL
    posts = centre.posts
    async with office() as running:
        if database_url.startswith("postgresql"):
            await running.database.write(
                lambda session: session.connection().exec_driver_sql(
                    "UPDATE delivery SET next_attempt_at = captured_at WHERE state = 'IN_FLIGHT'"
                )
            )
        await eventually(running.all_acknowledged, within=20)
        assert centre.posts == posts
        assert centre.applied.total() == 1
