"""Counts of days and months that are over, so that a year is read in a moment."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables; they fill by themselves from the rows that are there."""
    op.create_table(
        "summaries",
        sa.Column("step", sa.String(length=5), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("step", "first", "part"),
    )
    op.create_table(
        "late_changes",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )


def downgrade() -> None:
    """Drop them: nothing is lost that could not be counted again."""
    op.drop_table("late_changes")
    op.drop_table("summaries")
