"""Every statement about records, built once: building one for each record costs more than running it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from services.central_mock.centre.records.models import Packet, Record
from shared.contracts.central import SignedReceipt
from shared.database import connection_of

# One statement finds out whether the key is new, also when two replicas meet on PostgreSQL.
_INSERT_NEW: dict[str, sa.Executable] = {
    "sqlite": sqlite.insert(Record).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(Record).on_conflict_do_nothing(),
}
_INSERT_PACKET = sa.insert(Packet)
_HELD = (
    col(Record.key),
    col(Record.office),
    col(Record.kind),
    col(Record.captured_at),
    col(Record.packet_sha256),
    col(Record.supersedes),
    col(Record.receipt_number),
    col(Record.received_at),
    col(Record.signature),
    col(Record.arrived_at),
)
_FIND_HELD = sa.select(*_HELD).where(col(Record.key) == sa.bindparam("wanted"))
CHUNK = 500


def insert_if_new(session: Session, record: dict[str, Any]) -> bool:
    """Insert unless the key is taken; whether it was inserted."""
    connection = connection_of(session)
    return connection.execute(_INSERT_NEW[connection.dialect.name], record).rowcount == 1


def insert_packet(session: Session, *, key: str, body: bytes) -> None:
    """Keep the sealed bytes."""
    connection_of(session).execute(_INSERT_PACKET, {"key": key, "body": body})


def find_held(session: Session, key: str) -> Any | None:
    """What is held under a key: the envelope's fields and the receipt's, or None."""
    return connection_of(session).execute(_FIND_HELD, {"wanted": key}).first()


def receipt_of(row: Any) -> SignedReceipt:
    """The receipt that was given for it."""
    return SignedReceipt(
        receipt_number=row.receipt_number,
        key=row.key,
        packet_sha256=row.packet_sha256,
        received_at=row.received_at,
        signature=row.signature,
    )


def hashes_by_key(session: Session, keys: Iterable[str]) -> dict[str, str]:
    """The packet's SHA-256 of each key that is held."""
    wanted = list(keys)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), CHUNK):
        query = sa.select(col(Record.key), col(Record.packet_sha256)).where(
            col(Record.key).in_(wanted[start : start + CHUNK])
        )
        found.update((row.key, row.packet_sha256) for row in session.execute(query))
    return found


def keys_captured(session: Session, *, office: str, start: datetime, end: datetime) -> list[str]:
    """Keys of an office's records captured in [start, end), oldest first."""
    query = (
        sa.select(col(Record.key))
        .where(col(Record.office) == office, col(Record.captured_at) >= start, col(Record.captured_at) < end)
        .order_by(col(Record.captured_at), col(Record.key))
    )
    return list(session.execute(query).scalars())


def counts(session: Session) -> Sequence[Any]:
    """(state, decision, number) of all records. Reads them all: for people, not for probes."""
    query = sa.select(col(Record.state), col(Record.decision), sa.func.count().label("number")).group_by(
        col(Record.state), col(Record.decision)
    )
    return session.execute(query).all()
