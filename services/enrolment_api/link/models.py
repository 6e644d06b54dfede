"""Tables of the link: its one row, the outage it has open at each office, and the heartbeat a power cut stops."""

from datetime import datetime

from sqlmodel import Field

from services.enrolment_api.registry import EnrolmentModel
from shared.database import UtcDateTime


class Link(EnrolmentModel, table=True):
    """The link as last seen; one row, shared by all replicas."""

    __tablename__ = "link"

    name: str = Field(primary_key=True, max_length=20)
    state: str = Field(max_length=10)
    hop: str | None = Field(default=None, max_length=10)
    reason: str = Field(default="", max_length=200)
    since: datetime = Field(sa_type=UtcDateTime)
    failures: int = 0
    """Failed exchanges in a row."""
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    probes: int = 0
    """Failed probes since the link went out; the delay before the next grows with them."""
    next_probe_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_by: str | None = Field(default=None, max_length=100)


class LinkOutage(EnrolmentModel, table=True):
    """The outage that the link has open at an office; gone when it closes (the ledger is queue_api's)."""

    __tablename__ = "link_outage"

    office: str = Field(primary_key=True, max_length=8)
    outage_id: str = Field(max_length=36)
    since: datetime = Field(sa_type=UtcDateTime)


class Heartbeat(EnrolmentModel, table=True):
    """When this node was last alive, and whether it stopped on purpose."""

    __tablename__ = "heartbeat"

    node: str = Field(primary_key=True, max_length=100)
    at: datetime = Field(sa_type=UtcDateTime)
    stopped: bool = False
