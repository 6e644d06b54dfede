"""Each fault as the wire shows it, that it provably acted, and what became of the record."""

import re
from typing import Any

import pytest

from services.central_mock.faults.rules.acting import acts_at
from services.central_mock.faults.specs import Kind
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.faults.captures import CAPTURES, WHOLE, Capture
from tests.integration.central_mock.faults.wire import Seen, exchange

pytestmark = pytest.mark.asyncio(loop_scope="module")


def told(seen: Seen, capture: Capture) -> str:
    """The sentence, with what differs from run to run said in words."""
    sentence = re.sub(r"Retry-After: \w{3}, [^,]*? GMT", "Retry-After: a date", seen.sentence())
    if capture.kind is Kind.QUOTA:
        sentence = re.sub(r"Retry-After: \d{1,2},", "Retry-After: the rest of the window,", sentence)
    if capture.kind is Kind.TRUNCATED and (said := seen.header("content-length")):
        assert int(said) - len(seen.body) == pytest.approx(int(said) / 2, abs=1)
        sentence = re.sub(r"Content-Length \d+ too many", "Content-Length half too many", sentence)
    return sentence


async def set_rule(centre: RunningCentre, **order: Any) -> dict[str, Any]:
    answer = await centre.control.post("/control/v1/faults", json=order)
    assert answer.status_code == 201, answer.text
    rule: dict[str, Any] = answer.json()
    return rule


async def test_with_no_rule_a_record_meets_nothing(shared: RunningCentre) -> None:
    seen = await exchange(shared.port, shared.office.prepare().raw_request())
    assert seen.sentence() == WHOLE
    assert seen.header("X-Central-Mock-Faults") is None


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda each: each.id)
async def test_the_wire_shows_the_fault(shared: RunningCentre, capture: Capture) -> None:
    record = shared.office.prepare()
    rule = await set_rule(shared, fault=capture.fault, name="tried")

    seen = await exchange(
        shared.port, record.raw_request(), silent=capture.silent, ends=capture.ends, again=capture.again
    )

    assert told(seen, capture) == capture.shows
    assert seen.first_after + seen.lasted >= capture.slower_than
    state = (await shared.control.get("/control/v1/faults/tried")).json()
    if capture.kind is not Kind.REFUSE:  # the kernel refuses: nobody can count it
        assert state["fired"] - rule["fired"] == 1  # setting a RESET resets what is open, which counts too
    assert (await shared.control.delete("/control/v1/faults/tried")).status_code == 204
    answer = await shared.api.get(f"/central/v1/records/{record.key}")
    assert answer.status_code == (200 if capture.at_centre else 404)
    if capture.kind is not Kind.REFUSE:
        entries = await shared.journal(key=record.key, fault=capture.kind.value)
        assert [each["rules"] for each in entries] == [["tried"]]


async def test_every_fault_of_the_wire_is_captured() -> None:
    tried = {each.kind for each in CAPTURES}
    assert {kind for kind in Kind if kind not in tried} == {
        kind for kind in Kind if list(Kind).index(kind) > list(Kind).index(Kind.SLOW_START)
    }
    assert all(acts_at(kind) for kind in Kind)
