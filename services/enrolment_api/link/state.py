"""What the rest of the service asks of the link inside its own transactions."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from services.enrolment_api.link.models import Link
from shared.contracts.enrolment import LinkState
from shared.prepared import Prepared

LINK = "centre"
LINKS: Any = Link.__table__  # type: ignore[attr-defined]  # SQLModel adds it
_STATE = sa.select(LINKS.c.state).where(LINKS.c.name == LINK)
STATE_OF_LINK = _STATE.scalar_subquery()
"""To be read within another statement; see `state_of`."""
STATE = Prepared(_STATE)


def link_state(session: Session) -> LinkState:
    """The link's state."""
    return state_of(STATE.scalar(session, {}))


def state_of(stored: str | None) -> LinkState:
    """What is stored, ONLINE before the first exchange has said otherwise."""
    return LinkState(stored) if stored else LinkState.ONLINE
