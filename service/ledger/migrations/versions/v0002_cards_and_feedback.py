"""What was advised and what became of it: calls, cards, codes that nobody mapped, feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
_COUNTED_OF_CALLS = (
    "day", "content_version", "endpoint", "hook", "status", "reason", "mode", "issuer", "tenant",
    "orders", "duration_ms",
)  # fmt: skip
_COUNTED_OF_CARDS = (
    "day", "position", "recommendation", "indicator", "hook", "shown", "mode", "issuer", "tenant",
    "clinician",
)  # fmt: skip


def upgrade() -> None:
    """Make the four tables."""
    _make_calls()
    _make_cards()
    _make_feedback()
    _make_unmapped_codes()


def _make_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=True),
        sa.Column("tenant", sa.String(length=512), nullable=True),
        sa.Column("token_id", sa.Text(), nullable=True),
        sa.Column("hook", sa.String(length=16), nullable=True),
        sa.Column("hook_instance", sa.String(length=36), nullable=True),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("patient", sa.String(length=32), nullable=True),
        sa.Column("encounter", sa.String(length=32), nullable=True),
        sa.Column("clinician", sa.String(length=160), nullable=True),
        sa.Column("drafts", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=True),
        sa.Column("failed_questions", sa.Text(), nullable=True),
        sa.Column("outcomes", sa.Text(), nullable=True),
        sa.Column("content_version", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("calls_day", "calls", _COUNTED_OF_CALLS, unique=False)


def _make_cards() -> None:
    op.create_table(
        "cards",
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=True),
        sa.Column("tenant", sa.String(length=512), nullable=True),
        sa.Column("hook", sa.String(length=16), nullable=True),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("clinician", sa.String(length=160), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=8), nullable=False),
        sa.Column("recommendation", sa.String(length=64), nullable=False),
        sa.Column("indicator", sa.String(length=8), nullable=False),
        sa.Column("content_version", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("uuid"),
    )
    op.create_index("cards_call_id", "cards", ["call_id"], unique=False)
    op.create_index("cards_day", "cards", _COUNTED_OF_CARDS, unique=False)


def _make_feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("card", sa.String(length=36), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=True),
        sa.Column("tenant", sa.String(length=512), nullable=True),
        sa.Column("rule", sa.String(length=8), nullable=False),
        sa.Column("recommendation", sa.String(length=64), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("outcome_at", sa.BigInteger(), nullable=False),
        sa.Column("time_doubtful", sa.Boolean(), nullable=False),
        sa.Column("suggestions", sa.Text(), nullable=True),
        sa.Column("reason_system", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason_display", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("feedback_card", "feedback", ["card"], unique=False)
    op.create_index("feedback_day", "feedback", ["day"], unique=False)


def _make_unmapped_codes() -> None:
    op.create_table(
        "unmapped_codes",
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("system", sa.String(length=128), nullable=False),
        sa.Column("code", sa.String(length=128), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("issuer", sa.String(length=512), nullable=True),
        sa.Column("tenant", sa.String(length=512), nullable=True),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "system", "code"),
    )
    op.create_index("unmapped_codes_day", "unmapped_codes", ["day"], unique=False)


def downgrade() -> None:
    """Drop them, and all that was remembered."""
    op.drop_index("unmapped_codes_day", table_name="unmapped_codes")
    op.drop_table("unmapped_codes")
    op.drop_index("feedback_day", table_name="feedback")
    op.drop_index("feedback_card", table_name="feedback")
    op.drop_table("feedback")
    op.drop_index("cards_day", table_name="cards")
    op.drop_index("cards_call_id", table_name="cards")
    op.drop_table("cards")
    op.drop_index("calls_day", table_name="calls")
    op.drop_table("calls")
