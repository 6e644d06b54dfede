"""A counter has one ticket at a time. A unique index sees to it; this says which ticket it is."""

import sqlalchemy as sa
from sqlmodel import Session

from services.queue_api.registry import table_of
from services.queue_api.tickets.domain import label
from services.queue_api.tickets.models import AT_A_COUNTER, Ticket
from shared.database import connection_of
from shared.problems import Conflict

_here = table_of(Ticket).alias("here")
AT_THIS_COUNTER = sa.select(_here.c.id, _here.c.number, _here.c.service, _here.c.state).where(
    _here.c.office == sa.bindparam("the_office"),
    _here.c.counter == sa.bindparam("the_counter"),
    AT_A_COUNTER,
)


class CounterIsTaken(Conflict):
    """This counter has a ticket that is not finished."""

    type, title = "counter-taken", "The counter has a ticket"


def check_counter_is_free(session: Session, office: str, counter: str) -> None:
    """Raise CounterIsTaken naming the ticket that is not finished."""
    here = (
        connection_of(session)
        .execute(AT_THIS_COUNTER, {"the_office": office, "the_counter": counter})
        .first()
    )
    if here is not None:
        raise CounterIsTaken(
            f"Counter {counter} has ticket {label(here.service, here.number)}, which is {here.state}",
            ticket=here.id,
            state=here.state,
        )
