"""Which service steps an outage stops. An outage of the centre stops none where the office records offline."""

from collections.abc import Iterable
from typing import Protocol

from shared.contracts.offices import Office, ServiceType
from shared.contracts.queue import Hop

TOWARDS_THE_CENTRE = {Hop.LINK, Hop.CENTRE}

NEWS_EVERY_MINUTES = 30
"""When people are told something next, even if it is that nothing is known."""


class Interruption(Protocol):
    """What the rules need of an outage."""

    hop: Hop
    steps: list[ServiceType] | None


def stopped_by(outage: Interruption, office: Office) -> set[ServiceType]:
    """The office's services that stand still because of this outage."""
    if outage.steps is not None:
        return {ServiceType(step) for step in outage.steps} & set(office.services)
    if outage.hop not in TOWARDS_THE_CENTRE:
        return set(office.services)
    if office.policies.record_offline:
        return set()
    # what is print-ready can still be printed and handed over
    return {ServiceType.ENROLMENT} & set(office.services)


def stopped_by_any(outages: Iterable[Interruption], office: Office) -> set[ServiceType]:
    """The services that at least one outage stops."""
    return set().union(*(stopped_by(outage, office) for outage in outages))


def offline_because_of(outages: Iterable[Interruption], office: Office) -> Interruption | None:
    """The outage because of which records are captured without the centre now, if any."""
    if not office.policies.record_offline:
        return None
    towards = (outage for outage in outages if outage.hop in TOWARDS_THE_CENTRE and outage.steps is None)
    return next(towards, None)
