"""Keep records, captures, offices and counters."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "counter_session",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("office", sa.String(length=10), nullable=False),
        sa.Column("counter", sa.String(length=20), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("officer", sa.String(length=100), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_counter_session")),
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("office", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=True),
        sa.Column("supersedes", sa.String(length=36), nullable=True),
        sa.Column("officer", sa.String(length=100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("nik_lookup", sa.String(length=64), nullable=False),
        sa.Column("nik_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("biodata_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("photo_approved_at", UtcDateTime(), nullable=True),
        sa.Column("sealed_biodata", sa.LargeBinary(), nullable=True),
        sa.Column("captured_at", UtcDateTime(), nullable=True),
        sa.Column("packet_sha256", sa.String(length=64), nullable=True),
        sa.Column("packet_bytes", sa.Integer(), nullable=True),
        sa.Column("receipt_number", sa.String(length=40), nullable=True),
        sa.Column("receipt_code", sa.String(length=20), nullable=True),
        sa.Column("centre_receipt", sa.String(length=60), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("receipt_code", name=op.f("uq_enrolment_receipt_code")),
        sa.UniqueConstraint("receipt_number", name=op.f("uq_enrolment_receipt_number")),
    )
    op.create_index(op.f("ix_enrolment_nik_lookup"), "enrolment", ["nik_lookup"], unique=False)
    op.create_index("ix_enrolment_office_day", "enrolment", ["office", "day"], unique=False)
    op.create_index("ix_enrolment_office_id", "enrolment", ["office", "id"], unique=False)
    op.create_index("ix_enrolment_ticket_id", "enrolment", ["ticket_id"], unique=False)
    op.create_table(
        "event_sequence",
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_event_sequence")),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
    )
    op.create_index(op.f("ix_idempotency_at"), "idempotency", ["at"], unique=False)
    op.create_table(
        "inbox_cursor",
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_inbox_cursor")),
    )
    op.create_table(
        "inbox_waiting",
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("subject", "sequence", name=op.f("pk_inbox_waiting")),
    )
    op.create_index(
        op.f("ix_inbox_waiting_next_attempt_at"), "inbox_waiting", ["next_attempt_at"], unique=False
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "office",
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=40), nullable=False),
        sa.Column("daily_target", sa.Integer(), nullable=False),
        sa.Column("record_offline", sa.Boolean(), nullable=False),
        sa.Column("configuration", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_office")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("exchange", sa.String(length=100), nullable=False),
        sa.Column("routing_key", sa.String(length=150), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("outbox_by_subject", "outbox", ["subject", "sequence"], unique=False)
    op.create_index(
        "outbox_unpublished",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "receipt_counter",
        sa.Column("office", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("office", "day", name=op.f("pk_receipt_counter")),
    )
    op.create_table(
        "biometric_exception",
        sa.Column("enrolment_id", sa.String(length=36), nullable=False),
        sa.Column("modality", sa.String(length=20), nullable=False),
        sa.Column("reason_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("requested_by", sa.String(length=100), nullable=False),
        sa.Column("approved_by", sa.String(length=100), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_biometric_exception_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("enrolment_id", "modality", name=op.f("pk_biometric_exception")),
    )
    op.create_table(
        "capture",
        sa.Column("enrolment_id", sa.String(length=36), nullable=False),
        sa.Column("modality", sa.String(length=20), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=True),
        sa.Column("captured_at", UtcDateTime(), nullable=False),
        sa.Column("captured_by", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_capture_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("enrolment_id", "modality", name=op.f("pk_capture")),
    )
    op.create_table(
        "timeline",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("enrolment_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("status", sa.String(length=30), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_timeline_enrolment_id_enrolment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index(op.f("ix_timeline_enrolment_id"), "timeline", ["enrolment_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_timeline_enrolment_id"), table_name="timeline")
    op.drop_table("timeline")
    op.drop_table("capture")
    op.drop_table("biometric_exception")
    op.drop_table("receipt_counter")
    op.drop_index(
        "outbox_unpublished",
        table_name="outbox",
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_index("outbox_by_subject", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("office")
    op.drop_table("lease")
    op.drop_index(op.f("ix_inbox_waiting_next_attempt_at"), table_name="inbox_waiting")
    op.drop_table("inbox_waiting")
    op.drop_table("inbox_cursor")
    op.drop_index(op.f("ix_idempotency_at"), table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_table("event_sequence")
    op.drop_index("ix_enrolment_ticket_id", table_name="enrolment")
    op.drop_index("ix_enrolment_office_id", table_name="enrolment")
    op.drop_index("ix_enrolment_office_day", table_name="enrolment")
    op.drop_index(op.f("ix_enrolment_nik_lookup"), table_name="enrolment")
    op.drop_table("enrolment")
    op.drop_table("counter_session")
