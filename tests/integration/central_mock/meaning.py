"""What the tests of the faults of meaning share: rules are set, and what came of them is looked at."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.central_mock.centre.records.models import Record
from services.central_mock.faults.rules.schemas import RuleOrder
from shared.contracts.central import SignedReceipt
from shared.testing.waiting import eventually
from tests.integration.central_mock.conftest import RunningCentre
from tests.integration.central_mock.office import Prepared

PERSONS = [f"331307570899{serial:04d}" for serial in range(1, 20)]


async def rule(centre: RunningCentre, kind: str, *, name: str = "", **order: Any) -> str:
    """Set a rule; settings of the fault go by their names, `match` and `shape` and `for` as they are."""
    about = {each: order.pop(each) for each in ("match", "shape", "for") if each in order}
    body = {"name": name or kind.lower(), "fault": {"kind": kind} | order, "reason": "a test"} | about
    made = await centre.runtime.rules.set_rule(RuleOrder.model_validate(body), by="ops")
    return made.name


async def end(centre: RunningCentre, name: str) -> None:
    assert await centre.runtime.rules.remove(name, why="a test")


def fired(centre: RunningCentre, name: str) -> int:
    """How often a rule that is on acted."""
    state = centre.runtime.rules.state(name)
    assert state is not None
    return state.fired


async def fired_once(centre: RunningCentre, name: str) -> None:
    await eventually(lambda: fired(centre, name) == 1)


async def post(centre: RunningCentre, *persons: str, **more: Any) -> list[Prepared]:
    """Records of these persons, sent and accepted."""
    records = [centre.office.prepare(nik=person, **more) for person in persons]
    for record in records:
        assert (await centre.office.post(record)).status_code == 201
    return records


async def told(centre: RunningCentre, *records: Prepared) -> list[dict[str, Any]]:
    """Results so far, in the order in which they are told; of these records, or all."""
    found = (await centre.api.get("/central/v1/results", params={"limit": 1000})).json()["results"]
    return [each for each in found if not records or each["key"] in {record.key for record in records}]


async def decided(centre: RunningCentre, number: int, *records: Prepared) -> list[dict[str, Any]]:
    async def as_many() -> list[dict[str, Any]]:
        results = await told(centre, *records)
        assert len(results) == number
        return results

    return await eventually(as_many)


async def held(centre: RunningCentre, record: Prepared) -> bool:
    return (await centre.api.get(f"/central/v1/records/{record.key}")).status_code == 200


async def standing(centre: RunningCentre, record: Prepared) -> tuple[str, str | None]:
    """How far the check of a record has come, by the centre's own books."""
    row = await centre.runtime.database.read(lambda session: session.get(Record, record.key))
    assert row is not None
    return row.state, row.decision


async def audit(centre: RunningCentre) -> list[dict[str, Any]]:
    """What was destroyed."""
    answer = await centre.control.get("/control/v1/audit")
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["action"] == "DESTROYED"]


async def destroyed(centre: RunningCentre, times: int = 1) -> list[dict[str, Any]]:
    """The entries, once there are so many."""

    async def as_many() -> list[dict[str, Any]]:
        entries = await audit(centre)
        assert len(entries) == times
        return entries

    return await eventually(as_many)


def receipt_key(centre: RunningCentre) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(centre.runtime.secrets.public.sign))


def check(centre: RunningCentre, receipt: SignedReceipt) -> None:
    receipt_key(centre).verify(base64.b64decode(receipt.signature), receipt.signed_bytes())
