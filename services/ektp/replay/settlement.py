"""After the outage: wait until every record is at the centre, then ask the centre itself."""

from datetime import datetime, time, timedelta
from typing import Any

from services.ektp.replay.actors import Office, see_link
from services.ektp.replay.history import Verified
from shared.clock import SystemClock

# Real seconds. A backlog of one office's day drains in a few; what is not there by then is reported as missing.
SETTLED_WITHIN = 45.0
LOOKS_EVERY = 0.25
# Of the day's time: a link that is not back by then will be reported as not noticed.
LINK_WITHIN = timedelta(minutes=15)
LOOKS_AT_LINK = 20.0
ONLINE = "ONLINE"
AT_CENTRE = "ACKNOWLEDGED"


async def settle(office: Office) -> None:
    """See the link come back, then where every record is, and what the centre says of them."""
    await _wait_for_link(office)
    await _wait_for_delivery(office)
    await see_link(office)  # the end of the backlog's curve
    office.history.verified = verified(await office.centre.verify(belief(office)))
    office.history.outages = await office.hall.outages()


async def _wait_for_link(office: Office) -> None:
    give_up = office.outage_ends + LINK_WITHIN
    while True:
        link = await see_link(office)
        if link.state == ONLINE or link.at > give_up:
            return
        await office.clock.sleep(LOOKS_AT_LINK)


async def _wait_for_delivery(office: Office) -> None:
    real = SystemClock()
    give_up = real.now().timestamp() + SETTLED_WITHIN
    while not await _all_arrived(office) and real.now().timestamp() < give_up:
        await real.sleep(LOOKS_EVERY)


async def _all_arrived(office: Office) -> bool:
    seen = {record["id"]: record for record in await office.recording.records(office.day)}
    for record in office.history.recorded:
        if shown := seen.get(record.enrolment):
            record.delivery = shown["delivery"]
            record.at_centre = datetime.fromisoformat(shown["sent_at"]) if shown["sent_at"] else None
    return all(record.delivery == AT_CENTRE and record.at_centre for record in office.history.recorded)


def belief(office: Office) -> dict[str, Any]:
    """Every record that a citizen holds a receipt of, and that there is no other of this office and day."""
    midnight = office.scenario.at(office.day, time.min)
    return {
        "keys": [record.enrolment for record in office.history.recorded],
        "office": office.scenario.office,
        "since": midnight.isoformat(),
        "until": (midnight + timedelta(days=1)).isoformat(),
    }


def verified(answer: dict[str, Any]) -> Verified:
    """The centre's account in our words."""
    return Verified(
        asked=int(answer["expected"]),
        missing=[*answer["lost"], *answer["mismatched"]],
        twice=list(answer["duplicated"]),
        unexpected=list(answer["unexpected"]),
        raw={name: answer[name] for name in ("ok", "at_centre", "recovered") if name in answer},
    )
