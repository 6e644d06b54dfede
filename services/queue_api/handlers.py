"""The events of enrolment_api that this service acts on."""

from services.queue_api.offices.service import capacity_changed
from services.queue_api.outages.link import central_link_changed
from services.queue_api.tickets.records import record_captured
from shared.contracts.enrolment import CapacityChanged, CentralLinkChanged, RecordCaptured
from shared.messaging.handlers import Handlers


def handlers() -> Handlers:
    """All of them."""
    registered = Handlers()
    registered.on(RecordCaptured, record_captured)
    registered.on(CentralLinkChanged, central_link_changed)
    registered.on(CapacityChanged, capacity_changed)
    return registered
