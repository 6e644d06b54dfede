"""Tickets, the counters of their numbers, and vouchers."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from services.queue_api.registry import QueueModel, words_of
from services.queue_api.tickets.domain import Priority, State
from shared.contracts.offices import ServiceType
from shared.database import UtcDateTime

AT_A_COUNTER = sa.text("state IN ('CALLED', 'SERVING')")
IN_LINE = sa.text("state IN ('WAITING', 'HELD')")


class Ticket(QueueModel, table=True):
    """One citizen's place in one line of one day."""

    __tablename__ = "ticket"
    __table_args__ = (
        sa.UniqueConstraint("office", "day", "service", "number"),
        # A counter has one ticket at a time, whatever asks at once.
        sa.Index(
            "counter_is_taken", "office", "counter", unique=True,
            sqlite_where=AT_A_COUNTER, postgresql_where=AT_A_COUNTER,
        ),
        # call-next walks the line in its order and stops at the first it may take.
        sa.Index(
            "line_in_order", "office", "day", sa.text("interrupted DESC"), "place", "id",
            sqlite_where=IN_LINE, postgresql_where=IN_LINE,
        ),
    )  # fmt: skip

    id: str = Field(primary_key=True, sa_type=sa.String(36))
    code: str = Field(unique=True, sa_type=sa.String(20))
    office: str = Field(sa_type=sa.String(8))
    day: date
    service: ServiceType = Field(sa_type=words_of(ServiceType))
    number: int
    state: State = Field(sa_type=words_of(State))
    priority: Priority | None = Field(default=None, sa_type=words_of(Priority))
    place: float = Field(sa_type=sa.Double())
    let_one_pass: bool = False
    interrupted: bool = False
    """Was at a counter when an outage came; goes first until it is called again."""
    was_held: bool = False
    arrived_at: datetime = Field(sa_type=UtcDateTime)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    """When this number was issued; later than the arrival for one that was transferred or redeemed."""
    counter: str | None = Field(default=None, sa_type=sa.String(20))
    officer: str | None = Field(default=None, sa_type=sa.String(100))
    calls: int = 0
    first_called_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    called_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    serving_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it left the line: done, cancelled, vouchered or transferred, or its missed call was noted."""
    continues_as: str | None = Field(default=None, sa_type=sa.String(36))
    phone: bytes | None = None
    """Encrypted for this row alone."""


class Line(QueueModel, table=True):
    """The last number of an office's service and day: the row that makes numbers gapless."""

    __tablename__ = "line"

    office: str = Field(primary_key=True, sa_type=sa.String(8))
    day: date = Field(primary_key=True)
    service: ServiceType = Field(primary_key=True, sa_type=words_of(ServiceType))
    last_number: int
    last_place: float = Field(sa_type=sa.Double())


class Voucher(QueueModel, table=True):
    """A kept place: single use, valid at any office of the kabupaten."""

    __tablename__ = "voucher"

    code: str = Field(primary_key=True, sa_type=sa.String(20))
    ticket: str = Field(index=True, sa_type=sa.String(36))
    office: str = Field(sa_type=sa.String(8))
    reason: str = Field(sa_type=sa.String(300))
    issued_at: datetime = Field(sa_type=UtcDateTime)
    redeemed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    redeemed_as: str | None = Field(default=None, sa_type=sa.String(36))
