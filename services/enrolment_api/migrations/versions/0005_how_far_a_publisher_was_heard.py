"""How far the other service's events were compared with what it published."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "inbox_heard",
        sa.Column("publisher", sa.String(100), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("horizon", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("publisher"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("inbox_heard")
