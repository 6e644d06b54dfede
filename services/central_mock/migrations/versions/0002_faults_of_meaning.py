"""When a record really came, and what rules have in hand: decisions held back, forgetting that is due, backups."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from shared.database import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # With a default, for SQLite adds no other column that may not be empty.
    came: sa.Column[datetime] = sa.Column(
        "arrived_at", UtcDateTime(), nullable=False, server_default="1970-01-01 00:00:00.000000"
    )
    op.add_column("record", came)
    op.execute("UPDATE record SET arrived_at = received_at")
    op.create_table(
        "held_decision",
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("waiting_since", UtcDateTime(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", "rule", name="pk_held_decision"),
    )
    op.create_index("ix_held_decision_rule", "held_decision", ["rule"])
    op.create_index("ix_held_decision_until", "held_decision", ["until"])
    op.create_table(
        "due_forgetting",
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_due_forgetting"),
    )
    op.create_index("ix_due_forgetting_due_at", "due_forgetting", ["due_at"])
    op.create_table(
        "restored_backup",
        sa.Column("rule", sa.String(100), nullable=False),
        sa.Column("rule_set_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_restored_backup"),
    )


def downgrade() -> None:
    """Take back."""
    for table in ("restored_backup", "due_forgetting", "held_decision"):
        op.drop_table(table)
    op.drop_column("record", "arrived_at")
