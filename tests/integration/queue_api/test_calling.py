"""Many counters and many kiosks at once: no ticket at two counters, no gap in the numbers."""

import asyncio
from collections import Counter
from datetime import date
from itertools import chain

import pytest

from services.queue_api.tickets.domain import label
from shared.contracts.offices import ServiceType
from tests.integration.queue_api.front import OFFICE, FrontDesk
from tests.unit.queue_api.offices_of_tests import office

COUNTERS = [str(number) for number in range(1, 17)]


@pytest.fixture
async def wide_desk(desk: FrontDesk) -> FrontDesk:
    """The office with sixteen counters."""
    wide = office(counters=[{"name": name, "services": list(ServiceType)} for name in COUNTERS])
    answer = await desk.http.put(
        f"/v1/offices/{OFFICE}", json=wide.model_dump(mode="json"), headers=desk.token("supervisor")
    )
    assert answer.status_code == 200, answer.text
    return desk


async def test_sixteen_counters_at_once_never_share_a_ticket(wide_desk: FrontDesk) -> None:
    for _ in range(60):
        await wide_desk.take_number()

    async def counter(name: str) -> list[str]:
        served = []
        while ticket := await wide_desk.call(name):
            await wide_desk.do(ticket, "start", "finish")
            served.append(ticket["number"])
        return served

    served = list(chain(*await asyncio.gather(*map(counter, COUNTERS))))
    assert sorted(served) == [label(ServiceType.ENROLMENT, number) for number in range(1, 61)]


async def test_fifty_kiosks_at_once_get_numbers_without_gaps(desk: FrontDesk) -> None:
    services = ["ENROLMENT", "SUKET"]
    tickets = await asyncio.gather(*(desk.take_number(services[turn % 2]) for turn in range(50)))
    numbers = Counter(ticket["number"] for ticket in tickets)
    assert sorted(numbers) == [f"{prefix}{number:03d}" for prefix in "AD" for number in range(1, 26)]
    assert set(numbers.values()) == {1}


async def test_a_number_that_was_not_committed_is_given_again(desk: FrontDesk) -> None:
    class Lost(Exception):
        """The power goes between the number and the commit."""

    from services.queue_api.tickets.repository import take_number

    def lose(session: object) -> None:
        take_number(session, office=OFFICE, day=date(2016, 9, 16), service=ServiceType.ENROLMENT, at=now)  # type: ignore[arg-type]  # the session is Database's own
        raise Lost

    now = desk.runtime.clock.now()
    with pytest.raises(Lost):
        await desk.runtime.database.write(lose)
    assert (await desk.take_number())["number"] == "A001"


async def test_one_counter_calling_twice_at_once_gets_one_ticket(wide_desk: FrontDesk) -> None:
    for _ in range(8):
        await wide_desk.take_number()
    path = f"/v1/offices/{OFFICE}/counters/1/call-next"
    answers = await asyncio.gather(*(wide_desk.post(path) for _ in range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}


async def test_a_counter_with_a_ticket_is_told_which(desk: FrontDesk) -> None:
    await desk.take_number()
    ticket = await desk.call()
    answer = await desk.post(f"/v1/offices/{OFFICE}/counters/1/call-next")
    assert (answer.status_code, answer.json()["ticket"]) == (409, ticket["id"])
    assert "A001" in answer.json()["detail"]


async def test_a_call_sent_again_with_its_key_is_the_same_call(desk: FrontDesk) -> None:
    await desk.take_number()
    await desk.take_number()
    path, key = f"/v1/offices/{OFFICE}/counters/1/call-next", {"Idempotency-Key": "call-1"}
    first, again = [await desk.post(path, headers=key) for _ in range(2)]
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    other = await desk.post(path, {"services": ["ENROLMENT"]}, headers=key)
    assert other.status_code == 422


async def test_a_counter_calls_only_for_its_services(desk: FrontDesk) -> None:
    await desk.take_number("SUKET")
    assert await desk.call("1") is None
    asked = await desk.post(f"/v1/offices/{OFFICE}/counters/1/call-next", {"services": ["SUKET"]})
    assert (asked.status_code, asked.json()["errors"][0]["pointer"]) == (422, "/body/services")
    assert (await desk.call("2"))["number"] == "D001"


async def test_a_counter_of_several_services_calls_who_came_first(desk: FrontDesk) -> None:
    for service in ("SUKET", "CARD_PICKUP", "SUKET"):
        await desk.take_number(service)
        desk.pass_time(minutes=1)
    assert [(await desk.serve_next("2"))["number"] for _ in range(3)] == ["D001", "C001", "D002"]


async def test_an_unknown_counter_is_not_found(desk: FrontDesk) -> None:
    assert (await desk.post(f"/v1/offices/{OFFICE}/counters/99/call-next")).status_code == 404


async def test_priority_tickets_take_turns_with_the_others(desk: FrontDesk) -> None:
    for _ in range(3):
        await desk.take_number()
    for _ in range(3):
        await desk.take_number(priority="ELDERLY")
    called = [(await desk.serve_next())["number"] for _ in range(6)]
    assert called == ["A004", "A001", "A005", "A002", "A006", "A003"]
