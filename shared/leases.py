"""Leases: one holder of a name at a time among replicas. They guard processes, so they live in real time."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from shared.database import connection_of
from shared.tables import lease

TAKE = sa.text(
    "INSERT INTO lease (name, holder, until) VALUES (:name, :holder, :until) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
    "WHERE lease.holder = excluded.holder OR lease.until < :now RETURNING holder"
).bindparams(sa.bindparam("until", type_=lease.c.until.type), sa.bindparam("now", type_=lease.c.until.type))
DROP = sa.delete(lease).where(
    lease.c.name == sa.bindparam("the_name"), lease.c.holder == sa.bindparam("the_holder")
)


def take_lease(session: Session, *, name: str, holder: str, seconds: float) -> bool:
    """Take or renew the lease; False while another holds it."""
    now = datetime.now(UTC)  # real time: a scaled clock would end leases of live processes
    row = connection_of(session).execute(
        TAKE, {"name": name, "holder": holder, "until": now + timedelta(seconds=seconds), "now": now}
    )
    return row.first() is not None


def drop_lease(session: Session, *, name: str, holder: str) -> None:
    """Give it back, if it is still ours."""
    connection_of(session).execute(DROP, {"the_name": name, "the_holder": holder})
