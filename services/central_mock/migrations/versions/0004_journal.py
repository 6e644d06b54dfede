"""The journal of requests, connections, rules and scenarios."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "journal",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("ms", sa.Float(), nullable=True),
        sa.Column("connection", sa.BigInteger(), nullable=True),
        sa.Column("method", sa.String(20), nullable=True),
        sa.Column("route", sa.String(300), nullable=True),
        sa.Column("key", sa.String(200), nullable=True),
        sa.Column("office", sa.String(20), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("bytes_in", sa.BigInteger(), nullable=False),
        sa.Column("bytes_out", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("retry_after", sa.String(200), nullable=True),
        sa.Column("outcome", sa.String(20), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("acknowledged", sa.Boolean(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column("fault", sa.String(40), nullable=True),
        sa.Column("rules", sa.String(4000), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_seq", "journal", ["seq"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("journal")
