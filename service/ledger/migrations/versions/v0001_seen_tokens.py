"""Tokens that were let in, so that none is let in twice."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of seen tokens."""
    op.create_table(
        "seen_tokens",
        sa.Column("token", sa.LargeBinary(32), primary_key=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("seen_tokens_expires_at", "seen_tokens", ["expires_at"])


def downgrade() -> None:
    """Drop it: tokens that are still valid could then be used once more."""
    op.drop_index("seen_tokens_expires_at", table_name="seen_tokens")
    op.drop_table("seen_tokens")
