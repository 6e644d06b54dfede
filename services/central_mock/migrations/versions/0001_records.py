"""Records, packets, results and standing orders of the centre."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WAITING = sa.text("waiting_since IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "record",
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("office", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("captured_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("packet_sha256", sa.String(64), nullable=False),
        sa.Column("packet_bytes", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.String(36), nullable=True),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("receipt_number", sa.String(40), nullable=False),
        sa.Column("received_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.String(100), nullable=False),
        sa.Column("via", sa.String(10), nullable=False),
        sa.Column("applied_times", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("decision", sa.String(40), nullable=True),
        sa.Column("waiting_since", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_record"),
    )
    op.create_index("ix_record_person", "record", ["person"])
    op.create_index("ix_record_office_captured_at", "record", ["office", "captured_at"])
    op.create_index(
        "ix_record_waiting",
        "record",
        ["state", "waiting_since", "key"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_table(
        "packet",
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_packet"),
    )
    op.create_table(
        "check_result",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("office", sa.String(8), nullable=False),
        sa.Column("decision", sa.String(40), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_check_result"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_check_result_office_seq", "check_result", ["office", "seq"])
    op.create_table(
        "standing_order",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("given_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("given_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_standing_order"),
    )


def downgrade() -> None:
    """Take back."""
    for table in ("standing_order", "check_result", "packet", "record"):
        op.drop_table(table)
