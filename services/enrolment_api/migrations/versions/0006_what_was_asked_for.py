"""What was asked of the other service and may be on its way; known to all replicas."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "inbox_asked",
        sa.Column("publisher", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("top", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("publisher", "subject"),
    )
    op.add_column("inbox_heard", sa.Column("top", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("inbox_heard", sa.Column("questions", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Undo."""
    op.drop_column("inbox_heard", "questions")
    op.drop_column("inbox_heard", "top")
    op.drop_table("inbox_asked")
