"""The session that queue_api opened at a counter: which ticket sits where, with whom."""

from datetime import datetime

from sqlmodel import Field

from services.enrolment_api.registry import EnrolmentModel
from shared.database import UtcDateTime


class CounterSession(EnrolmentModel, table=True):
    """A citizen at a counter; a record with the same ticket is theirs."""

    __tablename__ = "counter_session"

    ticket_id: str = Field(primary_key=True, max_length=36)
    office: str = Field(max_length=10)
    counter: str = Field(max_length=20)
    number: str = Field(max_length=20)
    officer: str = Field(max_length=100)
    since: datetime = Field(sa_type=UtcDateTime)
