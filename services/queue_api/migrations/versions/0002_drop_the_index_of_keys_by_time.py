"""Drop the index of idempotency keys by time: nothing asks by it, and every change paid for it."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_idempotency_at", table_name="idempotency")


def downgrade() -> None:
    """Undo."""
    op.create_index("ix_idempotency_at", "idempotency", ["at"], unique=False)
