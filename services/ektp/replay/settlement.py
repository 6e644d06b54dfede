"""After the outage: wait until every record is at the centre, then ask the centre itself."""

from datetime import datetime
from typing import Any

from services.ektp.replay.actors import Office
from services.ektp.replay.history import Recorded, Verified
from shared.clock import SystemClock

# Real seconds. A backlog of one office's day drains in a few; what is not there by then is reported as missing.
SETTLED_WITHIN = 45.0
LOOKS_EVERY = 0.25
AT_CENTRE = "ACKNOWLEDGED"


async def settle(office: Office) -> None:
    """See where every record is, and what the centre says of them."""
    await _wait_for_delivery(office)
    keys = [record.enrolment for record in office.history.recorded]
    office.history.verified = verified(keys, await office.centre.verify(office.scenario.office, keys))
    office.history.outages = await office.hall.outages()


async def _wait_for_delivery(office: Office) -> None:
    real = SystemClock()
    give_up = real.now().timestamp() + SETTLED_WITHIN
    waiting = list(office.history.recorded)
    while waiting:
        waiting = [record for record in waiting if not await _arrived(office, record)]
        if real.now().timestamp() > give_up:
            return
        await real.sleep(LOOKS_EVERY)


async def _arrived(office: Office, record: Recorded) -> bool:
    seen = await office.recording.enrolment(record.enrolment)
    record.delivery = str(seen["delivery"])
    if record.delivery == AT_CENTRE:
        record.at_centre = acknowledged_at(seen)
    return record.at_centre is not None


def acknowledged_at(record: dict[str, Any]) -> datetime | None:
    """When the centre's receipt came, by the record's timeline."""
    for hop in record["timeline"]:
        if hop.get("state") in {"SENT_FOR_ENROLLMENT", AT_CENTRE}:
            return datetime.fromisoformat(hop["at"])
    return None


def verified(keys: list[str], answer: dict[str, Any]) -> Verified:
    """The centre's account in our words."""
    return Verified(
        asked=len(keys),
        missing=list(answer.get("missing", [])),
        twice=list(answer.get("duplicates", [])),
        unexpected=list(answer.get("unexpected", [])),
        raw=answer,
    )
