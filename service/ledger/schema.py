"""The tables of the ledger; `migrations/` makes and changes them.

Nothing of a chart stands here: who is meant is kept as keyed hashes. Times (`at`, `…_at`) are
milliseconds since 1970, days are those of the facility. Rows are added and, when their time has
come, pruned; none is changed, but for what is only counted from others (the last two tables).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

REVISION = "0003"  # the newest of the migrations
metadata = MetaData()
# All that a report counts by day, in the order in which it groups it: then it reads no row for it.
_COUNTED_OF_CALLS = (
    "day", "content_version", "endpoint", "hook", "status", "reason", "mode", "issuer", "tenant",
    "orders", "duration_ms",
)  # fmt: skip
_COUNTED_OF_CARDS = (
    "day", "position", "recommendation", "indicator", "hook", "shown", "mode", "issuer", "tenant",
    "clinician",
)  # fmt: skip
# Tokens that were let in, until they have expired: `token` is a keyed hash of issuer and jti.
seen_tokens = Table(
    "seen_tokens",
    metadata,
    Column("token", LargeBinary(32), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),  # seconds since 1970
    Index("seen_tokens_expires_at", "expires_at"),
)
# One row a call and a feedback that was let in: the audit record.
calls = Table(
    "calls",
    metadata,
    Column("id", String(36), primary_key=True),  # the request's id, as in the log
    Column("at", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("endpoint", String(64), nullable=False),
    Column("issuer", String(512)),
    Column("tenant", String(512)),
    Column("token_id", Text),
    Column("hook", String(16)),
    Column("hook_instance", String(36)),
    Column("mode", String(8), nullable=False),  # live, silent, canary
    Column("patient", String(32)),
    Column("encounter", String(32)),
    Column("clinician", String(160)),
    Column("drafts", Integer, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("origins", Text),  # JSON: for each section where it was read from, or why not
    Column("failed_questions", Text),  # JSON: names of criteria
    Column("outcomes", Text),  # JSON: what became of the items of a feedback
    Column("content_version", String(64)),
    Column("status", Integer, nullable=False),
    Column("reason", String(64)),
    Column("duration_ms", Float, nullable=False),
    Index("calls_day", *_COUNTED_OF_CALLS),
)
# One row a card that was issued, shown or, in silence, kept back.
cards = Table(
    "cards",
    metadata,
    Column("uuid", String(36), primary_key=True),
    Column("call_id", String(36), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("day", Date, nullable=False),
    Column("issuer", String(512)),
    Column("tenant", String(512)),
    Column("hook", String(16)),
    Column("mode", String(8), nullable=False),
    Column("clinician", String(160)),
    Column("position", Integer, nullable=False),  # 0: the card on the indication of its order
    Column("shown", Boolean, nullable=False),
    Column("rule", String(8), nullable=False),
    Column("recommendation", String(64), nullable=False),
    Column("indicator", String(8), nullable=False),
    Column("content_version", String(64)),
    Index("cards_day", *_COUNTED_OF_CARDS),
    Index("cards_call_id", "call_id"),
)
# Codes of orders for imaging that nobody mapped, by the call that brought them.
unmapped_codes = Table(
    "unmapped_codes",
    metadata,
    Column("call_id", String(36), primary_key=True),
    Column("system", String(128), primary_key=True),
    Column("code", String(128), primary_key=True),
    Column("day", Date, nullable=False),
    Column("issuer", String(512)),
    Column("tenant", String(512)),
    Column("mode", String(8), nullable=False),
    Index("unmapped_codes_day", "day"),
)
# What became of a card: one row for each thing said of it, however often it is said.
feedback = Table(
    "feedback",
    metadata,
    Column("id", String(64), primary_key=True),  # keyed hash of all that was said
    Column("call_id", String(36), nullable=False),
    Column("card", String(36), nullable=False),
    Column("issuer", String(512)),
    Column("tenant", String(512)),
    Column("rule", String(8), nullable=False),
    Column("recommendation", String(64)),  # none where the rule is no longer in the content
    Column("received_at", BigInteger, nullable=False),
    Column("day", Date, nullable=False),  # when it was received
    Column("outcome", String(10), nullable=False),  # accepted, overridden
    Column("outcome_at", BigInteger, nullable=False),  # as the caller says
    Column("time_doubtful", Boolean, nullable=False),  # that cannot be when it was
    Column("suggestions", Text),  # JSON: names of the accepted suggestions, null for an unknown one
    Column("reason_system", Text),
    Column("reason_code", Text),
    Column("reason_display", Text),
    Column("comment", Text),  # the clinician's own words: leaves the ledger in an export only
    Index("feedback_card", "card"),
    Index("feedback_day", "day"),
)
# Counts of days and months that are over: made from the rows above, and made anew when they change.
summaries = Table(
    "summaries",
    metadata,
    Column("step", String(5), primary_key=True),  # day, month
    Column("first", Date, primary_key=True),
    Column("part", String(16), primary_key=True),
    Column("form", Integer, nullable=False),  # how the counts are written down
    Column("changes", BigInteger, nullable=False),  # of its days, when it was made
    Column("counts", LargeBinary, nullable=False),
)
# How often rows came that belong to a day which may have been counted before.
late_changes = Table(
    "late_changes",
    metadata,
    Column("day", Date, primary_key=True),
    Column("changes", BigInteger, nullable=False),
)
