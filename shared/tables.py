"""Tables that more than one service has, as Core tables; each service copies them into its own metadata."""

import sqlalchemy as sa

from shared.database import UtcDateTime

metadata = sa.MetaData()

# SQLite numbers rows by itself only for INTEGER.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", sa.String(300), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

event_sequence = sa.Table(
    "event_sequence",
    metadata,
    sa.Column("subject", sa.String(100), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("exchange", sa.String(100), nullable=False),
    sa.Column("routing_key", sa.String(150), nullable=False),
    sa.Column("event_id", sa.String(36), nullable=False),
    sa.Column("subject", sa.String(100), nullable=False),
    sa.Column("sequence", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("headers", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=True),
)
sa.Index(
    "outbox_unpublished",
    outbox.c.id,
    sqlite_where=outbox.c.published_at.is_(None),
    postgresql_where=outbox.c.published_at.is_(None),
)
sa.Index("outbox_by_subject", outbox.c.subject, outbox.c.sequence)

inbox_cursor = sa.Table(
    "inbox_cursor",
    metadata,
    sa.Column("subject", sa.String(100), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

inbox_waiting = sa.Table(
    "inbox_waiting",
    metadata,
    sa.Column("subject", sa.String(100), primary_key=True),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", UtcDateTime, nullable=True, index=True),
    sa.Column("asked_at", UtcDateTime, nullable=True),
    sa.Column("reason", sa.String(500), nullable=False),
)

inbox_heard = sa.Table(
    "inbox_heard",
    metadata,
    sa.Column("publisher", sa.String(100), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("horizon", sa.BigInteger, nullable=False),
    sa.Column("top", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("questions", sa.Integer, nullable=False, server_default="0"),
)

inbox_asked = sa.Table(
    "inbox_asked",
    metadata,
    sa.Column("publisher", sa.String(100), primary_key=True),
    sa.Column("subject", sa.String(100), primary_key=True),
    sa.Column("questions", sa.Integer, nullable=False),
    sa.Column("top", sa.BigInteger, nullable=False),
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("holder", sa.String(100), nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
)


def copy_shared_tables(target: sa.MetaData) -> None:
    """Give a service its own copies, so that its migrations see them."""
    for table in metadata.tables.values():
        table.to_metadata(target)
