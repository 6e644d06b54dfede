"""What the rest of the service asks of the link inside its own transactions."""

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.link.models import Link
from shared.contracts.enrolment import LinkState
from shared.prepared import Prepared

LINK = "centre"
STATE = Prepared(sa.select(Link.__table__.c.state).where(Link.__table__.c.name == LINK))  # type: ignore[attr-defined]  # SQLModel adds it


def link_state(session: Session) -> LinkState:
    """The link's state; ONLINE before the first exchange has said otherwise."""
    found = STATE.scalar(session, {})
    return LinkState(found) if found else LinkState.ONLINE
