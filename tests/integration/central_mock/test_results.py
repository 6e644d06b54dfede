"""Decisions: what the check comes to, in which order they are told, and that a long poll wakes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre, running
from tests.integration.central_mock.office import Prepared

ONE, TWO, THREE = "3313075708990001", "3313071203980002", "3313074101990003"


async def results(centre: RunningCentre, **asked: Any) -> list[dict[str, Any]]:
    answer = await centre.api.get("/central/v1/results", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


async def decided(centre: RunningCentre, *records: Prepared) -> list[tuple[str, str]]:
    """(decision, reason) of each record, once all are decided for good."""

    async def all_of_them() -> list[tuple[str, str]]:
        last = {each["key"]: (each["decision"], each["reason"]) for each in await results(centre)}
        found = [last[record.key] for record in records if record.key in last]
        assert len(found) == len(records)
        return found

    return await eventually(all_of_them)


async def test_a_person_is_unique_once(any_centre: RunningCentre) -> None:
    await any_centre.decide_at_once()
    first, second = any_centre.office.prepare(nik=ONE), any_centre.office.prepare(nik=ONE, office="33.20")
    await any_centre.office.post(first)
    assert await decided(any_centre, first) == [("PRINT_READY_RECORD", "unique")]

    await any_centre.office.post(second)

    assert await decided(any_centre, second) == [("DUPLICATE_RECORD", f"duplicate of {first.key}")]


async def test_of_two_that_wait_together_the_earlier_is_the_unique_one(centre: RunningCentre) -> None:
    await centre.decide_at_once(paused=True)
    first, second = centre.office.prepare(nik=ONE), centre.office.prepare(nik=ONE)
    await centre.office.post(first)
    await centre.office.post(second)
    assert await results(centre) == []

    await centre.decide_at_once()

    decisions = await decided(centre, first, second)
    assert [decision for decision, _ in decisions] == ["PRINT_READY_RECORD", "DUPLICATE_RECORD"]


async def test_a_re_enrolment_replaces_the_record_it_names(centre: RunningCentre) -> None:
    await centre.decide_at_once()
    old = centre.office.prepare(nik=ONE)
    await centre.office.post(old)
    await decided(centre, old)
    new = centre.office.prepare(nik=ONE, kind="RE_ENROLMENT", supersedes=old.key)
    await centre.office.post(new)
    assert await decided(centre, new) == [("PRINT_READY_RECORD", "unique")]

    third = centre.office.prepare(nik=ONE, kind="RE_ENROLMENT", supersedes=old.key)
    await centre.office.post(third)

    assert await decided(centre, third) == [("DUPLICATE_RECORD", f"duplicate of {new.key}")]


async def test_what_an_expert_must_see_is_adjudicated_and_then_decided(centre: RunningCentre) -> None:
    seen, plain = centre.office.prepare(nik=ONE), centre.office.prepare(nik=TWO)
    await centre.decide_at_once(adjudicate_keys=[seen.key])

    await centre.office.post(seen)
    await centre.office.post(plain)

    async def both() -> list[str]:
        found = [each["decision"] for each in await results(centre) if each["key"] == seen.key]
        assert len(found) == 2
        return found

    assert await eventually(both) == ["ADJUDICATE_RECORD", "PRINT_READY_RECORD"]
    assert await decided(centre, plain) == [("PRINT_READY_RECORD", "unique")]


async def test_the_check_takes_its_time_by_the_clock(centre: RunningCentre) -> None:
    await centre.decide_at_once(delay_seconds=600)
    record = centre.office.prepare()
    receipt = (await centre.office.post(record)).json()
    assert await results(centre) == []

    await centre.control.put(
        "/control/v1/clock", json={"start": receipt["received_at"], "speed": 600}
    )  # 600 s are one of ours

    (result,) = await eventually(lambda: results(centre))
    assert result["decided_at"] > receipt["received_at"]


async def test_results_come_in_order_after_a_cursor(centre: RunningCentre) -> None:
    await centre.decide_at_once()
    sent = [centre.office.prepare(nik=nik) for nik in (ONE, TWO, THREE)]
    for record in sent:
        await centre.office.post(record)
        await decided(centre, record)

    first = (await centre.api.get("/central/v1/results", params={"limit": 2})).json()
    rest = (await centre.api.get("/central/v1/results", params={"after": first["next_after"]})).json()
    end = (await centre.api.get("/central/v1/results", params={"after": rest["next_after"]})).json()

    assert [each["key"] for each in first["results"] + rest["results"]] == [record.key for record in sent]
    assert end == {"results": [], "next_after": rest["next_after"]}


async def test_an_office_asks_for_its_own(centre: RunningCentre) -> None:
    await centre.decide_at_once()
    here, there = centre.office.prepare(nik=ONE), centre.office.prepare(nik=TWO, office="33.20")
    await centre.office.post(here)
    await centre.office.post(there)
    await decided(centre, here, there)

    assert [each["key"] for each in await results(centre, office="33.20")] == [there.key]
    both = await results(centre, office=["33.20", "33.13.07"])
    assert [each["key"] for each in both] == [here.key, there.key]


async def test_a_long_poll_wakes_when_there_is_a_decision(centre: RunningCentre) -> None:
    await centre.decide_at_once()
    asked = asyncio.create_task(results(centre, wait=30))
    await eventually(lambda: centre.runtime.front.connections)
    record = centre.office.prepare()

    await centre.office.post(record)

    (result,) = await asyncio.wait_for(asked, 10)
    assert result["key"] == record.key


async def test_a_long_poll_ends_with_nothing_when_its_time_is_over(centre: RunningCentre) -> None:
    assert await asyncio.wait_for(results(centre, wait=0.2), 5) == []


@pytest.mark.parametrize("asked", [{"after": "x"}, {"after": "-1"}, {"wait": 61}, {"office": "here"}])
async def test_a_question_that_makes_no_sense_is_refused(
    centre: RunningCentre, asked: dict[str, Any]
) -> None:
    answer = await centre.api.get("/central/v1/results", params=asked)
    assert answer.status_code == 422


async def test_what_waits_and_what_is_ordered_outlives_a_restart(
    keys: Path, sqlite_url: str, tmp_path: Path
) -> None:
    record: Prepared | None = None
    async for centre in running(keys, sqlite_url, tmp_path):
        await centre.decide_at_once(paused=True)
        record = centre.office.prepare()
        await centre.office.post(record)
    assert record is not None
    async for centre in running(keys, sqlite_url, tmp_path):
        assert centre.runtime.policy.paused
        await centre.decide_at_once()
        assert await decided(centre, record) == [("PRINT_READY_RECORD", "unique")]


@pytest.fixture
async def busy(centre: RunningCentre) -> RunningCentre:
    """A centre with a backlog of several batches."""
    await centre.decide_at_once(paused=True)
    for serial in range(250):
        record = centre.office.prepare(nik=f"331307570899{serial:04d}")
        assert (await centre.office.post(record)).status_code == 201
    return centre


async def test_a_backlog_of_several_batches_is_decided_whole(busy: RunningCentre) -> None:
    await busy.decide_at_once()

    async def all_decided() -> bool:
        counts = (await busy.control.get("/control/v1/state")).json()["records"]
        return bool(counts["by_decision"] == {"PRINT_READY_RECORD": 250} and counts["waiting"] == 0)

    await eventually(all_decided, within=20)
    assert len(await results(busy, limit=1000)) == 250
