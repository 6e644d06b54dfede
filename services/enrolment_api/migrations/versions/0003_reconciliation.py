"""Keep each day's reconciliation and what it found; remember the last decision that was fetched."""

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "reconciliation",
        sa.Column("office", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=15), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("requested_at", UtcDateTime(), nullable=True),
        sa.Column("requested_by", sa.String(length=100), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("compared_at", UtcDateTime(), nullable=True),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("office", "day", name=op.f("pk_reconciliation")),
    )
    op.create_index(
        "ix_reconciliation_due",
        "reconciliation",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "reconciliation_finding",
        sa.Column("office", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("record_id", sa.String(length=100), nullable=False),
        sa.Column("found", sa.String(length=12), nullable=False),
        sa.Column("done", sa.String(length=12), nullable=False),
        sa.Column("first_found_at", UtcDateTime(), nullable=False),
        sa.Column("last_found_at", UtcDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "office", "day", "record_id", "found", name=op.f("pk_reconciliation_finding")
        ),
    )
    op.add_column(
        "result_cursor", sa.Column("before", sa.String(length=200), nullable=False, server_default="")
    )
    op.add_column(
        "result_cursor", sa.Column("last_seen", sa.String(length=64), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("result_cursor", schema=None) as batch_op:
        batch_op.drop_column("last_seen")
        batch_op.drop_column("before")
    op.drop_table("reconciliation_finding")
    op.drop_index("ix_reconciliation_due", table_name="reconciliation")
    op.drop_table("reconciliation")
