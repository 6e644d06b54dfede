"""How a service runs under the outages of the moment, in words for the waiting room."""

from collections.abc import Collection
from enum import StrEnum

from services.queue_api.outages.domain import Interruption, offline_because_of, stopped_by
from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import Hop


class Mode(StrEnum):
    """How a service runs now."""

    NORMAL = "NORMAL"
    OFFLINE_RECORDING = "OFFLINE_RECORDING"
    """The centre can't be reached; records are captured here and sent later."""
    PAUSED = "PAUSED"
    """It stands still; the line is kept."""


WHAT_FAILED = {
    Hop.CENTRE: "the central server does not answer",
    Hop.LINK: "the link to the central server is down",
    Hop.OFFICE: "this office's own equipment is down",
    Hop.POWER: "the power is out",
}
KEPT = "places in the line are kept"
RECORDED_HERE = "recording goes on here and is sent to the centre later"


def mode_of(
    service: ServiceType, outages: Collection[Interruption], office: Office
) -> tuple[Mode, str | None]:
    """The mode of a service and the reason, None when all is normal."""
    for outage in outages:
        if service in stopped_by(outage, office):
            return Mode.PAUSED, f"{WHAT_FAILED[outage.hop]}; {KEPT}"
    away = offline_because_of(outages, office) if service is ServiceType.ENROLMENT else None
    if away is not None:
        return Mode.OFFLINE_RECORDING, f"{WHAT_FAILED[away.hop]}; {RECORDED_HERE}"
    return Mode.NORMAL, None
