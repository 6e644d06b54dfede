"""Which events of queue_api this service takes."""

from services.enrolment_api.counters.handlers import ticket_serving
from services.enrolment_api.offices.handlers import office_configured
from shared.contracts.queue import OfficeConfigured, TicketServing
from shared.messaging.handlers import Handlers


def all_handlers() -> Handlers:
    """The consumer's handlers; other types take effect by doing nothing."""
    handlers = Handlers()
    handlers.on(TicketServing, ticket_serving)
    handlers.on(OfficeConfigured, office_configured)
    return handlers
